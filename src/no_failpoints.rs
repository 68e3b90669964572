//! The program that production runs has no moment at which a test could end it, see
//! `failpoints.rs`.

use std::panic::Location;

/// Nobody looks.
#[must_use]
pub const fn are_watched() -> bool {
    false
}

/// Does nothing.
pub fn here(_name: impl FnOnce() -> String) {}

/// Names nothing.
#[must_use]
pub const fn place(_asker: &Location<'_>) -> &'static str {
    ""
}
