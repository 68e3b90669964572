//! The program that production runs injects no faults, see `faults.rs`.

use std::future::{Ready, ready};

/// None can be asked for.
#[derive(Debug, Clone, Copy)]
pub(super) enum Fault {}

/// None is ever waiting.
#[derive(Debug, Default)]
pub(super) struct Faults {}

impl Faults {
    pub(super) const fn for_start(&self) -> Option<Fault> {
        None
    }

    pub(super) const fn for_question(&self) -> Option<Fault> {
        None
    }
}

/// Does nothing.
pub(super) const fn strike_handler(_fault: Option<Fault>) {}

/// Does nothing.
pub(super) fn strike_work(_fault: Option<Fault>) -> Ready<()> {
    ready(())
}

/// Does nothing.
pub(super) const fn strike_answer(_fault: Option<Fault>) {}

/// Does nothing.
pub(super) const fn strike_start(_fault: Option<Fault>) {}
