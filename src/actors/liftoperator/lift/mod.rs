//! The operators' systems, each an actor of its own, and the keycards of accounts.

pub mod card;
mod card_limit;
mod facade;
mod questions;
mod settings;
pub mod store;
mod turns;

pub use card::{Cards, for_order};
pub use facade::{Connect, Facade, MayWrite};
