//! Reconciliation: what was compared, and cases that say what they are about and what is to be
//! done.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::*;

#[derive(DeriveMigrationName)]
pub(super) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let run = Table::create()
            .table("reconciliation")
            .col(uuid("id").primary_key().take())
            .col(string_len("scope", 48))
            .col(date("day"))
            .col(string_len_null("once", 64).unique_key().take())
            .col(uuid_null("wished_by"))
            .col(timestamp_with_time_zone("wished_at"))
            .col(timestamp_with_time_zone_null("ended_at"))
            .col(integer("compared"))
            .col(integer("differences"))
            .col(integer("opened"))
            .col(string_len_null("not_told", 160))
            .to_owned();
        manager.create_table(run).await?;
        let columns = [
            string_len_null("subject", 64),
            string_len_null("operator", 32),
            integer_null("line_no"),
            string_len_null("action", 16),
            uuid_null("agreed_by"),
            timestamp_with_time_zone_null("agreed_at"),
        ];
        for column in columns {
            manager
                .alter_table(Table::alter().table("case_file").add_column(column).take())
                .await?;
        }
        // both databases write it so; reconciliation asks for the bookings that were asked for on a
        // day
        let asked =
            "CREATE INDEX order_step_of_issues ON order_step (asked_at) WHERE verb = 'issue'";
        manager.get_connection().execute_unprepared(asked).await?;
        let open = "CREATE INDEX case_file_open ON case_file (kind) WHERE closed_at IS NULL";
        manager.get_connection().execute_unprepared(open).await?;
        let placed =
            Index::create().name("orders_placed_at").table("orders").col("placed_at").to_owned();
        manager.create_index(placed).await
    }
}
