//! The threads that hash: two, each with memory of its own that it keeps, so that no number of
//! log-ins makes the process larger, and passwords never take more than two processors, and little
//! of those that others need: a hash takes tens of milliseconds, a page of the catalogue less than
//! one.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

use tokio::sync::oneshot;

use super::error::Error;
use super::password::Memory;
use super::turns::{Place, Turns};

/// How many hashes are computed at once: each takes 19 MiB and a processor.
const AT_ONCE: usize = 2;

/// How much less of a processor that others want too a hashing thread gets: an eighth of what they
/// get.
#[cfg(target_os = "linux")]
const NICENESS: i32 = 9;

type Work = Box<dyn FnOnce(&mut Memory) + Send>;

/// The threads, which end with the last clone of their handle.
#[derive(Clone)]
pub(super) struct Threads(Arc<Owner>);

struct Owner(Arc<Shared>);

#[derive(Default)]
struct Shared {
    queue: Mutex<Queue>,
    changed: Condvar,
}

#[derive(Default)]
struct Queue {
    turns: Turns<Work>,
    is_closed: bool,
}

impl Threads {
    pub(super) fn start() -> Result<Self, Error> {
        let shared = Arc::new(Shared::default());
        let threads = Self(Arc::new(Owner(Arc::clone(&shared))));
        for no in 1..=AT_ONCE {
            let shared = Arc::clone(&shared);
            let thread = thread::Builder::new().name(format!("hashing-{no}"));
            // one block from the start; another only where two are ever asked for at once
            let memory = if no == 1 { Memory::new() } else { Memory::default() };
            let work_off = move || {
                step_back();
                shared.work_off(memory);
            };
            thread.spawn(work_off).map_err(|_no_thread| Error::Fault("a hashing thread"))?;
        }
        Ok(threads)
    }

    /// Does the work when it has its turn; what nobody waits for any more is not begun.
    ///
    /// # Errors
    /// `Busy`: too much waits at this place, nothing was done. What the work answers.
    pub(super) async fn in_turn<T: Send + 'static>(
        &self,
        place: Place,
        work: impl FnOnce(&mut Memory) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let (answer, answered) = oneshot::channel();
        let work = Box::new(move |memory: &mut Memory| {
            if !answer.is_closed() {
                drop(answer.send(work(memory)));
            }
        });
        if !self.0.0.lock().turns.push(place, work) {
            return Err(Error::Busy);
        }
        self.0.0.changed.notify_one();
        answered.await.map_err(|_panicked| Error::Fault("password hashing"))?
    }
}

/// Lets every other thread of the process go first. On Linux each thread has a niceness of its own,
/// on others all have one.
fn step_back() {
    #[cfg(target_os = "linux")]
    if let Err(error) =
        rustix::process::setpriority_process(Some(rustix::thread::gettid()), NICENESS)
    {
        tracing::warn!(%error, "hashing takes processors from everything else");
    }
}

impl Drop for Owner {
    fn drop(&mut self) {
        self.0.lock().is_closed = true;
        self.0.changed.notify_all();
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn work_off(&self, mut memory: Memory) {
        while let Some(work) = self.next() {
            // a panic is its asker's fault, not that of all who come later
            if catch_unwind(AssertUnwindSafe(|| work(&mut memory))).is_err() {
                tracing::error!(event = "server.fault", "hashing a password panicked");
            }
        }
    }

    fn next(&self) -> Option<Work> {
        let mut queue = self.lock();
        loop {
            if queue.is_closed {
                return None;
            }
            match queue.turns.pop() {
                Some(work) => return Some(work),
                None => queue = self.changed.wait(queue).unwrap_or_else(PoisonError::into_inner),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;
    use std::task::Poll;

    use super::*;

    #[tokio::test]
    async fn a_panic_ends_one_work_and_the_thread_goes_on() {
        let threads = Threads::start().unwrap();
        let place = Place::unknown("one");
        for _ in 0..3 {
            let ended = threads.in_turn::<()>(place, |_memory| panic!("as a test wants it")).await;
            assert!(matches!(ended, Err(Error::Fault(_))));
        }
        assert_eq!(threads.in_turn(place, |_memory| Ok(7)).await.unwrap(), 7);
    }

    #[tokio::test]
    async fn a_flood_is_refused_while_others_are_served_and_what_nobody_waits_for_is_not_begun() {
        let threads = Threads::start().unwrap();
        let blocked = |name: &str| {
            let (free, waits) = mpsc::channel::<()>();
            let (begins, begun) = oneshot::channel();
            let work =
                move |_memory: &mut Memory| Ok(begins.send(()).is_ok() && waits.recv().is_ok());
            (free, begun, Box::pin(threads.in_turn(Place::unknown(name), work)))
        };
        let mut one = blocked("one");
        let mut other = blocked("other");
        for work in [&mut one, &mut other] {
            assert!(futures_util::poll!(work.2.as_mut()).is_pending());
            (&mut work.1).await.unwrap();
        }
        let (begins, counted) = mpsc::channel();
        let mut flood = Vec::new();
        let mut refused = 0;
        for _ in 0..40 {
            let begins = begins.clone();
            let mut asked = Box::pin(threads.in_turn(Place::unknown("flood"), move |_memory| {
                begins.send(()).unwrap();
                Ok(true)
            }));
            if matches!(futures_util::poll!(asked.as_mut()), Poll::Ready(Err(Error::Busy))) {
                refused += 1;
            } else {
                flood.push(asked);
            }
        }
        assert!(refused >= 30, "{refused}");
        let mut guest = Box::pin(threads.in_turn(Place::unknown("guest"), |_memory| Ok(true)));
        assert!(futures_util::poll!(guest.as_mut()).is_pending(), "it waits, it is not refused");
        drop(flood);
        drop((one.0, other.0));
        assert!(guest.await.unwrap());
        assert!(!one.2.await.unwrap() && !other.2.await.unwrap());
        drop(begins);
        assert_eq!(counted.iter().count(), 0, "work of askers that had gone was begun");
    }
}
