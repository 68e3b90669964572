//! What was promised of a return when a line was sold: until when, and with which other lines
//! together.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{string_len_null, timestamp_with_time_zone_null};

#[derive(DeriveMigrationName)]
pub(super) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for column in [timestamp_with_time_zone_null("return_ends"), string_len_null("family", 16)]
        {
            manager
                .alter_table(Table::alter().table("order_line").add_column(column).to_owned())
                .await?;
        }
        Ok(())
    }
}
