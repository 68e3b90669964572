//! The permission to send: a client looks at it after connecting, before the first byte of a write.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::clock::Deadline;

/// Says until when, and whether still, the asker wants the question to be asked.
#[derive(Clone)]
pub struct Permit {
    what: &'static str,
    deadline: Deadline,
    holds: Arc<dyn Fn() -> bool + Send + Sync>,
    /// Whether the last request under it was answered by somebody.
    answered: Arc<AtomicBool>,
}

impl Permit {
    /// A permit that ends with its deadline, or as soon as `holds` says no
    /// (its incarnation was replaced, its replica's lease is over).
    pub fn new(deadline: Deadline, holds: impl Fn() -> bool + Send + Sync + 'static) -> Self {
        Self { what: "call", deadline, holds: Arc::new(holds), answered: Arc::default() }
    }

    /// The same for a question of this name.
    #[must_use]
    pub fn asking(self, what: &'static str) -> Self {
        Self { what, ..self }
    }

    /// The same until `deadline` at most.
    #[must_use]
    pub fn until_at_most(&self, deadline: Deadline) -> Self {
        Self { deadline: deadline.min(self.deadline), ..self.clone() }
    }

    /// What is asked.
    #[must_use]
    pub fn what(&self) -> &'static str {
        self.what
    }

    /// Whether the last request under it was answered by the asked one itself, in whatever words:
    /// then what is not understood of the answer may lie in what was asked.
    #[must_use]
    pub fn is_answered(&self) -> bool {
        self.answered.load(Ordering::Acquire)
    }

    /// Takes note of a request's end, or of its beginning.
    pub(super) fn note(&self, answered: bool) {
        self.answered.store(answered, Ordering::Release);
    }

    /// A permit that ends only with its deadline.
    #[must_use]
    pub fn until(deadline: Deadline) -> Self {
        Self::new(deadline, || true)
    }

    /// The moment after which nobody waits for the answer.
    #[must_use]
    pub fn deadline(&self) -> Deadline {
        self.deadline
    }

    /// Whether a write may still be sent.
    #[must_use]
    pub fn holds(&self) -> bool {
        !self.deadline.is_over() && (self.holds)()
    }
}

impl std::fmt::Debug for Permit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Permit")
            .field("deadline", &self.deadline)
            .field("holds", &self.holds())
            .finish()
    }
}
