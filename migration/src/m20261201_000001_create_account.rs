//! Accounts, their sessions and their keycards. Names and birth dates stand in `account` and
//! `registration`.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::*;

#[derive(DeriveMigrationName)]
pub(super) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in [account(), registration(), session(), refresh_token(), card()] {
            manager.create_table(table).await?;
        }
        for index in [
            Index::create()
                .name("session_of_account")
                .table("session")
                .col("account_id")
                .to_owned(),
            Index::create()
                .name("refresh_token_of_session")
                .table("refresh_token")
                .col("session_id")
                .to_owned(),
            Index::create()
                .name("card_once_an_account")
                .table("card")
                .col("account_id")
                .col("number")
                .unique()
                .to_owned(),
        ] {
            manager.create_index(index).await?;
        }
        Ok(())
    }
}

/// A person who may log in.
fn account() -> TableCreateStatement {
    Table::create()
        .table("account")
        .col(pk_uuid("id"))
        .col(string_uniq("email"))
        .col(string("password_hash"))
        .col(string("first_name"))
        .col(string("last_name"))
        .col(date_null("birth_date"))
        .col(string_len("language", 2))
        .col(string_len("role", 16))
        .col(timestamp_with_time_zone("created_at"))
        .to_owned()
}

/// An account that waits for the code of its letter.
fn registration() -> TableCreateStatement {
    Table::create()
        .table("registration")
        .col(pk_uuid("id"))
        .col(string_uniq("email"))
        .col(string("password_hash"))
        .col(string("first_name"))
        .col(string("last_name"))
        .col(date_null("birth_date"))
        .col(string_len("language", 2))
        .col(string("code_hash"))
        .col(integer("tries_left"))
        .col(timestamp_with_time_zone("expires_at"))
        .to_owned()
}

/// One log-in: the family of all refresh tokens that follow from it.
fn session() -> TableCreateStatement {
    Table::create()
        .table("session")
        .col(pk_uuid("id"))
        .col(uuid("account_id"))
        .col(timestamp_with_time_zone("created_at"))
        .col(timestamp_with_time_zone_null("revoked_at"))
        .foreign_key(ForeignKey::create().from("session", "account_id").to("account", "id"))
        .to_owned()
}

/// A refresh token counts once; one that is used again ends its family.
fn refresh_token() -> TableCreateStatement {
    Table::create()
        .table("refresh_token")
        .col(ColumnDef::new("token_hash").string().not_null().primary_key())
        .col(uuid("session_id"))
        .col(timestamp_with_time_zone("expires_at"))
        .col(timestamp_with_time_zone_null("used_at"))
        .foreign_key(ForeignKey::create().from("refresh_token", "session_id").to("session", "id"))
        .to_owned()
}

/// A keycard of an account.
fn card() -> TableCreateStatement {
    Table::create()
        .table("card")
        .col(pk_uuid("id"))
        .col(uuid("account_id"))
        .col(string_len("vendor", 32))
        .col(string_len("number", 40))
        .col(string("nickname"))
        .col(string_len("state", 16))
        .col(timestamp_with_time_zone("created_at"))
        .foreign_key(ForeignKey::create().from("card", "account_id").to("account", "id"))
        .to_owned()
}
