//! Accounts and sessions.
//!
//! An account is opened in two steps: a registration waits in the database until the six-digit code from a letter
//! confirms it. A log-in is a `session` row, the family of all refresh tokens that follow from it; each refresh token
//! counts once, and one that is used again ends the family. Access tokens are signed, live ten minutes and are checked
//! without asking anybody.
//!
//! Nobody learns here whether an address is known: every answer and all work before it is the same.

mod account;
mod desk;
mod error;
mod opening;
mod password;
mod registration;
mod sessions;
mod store;
mod throttle;
mod token;

pub use account::{Account, Language, Names, Role};
pub use desk::{Desk, create_account};
pub use error::Error;
pub use registration::{Application, LETTER_JOB, Letter, LetterFacts, registration_code};
pub use sessions::Pair;
pub use token::{ACCESS_LIFE, Claims, KeyError, Keys};
