//! All SQL of accounts and sessions.

mod accounts;
mod changes;
mod erasure;
mod keys;
mod networks;
mod resets;
mod second_factors;
mod sessions;

use chrono::{DateTime, Utc};
use sea_orm::{ConnectionTrait, DbErr};
use starjack_entity::{account, address_change, password_reset, refresh_token, signing_key};

pub(super) use accounts::*;
pub(super) use changes::*;
pub(super) use erasure::*;
pub(super) use keys::*;
pub(super) use networks::*;
pub(super) use resets::*;
pub(super) use second_factors::*;
pub(super) use sessions::*;

/// A row of `account`.
pub(super) type AccountRow = account::Model;
/// A row of `address_change`.
pub(super) type ChangeRow = address_change::Model;
/// A row of `password_reset`.
pub(super) type ResetRow = password_reset::Model;
/// A row of `refresh_token`.
pub(super) type TokenRow = refresh_token::Model;
/// A row of `signing_key`.
pub(super) type KeyRow = signing_key::Model;

/// Forgets all that is too old to count.
pub(super) async fn forget_old(db: &impl ConnectionTrait, now: DateTime<Utc>) -> Result<(), DbErr> {
    forget_registrations(db, now).await?;
    forget_resets(db, now).await?;
    forget_changes(db, now).await?;
    forget_keys(db, now).await?;
    forget_sessions(db, now).await?;
    forget_networks(db, now).await
}
