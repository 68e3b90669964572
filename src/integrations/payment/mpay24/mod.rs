//! mPAY24 (unzer Austria): hosted payment page, capture, reversal and credit over SOAP, unsigned
//! callbacks over HTTP.
//!
//! Interface ETP 1.5 and MDXI 3.0, read 2026-11-23 at docs.mpay24.com; test system
//! `test.mpay24.com` (not around the clock). Quirks to know:
//! - The provider's transaction id is `mpayTID`; `tid` is *our* reference and not unique there.
//! - Money is decimal text in MDXI and unsigned cents everywhere else; an amount of 0 or none
//!   captures or credits everything.
//! - `status` says how the operation went; whether money moved stands in the transaction's state or
//!   its history.
//! - Only `BILLED` means money. Callbacks may come twice, never, early or out of order, and are not
//!   signed.
//! - A transaction's status may be asked three times in its life.

mod callback;
mod client;
mod config;
mod mdxi;
mod supplier;
#[cfg(test)]
mod tests;
mod translate;
mod wire;

pub use callback::{confirmation_url, parse_callback};
pub use config::Config;
pub(super) use supplier::connect;
