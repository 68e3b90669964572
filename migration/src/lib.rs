//! The schema, the same for SQLite and PostgreSQL. Times are written by the program, never by the
//! database.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::{DatabaseConnection, DbBackend, TransactionTrait};

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
mod m20261201_000021_add_return;
mod m20261201_000023_add_transferred;
mod m20261201_000024_add_claim;
mod m20261201_000030_add_follows;
mod m20261201_000031_add_asked_hash;
mod m20261201_000040_add_second_factor;
mod m20261201_000050_add_beat;
mod m20261201_000060_create_address_change;
mod m20261201_000061_add_billing;
mod m20261201_000062_add_erased_at;
mod m20261201_000070_create_security_key;

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
            Box::new(m20261201_000021_add_return::Migration),
            Box::new(m20261201_000023_add_transferred::Migration),
            Box::new(m20261201_000024_add_claim::Migration),
            Box::new(m20261201_000030_add_follows::Migration),
            Box::new(m20261201_000031_add_asked_hash::Migration),
            Box::new(m20261201_000040_add_second_factor::Migration),
            Box::new(m20261201_000050_add_beat::Migration),
            Box::new(m20261201_000060_create_address_change::Migration),
            Box::new(m20261201_000061_add_billing::Migration),
            Box::new(m20261201_000062_add_erased_at::Migration),
            Box::new(m20261201_000070_create_security_key::Migration),
        ]
    }
}

/// How a database stands to this version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Schema {
    /// Exactly as this version knows it.
    Ours,
    /// A newer version has expanded it, and left everything that this one reads and writes.
    Newer,
}

/// Held on PostgreSQL by whoever migrates; the number means nothing.
const ONE_MIGRATES: &str = "SELECT pg_advisory_xact_lock(7318249)";

/// Brings a database to the newest schema; one that a newer version has expanded stays as it is, so
/// that this version can be started beside the newer one, and again after it. Replicas that start
/// together take turns.
///
/// # Errors
/// The migration that did not go through; a database of a version that knows migrations which this
/// one does not, and lacks some of this one's.
pub async fn bring_up(db: &DatabaseConnection) -> Result<Schema, DbErr> {
    if db.get_database_backend() != DbBackend::Postgres {
        return migrate(db).await;
    }
    let turn = db.begin().await?;
    turn.execute_unprepared(ONE_MIGRATES).await?;
    let schema = migrate(db).await?;
    turn.commit().await?;
    Ok(schema)
}

async fn migrate(db: &DatabaseConnection) -> Result<Schema, DbErr> {
    let applied: Vec<String> =
        Migrator::get_migration_models(db).await?.into_iter().map(|row| row.version).collect();
    let ours: Vec<String> =
        Migrator::migrations().iter().map(|migration| migration.name().to_owned()).collect();
    if applied.iter().all(|name| ours.contains(name)) {
        Migrator::up(db, None).await?;
        return Ok(Schema::Ours);
    }
    match ours.iter().find(|name| !applied.contains(name)) {
        None => Ok(Schema::Newer),
        Some(lacks) => {
            Err(DbErr::Custom(format!("the database is another version's and lacks {lacks}")))
        }
    }
}
