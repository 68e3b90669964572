//! Looking in: why an admin did something, what a person accepted as it is, and indexes for what is
//! counted often.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::*;

#[derive(DeriveMigrationName)]
pub(super) struct Migration;

/// Rows that need eyes are few among many, so only they are indexed; both databases write it so.
const INDEXES: [&str; 7] = [
    "CREATE INDEX orders_in_state ON orders (state)",
    "CREATE INDEX order_line_in_doubt ON order_line (doubt_since) WHERE doubt_since IS NOT NULL",
    "CREATE INDEX payment_in_doubt ON payment (doubt_since) WHERE doubt_since IS NOT NULL",
    "CREATE INDEX order_line_of_person ON order_line (order_id) WHERE person_since IS NOT NULL",
    "CREATE INDEX payment_of_person ON payment (order_id) WHERE person_since IS NOT NULL",
    "CREATE INDEX payment_callback_of_page ON payment_callback (reference)",
    "CREATE INDEX audit_of_subject ON audit (subject, id)",
];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let reason =
            Table::alter().table("audit").add_column(string_len_null("reason", 200)).to_owned();
        manager.alter_table(reason).await?;
        for table in ["order_line", "payment"] {
            let accepted =
                ColumnDef::new("person_accepted").boolean().not_null().default(false).to_owned();
            manager
                .alter_table(Table::alter().table(table).add_column(accepted).to_owned())
                .await?;
        }
        for index in INDEXES {
            manager.get_connection().execute_unprepared(index).await?;
        }
        Ok(())
    }
}
