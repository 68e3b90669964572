//! SQL of signing keys.

use chrono::{DateTime, Utc};
use sea_orm::sea_query::Expr;
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DbBackend, DbErr, EntityTrait, IntoActiveModel,
    QueryFilter, QueryOrder,
};
use starjack_entity::signing_key;

/// The keys that are believed, the newest first.
pub(in crate::actors::auth) async fn keys(
    db: &impl ConnectionTrait,
    now: DateTime<Utc>,
) -> Result<Vec<signing_key::Model>, DbErr> {
    let believed = Condition::any()
        .add(signing_key::Column::BelievedUntil.is_null())
        .add(signing_key::Column::BelievedUntil.gt(now));
    let rows = signing_key::Entity::find().filter(believed);
    rows.order_by_desc(signing_key::Column::SignsFrom)
        .order_by_desc(signing_key::Column::Kid)
        .all(db)
        .await
}

/// Lets nobody else write keys until the transaction ends; others may read. SQLite has one writer
/// anyway.
pub(in crate::actors::auth) async fn one_writes_keys(
    tx: &impl ConnectionTrait,
) -> Result<(), DbErr> {
    if tx.get_database_backend() == DbBackend::Postgres {
        tx.execute_unprepared("LOCK TABLE signing_key IN SHARE ROW EXCLUSIVE MODE").await?;
    }
    Ok(())
}

pub(in crate::actors::auth) async fn write_key(
    db: &impl ConnectionTrait,
    row: signing_key::Model,
) -> Result<(), DbErr> {
    signing_key::Entity::insert(row.into_active_model()).exec_without_returning(db).await?;
    Ok(())
}

/// Lets every key that has no end yet be believed until `until`.
pub(in crate::actors::auth) async fn retire_keys(
    db: &impl ConnectionTrait,
    until: DateTime<Utc>,
) -> Result<(), DbErr> {
    signing_key::Entity::update_many()
        .col_expr(signing_key::Column::BelievedUntil, Expr::value(until))
        .filter(signing_key::Column::BelievedUntil.is_null())
        .exec(db)
        .await?;
    Ok(())
}

/// Removes every key: nothing they signed is believed any more.
pub(in crate::actors::auth) async fn remove_keys(db: &impl ConnectionTrait) -> Result<(), DbErr> {
    signing_key::Entity::delete_many().exec(db).await?;
    Ok(())
}

/// Forgets keys that are not believed any more.
pub(in crate::actors::auth) async fn forget_keys(
    db: &impl ConnectionTrait,
    now: DateTime<Utc>,
) -> Result<(), DbErr> {
    signing_key::Entity::delete_many()
        .filter(signing_key::Column::BelievedUntil.lt(now))
        .exec(db)
        .await?;
    Ok(())
}
