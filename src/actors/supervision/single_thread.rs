//! The actors of a simulation: all of them on the calling thread, as tasks of its local set, and
//! nobody watches it.

use super::system::{Inner, System};
use super::threads::{Thread, Threads};
use actix_rt::ArbiterHandle;
use std::sync::{Arc, Mutex};

/// Where an actor's tasks run.
pub(super) enum Spawner {
    /// On an arbiter's thread.
    Arbiter(ArbiterHandle),
    /// On the calling thread, which must poll a local set at this moment.
    Here,
}

impl Spawner {
    pub(super) fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) -> bool {
        match self {
            Self::Arbiter(arbiter) => arbiter.spawn(work),
            Self::Here => {
                drop(actix_rt::spawn(work));
                true
            }
        }
    }

    pub(super) fn spawn_fn(&self, work: impl FnOnce() + Send + 'static) -> bool {
        match self {
            Self::Arbiter(arbiter) => arbiter.spawn_fn(work),
            Self::Here => self.spawn(async move { work() }),
        }
    }

    pub(super) fn stop(&self) {
        match self {
            Self::Arbiter(arbiter) => drop(arbiter.stop()),
            Self::Here => {}
        }
    }

    pub(super) fn alive(&self) -> bool {
        match self {
            Self::Arbiter(arbiter) => arbiter.alive(),
            Self::Here => true,
        }
    }
}

impl System {
    /// A system whose actors all live on the calling thread, each a task of the local set that runs
    /// there: two runs of one simulation are the same. An actor that blocks stops the others, so
    /// nothing but a simulation wants this.
    #[must_use]
    pub fn start_here() -> Self {
        let control = Arc::new(Thread::new("here", Spawner::Here, None));
        let threads = Arc::new(Threads::here(Arc::clone(&control)));
        Self(Arc::new(Inner {
            threads,
            control,
            actors: Mutex::default(),
            watchdog: Mutex::default(),
        }))
    }
}
