//! SQL of sessions and their refresh tokens.

use chrono::{DateTime, Utc};
use sea_orm::sea_query::{Expr, Func};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, DbErr, EntityTrait, IntoActiveModel, Order,
    PaginatorTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait,
};
use starjack_entity::{refresh_token, session};
use uuid::Uuid;

use super::super::error::Error;

/// Most sessions of an account that are listed.
const MOST_LISTED: u64 = 100;

/// The tokens that followed from one.
pub(in crate::actors::auth) struct Followers {
    /// Those that were used.
    pub(in crate::actors::auth) used: u64,
    /// Those too that were not.
    pub(in crate::actors::auth) all: u64,
}

/// What became of a refresh token that was shown.
pub(in crate::actors::auth) enum Shown {
    /// It counted, and does not count any more.
    Fresh(refresh_token::Model),
    /// It was used before.
    Used(refresh_token::Model),
    /// It is none of ours.
    Unknown,
}

/// A row of `session`.
pub(in crate::actors::auth) type SessionRow = session::Model;

/// Opens a session without any refresh token yet.
pub(in crate::actors::auth) async fn open_session(
    db: &impl ConnectionTrait,
    row: SessionRow,
) -> Result<(), DbErr> {
    session::Entity::insert(row.into_active_model()).exec_without_returning(db).await?;
    Ok(())
}

/// Notes that a session was continued, and from where.
pub(in crate::actors::auth) async fn note_use(
    db: &impl ConnectionTrait,
    id: Uuid,
    network: String,
    now: DateTime<Utc>,
) -> Result<(), DbErr> {
    session::Entity::update_many()
        .col_expr(session::Column::UsedAt, Expr::value(now))
        .col_expr(session::Column::Network, Expr::value(network))
        .filter(session::Column::Id.eq(id))
        .exec(db)
        .await?;
    Ok(())
}

/// Notes that the second factor was shown in a session.
pub(in crate::actors::auth) async fn note_proof(
    db: &impl ConnectionTrait,
    id: Uuid,
    now: DateTime<Utc>,
) -> Result<(), DbErr> {
    session::Entity::update_many()
        .col_expr(session::Column::ProvedAt, Expr::value(now))
        .filter(session::Column::Id.eq(id))
        .exec(db)
        .await?;
    Ok(())
}

/// Ends all sessions of an account but the `most` that were used last, and answers which.
pub(in crate::actors::auth) async fn end_beyond(
    db: &impl ConnectionTrait,
    account_id: Uuid,
    most: u32,
    now: DateTime<Utc>,
) -> Result<Vec<Uuid>, DbErr> {
    let used =
        Func::coalesce([Expr::col(session::Column::UsedAt), Expr::col(session::Column::CreatedAt)]);
    let open: Vec<Uuid> = session::Entity::find()
        .select_only()
        .column(session::Column::Id)
        .filter(session::Column::AccountId.eq(account_id))
        .filter(session::Column::RevokedAt.is_null())
        .order_by(used, Order::Desc)
        .order_by_desc(session::Column::Id)
        .into_tuple()
        .all(db)
        .await?;
    let mut beyond: Vec<Uuid> =
        open.into_iter().skip(usize::try_from(most).unwrap_or(usize::MAX)).collect();
    beyond.sort_unstable();
    for id in &beyond {
        revoke(db, *id, now).await?;
    }
    Ok(beyond)
}

pub(in crate::actors::auth) async fn session(
    db: &impl ConnectionTrait,
    id: Uuid,
) -> Result<Option<session::Model>, Error> {
    Ok(session::Entity::find_by_id(id).one(db).await?)
}

/// Those of these sessions that still count.
pub(in crate::actors::auth) async fn open_of(
    db: &impl ConnectionTrait,
    ids: &[Uuid],
) -> Result<Vec<Uuid>, DbErr> {
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
pub(in crate::actors::auth) async fn revoke(
    db: &impl ConnectionTrait,
    session_id: Uuid,
    now: DateTime<Utc>,
) -> Result<(), DbErr> {
    session::Entity::update_many()
        .col_expr(session::Column::RevokedAt, Expr::value(now))
        .filter(session::Column::Id.eq(session_id))
        .filter(session::Column::RevokedAt.is_null())
        .exec(db)
        .await?;
    Ok(())
}

pub(in crate::actors::auth) async fn write_token(
    db: &impl ConnectionTrait,
    (token_hash, follows): (String, Option<String>),
    session_id: Uuid,
    expires_at: DateTime<Utc>,
) -> Result<(), DbErr> {
    let row = refresh_token::ActiveModel {
        token_hash: Set(token_hash),
        session_id: Set(session_id),
        expires_at: Set(expires_at.into()),
        used_at: Set(None),
        used_from: Set(None),
        follows: Set(follows),
    };
    refresh_token::Entity::insert(row).exec_without_returning(db).await?;
    Ok(())
}

/// The session that a token may go on with: neither has ended.
pub(in crate::actors::auth) async fn session_of(
    db: &impl ConnectionTrait,
    token_hash: &str,
    now: DateTime<Utc>,
) -> Result<Option<Uuid>, DbErr> {
    let token = refresh_token::Entity::find_by_id(token_hash.to_owned()).one(db).await?;
    let Some(token) = token.filter(|token| token.expires_at.to_utc() > now) else {
        return Ok(None);
    };
    Ok(open_of(db, &[token.session_id]).await?.pop())
}

/// How many tokens followed from one, and how many of them were used.
pub(in crate::actors::auth) async fn followers(
    db: &impl ConnectionTrait,
    session_id: Uuid,
    token_hash: &str,
) -> Result<Followers, DbErr> {
    let all = refresh_token::Entity::find()
        .filter(refresh_token::Column::SessionId.eq(session_id))
        .filter(refresh_token::Column::Follows.eq(token_hash));
    let used = all.clone().filter(refresh_token::Column::UsedAt.is_not_null()).count(db).await?;
    Ok(Followers { used, all: all.count(db).await? })
}

/// The sessions of an account that were opened since a moment, are not ended and have a token that
/// counts, the newest first; each with its newest token's end.
pub(in crate::actors::auth) async fn open_sessions(
    db: &impl ConnectionTrait,
    account_id: Uuid,
    since: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<Vec<(session::Model, DateTime<Utc>)>, DbErr> {
    let sessions = session::Entity::find()
        .filter(session::Column::AccountId.eq(account_id))
        .filter(session::Column::RevokedAt.is_null())
        .filter(session::Column::CreatedAt.gt(since))
        .order_by_desc(session::Column::CreatedAt)
        .limit(MOST_LISTED)
        .all(db)
        .await?;
    let tokens = refresh_token::Entity::find()
        .filter(refresh_token::Column::SessionId.is_in(sessions.iter().map(|session| session.id)))
        .filter(refresh_token::Column::UsedAt.is_null())
        .filter(refresh_token::Column::ExpiresAt.gt(now))
        .all(db)
        .await?;
    let ends = |session: &session::Model| {
        let own = tokens.iter().filter(|token| token.session_id == session.id);
        own.map(|token| token.expires_at.to_utc()).max()
    };
    Ok(sessions
        .into_iter()
        .filter_map(|session| Some((ends(&session)?, session)))
        .map(|(at, session)| (session, at))
        .collect())
}

/// Uses a refresh token up in one statement, so that of two askers at once only one finds it fresh.
pub(in crate::actors::auth) async fn use_token(
    db: &impl ConnectionTrait,
    token_hash: &str,
    from: &str,
    now: DateTime<Utc>,
) -> Result<Shown, Error> {
    let used = refresh_token::Entity::update_many()
        .col_expr(refresh_token::Column::UsedAt, Expr::value(now))
        .col_expr(refresh_token::Column::UsedFrom, Expr::value(from))
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

/// Ends every session of an account but one, and answers which.
pub(in crate::actors::auth) async fn revoke_all(
    db: &impl ConnectionTrait,
    account_id: Uuid,
    kept: Option<Uuid>,
    now: DateTime<Utc>,
) -> Result<Vec<Uuid>, DbErr> {
    // in one order, so that two who do this at once do not wait for each other
    let open = session::Entity::find()
        .select_only()
        .column(session::Column::Id)
        .filter(session::Column::AccountId.eq(account_id))
        .filter(session::Column::RevokedAt.is_null())
        .filter(session::Column::Id.ne(kept.unwrap_or_default()))
        .order_by_asc(session::Column::Id)
        .lock_exclusive();
    let ids: Vec<Uuid> = open.into_tuple().all(db).await?;
    session::Entity::update_many()
        .col_expr(session::Column::RevokedAt, Expr::value(now))
        .filter(session::Column::Id.is_in(ids.iter().copied()))
        .exec(db)
        .await?;
    Ok(ids)
}

/// The sessions that were ended since a moment, and when.
pub(in crate::actors::auth) async fn ended_since(
    db: &impl ConnectionTrait,
    since: DateTime<Utc>,
) -> Result<Vec<(Uuid, DateTime<Utc>)>, DbErr> {
    let ended = session::Entity::find()
        .select_only()
        .columns([session::Column::Id, session::Column::RevokedAt])
        .filter(session::Column::RevokedAt.gt(since));
    ended.into_tuple().all(db).await
}

/// Forgets refresh tokens that are too old to count, and sessions that have no token left.
pub(in crate::actors::auth) async fn forget_sessions(
    db: &impl ConnectionTrait,
    now: DateTime<Utc>,
) -> Result<(), DbErr> {
    refresh_token::Entity::delete_many()
        .filter(refresh_token::Column::ExpiresAt.lt(now))
        .exec(db)
        .await?;
    let in_use = refresh_token::Entity::find()
        .select_only()
        .column(refresh_token::Column::SessionId)
        .into_query();
    session::Entity::delete_many()
        .filter(session::Column::Id.not_in_subquery(in_use))
        .exec(db)
        .await?;
    Ok(())
}
