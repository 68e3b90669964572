//! What a request under an idempotency key asked for, however it was written; without it its bytes
//! decide.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::string_len_null;

#[derive(DeriveMigrationName)]
pub(super) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let column = string_len_null("asked_hash", 64);
        manager.alter_table(Table::alter().table("idempotency").add_column(column).to_owned()).await
    }
}
