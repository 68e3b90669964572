//! The schema, the same for SQLite and PostgreSQL. Times are written by the program, never by the database.

use sea_orm_migration::prelude::*;

mod m20261201_000001_create_account;
mod m20261201_000002_create_order;
mod m20261201_000003_create_payment;
mod m20261201_000004_create_invoice;
mod m20261201_000005_create_job;
mod m20261201_000006_alter_case_file;
mod m20261201_000007_add_from_time;
mod m20261201_000008_look_in;
mod m20261201_000010_create_operator;
mod m20261201_000011_create_signing_key;
mod m20261201_000012_create_duty;
mod m20261201_000013_reconcile;
mod m20261201_000018_add_vat_country;

/// Brings a database to the newest schema; running it twice changes nothing.
pub struct Migrator;

#[async_trait::async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m20261201_000001_create_account::Migration),
            Box::new(m20261201_000002_create_order::Migration),
            Box::new(m20261201_000003_create_payment::Migration),
            Box::new(m20261201_000004_create_invoice::Migration),
            Box::new(m20261201_000005_create_job::Migration),
            Box::new(m20261201_000006_alter_case_file::Migration),
            Box::new(m20261201_000007_add_from_time::Migration),
            Box::new(m20261201_000008_look_in::Migration),
            Box::new(m20261201_000010_create_operator::Migration),
            Box::new(m20261201_000011_create_signing_key::Migration),
            Box::new(m20261201_000012_create_duty::Migration),
            Box::new(m20261201_000013_reconcile::Migration),
            Box::new(m20261201_000018_add_vat_country::Migration),
        ]
    }
}
