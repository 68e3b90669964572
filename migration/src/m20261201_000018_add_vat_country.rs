//! The country whose VAT a line's price holds: two countries may have the same rate. What was sold
//! before was Austrian.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::string_len;

#[derive(DeriveMigrationName)]
pub(super) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let country = string_len("vat_country", 2).default("AT").to_owned();
        manager.alter_table(Table::alter().table("order_line").add_column(country).to_owned()).await
    }
}
