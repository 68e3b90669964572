//! All SQL of accounts and sessions.

mod accounts;
mod changes;
mod erasure;
mod kept;
mod keys;
mod networks;
mod resets;
mod second_factors;
mod security_keys;
mod sessions;

use chrono::{DateTime, Utc};
use sea_orm::{ConnectionTrait, DbErr};
use starjack_entity::{
    account, address_change, password_reset, refresh_token, registration, signing_key,
};

pub(super) use accounts::*;
pub(super) use changes::*;
pub(super) use erasure::*;
pub(super) use kept::*;
pub(super) use keys::*;
pub(super) use networks::*;
pub(super) use resets::*;
pub(super) use second_factors::*;
pub(super) use security_keys::*;
pub(super) use sessions::*;

/// A row of `account`.
pub(super) type AccountRow = account::Model;
/// A row of `address_change`.
pub(super) type ChangeRow = address_change::Model;
/// A row of `password_reset`.
pub(super) type ResetRow = password_reset::Model;
/// A row of `refresh_token`.
pub(super) type TokenRow = refresh_token::Model;
/// A row of `registration`.
pub(super) type RegistrationRow = registration::Model;
/// A row of `signing_key`.
pub(super) type KeyRow = signing_key::Model;

/// What becomes too old to count.
#[derive(Clone, Copy, Debug)]
pub(super) enum Old {
    Registrations,
    Resets,
    Changes,
    Challenges,
    Keys,
    Networks,
    Sessions,
}

impl Old {
    pub(super) const ALL: [Self; 7] = [
        Self::Registrations,
        Self::Resets,
        Self::Changes,
        Self::Challenges,
        Self::Keys,
        Self::Networks,
        Self::Sessions,
    ];

    /// Forgets all of it that is too old.
    pub(super) async fn forget(
        self,
        db: &impl ConnectionTrait,
        now: DateTime<Utc>,
    ) -> Result<(), DbErr> {
        match self {
            Self::Registrations => forget_registrations(db, now).await,
            Self::Resets => forget_resets(db, now).await,
            Self::Changes => forget_changes(db, now).await,
            Self::Challenges => forget_challenges(db, now).await,
            Self::Keys => forget_keys(db, now).await,
            Self::Networks => forget_networks(db, now).await,
            Self::Sessions => forget_sessions(db, now).await,
        }
    }
}
