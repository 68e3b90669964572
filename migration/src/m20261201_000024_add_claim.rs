//! What is to be found out about a payment, and since when; and whether its page was only looked
//! for after a restore.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{boolean, string_len_null, timestamp_with_time_zone_null};

#[derive(DeriveMigrationName)]
pub(super) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let columns = [
            string_len_null("claim", 16),
            timestamp_with_time_zone_null("claimed_at"),
            boolean("sought").default(false).to_owned(),
        ];
        // one column a statement: SQLite knows no other way
        for column in columns {
            manager
                .alter_table(Table::alter().table("payment").add_column(column).to_owned())
                .await?;
        }
        Ok(())
    }
}
