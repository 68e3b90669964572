//! Security keys of accounts, and what such a key was asked and has not answered yet.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::*;

#[derive(DeriveMigrationName)]
pub(super) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for (name, table) in
            [("security_key", security_key()), ("security_key_challenge", challenge())]
        {
            manager.create_table(table).await?;
            let of_account = Index::create()
                .name(format!("{name}_of_account"))
                .table(name)
                .col("account_id")
                .to_owned();
            manager.create_index(of_account).await?;
        }
        Ok(())
    }
}

/// What a key is recognised by, and its counter as it was last.
fn security_key() -> TableCreateStatement {
    Table::create()
        .table("security_key")
        .col(pk_uuid("id"))
        .col(uuid("account_id"))
        .col(string_len("nickname", 60))
        .col(text("domain"))
        .col(text_uniq("credential_id"))
        .col(small_integer("transports"))
        .col(text("public_key"))
        .col(string_len("state", 16))
        .col(timestamp_with_time_zone("created_at"))
        .col(timestamp_with_time_zone_null("used_at"))
        .foreign_key(ForeignKey::create().from("security_key", "account_id").to("account", "id"))
        .to_owned()
}

/// A question that one answer uses up; of a session, or of a log-in.
fn challenge() -> TableCreateStatement {
    Table::create()
        .table("security_key_challenge")
        .col(pk_uuid("id"))
        .col(uuid("account_id"))
        .col(uuid_null("session_id"))
        .col(text("state"))
        .col(timestamp_with_time_zone("expires_at"))
        .foreign_key(
            ForeignKey::create().from("security_key_challenge", "account_id").to("account", "id"),
        )
        .to_owned()
}
