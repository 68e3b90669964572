//! Orders: the row, its lines, the intents committed before anything is asked, what happened, and
//! who drives.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::*;

#[derive(DeriveMigrationName)]
pub(super) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in [
            setting(),
            replica(),
            orders(),
            order_line(),
            order_step(),
            order_event(),
            ticket_day(),
            idempotency(),
        ] {
            manager.create_table(table).await?;
        }
        for index in [
            Index::create()
                .name("orders_of_account")
                .table("orders")
                .col("account_id")
                .col("placed_at")
                .to_owned(),
            Index::create().name("orders_due").table("orders").col("next_at").to_owned(),
            Index::create()
                .name("order_line_of_card")
                .table("order_line")
                .col("card_id")
                .to_owned(),
            Index::create()
                .name("order_step_of_order")
                .table("order_step")
                .col("order_id")
                .col("outcome")
                .to_owned(),
            Index::create()
                .name("ticket_day_of_order")
                .table("ticket_day")
                .col("order_id")
                .to_owned(),
        ] {
            manager.create_index(index).await?;
        }
        Ok(())
    }
}

/// Facts of this database, for example its epoch letter.
fn setting() -> TableCreateStatement {
    Table::create()
        .table("setting")
        .col(ColumnDef::new("name").string_len(64).not_null().primary_key())
        .col(string("value"))
        .to_owned()
}

/// One incarnation of a replica; it may drive orders until `alive_until`.
fn replica() -> TableCreateStatement {
    Table::create()
        .table("replica")
        .col(pk_uuid("incarnation"))
        .col(timestamp_with_time_zone("started_at"))
        .col(timestamp_with_time_zone("alive_until"))
        .to_owned()
}

fn orders() -> TableCreateStatement {
    Table::create()
        .table("orders")
        .col(pk_uuid("id"))
        .col(string_len_uniq("number", 16))
        .col(uuid("account_id"))
        .col(string_len("state", 16))
        .col(string_len("on_refusal", 8))
        .col(big_integer("total_cents"))
        .col(string_len("currency", 3))
        .col(integer_null("wanted_payment"))
        .col(big_integer("version"))
        .col(uuid("driver"))
        .col(timestamp_with_time_zone_null("next_at"))
        .col(timestamp_with_time_zone("placed_at"))
        .col(timestamp_with_time_zone("entered_at"))
        .col(timestamp_with_time_zone("ends_by"))
        .col(string_len_null("refusal", 160))
        .col(text_null("return_url"))
        .foreign_key(ForeignKey::create().from("orders", "account_id").to("account", "id"))
        .to_owned()
}

fn order_line() -> TableCreateStatement {
    Table::create()
        .table("order_line")
        .col(uuid("order_id"))
        .col(integer("no"))
        .col(string_len_uniq("reference", 24))
        .col(string_len("state", 16))
        .col(boolean("checked"))
        .col(boolean("withdrawing"))
        .col(string_len("operator", 64))
        .col(string_len("product", 64))
        .col(string_len("category", 32))
        .col(string_len("product_code", 80))
        .col(string_len("category_code", 80))
        .col(date("valid_from"))
        .col(date("valid_to"))
        .col(big_integer("price_cents"))
        .col(integer("vat_permille"))
        .col(uuid("card_id"))
        .col(string_len("card_number", 40))
        .col(string("holder_first_name"))
        .col(string("holder_last_name"))
        .col(date("holder_birth_date"))
        .col(big_integer("asked_ms"))
        .col(integer("attempts"))
        .col(timestamp_with_time_zone_null("ask_at"))
        .col(timestamp_with_time_zone_null("settles_at"))
        .col(timestamp_with_time_zone_null("doubt_since"))
        .col(string_len_null("refusal", 160))
        .col(string_len_null("ticket_reference", 80))
        .col(string_len_null("booking_handle", 255))
        .col(timestamp_with_time_zone_null("person_since"))
        .col(string_len_null("person_reason", 160))
        .primary_key(Index::create().col("order_id").col("no"))
        .foreign_key(ForeignKey::create().from("order_line", "order_id").to("orders", "id"))
        .to_owned()
}

/// An intent, committed before the question leaves; without an outcome it is a doubt for whoever
/// finds it.
fn order_step() -> TableCreateStatement {
    Table::create()
        .table("order_step")
        .col(pk_uuid("id"))
        .col(uuid("order_id"))
        .col(integer_null("line_no"))
        .col(integer_null("payment_no"))
        .col(string_len("verb", 16))
        .col(string_len("reference", 24))
        .col(string_len_null("booking_handle", 255))
        .col(big_integer_null("amount_cents"))
        .col(timestamp_with_time_zone("asked_at"))
        .col(timestamp_with_time_zone_null("answered_at"))
        .col(string_len_null("outcome", 16))
        .col(string_len_null("detail", 160))
        .foreign_key(ForeignKey::create().from("order_step", "order_id").to("orders", "id"))
        .to_owned()
}

/// One row a transition: feeds history, event stream, notices and audit.
fn order_event() -> TableCreateStatement {
    Table::create()
        .table("order_event")
        .col(uuid("order_id"))
        .col(big_integer("version"))
        .col(integer("no"))
        .col(timestamp_with_time_zone("at"))
        .col(string_len("state", 16))
        .col(string_len_null("detail", 160))
        .primary_key(Index::create().col("order_id").col("version").col("no"))
        .foreign_key(ForeignKey::create().from("order_event", "order_id").to("orders", "id"))
        .to_owned()
}

/// One ticket a card, operator and day: the primary key is the rule.
fn ticket_day() -> TableCreateStatement {
    Table::create()
        .table("ticket_day")
        .col(string_len("operator", 64))
        .col(string_len("card_number", 40))
        .col(date("day"))
        .col(uuid("order_id"))
        .col(integer("line_no"))
        .primary_key(Index::create().col("operator").col("card_number").col("day"))
        .foreign_key(ForeignKey::create().from("ticket_day", "order_id").to("orders", "id"))
        .to_owned()
}

/// The answer to a placed order under its Idempotency-Key, in the order's own transaction.
fn idempotency() -> TableCreateStatement {
    Table::create()
        .table("idempotency")
        .col(uuid("account_id"))
        .col(string_len("key", 255))
        .col(string_len("body_hash", 64))
        .col(uuid("order_id"))
        .col(integer("status"))
        .col(text("body"))
        .col(timestamp_with_time_zone("created_at"))
        .primary_key(Index::create().col("account_id").col("key"))
        .foreign_key(ForeignKey::create().from("idempotency", "order_id").to("orders", "id"))
        .to_owned()
}
