//! Cases are about a payment, opened once and closed by somebody; payments know since when they are
//! to go back.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::*;

#[derive(DeriveMigrationName)]
pub(super) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let columns = [
            integer_null("payment_no"),
            big_integer_null("amount_cents"),
            string_len_null("reason", 64),
            string_len_null("dedup_key", 120),
            uuid_null("closed_by"),
            string_len_null("closed_reason", 255),
            string_len_null("bank_reference", 140),
        ];
        for column in columns {
            manager
                .alter_table(Table::alter().table("case_file").add_column(column).take())
                .await?;
        }
        let since = timestamp_with_time_zone_null("back_since");
        manager.alter_table(Table::alter().table("payment").add_column(since).take()).await?;
        let once = Index::create()
            .name("case_once")
            .table("case_file")
            .col("dedup_key")
            .unique()
            .to_owned();
        manager.create_index(once).await?;
        // the sweep looks for suspended payments whenever it has read the provider's list
        manager
            .create_index(
                Index::create().name("payment_in_state").table("payment").col("state").to_owned(),
            )
            .await
    }
}
