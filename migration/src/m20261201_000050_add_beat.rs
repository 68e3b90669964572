//! Until when the holder of a duty has said that it does it, and under which token: an older
//! version's holder says nothing.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer_null, timestamp_with_time_zone_null};

#[derive(DeriveMigrationName)]
pub(super) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // one column a statement: SQLite knows no other way
        for column in [big_integer_null("beat_token"), timestamp_with_time_zone_null("beat_until")]
        {
            manager.alter_table(Table::alter().table("duty").add_column(column).to_owned()).await?;
        }
        Ok(())
    }
}
