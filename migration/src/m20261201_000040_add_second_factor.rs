//! A second factor of accounts with its recovery codes, accounts that are disabled, where and when
//! a session was last used, and under which request something was written to the audit.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::*;

#[derive(DeriveMigrationName)]
pub(super) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in [second_factor(), recovery_code()] {
            manager.create_table(table).await?;
        }
        for (table, column) in [
            ("account", timestamp_with_time_zone_null("disabled_at")),
            ("session", timestamp_with_time_zone_null("used_at")),
            ("session", string_len_null("network", 64)),
            ("session", timestamp_with_time_zone_null("proved_at")),
            ("audit", string_len_null("request_id", 64)),
        ] {
            manager.alter_table(Table::alter().table(table).add_column(column).to_owned()).await?;
        }
        Ok(())
    }
}

/// The secret that an account shares with its owner's device, sealed under the configured one; it
/// counts once it is confirmed.
fn second_factor() -> TableCreateStatement {
    Table::create()
        .table("second_factor")
        .col(pk_uuid("account_id"))
        .col(text("sealed_secret"))
        .col(timestamp_with_time_zone("created_at"))
        .col(timestamp_with_time_zone_null("confirmed_at"))
        .col(big_integer("last_step"))
        .foreign_key(ForeignKey::create().from("second_factor", "account_id").to("account", "id"))
        .to_owned()
}

/// A code that counts once instead of the device's, as a keyed hash.
fn recovery_code() -> TableCreateStatement {
    Table::create()
        .table("recovery_code")
        .col(uuid("account_id"))
        .col(string_len("code_hash", 64))
        .col(timestamp_with_time_zone_null("used_at"))
        .primary_key(Index::create().col("account_id").col("code_hash"))
        .foreign_key(ForeignKey::create().from("recovery_code", "account_id").to("account", "id"))
        .to_owned()
}
