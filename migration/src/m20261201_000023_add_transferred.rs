//! What went back by bank transfer apart from what the payment provider gave back: its books know
//! only the latter. And indexes of the texts that are forgotten after their time.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::big_integer;

#[derive(DeriveMigrationName)]
pub(super) struct Migration;

/// A case of owed money that was closed with a bank's reference is a transfer; both databases write
/// it so.
const SENT_BEFORE: &str = "UPDATE payment SET transferred_cents = (\
     SELECT SUM(sent.amount_cents) FROM case_file AS sent WHERE sent.kind = 'owed' \
     AND sent.bank_reference IS NOT NULL AND sent.order_id = payment.order_id AND sent.payment_no = payment.no) \
     WHERE EXISTS (SELECT 1 FROM case_file AS sent WHERE sent.kind = 'owed' \
     AND sent.bank_reference IS NOT NULL AND sent.order_id = payment.order_id AND sent.payment_no = payment.no)";

const TEXTS: [&str; 2] = [
    "CREATE INDEX idempotency_with_text ON idempotency (created_at) WHERE body <> ''",
    "CREATE INDEX payment_callback_with_text ON payment_callback (received_at) WHERE raw <> ''",
];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let transferred = big_integer("transferred_cents").default(0).to_owned();
        manager
            .alter_table(Table::alter().table("payment").add_column(transferred).to_owned())
            .await?;
        manager.get_connection().execute_unprepared(SENT_BEFORE).await?;
        for index in TEXTS {
            manager.get_connection().execute_unprepared(index).await?;
        }
        Ok(())
    }
}
