//! Half-day tickets: the time of the first day from which on a line's ticket is valid.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::time_null;

#[derive(DeriveMigrationName)]
pub(super) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let change =
            Table::alter().table("order_line").add_column(time_null("from_time")).to_owned();
        manager.alter_table(change).await
    }
}
