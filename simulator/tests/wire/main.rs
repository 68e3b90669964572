//! Every supplier over real sockets: what it does, what it refuses, and what each fault leaves in
//! the ledger.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests say what they expect"
)]

mod axess;
mod dta;
mod mailgun;
mod mpay24;
mod process;
mod support;
