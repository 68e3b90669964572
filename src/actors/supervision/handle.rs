//! The handle, the only way to an actor: it stays valid across restarts and can be cloned and sent
//! anywhere.

use super::faults::Faults;
use super::incarnation::Life;
use super::mailbox::Mailbox;
use super::message::{Call, Failure, Ticket, Why};
use super::policy::Policy;
use super::status::{Phase, Record, Status};
use crate::clock::{self, Deadline};
use futures_util::future::LocalBoxFuture;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::{Notify, watch};
use tokio_util::sync::CancellationToken;

/// What an actor does. One value of it is one incarnation: made by the factory on the actor's own
/// arbiter, dropped there, never sent to another thread.
pub trait Service: 'static {
    /// What is asked.
    type Request: Send + 'static;
    /// What is answered.
    type Answer: Send + 'static;

    /// Takes one question and returns the work on it. The function itself may take microseconds
    /// only; the work runs as a task beside others on the actor's thread, must not block it, and is
    /// dropped at the call's deadline. A panic here discards this value; a panic in the work is the
    /// end of that question alone.
    fn handle(
        &mut self,
        request: Self::Request,
        call: Call,
    ) -> LocalBoxFuture<'static, Self::Answer>;

    /// What kind of question it is, one of few words, for the count of its answers.
    fn verb(_request: &Self::Request) -> &'static str {
        "ask"
    }

    /// Whether the answer says that the outside is broken, so that it counts against the breaker; a
    /// clear no does not.
    fn failed(_answer: &Self::Answer) -> bool {
        false
    }

    /// Whether a failed answer says nothing of the outside, because what was asked may be to blame:
    /// it neither opens the breaker nor closes it.
    fn is_odd(_answer: &Self::Answer) -> bool {
        false
    }
}

/// Makes the value of each incarnation; may refuse or panic, both count as a crash.
pub(super) type Factory<S> = Arc<dyn Fn() -> Result<S, StartError> + Send + Sync>;

/// Why an incarnation could not be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the start failed: {0}")]
pub struct StartError(String);

impl StartError {
    /// A refused start, with the reason an admin will read; no secrets.
    pub fn new(reason: impl fmt::Display) -> Self {
        Self(reason.to_string())
    }
}

/// On which thread an actor lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Placement {
    /// On the one arbiter of all domain actors: no outside calls there that could block.
    Domain,
    /// On an arbiter of its own: whoever speaks to an outside supplier.
    Own,
}

/// The fixed properties of an actor.
#[derive(Debug, Clone)]
pub struct Spec {
    /// A path that is unique in the system, such as `dta/solden`.
    pub name: String,
    /// How many questions may wait, at least 1.
    pub mailbox: usize,
    /// How many questions an incarnation works on at a time, at least 1.
    pub in_flight: usize,
    /// Its thread.
    pub arbiter: Placement,
    /// What happens when it crashes or fails.
    pub policy: Policy,
}

/// All that outlives an incarnation.
pub(super) struct Cell<S: Service> {
    pub(super) name: String,
    pub(super) in_flight_limit: usize,
    pub(super) mailbox: Mailbox<S>,
    pub(super) record: Record,
    pub(super) faults: Faults,
    pub(super) phase: watch::Sender<Phase>,
    /// Told when a probe was survived.
    pub(super) passed: Notify,
    /// Told when an incarnation has nothing in flight any more.
    pub(super) quiet: Arc<Notify>,
    /// Cancelled once nobody shall wait for what was begun on a thread that is left behind.
    pub(super) forsaken: CancellationToken,
    lives: Mutex<Vec<Arc<Life>>>,
}

impl<S: Service> Cell<S> {
    pub(super) fn new(spec: &Spec) -> Self {
        Self {
            name: spec.name.clone(),
            in_flight_limit: spec.in_flight.max(1),
            mailbox: Mailbox::new(spec.mailbox, spec.policy.breaker.clone()),
            record: Record::default(),
            faults: Faults::default(),
            phase: watch::Sender::new(Phase::Restarting),
            passed: Notify::new(),
            quiet: Arc::new(Notify::new()),
            forsaken: CancellationToken::new(),
            lives: Mutex::default(),
        }
    }

    /// A new life, counted among those whose work is in flight; those that are over are forgotten.
    pub(super) fn new_life(&self) -> Arc<Life> {
        let life = Arc::new(Life::new(Arc::clone(&self.quiet)));
        let mut lives = self.lives.lock().unwrap_or_else(PoisonError::into_inner);
        lives.retain(|life| !life.is_lost() && life.in_flight() > 0);
        lives.push(Arc::clone(&life));
        life
    }

    /// The work in flight of this incarnation and of its forerunners, without what was lost with a
    /// thread.
    pub(super) fn in_flight(&self) -> usize {
        let lives = self.lives.lock().unwrap_or_else(PoisonError::into_inner);
        lives.iter().filter(|life| !life.is_lost()).map(|life| life.in_flight()).sum()
    }

    /// Waits until the shutdown no longer waits for a question that was begun on a thread that is
    /// left behind.
    async fn forsakes(&self, ticket: &Ticket) {
        self.forsaken.cancelled().await;
        if !ticket.is_lost() {
            std::future::pending().await
        }
    }

    /// Whether nothing waits and nothing is in flight. The order matters: a question is counted in
    /// flight before it leaves the queue.
    pub(super) fn is_idle(&self) -> bool {
        self.mailbox.fill().depth == 0 && self.in_flight() == 0
    }

    /// Takes note of a failure, for the status and the log.
    pub(super) fn fail(&self, message: &str) {
        self.record.failed(message);
        tracing::warn!(actor = %self.name, failure = message, "an actor failed");
    }

    pub(super) fn status(&self) -> Status {
        let (p50_us, p99_us) = self.record.percentiles_us();
        Status {
            name: self.name.clone(),
            state: *self.phase.borrow(),
            breaker: self.mailbox.breaker(),
            mailbox: self.mailbox.fill(),
            in_flight: self.in_flight(),
            restarts: self.record.restarts(),
            last_failure: self.record.last_failure(),
            processed: self.record.processed_count(),
            p50_us,
            p99_us,
        }
    }
}

/// The way to one actor, valid for the life of the system. Clones ask the same actor.
pub struct Handle<S: Service>(pub(super) Arc<Cell<S>>);

impl<S: Service> Handle<S> {
    /// Asks the actor and waits for its answer, at most until `deadline`. Dropping the future gives
    /// up the question: it never begins, or its fence no longer holds.
    /// # Errors
    /// `begun == false`: provably nothing happened, ask again after a pause. `begun == true`:
    /// anything may have happened.
    pub async fn ask(&self, request: S::Request, deadline: Deadline) -> Result<S::Answer, Failure> {
        if deadline.is_over() {
            return Err(Failure::not_begun(Why::DeadlinePassed));
        }
        let (ticket, mut reply) =
            self.0.mailbox.offer(request, deadline).map_err(Failure::not_begun)?;
        let asked = Asked { cell: &self.0, ticket };
        let answered = async {
            tokio::select! {
                biased;
                answer = &mut reply => answer,
                // told as a closed channel would be
                () = self.0.forsakes(&asked.ticket) => Ok(Err(Failure { begun: asked.ticket.give_up(), why: Why::Replaced })),
            }
        };
        match clock::timeout_at(deadline, answered).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(_closed)) => Err(Failure { begun: asked.ticket.give_up(), why: Why::Replaced }),
            Err(_elapsed) => {
                let begun = asked.ticket.give_up();
                // an answer that came in the same instant is still an answer
                reply.try_recv().unwrap_or(Err(Failure { begun, why: Why::DeadlinePassed }))
            }
        }
    }

    /// The actor's path.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// How the actor is, read without asking it.
    #[must_use]
    pub fn status(&self) -> Status {
        self.0.status()
    }
}

impl<S: Service> Clone for Handle<S> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<S: Service> fmt::Debug for Handle<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Handle").field(&self.0.name).finish()
    }
}

/// Gives the question up when its asker goes away, for whatever reason.
struct Asked<'a, S: Service> {
    cell: &'a Cell<S>,
    ticket: Arc<Ticket>,
}

impl<S: Service> Drop for Asked<'_, S> {
    fn drop(&mut self) {
        if !self.ticket.give_up() {
            self.cell.mailbox.sweep();
        }
    }
}
