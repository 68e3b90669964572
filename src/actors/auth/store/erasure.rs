//! SQL of an account that its owner deletes.

use chrono::{DateTime, Utc};
use sea_orm::{ActiveValue::Set, ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter};
use starjack_entity::{account, address_change, known_network};
use uuid::Uuid;

/// Erases the person of an account; its address becomes one that nobody can type, and no password
/// is its hash's.
pub(in crate::actors::auth) async fn erase_account(
    db: &impl ConnectionTrait,
    id: Uuid,
    now: DateTime<Utc>,
) -> Result<(), DbErr> {
    let row = account::ActiveModel {
        email: Set(format!("erased:{id}")),
        password_hash: Set(String::new()),
        first_name: Set(String::new()),
        last_name: Set(String::new()),
        birth_date: Set(None),
        billing: Set(None),
        erased_at: Set(Some(now.into())),
        ..Default::default()
    };
    account::Entity::update_many().set(row).filter(account::Column::Id.eq(id)).exec(db).await?;
    Ok(())
}

/// Forgets from where an account was logged in.
pub(in crate::actors::auth) async fn remove_networks(
    db: &impl ConnectionTrait,
    account_id: Uuid,
) -> Result<(), DbErr> {
    known_network::Entity::delete_many()
        .filter(known_network::Column::AccountId.eq(account_id))
        .exec(db)
        .await?;
    Ok(())
}

/// Forgets an account's requests for another address, and the addresses that it had.
pub(in crate::actors::auth) async fn remove_changes(
    db: &impl ConnectionTrait,
    account_id: Uuid,
) -> Result<(), DbErr> {
    address_change::Entity::delete_many()
        .filter(address_change::Column::AccountId.eq(account_id))
        .filter(address_change::Column::ChangedAt.is_null())
        .exec(db)
        .await?;
    Ok(())
}
