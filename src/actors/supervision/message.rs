//! One question on its way: the single atomic step that decides whether it begins, and what a
//! failed one says of itself.

use super::incarnation::Life;
use crate::clock::Deadline;
use std::fmt;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

/// A question that got no answer from its handler. `begun == false` proves that no handler ever saw
/// it; `begun == true` means that anything may have happened.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{why}, {}", if *.begun { "after it had begun" } else { "before it began" })]
pub struct Failure {
    /// Whether the handler had been given the question.
    pub begun: bool,
    /// What stood in the way.
    pub why: Why,
}

/// What stood between a question and its answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Why {
    /// As many questions wait as may wait.
    #[error("the mailbox is full")]
    MailboxFull,
    /// Too many of the last answers were failures.
    #[error("the breaker is open")]
    BreakerOpen {
        /// Time until the next probe is let through.
        retry_after: Duration,
    },
    /// Too many incarnations crashed in a short time.
    #[error("the actor is down")]
    Down {
        /// Time until the next probe is let through.
        retry_after: Duration,
    },
    /// A person paused the actor.
    #[error("the actor is paused")]
    Paused,
    /// The actor answers what it has accepted and takes nothing new.
    #[error("the actor is draining")]
    Draining,
    /// The actor has ended.
    #[error("the actor is stopped")]
    Stopped,
    /// The deadline passed.
    #[error("the deadline has passed")]
    DeadlinePassed,
    /// The handler or its task panicked; the text is the panic's own.
    #[error("the handler panicked: {0}")]
    Panicked(String),
    /// The incarnation ended with the answer still owed.
    #[error("the incarnation was replaced")]
    Replaced,
}

impl Failure {
    pub(super) fn not_begun(why: Why) -> Self {
        Self { begun: false, why }
    }

    pub(super) fn begun(why: Why) -> Self {
        Self { begun: true, why }
    }
}

const QUEUED: u8 = 0;
const BEGUN: u8 = 1;
const ABANDONED: u8 = 2;
const GIVEN_UP: u8 = 3;

/// The fate of one question: `queued → begun | abandoned`, decided once by whoever comes first,
/// then `begun → given up` when nobody waits for the answer any more.
#[derive(Debug, Default)]
pub(super) struct Ticket {
    fate: AtomicU8,
    /// Where it was begun, if it was.
    life: OnceLock<Arc<Life>>,
}

impl Ticket {
    /// The handler's side of the step; false when the asker was first.
    pub(super) fn begin(&self, life: &Arc<Life>) -> bool {
        self.life.get_or_init(|| Arc::clone(life));
        self.leave_queue_as(BEGUN).is_ok()
    }

    /// Whether it was begun on a thread that is left behind, so that nobody answers in time.
    pub(super) fn is_lost(&self) -> bool {
        self.life.get().is_some_and(|life| life.is_lost())
    }

    /// Takes a waiting question out of the race; false when it has begun or was abandoned before.
    pub(super) fn abandon(&self) -> bool {
        self.leave_queue_as(ABANDONED).is_ok()
    }

    /// The asker's side of the step; says whether the question had begun. A second call says the
    /// same.
    pub(super) fn give_up(&self) -> bool {
        match self.leave_queue_as(ABANDONED) {
            Ok(_) | Err(ABANDONED) => false,
            Err(_) => {
                self.fate.store(GIVEN_UP, Ordering::Release);
                true
            }
        }
    }

    pub(super) fn is_abandoned(&self) -> bool {
        self.fate.load(Ordering::Acquire) == ABANDONED
    }

    fn is_awaited(&self) -> bool {
        matches!(self.fate.load(Ordering::Acquire), QUEUED | BEGUN)
    }

    fn leave_queue_as(&self, step: u8) -> Result<u8, u8> {
        self.fate.compare_exchange(QUEUED, step, Ordering::AcqRel, Ordering::Acquire)
    }
}

/// What a handler is told beside the request.
#[derive(Debug, Clone)]
pub struct Call {
    deadline: Deadline,
    fence: Fence,
}

impl Call {
    pub(super) fn new(deadline: Deadline, ticket: Arc<Ticket>, life: Arc<Life>) -> Self {
        Self { deadline, fence: Fence { deadline, asked: Some((ticket, life)) } }
    }

    /// A call that no actor made, for tests of a service without its shell.
    #[must_use]
    pub fn open(deadline: Deadline) -> Self {
        Self { deadline, fence: Fence::open(deadline) }
    }

    /// Until when the answer is of use; the handler's future is dropped then.
    #[must_use]
    pub fn deadline(&self) -> Deadline {
        self.deadline
    }

    /// The permission to write, see [`Fence`].
    #[must_use]
    pub fn fence(&self) -> Fence {
        self.fence.clone()
    }
}

/// The permission to do something outside that cannot be taken back. A client looks at it after
/// connecting and before the first byte of a write: a question whose asker was told "not answered"
/// must not act afterwards.
#[derive(Clone)]
pub struct Fence {
    deadline: Deadline,
    asked: Option<(Arc<Ticket>, Arc<Life>)>,
}

impl Fence {
    /// A fence that holds until `deadline`, for tests and for callers that are no actors.
    #[must_use]
    pub fn open(deadline: Deadline) -> Self {
        Self { deadline, asked: None }
    }

    /// False once the deadline has passed, the incarnation was replaced or killed, or the asker
    /// gave up; once false it stays false.
    #[must_use]
    pub fn holds(&self) -> bool {
        let wanted = self
            .asked
            .as_ref()
            .is_none_or(|(ticket, life)| ticket.is_awaited() && life.is_current());
        wanted && !self.deadline.is_over()
    }
}

impl fmt::Debug for Fence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fence").field("holds", &self.holds()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Barrier;
    use std::thread;
    use tokio::sync::Notify;

    fn life() -> Arc<Life> {
        Arc::new(Life::new(Arc::new(Notify::new())))
    }

    #[test]
    fn of_asker_handler_and_purge_exactly_one_takes_the_question_out_of_the_queue() {
        const ROUNDS: usize = 20_000;
        let tickets: Arc<Vec<Ticket>> =
            Arc::new(std::iter::repeat_with(Ticket::default).take(ROUNDS).collect());
        let line = Arc::new(Barrier::new(3));
        let run = |claim: fn(&Ticket) -> bool| {
            let tickets = Arc::clone(&tickets);
            let line = Arc::clone(&line);
            thread::spawn(move || {
                line.wait();
                tickets.iter().map(claim).collect::<Vec<_>>()
            })
        };
        let began = run(|ticket| ticket.begin(&life()));
        let purged = run(Ticket::abandon);
        let told_begun = run(Ticket::give_up);
        let began = began.join().unwrap();
        let purged = purged.join().unwrap();
        let told_begun = told_begun.join().unwrap();
        for round in 0..ROUNDS {
            assert!(!(began[round] && purged[round]), "begun and abandoned");
            assert_eq!(began[round], told_begun[round], "the asker is told what happened");
        }
    }

    #[test]
    fn a_question_that_was_given_up_stays_what_it_was() {
        let waiting = Ticket::default();
        assert!(!waiting.give_up() && !waiting.give_up() && !waiting.begin(&life()));
        let begun = Ticket::default();
        assert!(begun.begin(&life()) && begun.is_awaited());
        assert!(begun.give_up() && begun.give_up() && !begun.is_awaited() && !begun.is_abandoned());
    }

    #[test]
    fn an_open_fence_holds_until_its_deadline() {
        assert!(Fence::open(Deadline::after(Duration::from_secs(60))).holds());
        assert!(!Fence::open(Deadline::after(Duration::ZERO)).holds());
    }
}
