//! When an account was deleted by its owner; its row stays for the sake of what must be kept, and
//! says nothing of a person.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::timestamp_with_time_zone_null;

#[derive(DeriveMigrationName)]
pub(super) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let column = timestamp_with_time_zone_null("erased_at");
        manager.alter_table(Table::alter().table("account").add_column(column).to_owned()).await
    }
}
