//! What is sold as data: the operators' documents and their versions, and the ski areas of a map.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::*;

#[derive(DeriveMigrationName)]
pub(super) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // one row a change: its key lets one of two changes at once fail, its largest tells a
        // replica that it is behind
        let version = Table::create()
            .table("catalogue_version")
            .col(big_integer("version").primary_key())
            .col(text("head"))
            .col(string_len("changed_by", 120))
            .col(timestamp_with_time_zone("changed_at"))
            .to_owned();
        let operator = Table::create()
            .table("operator")
            .col(string_len("key", 32).primary_key())
            .col(text("document"))
            .col(big_integer("version"))
            .col(string_len("imported_by", 120))
            .col(timestamp_with_time_zone("imported_at"))
            .col(timestamp_with_time_zone_null("removed_at"))
            .to_owned();
        let area = Table::create()
            .table("area")
            .col(pk_uuid("id"))
            .col(string_len_uniq("source", 80))
            .col(text("identities"))
            .col(string_len("name", 200))
            .col(string_len_null("state", 120))
            .col(string_len_null("region", 8))
            .col(string_len_null("country", 2))
            .col(integer("latitude_hundredths"))
            .col(integer("longitude_hundredths"))
            .col(string_len_null("website", 500))
            .col(string_len_null("operator", 32))
            .col(string_len("attribution", 200))
            .col(string_len("imported_by", 120))
            .col(timestamp_with_time_zone("imported_at"))
            .to_owned();
        for table in [version, operator, area] {
            manager.create_table(table).await?;
        }
        manager
            .create_index(
                Index::create().name("area_name").table("area").col("name").col("id").to_owned(),
            )
            .await
    }
}
