//! What people type and paste: each kind is checked by one rule, at the door, so that nothing further in has to refuse it.

mod day;
mod name;
mod pasted;

pub use day::{Day, is_birth_date, no_birth_date};
pub use name::{full_name, nickname, persons_name};
pub use pasted::{address, last_four, masked, read_address, read_code, unmixed, visible};
