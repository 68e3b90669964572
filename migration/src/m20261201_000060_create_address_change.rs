//! A change of an account's address: where its code goes, and afterwards where the notice goes that
//! it was changed.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::*;

#[derive(DeriveMigrationName)]
pub(super) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let change = Table::create()
            .table("address_change")
            .col(pk_uuid("id"))
            .col(uuid("account_id"))
            .col(string("old_email"))
            .col(string_null("new_email"))
            .col(string_len("language", 2))
            .col(timestamp_with_time_zone_null("changed_at"))
            .col(timestamp_with_time_zone("expires_at"))
            .foreign_key(
                ForeignKey::create().from("address_change", "account_id").to("account", "id"),
            )
            .to_owned();
        manager.create_table(change).await?;
        let of_account = Index::create()
            .name("address_change_of_account")
            .table("address_change")
            .col("account_id")
            .to_owned();
        manager.create_index(of_account).await
    }
}
