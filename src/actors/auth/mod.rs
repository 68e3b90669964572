//! Accounts and sessions.
//!
//! An account is opened in two steps: a code is sent to its address, and whoever has the code
//! brings all that the account is, password and names included. A log-in is a `session` row, the
//! family of all refresh tokens that follow from it; each refresh token counts once, and one that
//! is used again ends the family. Access tokens are signed, live ten minutes and are checked
//! without asking anybody: against keys and ended sessions that every replica reads anew when
//! another one says so, and every five seconds, which is how long a token outlives its session at
//! the others while Redis is away.
//!
//! Whoever runs the shop has a second factor, a device or a security key, which is asked for at
//! each log-in and again for what moves money. A disabled account, or one whose role changes, is
//! logged out everywhere: so its access tokens end as those of any session.
//!
//! Nobody learns here whether an address is known: every answer and all work before it is the same.
//!
//! Asks: fleet, jobs.

mod account;
mod account_email;
mod addresses;
mod code;
mod desk;
mod device;
mod erasure;
mod error;
mod events;
#[cfg(test)]
mod factor_tests;
mod hashing;
mod keyring;
mod limits;
mod log_in;
mod log_in_attempt;
mod origin;
mod password;
mod passwords;
mod profile;
mod refresh;
mod revoked_sessions;
mod seal;
mod second_factor;
mod security_keys;
mod sessions;
mod shown_factor;
mod sign_up;
mod sign_up_request;
#[cfg(test)]
mod soft_key;
mod staff;
#[cfg(test)]
mod staff_tests;
mod store;
#[cfg(test)]
mod tests;
mod throttle;
mod together;
mod token;
mod turns;
mod weak;
mod webauthn;

pub use account::{Account, Names, Role};
pub use account_email::{AccountEmail, EMAIL_JOB, EmailFacts, NOTICE_JOB};
pub use desk::{Desk, LEARN_EVERY, SecondFactor, Settings, create_account, until_told_of_sessions};
pub use erasure::{Owner, erase, lock};
pub use error::{Error, SecurityKeyError};
pub use keyring::{NewKey, PUBLISHED_BEFORE, Rotation, rotate};
pub use log_in::LogIn;
pub use profile::{Change, set_billing};
pub use second_factor::{Confirmed, Enrolment, Factor, PROVEN_FOR};
pub use security_keys::{InSession, NewSecurityKey, SecurityKey};
pub use sessions::{Pair, Session};
pub use shown_factor::Shown;
pub use sign_up_request::SignUpRequest;
#[cfg(test)]
pub(crate) use soft_key::SoftKey;
pub use staff::{Member, Standing, account_id, create_admin, forget_second_factor};
pub use throttle::COUNTS_EVERY;
pub use token::{ACCESS_LIFE, Claims, KeyError, Keys};
pub use webauthn::RelyingParty;
