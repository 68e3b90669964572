//! Server-sent events, read with fetch and the Authorization header: one order's way, and the
//! actors.
//!
//! A stream has a place (`limits`: so many an account and in the process), a source of events and a
//! task that feeds its reader (`sse`). It ends after the last event, with the log-in it was opened
//! under, when its reader takes nothing, and before the server stops; an end that is not the last
//! event tells the reader to come back.
//!
//! Source: WHATWG HTML Living Standard, 9.2 Server-sent events.

pub mod actors;
mod limits;
pub mod order;
mod sse;

pub use limits::{Limits, Streams};
