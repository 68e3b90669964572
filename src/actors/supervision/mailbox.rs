//! The bounded queue of one actor. It belongs to the actor's name and not to an incarnation, so a
//! crash loses nothing. Who may take from it is decided under the same lock as what is in it: a
//! replaced incarnation gets nothing more.

use super::admission::{Door, Ending, ProbeId};
use super::handle::Service;
use super::incarnation::{InFlight, Life};
use super::message::{Failure, Ticket, Why};
use super::policy::Gate;
use super::{breaker, status};
use crate::clock::{self, Deadline};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::oneshot;
use tokio::time::Instant;

/// What an asker waits for.
pub(super) type Reply<S> = oneshot::Receiver<Result<<S as Service>::Answer, Failure>>;

pub(super) struct Mailbox<S: Service> {
    capacity: usize,
    inner: Mutex<Inner<S>>,
}

struct Inner<S: Service> {
    queue: VecDeque<Question<S>>,
    door: Door,
    /// The only incarnation that may take.
    life: Option<Arc<Life>>,
}

/// A question that waits.
pub(super) struct Question<S: Service> {
    pub(super) request: S::Request,
    pub(super) asker: Asker<S>,
}

/// The asker's end of a question.
pub(super) struct Asker<S: Service> {
    pub(super) ticket: Arc<Ticket>,
    pub(super) deadline: Deadline,
    pub(super) asked_at: Instant,
    pub(super) probe: Option<ProbeId>,
    reply: oneshot::Sender<Result<S::Answer, Failure>>,
}

impl<S: Service> Asker<S> {
    /// Hands over the answer; an asker that no longer waits is no failure.
    pub(super) fn tell(self, answer: Result<S::Answer, Failure>) {
        drop(self.reply.send(answer));
    }

    /// Refuses a question that has not begun; without effect when its asker was first.
    pub(super) fn refuse(self, why: Why) {
        if self.ticket.abandon() {
            self.tell(Err(Failure::not_begun(why)));
        }
    }
}

/// What an incarnation gets when it asks for work.
pub(super) enum Taken<S: Service> {
    /// A question and its place among those in flight.
    Question(Question<S>, InFlight),
    /// A question that must be refused.
    Unwelcome(Asker<S>, Why),
    /// Nothing now; `Life::wake` says when to ask again.
    Nothing,
    /// Another incarnation works here.
    Replaced,
}

impl<S: Service> Mailbox<S> {
    pub(super) fn new(capacity: usize, breaker: breaker::Settings) -> Self {
        let inner = Inner { queue: VecDeque::new(), door: Door::new(breaker), life: None };
        Self { capacity: capacity.max(1), inner: Mutex::new(inner) }
    }

    /// Accepts a question or says at once why not.
    pub(super) fn offer(
        &self,
        request: S::Request,
        deadline: Deadline,
    ) -> Result<(Arc<Ticket>, Reply<S>), Why> {
        let asked_at = clock::instant();
        let mut inner = self.lock();
        let room = inner.queue.len() < self.capacity;
        let probe = inner.door.admit(deadline, room, asked_at)?;
        let ticket = Arc::new(Ticket::default());
        let (reply, answer) = oneshot::channel();
        let asker = Asker { ticket: Arc::clone(&ticket), deadline, asked_at, probe, reply };
        inner.queue.push_back(Question { request, asker });
        let life = inner.life.clone();
        drop(inner);
        if let Some(life) = life {
            life.wake();
        }
        Ok((ticket, answer))
    }

    /// Gives the next question to `life`, which counts as in flight from here on.
    pub(super) fn take(&self, life: &Arc<Life>, in_flight_limit: usize) -> Taken<S> {
        let mut inner = self.lock();
        if !inner.life.as_ref().is_some_and(|current| Arc::ptr_eq(current, life)) {
            return Taken::Replaced;
        }
        if inner.door.holds_back() || life.in_flight() >= in_flight_limit {
            return Taken::Nothing;
        }
        let Some(question) = inner.queue.pop_front() else {
            return Taken::Nothing;
        };
        let place = InFlight::new(Arc::clone(life));
        let now = clock::instant();
        let unwelcome = if question.asker.deadline.is_over() {
            Some(Why::DeadlinePassed)
        } else {
            inner.door.refuses_begin(question.asker.probe, now)
        };
        let Some(why) = unwelcome else {
            return Taken::Question(question, place);
        };
        inner.door.settle(question.asker.probe, Ending::Unused, now);
        drop(inner);
        Taken::Unwelcome(question.asker, why)
    }

    /// Removes the questions that nobody waits for any more.
    pub(super) fn sweep(&self) {
        self.remove(|asker| asker.ticket.is_abandoned());
    }

    /// Refuses all that waits, for the reason the gate gives.
    pub(super) fn purge(&self) {
        let why = self.lock().door.shut(clock::instant()).unwrap_or(Why::Stopped);
        for question in self.remove(|_| true) {
            question.asker.refuse(why.clone());
        }
    }

    /// Takes note of the end of a question that had begun; true when it was a probe that the actor
    /// survived.
    pub(super) fn settle(&self, probe: Option<ProbeId>, ending: Ending) -> bool {
        self.lock().door.settle(probe, ending, clock::instant())
    }

    /// Makes `life` the only one that may take, and ends the one before.
    pub(super) fn give_to(&self, life: Option<Arc<Life>>) {
        let mut inner = self.lock();
        inner.door.forget_probe();
        let former = std::mem::replace(&mut inner.life, life);
        drop(inner);
        if let Some(former) = former {
            former.revoke();
        }
    }

    pub(super) fn set_gate(&self, gate: Gate) {
        let mut inner = self.lock();
        inner.door.set_gate(gate);
        let life = inner.life.clone();
        drop(inner);
        if let Some(life) = life {
            life.wake();
        }
    }

    pub(super) fn reset_breaker(&self) {
        self.lock().door.reset_breaker();
    }

    pub(super) fn open_breaker(&self, pause: Duration) -> bool {
        let now = clock::instant();
        self.lock().door.open_breaker(now + pause, now)
    }

    pub(super) fn fill(&self) -> status::MailboxStatus {
        status::MailboxStatus { depth: self.lock().queue.len(), capacity: self.capacity }
    }

    pub(super) fn breaker(&self) -> status::BreakerPosition {
        self.lock().door.position(clock::instant())
    }

    /// Takes questions out; they are dropped or refused outside the lock, for a request's own
    /// `Drop` is not ours.
    fn remove(&self, which: impl Fn(&Asker<S>) -> bool) -> Vec<Question<S>> {
        let now = clock::instant();
        let mut inner = self.lock();
        let (removed, kept): (VecDeque<_>, VecDeque<_>) = std::mem::take(&mut inner.queue)
            .into_iter()
            .partition(|question| which(&question.asker));
        inner.queue = kept;
        for question in &removed {
            inner.door.settle(question.asker.probe, Ending::Unused, now);
        }
        removed.into()
    }

    fn lock(&self) -> MutexGuard<'_, Inner<S>> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
