//! Payments: one row per transaction at the provider, and the callbacks that claimed something
//! about it.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::*;

#[derive(DeriveMigrationName)]
pub(super) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let payment = Table::create()
            .table("payment")
            .col(uuid("order_id"))
            .col(integer("no"))
            .col(integer("page_no"))
            .col(string_len("reference", 24))
            .col(string_len("secret", 64))
            .col(text_null("url"))
            .col(string_len_null("tid", 32).unique_key().take())
            .col(string_len("state", 16))
            .col(big_integer("amount_cents"))
            .col(string_len("currency", 3))
            .col(big_integer("captured_cents"))
            .col(big_integer("returned_cents"))
            .col(big_integer("owed_cents"))
            .col(timestamp_with_time_zone("opened_at"))
            .col(timestamp_with_time_zone("page_ends_at"))
            .col(timestamp_with_time_zone_null("reserved_at"))
            .col(integer("status_calls"))
            .col(boolean("pull"))
            .col(integer("attempts"))
            .col(integer("refusals"))
            .col(timestamp_with_time_zone_null("ask_at"))
            .col(timestamp_with_time_zone_null("settles_at"))
            .col(timestamp_with_time_zone_null("doubt_since"))
            .col(string_len_null("doubt", 24))
            .col(big_integer_null("doubt_cents"))
            .col(timestamp_with_time_zone_null("person_since"))
            .col(string_len_null("person_reason", 160))
            .primary_key(Index::create().col("order_id").col("no"))
            .foreign_key(ForeignKey::create().from("payment", "order_id").to("orders", "id"))
            .to_owned();
        let callback = Table::create()
            .table("payment_callback")
            .col(string_len("tid", 32))
            .col(string_len("status", 32))
            .col(big_integer("amount_cents"))
            .col(string_len("reference", 32))
            .col(text("raw"))
            .col(timestamp_with_time_zone("received_at"))
            .primary_key(Index::create().col("tid").col("status").col("amount_cents"))
            .to_owned();
        manager.create_table(payment).await?;
        manager.create_table(callback).await?;
        manager
            .create_index(
                Index::create()
                    .name("payment_of_page")
                    .table("payment")
                    .col("reference")
                    .to_owned(),
            )
            .await
    }
}
