//! What goes wrong, and with which question.

use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use starjack::actors::order::rules::intent::Verb;
use starjack::actors::order::rules::lifecycle::OrderState;

/// What happens to a question instead of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// A clear no; nothing is done.
    Refused,
    /// Provably nothing left us.
    NotSent,
    /// Nothing is done and nobody knows.
    NotDone,
    /// It is done and nobody knows.
    DoneUnanswered,
    /// Nobody knows, and it is done later, within the longest life of a request.
    Late,
    /// Accepted; final a little later.
    Pending,
    /// It is done, and the answer never comes: the actor's deadline ends the question.
    Hangs,
    /// The request arrives twice, and no answer comes.
    Twice,
    /// It is done and answered truthfully, but only once the world opens its gate.
    Gated,
    /// The replica dies after its intent was committed, before anything left.
    CrashBeforeAsking,
    /// The replica dies after the outside acted, before the answer was saved.
    CrashBeforeSaving,
}

/// The faults that fit a question that changes something outside.
pub(crate) const OF_ACTS: [Fault; 9] = [
    Fault::Refused,
    Fault::NotSent,
    Fault::NotDone,
    Fault::DoneUnanswered,
    Fault::Late,
    Fault::Hangs,
    Fault::Twice,
    Fault::CrashBeforeAsking,
    Fault::CrashBeforeSaving,
];

/// The faults that fit a question that only looks.
pub(crate) const OF_LOOKS: [Fault; 6] = [
    Fault::Refused,
    Fault::NotSent,
    Fault::NotDone,
    Fault::Hangs,
    Fault::CrashBeforeAsking,
    Fault::CrashBeforeSaving,
];

/// The faults that fit a verb.
pub(crate) fn fitting(verb: Verb) -> Vec<Fault> {
    match verb {
        Verb::Issue => [&OF_ACTS[..], &[Fault::Pending]].concat(),
        Verb::Find => [&OF_LOOKS[..], &[Fault::Pending]].concat(),
        Verb::Cancel | Verb::Open | Verb::Capture | Verb::Reverse | Verb::Credit => {
            OF_ACTS.to_vec()
        }
        Verb::Check | Verb::History | Verb::Status | Verb::Latest => OF_LOOKS.to_vec(),
    }
}

/// A fault, and the questions that it strikes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Strike {
    /// The state that the order has in the database when the question arrives.
    pub(crate) row: OrderState,
    /// What is asked.
    pub(crate) verb: Verb,
    /// About which line; about any when there is none.
    pub(crate) line: Option<i32>,
    /// What happens.
    pub(crate) fault: Fault,
    /// How many questions it strikes.
    pub(crate) times: u32,
    /// How long the asker waits for an answer that says nothing.
    pub(crate) silence: Duration,
    /// How long after the question a late request is executed.
    pub(crate) late: Duration,
}

impl Strike {
    /// A fault that strikes the first such question.
    pub(crate) fn new(row: OrderState, verb: Verb, fault: Fault) -> Self {
        let late = Duration::from_millis(40);
        Self { row, verb, line: None, fault, times: 1, silence: Duration::ZERO, late }
    }

    /// Only of this line.
    pub(crate) fn of_line(self, no: i32) -> Self {
        Self { line: Some(no), ..self }
    }

    /// With a pause before the asker learns that it learns nothing.
    pub(crate) fn after(self, silence: Duration) -> Self {
        Self { silence, ..self }
    }

    /// Executed that much later.
    pub(crate) fn late(self, late: Duration) -> Self {
        Self { late, ..self }
    }
}

/// The faults that have not struck yet; clones share them.
#[derive(Clone, Default)]
pub(crate) struct Plan(Arc<Mutex<Vec<Strike>>>);

impl Plan {
    pub(crate) fn new(strikes: &[Strike]) -> Self {
        Self(Arc::new(Mutex::new(strikes.to_vec())))
    }

    /// What strikes this question, if anything; the first that fits, and it is spent.
    pub(crate) fn draw(&self, row: OrderState, verb: Verb, line: Option<i32>) -> Option<Strike> {
        let mut strikes = self.strikes();
        let fits = |strike: &&mut Strike| {
            strike.times > 0
                && (strike.row, strike.verb) == (row, verb)
                && strike.line.is_none_or(|no| Some(no) == line)
        };
        let strike = strikes.iter_mut().find(fits)?;
        strike.times -= 1;
        Some(*strike)
    }

    /// The faults that never struck.
    pub(crate) fn left(&self) -> Vec<Strike> {
        self.strikes().iter().filter(|strike| strike.times > 0).copied().collect()
    }

    fn strikes(&self) -> MutexGuard<'_, Vec<Strike>> {
        self.0.lock().unwrap()
    }
}
