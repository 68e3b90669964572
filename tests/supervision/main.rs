//! The actor layer under faults: real threads, the real clock, and no sleep that anything depends
//! on.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on says so")]
#![expect(clippy::print_stderr, reason = "the soak says its seed")]

mod breaker;
mod connections;
mod crashes;
mod limits;
mod soak;
mod support;
mod threads;
mod wishes;
