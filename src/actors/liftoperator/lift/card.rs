//! The keycards of an account.
//!
//! A number typed wrong may be a stranger's, so a card is registered and shown by its last
//! characters before anything is bought for it. One number may stand in several accounts, and no
//! account learns of another.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use sea_orm::{ConnectionTrait, DbErr};
use uuid::Uuid;

use super::card_limit::LookUps;
use super::store;
use crate::integrations::lift::{CardNumber, CardNumberError, parse_card_number};
use crate::io::{Io, IoError};
use crate::language::Words;
use crate::redis::Redis;
use crate::typed;

/// Keeps the cards of all accounts. Cheap to clone, shared by all threads.
#[derive(Clone)]
pub struct Cards {
    io: Io,
    look_ups: Arc<LookUps>,
}

/// A card as its owner's account holds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Card {
    /// The card's id in this account.
    pub id: Uuid,
    /// Whose card it is, by the supplier's key.
    pub vendor: String,
    /// The number in its normal form: for the supplier, not for people or logs.
    pub number: String,
    /// What the owner calls it, 1 to 60 characters.
    pub nickname: String,
    /// `active` so far.
    pub state: String,
    /// When it was registered.
    pub created_at: DateTime<Utc>,
}

/// How a registration went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Registered {
    /// The account did not have the card.
    New(Card),
    /// It had: unchanged, also its nickname.
    Known(Card),
}

/// Why a card cannot be registered or listed.
#[derive(Debug, thiserror::Error)]
pub enum CardError {
    /// Too many look-ups; the next may come after this time.
    #[error("too many card numbers in a short time")]
    TooOften(Duration),
    /// Not a keycard number; the text tells which group to look at.
    #[error(transparent)]
    Number(#[from] CardNumberError),
    /// Not acceptable; the text tells why.
    #[error("a nickname has 1 to 60 characters")]
    Nickname(Words),
    /// The database did not do it or not in time; a repeat is harmless.
    #[error("the card could not be kept")]
    Io(#[from] IoError),
}

impl From<DbErr> for CardError {
    fn from(error: DbErr) -> Self {
        Self::Io(error.into())
    }
}

impl Card {
    /// The number with all but its last four letters and digits hidden.
    #[must_use]
    pub fn masked_number(&self) -> String {
        typed::masked(&self.number)
    }
}

impl Cards {
    /// Opens the register over the database; look-ups are counted in Redis too.
    #[must_use]
    pub fn new(io: Io, redis: Redis) -> Self {
        Self { io, look_ups: Arc::new(LookUps::new(redis)) }
    }

    /// Registers the card that `number` names, as the customer typed it, in `account`. The same
    /// number again answers the card that is there.
    ///
    /// # Errors
    /// See [`CardError`]; a wrong number counts as a look-up.
    pub async fn register(
        &self,
        account: Uuid,
        number: &str,
        nickname: &str,
    ) -> Result<Registered, CardError> {
        self.look_ups.count(account).await.map_err(CardError::TooOften)?;
        let nickname = typed::nickname(nickname).map_err(CardError::Nickname)?;
        self.keep(account, parse_card_number(number)?, nickname).await
    }

    async fn keep(
        &self,
        account: Uuid,
        number: CardNumber,
        nickname: String,
    ) -> Result<Registered, CardError> {
        self.io
            .write(move |db| {
                Box::pin(async move { Ok(store::keep(db, account, number, nickname).await?) })
            })
            .await
    }

    /// The account's cards, oldest first, at most `limit`, from after the card `after` on.
    ///
    /// # Errors
    /// `Io`.
    pub async fn list(
        &self,
        account: Uuid,
        after: Option<Uuid>,
        limit: u64,
    ) -> Result<Vec<Card>, CardError> {
        self.io
            .read(move |db| {
                Box::pin(async move { Ok(store::list(db, account, after, limit).await?) })
            })
            .await
    }
}

impl Cards {
    /// Gives a card another nickname; `None` when the account has no such card. Twice is once.
    ///
    /// # Errors
    /// `Nickname`, `Io`.
    pub async fn rename(
        &self,
        account: Uuid,
        id: Uuid,
        nickname: &str,
    ) -> Result<Option<Card>, CardError> {
        let nickname = typed::nickname(nickname).map_err(CardError::Nickname)?;
        self.io
            .write(move |db| {
                Box::pin(async move { Ok(store::rename(db, account, id, nickname).await?) })
            })
            .await
    }

    /// Takes a card out of the account; `false` when it has no such card, also the second time.
    /// What is ordered for it stays ordered, and the same number may be registered again.
    ///
    /// # Errors
    /// `Io`.
    pub async fn remove(&self, account: Uuid, id: Uuid) -> Result<bool, CardError> {
        self.io
            .write(move |db| Box::pin(async move { Ok(store::remove(db, account, id).await?) }))
            .await
    }
}

/// The card onto which an order's line is to be loaded; `None` when the account has no such card,
/// also when another has.
///
/// # Errors
/// The database's.
pub async fn for_order(
    db: &impl ConnectionTrait,
    account_id: Uuid,
    card_id: Uuid,
) -> Result<Option<Card>, DbErr> {
    store::owned(db, account_id, card_id).await
}
