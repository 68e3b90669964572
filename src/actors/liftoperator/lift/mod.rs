//! The operators' systems, each an actor of its own, and the keycards of accounts.

pub mod card;
mod card_limit;
mod facade;
pub mod store;
mod supplier;
mod turns;

pub use card::{Cards, for_order};
pub use facade::{Facade, MayWrite};
pub use supplier::Connect;
