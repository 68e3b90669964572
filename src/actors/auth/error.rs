//! How a question about accounts fails, by what the asker does next.

use std::time::Duration;

use sea_orm::DbErr;
use serde_json::Value;
use uuid::Uuid;

use crate::io::IoError;
use crate::language::Words;

/// Why accounts did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A value is not acceptable; the text says which and what is.
    #[error("a value is not acceptable")]
    Invalid(Words),
    /// Address and password do not belong together; which of them is wrong is not said.
    #[error("address and password do not belong together")]
    WrongPassword,
    /// The code is wrong or too old: ask for another one.
    #[error("the code does not count")]
    WrongCode,
    /// The refresh token is unknown, too old or was used before: log in again.
    #[error("the session is over")]
    SessionOver,
    /// The access token names a key that is not known here: perhaps not yet.
    #[error("the access token's key is not known")]
    UnknownKey,
    /// The old password that came with a new one is wrong; nothing was changed.
    #[error("the old password is wrong")]
    WrongOldPassword,
    /// The password is right, and the account's second factor is asked for: send it too. With what
    /// a browser has to ask one of its security keys, where it has some.
    #[error("a second factor is needed")]
    SecondFactorRequired(Option<Box<Value>>),
    /// This account has a security key, and the digits of its app do not count: show the key, or a
    /// recovery code.
    #[error("a security key is needed")]
    SecurityKeyNeeded(Uuid),
    /// A security key is refused.
    #[error(transparent)]
    SecurityKey(#[from] SecurityKeyError),
    /// The code of this account's second factor is wrong, too old or was used.
    #[error("the second factor's code does not count")]
    WrongSecondFactor(Uuid),
    /// What was asked for needs a second factor that was shown lately: show it again.
    #[error("the second factor is needed again")]
    SecondFactorNeededAgain,
    /// The account has a second factor already.
    #[error("there is a second factor")]
    SecondFactorThere,
    /// The account has no second factor, or none that waits to be confirmed.
    #[error("there is no second factor")]
    NoSecondFactor,
    /// The account was disabled by an admin.
    #[error("the account is disabled")]
    Disabled,
    /// Nobody could run the shop any more: it is the last enabled account of an admin.
    #[error("the last admin stays")]
    LastAdmin,
    /// The access token does not count: refresh.
    #[error("the access token does not count")]
    WrongToken,
    /// An account with this address exists.
    #[error("the address has an account")]
    Taken,
    /// Failed too often: ask again after the wait.
    #[error("failed too often")]
    Throttled(Duration),
    /// So many try this account from other networks that a network that is new to it has to wait; a
    /// code by e-mail lets it in.
    #[error("many others try this account")]
    Besieged(Duration),
    /// Too many passwords are being checked: ask again in a moment; nothing was done.
    #[error("too many passwords are being checked")]
    Busy,
    /// The database did not do it.
    #[error("the database did not do it")]
    Database(#[from] IoError),
    /// A fault of ours: a stored hash, a key or the random source.
    #[error("a fault in {0}")]
    Fault(&'static str),
}

/// What of security keys is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SecurityKeyError {
    /// The account has none that could be asked.
    #[error("there is no security key")]
    Missing,
    /// What came is no answer to what a new one was asked, or too late: ask anew.
    #[error("the security key's answer does not count")]
    Wrong,
    /// An account has it already.
    #[error("the security key is there")]
    There,
    /// The account has as many as it may: take one away first.
    #[error("too many security keys")]
    TooMany,
    /// Browsers speak to none at the address of this shop.
    #[error("security keys are not offered")]
    NotOffered,
}

impl From<DbErr> for Error {
    fn from(error: DbErr) -> Self {
        Self::Database(error.into())
    }
}
