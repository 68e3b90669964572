//! Which refresh token one follows from, and whether a used one is shown again from where it was
//! used: a keyed hash, which does not say where that is.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::string_null;

#[derive(DeriveMigrationName)]
pub(super) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for column in ["used_from", "follows"] {
            let column = string_null(column);
            manager
                .alter_table(Table::alter().table("refresh_token").add_column(column).to_owned())
                .await?;
        }
        Ok(())
    }
}
