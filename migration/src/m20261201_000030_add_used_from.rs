//! Whether a refresh token is used again from where it was used: a keyed hash, which does not say where that is.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::string_null;

#[derive(DeriveMigrationName)]
pub(super) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let column = string_null("used_from");
        manager.alter_table(Table::alter().table("refresh_token").add_column(column).to_owned()).await
    }
}
