//! Invoices: immutable rows with gap-free numbers; the PDF is rendered from them afterwards.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::*;

#[derive(DeriveMigrationName)]
pub(super) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let series = Table::create()
            .table("invoice_series")
            .col(ColumnDef::new("series").string_len(32).not_null().primary_key())
            .col(big_integer("last"))
            .to_owned();
        let invoice = Table::create()
            .table("invoice")
            .col(ColumnDef::new("number").string_len(32).not_null().primary_key())
            .col(string_len("series", 32))
            .col(big_integer("serial"))
            .col(uuid("order_id").unique_key().take())
            .col(uuid("account_id"))
            .col(timestamp_with_time_zone("issued_at"))
            .col(date("issued_on"))
            .col(text("seller"))
            .col(text("buyer"))
            .col(text("lines"))
            .col(big_integer("total_cents"))
            .col(string_len("currency", 3))
            .col(string_len_null("document_sha256", 64))
            .foreign_key(ForeignKey::create().from("invoice", "order_id").to("orders", "id"))
            .to_owned();
        manager.create_table(series).await?;
        manager.create_table(invoice).await
    }
}
