//! SQL of the networks that log-ins came from.

use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::sea_query::OnConflict;
use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, EntityTrait, IntoActiveModel, QueryFilter};
use starjack_entity::known_network;
use uuid::Uuid;

/// How long a network from which an account was logged in is remembered.
const NETWORK_LIFE: TimeDelta = TimeDelta::days(180);

/// Notes that an account was logged in from a network.
pub(in crate::actors::auth) async fn know_network(
    db: &impl ConnectionTrait,
    account_id: Uuid,
    network_hash: String,
    now: DateTime<Utc>,
) -> Result<(), DbErr> {
    use known_network::Column::{AccountId, NetworkHash, SeenAt};
    let row = known_network::Model { account_id, network_hash, seen_at: now.into() };
    let again = OnConflict::columns([AccountId, NetworkHash]).update_column(SeenAt).to_owned();
    known_network::Entity::insert(row.into_active_model())
        .on_conflict(again)
        .exec_without_returning(db)
        .await?;
    Ok(())
}

pub(in crate::actors::auth) async fn knows_network(
    db: &impl ConnectionTrait,
    account_id: Uuid,
    network_hash: String,
) -> Result<bool, DbErr> {
    Ok(known_network::Entity::find_by_id((account_id, network_hash)).one(db).await?.is_some())
}

/// Forgets networks long not seen.
pub(in crate::actors::auth) async fn forget_networks(
    db: &impl ConnectionTrait,
    now: DateTime<Utc>,
) -> Result<(), DbErr> {
    let long_ago = now - NETWORK_LIFE;
    known_network::Entity::delete_many()
        .filter(known_network::Column::SeenAt.lt(long_ago))
        .exec(db)
        .await?;
    Ok(())
}
