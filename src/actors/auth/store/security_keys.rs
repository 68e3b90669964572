//! SQL of security keys, and of what they are asked.

use chrono::{DateTime, Utc};
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder, SqlErr};
use starjack_entity::{security_key, security_key_challenge};
use uuid::Uuid;

/// A row of `security_key`.
pub(in crate::actors::auth) type SecurityKeyRow = security_key::Model;
/// A row of `security_key_challenge`.
pub(in crate::actors::auth) type ChallengeRow = security_key_challenge::Model;

/// The keys of an account, the oldest first.
pub(in crate::actors::auth) async fn security_keys(
    db: &impl ConnectionTrait,
    account_id: Uuid,
) -> Result<Vec<SecurityKeyRow>, DbErr> {
    let rows = security_key::Entity::find().filter(security_key::Column::AccountId.eq(account_id));
    rows.order_by_asc(security_key::Column::Id).all(db).await
}

/// Writes a key; `false` when some account has it already.
pub(in crate::actors::auth) async fn write_security_key(
    db: &impl ConnectionTrait,
    row: SecurityKeyRow,
) -> Result<bool, DbErr> {
    match security_key::Entity::insert(row.into_active_model()).exec_without_returning(db).await {
        Ok(_) => Ok(true),
        Err(error) if matches!(error.sql_err(), Some(SqlErr::UniqueConstraintViolation(_))) => Ok(false),
        Err(error) => Err(error),
    }
}

/// Writes what a key shows after an answer, in one statement: of two answers at once one finds what was there before.
pub(in crate::actors::auth) async fn use_security_key(
    db: &impl ConnectionTrait,
    (id, account_id): (Uuid, Uuid),
    (before, after): (&str, &str),
    now: DateTime<Utc>,
) -> Result<bool, DbErr> {
    let used = security_key::Entity::update_many()
        .col_expr(security_key::Column::State, Expr::value(after))
        .col_expr(security_key::Column::UsedAt, Expr::value(now))
        .filter(security_key::Column::Id.eq(id))
        .filter(security_key::Column::AccountId.eq(account_id))
        .filter(security_key::Column::State.eq(before))
        .exec(db)
        .await?;
    Ok(used.rows_affected == 1)
}

/// Removes one key of an account; `false` when it has no such key.
pub(in crate::actors::auth) async fn remove_security_key(
    db: &impl ConnectionTrait,
    account_id: Uuid,
    id: Uuid,
) -> Result<bool, DbErr> {
    let removed = security_key::Entity::delete_many()
        .filter(security_key::Column::AccountId.eq(account_id))
        .filter(security_key::Column::Id.eq(id))
        .exec(db)
        .await?;
    Ok(removed.rows_affected == 1)
}

/// Removes all keys of an account, and what they were asked; twice changes nothing.
pub(in crate::actors::auth) async fn remove_security_keys(
    db: &impl ConnectionTrait,
    account_id: Uuid,
) -> Result<(), DbErr> {
    security_key_challenge::Entity::delete_many()
        .filter(security_key_challenge::Column::AccountId.eq(account_id))
        .exec(db)
        .await?;
    security_key::Entity::delete_many().filter(security_key::Column::AccountId.eq(account_id)).exec(db).await?;
    Ok(())
}

pub(in crate::actors::auth) async fn write_challenge(
    db: &impl ConnectionTrait,
    row: ChallengeRow,
) -> Result<(), DbErr> {
    security_key_challenge::Entity::insert(row.into_active_model()).exec_without_returning(db).await?;
    Ok(())
}

pub(in crate::actors::auth) async fn challenge(
    db: &impl ConnectionTrait,
    id: Uuid,
) -> Result<Option<ChallengeRow>, DbErr> {
    security_key_challenge::Entity::find_by_id(id).one(db).await
}

/// Uses a challenge up in one statement: of two that answer it, one finds it.
pub(in crate::actors::auth) async fn use_challenge(db: &impl ConnectionTrait, id: Uuid) -> Result<bool, DbErr> {
    Ok(security_key_challenge::Entity::delete_by_id(id).exec(db).await?.rows_affected == 1)
}

/// Forgets what was asked and not answered in time.
pub(super) async fn forget_challenges(db: &impl ConnectionTrait, now: DateTime<Utc>) -> Result<(), DbErr> {
    let old = security_key_challenge::Entity::delete_many().filter(security_key_challenge::Column::ExpiresAt.lt(now));
    old.exec(db).await?;
    Ok(())
}
