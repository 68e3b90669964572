//! The keys that sign access tokens, the wishes for a new password, and from where an account was
//! logged in before.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::*;

#[derive(DeriveMigrationName)]
pub(super) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in [signing_key(), password_reset(), known_network()] {
            manager.create_table(table).await?;
        }
        // every replica asks every few seconds which sessions ended lately
        let ended =
            Index::create().name("session_by_end").table("session").col("revoked_at").to_owned();
        manager.create_index(ended).await
    }
}

/// A key pair; the private half is sealed under the configured secret.
fn signing_key() -> TableCreateStatement {
    Table::create()
        .table("signing_key")
        .col(ColumnDef::new("kid").string_len(64).not_null().primary_key())
        .col(text("public_key"))
        .col(text("sealed_key"))
        .col(timestamp_with_time_zone("signs_from"))
        .col(timestamp_with_time_zone_null("believed_until"))
        .to_owned()
}

/// A wish for a new password; of the address only a keyed hash is kept, and no account for one that
/// is not known.
fn password_reset() -> TableCreateStatement {
    Table::create()
        .table("password_reset")
        .col(pk_uuid("id"))
        .col(string_uniq("address_hash"))
        .col(uuid_null("account_id"))
        .col(string("code_hash"))
        .col(integer("tries_left"))
        .col(timestamp_with_time_zone("expires_at"))
        .foreign_key(ForeignKey::create().from("password_reset", "account_id").to("account", "id"))
        .to_owned()
}

/// A network from which an account was logged in, as a keyed hash.
fn known_network() -> TableCreateStatement {
    Table::create()
        .table("known_network")
        .col(uuid("account_id"))
        .col(string_len("network_hash", 64))
        .col(timestamp_with_time_zone("seen_at"))
        .primary_key(Index::create().col("account_id").col("network_hash"))
        .foreign_key(ForeignKey::create().from("known_network", "account_id").to("account", "id"))
        .to_owned()
}
