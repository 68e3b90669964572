//! Jobs: what is not an order's own step (letters, documents, pulls); cases: what staff must
//! close; the admins' audit.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::*;

#[derive(DeriveMigrationName)]
pub(super) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let job = Table::create()
            .table("job")
            .col(pk_uuid("id"))
            .col(string_len("kind", 32))
            .col(text("payload"))
            .col(string_len_uniq("dedup_key", 120))
            .col(string_len("state", 16))
            .col(timestamp_with_time_zone("run_at"))
            .col(integer("attempts"))
            .col(timestamp_with_time_zone_null("leased_until"))
            .col(uuid_null("lease"))
            .col(string_len_null("last_error", 160))
            .col(timestamp_with_time_zone("created_at"))
            .col(timestamp_with_time_zone_null("done_at"))
            .to_owned();
        let case = Table::create()
            .table("case_file")
            .col(pk_uuid("id"))
            .col(uuid_null("order_id"))
            .col(string_len("kind", 32))
            .col(string_len("detail", 255))
            .col(timestamp_with_time_zone("opened_at"))
            .col(timestamp_with_time_zone_null("closed_at"))
            .to_owned();
        let audit = Table::create()
            .table("audit")
            .col(pk_uuid("id"))
            .col(uuid("account_id"))
            .col(string_len("action", 32))
            .col(string_len("subject", 120))
            .col(timestamp_with_time_zone("at"))
            .to_owned();
        for table in [job, case, audit] {
            manager.create_table(table).await?;
        }
        manager
            .create_index(
                Index::create().name("job_due").table("job").col("state").col("run_at").to_owned(),
            )
            .await
    }
}
