//! All SQL of accounts and sessions.

use chrono::{DateTime, Utc};
use sea_orm::sea_query::{Expr, ExprTrait, OnConflict};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, DbErr, EntityTrait, IntoActiveModel, QueryFilter, QuerySelect,
    QueryTrait, TryInsertResult,
};
use starjack_entity::{account, refresh_token, registration, session};
use uuid::Uuid;

use super::error::Error;

/// What became of a refresh token that was shown.
pub(super) enum Shown {
    /// It counted, and does not count any more.
    Fresh(refresh_token::Model),
    /// It was used before.
    Used(refresh_token::Model),
    /// It is none of ours.
    Unknown,
}

pub(super) async fn account(db: &impl ConnectionTrait, id: Uuid) -> Result<Option<account::Model>, Error> {
    Ok(account::Entity::find_by_id(id).one(db).await?)
}

pub(super) async fn account_of(db: &impl ConnectionTrait, email: &str) -> Result<Option<account::Model>, Error> {
    Ok(account::Entity::find().filter(account::Column::Email.eq(email)).one(db).await?)
}

/// Opens an account; `false` when the address has one.
pub(super) async fn open_account(db: &impl ConnectionTrait, row: account::Model) -> Result<bool, Error> {
    let insert = account::Entity::insert(row.into_active_model())
        .on_conflict(OnConflict::column(account::Column::Email).do_nothing().to_owned());
    match insert.try_insert().exec_without_returning(db).await? {
        TryInsertResult::Inserted(_) => Ok(true),
        TryInsertResult::Conflicted | TryInsertResult::Empty => Ok(false),
    }
}

pub(super) async fn registration(db: &impl ConnectionTrait, id: Uuid) -> Result<Option<registration::Model>, Error> {
    Ok(registration::Entity::find_by_id(id).one(db).await?)
}

/// Writes a registration in the place of an earlier one with the same address.
pub(super) async fn write_registration(db: &impl ConnectionTrait, row: registration::Model) -> Result<(), DbErr> {
    use registration::Column::{
        BirthDate, CodeHash, ExpiresAt, FirstName, Id, Language, LastName, PasswordHash, TriesLeft,
    };
    let replace = OnConflict::column(registration::Column::Email)
        .update_columns([Id, PasswordHash, FirstName, LastName, BirthDate, Language, CodeHash, TriesLeft, ExpiresAt])
        .to_owned();
    registration::Entity::insert(row.into_active_model()).on_conflict(replace).exec_without_returning(db).await?;
    Ok(())
}

/// Uses up one try of an address and answers its registration; `None` without one or when no try is left.
pub(super) async fn take_try(db: &impl ConnectionTrait, email: &str) -> Result<Option<registration::Model>, Error> {
    let taken = registration::Entity::update_many()
        .col_expr(registration::Column::TriesLeft, Expr::col(registration::Column::TriesLeft).sub(1))
        .filter(registration::Column::Email.eq(email))
        .filter(registration::Column::TriesLeft.gt(0))
        .exec(db)
        .await?;
    if taken.rows_affected == 0 {
        return Ok(None);
    }
    Ok(registration::Entity::find().filter(registration::Column::Email.eq(email)).one(db).await?)
}

pub(super) async fn remove_registration(db: &impl ConnectionTrait, id: Uuid) -> Result<(), DbErr> {
    registration::Entity::delete_by_id(id).exec(db).await?;
    Ok(())
}

/// Forgets registrations that nobody confirmed in time.
pub(super) async fn forget_registrations(db: &impl ConnectionTrait, before: DateTime<Utc>) -> Result<(), DbErr> {
    registration::Entity::delete_many().filter(registration::Column::ExpiresAt.lt(before)).exec(db).await?;
    Ok(())
}

/// Forgets what is too old to count: registrations, refresh tokens, and sessions that have no token left.
pub(super) async fn forget_old(db: &impl ConnectionTrait, now: DateTime<Utc>) -> Result<(), DbErr> {
    forget_registrations(db, now).await?;
    refresh_token::Entity::delete_many().filter(refresh_token::Column::ExpiresAt.lt(now)).exec(db).await?;
    let in_use = refresh_token::Entity::find().select_only().column(refresh_token::Column::SessionId).into_query();
    session::Entity::delete_many().filter(session::Column::Id.not_in_subquery(in_use)).exec(db).await?;
    Ok(())
}

/// Opens a session without any refresh token yet.
pub(super) async fn open_session(
    db: &impl ConnectionTrait,
    id: Uuid,
    account_id: Uuid,
    now: DateTime<Utc>,
) -> Result<(), DbErr> {
    let row = session::Model { id, account_id, created_at: now.into(), revoked_at: None };
    session::Entity::insert(row.into_active_model()).exec_without_returning(db).await?;
    Ok(())
}

pub(super) async fn session(db: &impl ConnectionTrait, id: Uuid) -> Result<Option<session::Model>, Error> {
    Ok(session::Entity::find_by_id(id).one(db).await?)
}

/// Those of these sessions that still count.
pub(super) async fn open_of(db: &impl ConnectionTrait, ids: &[Uuid]) -> Result<Vec<Uuid>, DbErr> {
    session::Entity::find()
        .select_only()
        .column(session::Column::Id)
        .filter(session::Column::Id.is_in(ids.iter().copied()))
        .filter(session::Column::RevokedAt.is_null())
        .into_tuple()
        .all(db)
        .await
}

/// Ends a session and all refresh tokens that follow from it; twice changes nothing.
pub(super) async fn revoke(db: &impl ConnectionTrait, session_id: Uuid, now: DateTime<Utc>) -> Result<(), DbErr> {
    session::Entity::update_many()
        .col_expr(session::Column::RevokedAt, Expr::value(now))
        .filter(session::Column::Id.eq(session_id))
        .filter(session::Column::RevokedAt.is_null())
        .exec(db)
        .await?;
    Ok(())
}

pub(super) async fn write_token(
    db: &impl ConnectionTrait,
    token_hash: String,
    session_id: Uuid,
    expires_at: DateTime<Utc>,
) -> Result<(), DbErr> {
    let row = refresh_token::ActiveModel {
        token_hash: Set(token_hash),
        session_id: Set(session_id),
        expires_at: Set(expires_at.into()),
        used_at: Set(None),
    };
    refresh_token::Entity::insert(row).exec_without_returning(db).await?;
    Ok(())
}

/// Uses a refresh token up in one statement, so that of two askers at once only one finds it fresh.
pub(super) async fn use_token(db: &impl ConnectionTrait, token_hash: &str, now: DateTime<Utc>) -> Result<Shown, Error> {
    let used = refresh_token::Entity::update_many()
        .col_expr(refresh_token::Column::UsedAt, Expr::value(now))
        .filter(refresh_token::Column::TokenHash.eq(token_hash))
        .filter(refresh_token::Column::UsedAt.is_null())
        .exec(db)
        .await?;
    let row = refresh_token::Entity::find_by_id(token_hash.to_owned()).one(db).await?;
    Ok(match row {
        Some(row) if used.rows_affected == 1 => Shown::Fresh(row),
        Some(row) => Shown::Used(row),
        None => Shown::Unknown,
    })
}
