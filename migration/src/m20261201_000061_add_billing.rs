//! Where invoices go: of an account what it says now, of an order what was said when it was placed.
//! JSON, as on invoices.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::text_null;

#[derive(DeriveMigrationName)]
pub(super) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in ["account", "orders"] {
            manager
                .alter_table(
                    Table::alter().table(table).add_column(text_null("billing")).to_owned(),
                )
                .await?;
        }
        Ok(())
    }
}
