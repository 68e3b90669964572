//! SQL of changes of an address.

use chrono::{DateTime, Utc};
use sea_orm::sea_query::Expr;
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbErr, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder,
    QuerySelect, SqlErr,
};
use starjack_entity::{account, address_change};
use uuid::Uuid;

use super::super::error::Error;

/// Most requests of an account whose codes are looked at; more than its e-mails are limited to.
const MOST_OPEN: u64 = 50;

pub(in crate::actors::auth) async fn change(
    db: &impl ConnectionTrait,
    id: Uuid,
) -> Result<Option<address_change::Model>, Error> {
    Ok(address_change::Entity::find_by_id(id).one(db).await?)
}

pub(in crate::actors::auth) async fn write_change(
    db: &impl ConnectionTrait,
    row: address_change::Model,
) -> Result<(), DbErr> {
    address_change::Entity::insert(row.into_active_model()).exec_without_returning(db).await?;
    Ok(())
}

/// The requests of an account that wait for their code, the newest first.
pub(in crate::actors::auth) async fn open_changes(
    db: &impl ConnectionTrait,
    account_id: Uuid,
    now: DateTime<Utc>,
) -> Result<Vec<address_change::Model>, Error> {
    let open = address_change::Entity::find()
        .filter(address_change::Column::AccountId.eq(account_id))
        .filter(address_change::Column::ChangedAt.is_null())
        .filter(address_change::Column::ExpiresAt.gt(now));
    Ok(open.order_by_desc(address_change::Column::ExpiresAt).limit(MOST_OPEN).all(db).await?)
}

/// Notes that a change was made; its row is kept until `until`, for the notice to the old address.
pub(in crate::actors::auth) async fn end_change(
    db: &impl ConnectionTrait,
    id: Uuid,
    now: DateTime<Utc>,
    until: DateTime<Utc>,
) -> Result<(), DbErr> {
    address_change::Entity::update_many()
        .col_expr(address_change::Column::ChangedAt, Expr::value(now))
        .col_expr(address_change::Column::ExpiresAt, Expr::value(until))
        .filter(address_change::Column::Id.eq(id))
        .exec(db)
        .await?;
    Ok(())
}

/// Sets an account's address; `false` when another account has it.
pub(in crate::actors::auth) async fn set_email(
    db: &impl ConnectionTrait,
    id: Uuid,
    email: &str,
) -> Result<bool, DbErr> {
    let others = account::Entity::find().filter(account::Column::Email.eq(email)).one(db).await?;
    if others.is_some() {
        return Ok(false);
    }
    let set = account::Entity::update_many()
        .col_expr(account::Column::Email, Expr::value(email))
        .filter(account::Column::Id.eq(id))
        .exec(db)
        .await;
    match set {
        Ok(updated) => Ok(updated.rows_affected == 1),
        // opened in this moment; the transaction must be rolled back
        Err(error) if matches!(error.sql_err(), Some(SqlErr::UniqueConstraintViolation(_))) => {
            Ok(false)
        }
        Err(error) => Err(error),
    }
}

/// Forgets requests that nobody confirmed in time, and old addresses whose notice has had its time.
pub(in crate::actors::auth) async fn forget_changes(
    db: &impl ConnectionTrait,
    before: DateTime<Utc>,
) -> Result<(), DbErr> {
    address_change::Entity::delete_many()
        .filter(address_change::Column::ExpiresAt.lt(before))
        .exec(db)
        .await?;
    Ok(())
}
