//! SQL of requests for a new password.

use chrono::{DateTime, Utc};
use sea_orm::sea_query::OnConflict;
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

/// Writes a request in the place of an earlier one of the same address.
pub(in crate::actors::auth) async fn write_reset(
    db: &impl ConnectionTrait,
    row: password_reset::Model,
) -> Result<(), DbErr> {
    use password_reset::Column::{AccountId, AddressHash, CodeHash, ExpiresAt, Id, TriesLeft};
    let replace = OnConflict::column(AddressHash)
        .update_columns([Id, AccountId, CodeHash, TriesLeft, ExpiresAt])
        .to_owned();
    password_reset::Entity::insert(row.into_active_model())
        .on_conflict(replace)
        .exec_without_returning(db)
        .await?;
    Ok(())
}

/// Forgets the requests of an account that has its new password, or another address; answers how
/// many there were.
pub(in crate::actors::auth) async fn remove_resets(
    db: &impl ConnectionTrait,
    account_id: Uuid,
) -> Result<u64, DbErr> {
    let of_account = password_reset::Column::AccountId.eq(account_id);
    let removed = password_reset::Entity::delete_many().filter(of_account).exec(db).await?;
    Ok(removed.rows_affected)
}

/// Forgets requests whose code is too old to count.
pub(in crate::actors::auth) async fn forget_resets(
    db: &impl ConnectionTrait,
    before: DateTime<Utc>,
) -> Result<(), DbErr> {
    password_reset::Entity::delete_many()
        .filter(password_reset::Column::ExpiresAt.lt(before))
        .exec(db)
        .await?;
    Ok(())
}
