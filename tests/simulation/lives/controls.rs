//! One rule off at a time: each is caught by an invariant that says what the rule is for.

use starjack::actors::order::rules::Controls;

use super::sky::Ground;

/// Which rules are off; none, unless a control run says so.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Off {
    pub(crate) controls: Controls,
    /// A crash forgets what was asked and not yet answered.
    pub(crate) forget_intents: bool,
    /// Nobody remembers which card has a ticket on which day.
    pub(crate) forget_days: bool,
    /// A process whose lease is over goes on writing.
    pub(crate) writes_without_lease: bool,
}

impl Off {
    /// What a process finds when it begins.
    pub(crate) fn before_it_begins(&self, ground: &Ground) {
        if self.forget_intents {
            ground.run("DELETE FROM order_step WHERE outcome IS NULL");
        }
    }
}
