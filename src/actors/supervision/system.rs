//! The system: starts and names the actors, carries admins' commands to them, and ends them in
//! order.

use super::dyn_actor::Managed;
#[cfg(feature = "demonstration")]
use super::faults::Fault;
use super::handle::{Cell, Handle, Service, Spec, StartError};
use super::latency::Answers;
use super::policy::{Event, Gate};
use super::status::{BreakerPosition, Phase, Status};
use super::supervisor::{Command, Supervisor};
use super::threads::{Thread, Threads};
use super::watchdog::{self, Watch};
use crate::clock::{self, Deadline};
use futures_util::FutureExt;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use std::{io, thread};
use tokio::sync::{mpsc, oneshot};

/// How many commands for one actor may wait for its supervisor.
const COMMANDS: usize = 8;
/// The time in which a supervisor carries out a request; it works microseconds, unless its thread
/// is lost.
const CARRY_OUT: Duration = Duration::from_secs(2);
/// The time to join threads in when the deadline of a shutdown leaves less.
const JOIN: Duration = Duration::from_secs(1);

/// All actors of the process. Clones are the same system.
#[derive(Clone)]
pub struct System(pub(super) Arc<Inner>);

pub(super) struct Inner {
    pub(super) threads: Arc<Threads>,
    pub(super) control: Arc<Thread>,
    pub(super) actors: Mutex<Vec<Entry>>,
    pub(super) watchdog: Mutex<Option<(std::sync::mpsc::SyncSender<()>, thread::JoinHandle<()>)>>,
}

#[derive(Clone)]
pub(super) struct Entry {
    cell: Arc<dyn Managed>,
    commands: mpsc::Sender<Command>,
}

/// No actor of this name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no actor {0:?}")]
pub struct UnknownActor(pub String);

impl System {
    /// Starts the control arbiter, the domain arbiter and the watchdog. Must be called inside an
    /// actix system, such as `#[actix_web::main]` makes.
    /// # Errors
    /// No actix system is registered on the calling thread, or the operating system gives no more
    /// threads.
    pub fn start() -> io::Result<Self> {
        Self::start_watched(Watch::default())
    }

    /// The same with another watch over the threads.
    /// # Errors
    /// As [`System::start`].
    pub fn start_watched(settings: Watch) -> io::Result<Self> {
        let control = Thread::start("control")?;
        let threads = Arc::new(Threads::start(Arc::clone(&control))?);
        let (stop, stopped) = std::sync::mpsc::sync_channel(1);
        let watched = (Arc::clone(&threads), Arc::clone(&control));
        let watchdog = thread::Builder::new()
            .name("watchdog".to_owned())
            .spawn(move || watchdog::watch(&watched.0, &watched.1, &settings, &stopped))?;
        let watchdog = Mutex::new(Some((stop, watchdog)));
        Ok(Self(Arc::new(Inner { threads, control, actors: Mutex::default(), watchdog })))
    }

    /// Starts an actor; questions can be asked at once and wait for the first incarnation.
    /// `factory` makes the value of each incarnation on the actor's own arbiter. Names must be
    /// unique: commands reach the first of a name only.
    pub fn spawn<S, F>(&self, spec: Spec, factory: F) -> Handle<S>
    where
        S: Service,
        F: Fn() -> Result<S, StartError> + Send + Sync + 'static,
    {
        let cell = Arc::new(Cell::new(&spec));
        let (commands, receiver) = mpsc::channel(COMMANDS);
        let supervisor = Supervisor {
            cell: Arc::clone(&cell),
            factory: Arc::new(factory),
            policy: spec.policy,
            placement: spec.arbiter,
            threads: Arc::clone(&self.0.threads),
            commands: receiver,
        };
        if self.entry(&spec.name).is_ok() {
            tracing::error!(event = "server.fault", actor = %spec.name, "two actors have one name");
        }
        self.actors().push(Entry { cell: Arc::clone(&cell) as Arc<dyn Managed>, commands });
        let threads = Arc::clone(&self.0.threads);
        let supervised = self.0.control.handle.spawn(async move {
            if AssertUnwindSafe(supervisor.supervise()).catch_unwind().await.is_err() {
                threads.give_up("a supervisor panicked");
            }
        });
        if !supervised {
            cell.mailbox.set_gate(Gate::Stopped);
            cell.phase.send_replace(Phase::Stopped);
        }
        Handle(cell)
    }

    /// Every actor's status, in the order they were started, without asking any of them.
    #[must_use]
    pub fn statuses(&self) -> Vec<Status> {
        self.actors().iter().map(|entry| entry.cell.status()).collect()
    }

    /// How long every actor's answers took, by its name, without asking any of them.
    #[must_use]
    pub fn answers(&self) -> Vec<(String, Vec<Answers>)> {
        self.actors()
            .iter()
            .map(|entry| (entry.cell.name().to_owned(), entry.cell.answers()))
            .collect()
    }

    /// The position of every actor's breaker, by the actor's name.
    #[must_use]
    pub fn breakers(&self) -> Vec<(String, BreakerPosition)> {
        self.actors()
            .iter()
            .map(|entry| (entry.cell.name().to_owned(), entry.cell.breaker()))
            .collect()
    }

    /// Opens a breaker that is closed, for `pause`, unless a question ended well in the last five
    /// seconds: somebody else says that the outside is broken. Then it probes. Answers whether it
    /// opened.
    /// # Errors
    /// There is no such actor.
    pub fn open_breaker(&self, name: &str, pause: Duration) -> Result<bool, UnknownActor> {
        self.entry(name).map(|entry| entry.cell.open_breaker(pause))
    }

    /// Discards the incarnation and starts a fresh one, with breaker and crash history reset; what
    /// is in flight may finish, its fence no longer holds. A stopped actor starts again. Returns
    /// once that is done.
    /// # Errors
    /// There is no such actor.
    pub async fn restart(&self, name: &str) -> Result<(), UnknownActor> {
        self.command(name, Event::Restart).await
    }

    /// Refuses new questions and begins none of those that wait, until resumed. Pausing twice is
    /// pausing once.
    /// # Errors
    /// There is no such actor.
    pub async fn pause(&self, name: &str) -> Result<(), UnknownActor> {
        self.command(name, Event::Pause).await
    }

    /// Ends a pause or a drain; a stopped actor starts again.
    /// # Errors
    /// There is no such actor.
    pub async fn resume(&self, name: &str) -> Result<(), UnknownActor> {
        self.command(name, Event::Resume).await
    }

    /// Refuses new questions, answers what was accepted, then stops; returns once draining has
    /// begun.
    /// # Errors
    /// There is no such actor.
    pub async fn drain(&self, name: &str) -> Result<(), UnknownActor> {
        self.command(name, Event::Drain).await
    }

    /// Lets the actor's next `times` questions, or starts, suffer `fault`, after those asked for
    /// before; of more than 64 such requests the oldest are forgotten. For tests and the
    /// demonstration.
    /// # Errors
    /// There is no such actor.
    #[cfg(feature = "demonstration")]
    pub fn inject(&self, name: &str, fault: Fault, times: u32) -> Result<(), UnknownActor> {
        self.entry(name).map(|entry| entry.cell.inject(fault, times))
    }

    /// Takes back the faults that the actor has not yet suffered, and says how many that were.
    /// # Errors
    /// There is no such actor.
    #[cfg(feature = "demonstration")]
    pub fn clear_faults(&self, name: &str) -> Result<u32, UnknownActor> {
        self.entry(name).map(|entry| entry.cell.clear_faults())
    }

    /// How many threads are left behind at this moment, blocked by actors that have moved. One that
    /// comes back counts until it has finished what was begun on it.
    #[must_use]
    pub fn lost_threads(&self) -> usize {
        self.0.threads.watched().iter().filter(|thread| thread.lost.is_cancelled()).count()
    }

    /// Waits until the system can no longer keep its promises, and says why: too many lost threads,
    /// a silent control thread, a supervisor that panicked. The process then drains and ends with
    /// 70.
    pub async fn gave_up(&self) -> String {
        let mut reasons = self.0.threads.gave_up();
        let reason = reasons.wait_for(Option::is_some).await.ok().and_then(|reason| reason.clone());
        reason.unwrap_or_default()
    }

    /// Drains the actors in the reverse order of their start, stops what is not done by `deadline`,
    /// and joins the arbiters. What was begun on a thread that is left behind is told as replaced,
    /// so that no drain waits for it. True when a drain timed out. A second call finds nothing to
    /// do.
    pub async fn shutdown(&self, deadline: Deadline) -> bool {
        let entries = self.actors().clone();
        let mut timed_out = false;
        entries.iter().for_each(|entry| entry.cell.forsake());
        for entry in entries.iter().rev() {
            // one that hangs must leave time for those after it
            let share = Deadline::after(deadline.remaining() / 2);
            if !entry.drained(share).await {
                tracing::warn!(actor = entry.cell.name(), "a drain timed out");
                timed_out = true;
                entry.command(Event::Stop).await;
            }
        }
        self.join(deadline).await;
        timed_out
    }

    async fn join(&self, deadline: Deadline) {
        let watchdog = self.0.watchdog.lock().unwrap_or_else(PoisonError::into_inner).take();
        let threads: Vec<_> =
            self.0.threads.watched().into_iter().filter(|thread| thread.is_usable()).collect();
        for thread in threads.iter().rev() {
            thread.stop();
        }
        let (done, joined) = oneshot::channel::<()>();
        // a thread of its own: one of the runtime's would keep the runtime from ending
        let joiner = thread::Builder::new().name("joiner".to_owned()).spawn(move || {
            if let Some((stop, watchdog)) = watchdog {
                drop(stop);
                drop(watchdog.join());
            }
            for arbiter in threads.iter().filter_map(|thread| thread.take_arbiter()) {
                drop(arbiter.join());
            }
            drop(done);
        });
        let until = deadline.max(Deadline::after(JOIN));
        if joiner.is_err() || clock::timeout_at(until, joined).await.is_err() {
            tracing::warn!("some threads did not end in time");
        }
    }

    async fn command(&self, name: &str, event: Event) -> Result<(), UnknownActor> {
        let entry = self.entry(name)?;
        entry.command(event).await;
        Ok(())
    }

    fn entry(&self, name: &str) -> Result<Entry, UnknownActor> {
        let found = self.actors().iter().find(|entry| entry.cell.name() == name).cloned();
        found.ok_or_else(|| UnknownActor(name.to_owned()))
    }

    fn actors(&self) -> MutexGuard<'_, Vec<Entry>> {
        self.0.actors.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Entry {
    /// Hands a request to the supervisor and waits until it is carried out; one that has ended
    /// needs none.
    async fn command(&self, event: Event) {
        let (done, carried_out) = oneshot::channel();
        let command = async {
            if self.commands.send(Command { event, done }).await.is_ok() {
                drop(carried_out.await);
            }
        };
        if clock::timeout_at(Deadline::after(CARRY_OUT), command).await.is_err() {
            tracing::error!(event = "server.fault", actor = self.cell.name(), command = ?event, "a supervisor does not answer");
        }
    }

    async fn drained(&self, deadline: Deadline) -> bool {
        let mut phase = self.cell.phase();
        let drained = async {
            self.command(Event::Drain).await;
            phase.wait_for(|phase| *phase == Phase::Stopped).await.is_ok()
        };
        clock::timeout_at(deadline, drained).await.unwrap_or(false)
    }
}
