//! Duties: what one replica does for all. The token is the fence: it grows with each holder, and
//! whoever writes for a duty looks at it in the same transaction.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::*;

#[derive(DeriveMigrationName)]
pub(super) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let duty = Table::create()
            .table("duty")
            .col(string_len("name", 40).primary_key())
            .col(big_integer("token"))
            .col(uuid_null("holder"))
            .col(big_integer("wishes"))
            .to_owned();
        manager.create_table(duty).await
    }
}
