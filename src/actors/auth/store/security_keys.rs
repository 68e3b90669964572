//! SQL of security keys, and of what they are asked.

use chrono::{DateTime, Utc};
use sea_orm::sea_query::Expr;
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DbErr, EntityTrait, IntoActiveModel, QueryFilter,
    QueryOrder, QuerySelect, SqlErr,
};
use starjack_entity::{second_factor, security_key, security_key_challenge};
use uuid::Uuid;

/// A row of `security_key`.
pub(in crate::actors::auth) type SecurityKeyRow = security_key::Model;
/// A row of `security_key_challenge`.
pub(in crate::actors::auth) type ChallengeRow = security_key_challenge::Model;

/// The keys of an account for a shop of this name, the oldest first: none without a second factor
/// that counts, and none from before it, which an older version left there when it took the earlier
/// one away.
pub(in crate::actors::auth) async fn security_keys(
    db: &impl ConnectionTrait,
    account_id: Uuid,
    domain: &str,
) -> Result<Vec<SecurityKeyRow>, DbErr> {
    let factor = second_factor::Entity::find_by_id(account_id).one(db).await?;
    let Some(since) = factor.and_then(|row| row.confirmed_at) else { return Ok(Vec::new()) };
    let rows = security_key::Entity::find()
        .filter(security_key::Column::AccountId.eq(account_id))
        .filter(security_key::Column::Domain.eq(domain))
        .filter(security_key::Column::CreatedAt.gte(since));
    rows.order_by_asc(security_key::Column::Id).all(db).await
}

/// Writes a key; `false` when some account has it already.
pub(in crate::actors::auth) async fn write_security_key(
    db: &impl ConnectionTrait,
    row: SecurityKeyRow,
) -> Result<bool, DbErr> {
    match security_key::Entity::insert(row.into_active_model()).exec_without_returning(db).await {
        Ok(_) => Ok(true),
        Err(error) if matches!(error.sql_err(), Some(SqlErr::UniqueConstraintViolation(_))) => {
            Ok(false)
        }
        Err(error) => Err(error),
    }
}

/// Writes what a key shows after an answer, in one statement: of two answers at once one finds what
/// was there before.
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
    security_key::Entity::delete_many()
        .filter(security_key::Column::AccountId.eq(account_id))
        .exec(db)
        .await?;
    Ok(())
}

pub(in crate::actors::auth) async fn write_challenge(
    db: &impl ConnectionTrait,
    row: ChallengeRow,
) -> Result<(), DbErr> {
    security_key_challenge::Entity::insert(row.into_active_model())
        .exec_without_returning(db)
        .await?;
    Ok(())
}

pub(in crate::actors::auth) async fn challenge(
    db: &impl ConnectionTrait,
    id: Uuid,
) -> Result<Option<ChallengeRow>, DbErr> {
    security_key_challenge::Entity::find_by_id(id).one(db).await
}

/// Uses a challenge up in one statement: of two that answer it, one finds it.
pub(in crate::actors::auth) async fn use_challenge(
    db: &impl ConnectionTrait,
    id: Uuid,
) -> Result<bool, DbErr> {
    Ok(security_key_challenge::Entity::delete_by_id(id).exec(db).await?.rows_affected == 1)
}

/// Forgets what an account was asked and did not answer in time, and all but the newest of what
/// else it was asked.
pub(in crate::actors::auth) async fn forget_challenges_of(
    db: &impl ConnectionTrait,
    account_id: Uuid,
    (now, newest): (DateTime<Utc>, u64),
) -> Result<(), DbErr> {
    use security_key_challenge::Column::{AccountId, ExpiresAt, Id};
    let of_account = security_key_challenge::Entity::find()
        .filter(AccountId.eq(account_id))
        .select_only()
        .column(Id);
    let beyond = of_account.order_by_desc(ExpiresAt).offset(newest).limit(1_000);
    let beyond: Vec<Uuid> = beyond.into_tuple().all(db).await?;
    let old = Condition::any().add(ExpiresAt.lt(now)).add(Id.is_in(beyond));
    security_key_challenge::Entity::delete_many()
        .filter(AccountId.eq(account_id))
        .filter(old)
        .exec(db)
        .await?;
    Ok(())
}

/// Forgets what was asked and not answered in time.
pub(super) async fn forget_challenges(
    db: &impl ConnectionTrait,
    now: DateTime<Utc>,
) -> Result<(), DbErr> {
    let old = security_key_challenge::Entity::delete_many()
        .filter(security_key_challenge::Column::ExpiresAt.lt(now));
    old.exec(db).await?;
    Ok(())
}
