//! The arbiters that actors live on: one for all domain actors, one for each actor that speaks to
//! the outside.

use super::handle::Placement;
use super::incarnation::Life;
use super::single_thread::Spawner;
use actix_rt::Arbiter;
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// How many threads for blocking calls an arbiter may add; tokio's own 512 per arbiter would be no
/// bound.
const BLOCKING_THREADS: usize = 4;

/// One arbiter and what the watchdog knows of it.
pub(super) struct Thread {
    pub(super) name: String,
    pub(super) handle: Spawner,
    /// Cancelled once the thread is given up; those who live on it move.
    pub(super) lost: CancellationToken,
    /// The number of the last heartbeat that ran on it.
    heard: AtomicU64,
    arbiter: Mutex<Option<Arbiter>>,
    lives: Mutex<Vec<Weak<Life>>>,
}

impl Thread {
    /// Starts an arbiter.
    /// # Errors
    /// No actix system is registered on the calling thread, or the operating system gives no more
    /// threads.
    pub(super) fn start(name: &str) -> io::Result<Arc<Self>> {
        if !actix_rt::System::is_registered() {
            return Err(io::Error::other("no actix system runs on this thread"));
        }
        let arbiter = Arbiter::try_with_tokio_rt(|| {
            tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .max_blocking_threads(BLOCKING_THREADS)
                .build()
        })?;
        Ok(Arc::new(Self::new(name, Spawner::Arbiter(arbiter.handle()), Some(arbiter))))
    }

    pub(super) fn new(name: &str, handle: Spawner, arbiter: Option<Arbiter>) -> Self {
        Self {
            name: name.to_owned(),
            handle,
            lost: CancellationToken::new(),
            heard: AtomicU64::new(0),
            arbiter: Mutex::new(arbiter),
            lives: Mutex::default(),
        }
    }

    /// Asks for a sign of life; false when the arbiter has ended.
    pub(super) fn ask_heartbeat(self: &Arc<Self>, number: u64) -> bool {
        let thread = Arc::clone(self);
        self.handle.spawn_fn(move || thread.heard.store(number, Ordering::Release))
    }

    pub(super) fn heard(&self) -> u64 {
        self.heard.load(Ordering::Acquire)
    }

    pub(super) fn is_usable(&self) -> bool {
        !self.lost.is_cancelled() && self.handle.alive()
    }

    fn is_here(&self) -> bool {
        matches!(self.handle, Spawner::Here)
    }

    /// Remembers that `life` is lived here.
    pub(super) fn host(&self, life: &Arc<Life>) {
        let mut lives = locked(&self.lives);
        lives.retain(|life| life.strong_count() > 0);
        lives.push(Arc::downgrade(life));
    }

    /// Whether code of an actor runs here or is about to.
    pub(super) fn is_busy(&self) -> bool {
        locked(&self.lives)
            .iter()
            .filter_map(Weak::upgrade)
            .any(|life| life.is_in_user_code() || life.in_flight() > 0)
    }

    /// Ends the arbiter once its queue has been worked off; `take_arbiter` gives what to join.
    pub(super) fn stop(&self) {
        self.handle.stop();
    }

    pub(super) fn take_arbiter(&self) -> Option<Arbiter> {
        locked(&self.arbiter).take()
    }
}

/// All arbiters of a system.
pub(super) struct Threads {
    domain: Mutex<Arc<Thread>>,
    watched: Mutex<Vec<Arc<Thread>>>,
    /// Why the system can no longer keep its promises, once it cannot.
    gave_up: watch::Sender<Option<String>>,
}

impl Threads {
    /// Starts the domain arbiter and takes over `control`.
    /// # Errors
    /// As `Thread::start`.
    pub(super) fn start(control: Arc<Thread>) -> io::Result<Self> {
        let domain = Thread::start("domain")?;
        let watched = vec![control, Arc::clone(&domain)];
        Ok(Self::with(domain, watched))
    }

    fn with(domain: Arc<Thread>, watched: Vec<Arc<Thread>>) -> Self {
        Self {
            domain: Mutex::new(domain),
            watched: Mutex::new(watched),
            gave_up: watch::Sender::new(None),
        }
    }

    /// All actors on the calling thread.
    pub(super) fn here(thread: Arc<Thread>) -> Self {
        Self::with(Arc::clone(&thread), vec![thread])
    }

    /// The thread for an incarnation: its former one if that still lives, else a new one.
    /// # Errors
    /// As `Thread::start`.
    pub(super) fn find(
        &self,
        name: &str,
        place: Placement,
        own: Option<Arc<Thread>>,
    ) -> io::Result<Arc<Thread>> {
        match place {
            Placement::Own => match own {
                Some(thread) if thread.is_usable() => Ok(thread),
                Some(_) | None if locked(&self.domain).is_here() => {
                    Ok(Arc::clone(&locked(&self.domain)))
                }
                Some(_) | None => self.add(name),
            },
            Placement::Domain => {
                let mut domain = locked(&self.domain);
                if !domain.is_usable() {
                    *domain = self.add("domain")?;
                }
                Ok(Arc::clone(&domain))
            }
        }
    }

    pub(super) fn watched(&self) -> Vec<Arc<Thread>> {
        locked(&self.watched).clone()
    }

    /// Takes a thread that has ended off the list.
    pub(super) fn forget(&self, thread: &Arc<Thread>) {
        locked(&self.watched).retain(|other| !Arc::ptr_eq(other, thread));
    }

    /// Says that this process must be replaced; only the first reason is kept.
    pub(super) fn give_up(&self, reason: &str) {
        self.gave_up.send_if_modified(|known| {
            let first = known.is_none();
            if first {
                tracing::error!(event = "server.broken", reason, "supervision gave up");
                *known = Some(reason.to_owned());
            }
            first
        });
    }

    pub(super) fn gave_up(&self) -> watch::Receiver<Option<String>> {
        self.gave_up.subscribe()
    }

    fn add(&self, name: &str) -> io::Result<Arc<Thread>> {
        let thread = Thread::start(name)?;
        locked(&self.watched).push(Arc::clone(&thread));
        Ok(thread)
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
