//! What people type and paste: each kind is checked by one rule, at the door, so that nothing
//! further in has to refuse it.

mod billing;
mod country;
mod day;
mod name;
mod pasted;

pub use billing::Billing;
pub use day::{Day, is_birth_date, no_birth_date};
pub use name::{full_name, nickname, no_glyph, persons_name};
pub use pasted::{address, last_four, masked, read_address, unmixed, visible};
