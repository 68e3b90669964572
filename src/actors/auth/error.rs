//! How a question about accounts fails, by what the asker does next.

use std::time::Duration;

use sea_orm::DbErr;

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
    /// The access token does not count: refresh.
    #[error("the access token does not count")]
    WrongToken,
    /// An account with this address exists.
    #[error("the address has an account")]
    Taken,
    /// Failed too often: ask again after the wait.
    #[error("failed too often")]
    Throttled(Duration),
    /// So many try this account from other networks that a network that is new to it has to wait; a code by letter lets it in.
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

impl From<DbErr> for Error {
    fn from(error: DbErr) -> Self {
        Self::Database(error.into())
    }
}
