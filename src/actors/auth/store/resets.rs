//! SQL of wishes for a new password.

use chrono::{DateTime, Utc};
use sea_orm::sea_query::{Expr, ExprTrait, OnConflict};
use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, EntityTrait, IntoActiveModel, QueryFilter};
use starjack_entity::password_reset;
use uuid::Uuid;

use super::super::error::Error;

pub(in crate::actors::auth) async fn reset(
    db: &impl ConnectionTrait,
    id: Uuid,
) -> Result<Option<password_reset::Model>, Error> {
    Ok(password_reset::Entity::find_by_id(id).one(db).await?)
}

/// Writes a wish in the place of an earlier one of the same address.
pub(in crate::actors::auth) async fn write_reset(
    db: &impl ConnectionTrait,
    row: password_reset::Model,
) -> Result<(), DbErr> {
    use password_reset::Column::{AccountId, AddressHash, CodeHash, ExpiresAt, Id, TriesLeft};
    let replace =
        OnConflict::column(AddressHash).update_columns([Id, AccountId, CodeHash, TriesLeft, ExpiresAt]).to_owned();
    password_reset::Entity::insert(row.into_active_model()).on_conflict(replace).exec_without_returning(db).await?;
    Ok(())
}

/// Uses up one try of an address and answers its wish; `None` without one or when no try is left.
pub(in crate::actors::auth) async fn take_reset_try(
    db: &impl ConnectionTrait,
    address_hash: &str,
) -> Result<Option<password_reset::Model>, DbErr> {
    let taken = password_reset::Entity::update_many()
        .col_expr(password_reset::Column::TriesLeft, Expr::col(password_reset::Column::TriesLeft).sub(1))
        .filter(password_reset::Column::AddressHash.eq(address_hash))
        .filter(password_reset::Column::TriesLeft.gt(0))
        .exec(db)
        .await?;
    if taken.rows_affected == 0 {
        return Ok(None);
    }
    password_reset::Entity::find().filter(password_reset::Column::AddressHash.eq(address_hash)).one(db).await
}

/// Removes a wish; `false` when it is not there any more.
pub(in crate::actors::auth) async fn remove_reset(db: &impl ConnectionTrait, id: Uuid) -> Result<bool, DbErr> {
    Ok(password_reset::Entity::delete_by_id(id).exec(db).await?.rows_affected == 1)
}

/// Forgets wishes whose code is too old to count.
pub(in crate::actors::auth) async fn forget_resets(
    db: &impl ConnectionTrait,
    before: DateTime<Utc>,
) -> Result<(), DbErr> {
    password_reset::Entity::delete_many().filter(password_reset::Column::ExpiresAt.lt(before)).exec(db).await?;
    Ok(())
}
