//! Faults on order: taken in the shell, on the path that every real question takes, so that what a
//! test or a demonstration breaks is what would break.

use crate::clock;
use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// How many orders of faults one actor remembers; a further one takes the place of the oldest.
const REMEMBERED: usize = 64;

/// Something that goes wrong in an actor because it was asked for, see `System::inject`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The handler panics before it returns its future; the incarnation is discarded.
    PanicInHandler,
    /// The factory panics; the next incarnation cannot be made.
    PanicInStart,
    /// The task panics with the answer in its hands: what was done outside stays done, nobody hears
    /// of it.
    PanicInTask,
    /// The task never ends; it is cut at its deadline.
    Hang,
    /// The task waits before it works.
    Delay(Duration),
    /// The handler blocks its thread.
    Wedge(Duration),
}

/// The faults that one actor still has to suffer, in the order they were asked for.
#[derive(Debug, Default)]
pub(super) struct Faults(Mutex<VecDeque<(Fault, u32)>>);

impl Faults {
    pub(super) fn add(&self, fault: Fault, times: u32) {
        if times == 0 {
            return;
        }
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if waiting.len() == REMEMBERED {
            waiting.pop_front();
        }
        waiting.push_back((fault, times));
    }

    /// Forgets what has not been suffered, and says how often that would have been.
    pub(super) fn clear(&self) -> u32 {
        let taken_back =
            std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        taken_back.iter().fold(0, |sum: u32, (_, times)| sum.saturating_add(*times))
    }

    /// The fault of the next start, if one was asked for.
    pub(super) fn for_start(&self) -> Option<Fault> {
        self.take(|fault| fault == Fault::PanicInStart)
    }

    /// The fault of the next question.
    pub(super) fn for_question(&self) -> Option<Fault> {
        self.take(|fault| fault != Fault::PanicInStart)
    }

    fn take(&self, fits: impl Fn(Fault) -> bool) -> Option<Fault> {
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let at = waiting.iter().position(|(fault, _)| fits(*fault))?;
        let (fault, times) = waiting.get_mut(at)?;
        let taken = *fault;
        *times -= 1;
        if *times == 0 {
            waiting.remove(at);
        }
        Some(taken)
    }
}

/// Strikes in the synchronous part of a handler.
pub(super) fn strike_handler(fault: Option<Fault>) {
    match fault {
        Some(Fault::PanicInHandler) => blow("injected: panic in the handler"),
        Some(Fault::Wedge(blocked)) => std::thread::sleep(blocked),
        Some(Fault::PanicInStart | Fault::PanicInTask | Fault::Hang | Fault::Delay(_)) | None => {}
    }
}

/// Strikes before the work of a task.
pub(super) async fn strike_work(fault: Option<Fault>) {
    match fault {
        Some(Fault::Hang) => std::future::pending().await,
        Some(Fault::Delay(pause)) => clock::sleep(pause).await,
        Some(
            Fault::PanicInHandler | Fault::PanicInStart | Fault::PanicInTask | Fault::Wedge(_),
        )
        | None => {}
    }
}

/// Strikes between the work of a task and its answer.
pub(super) fn strike_answer(fault: Option<Fault>) {
    if fault == Some(Fault::PanicInTask) {
        blow("injected: panic in the task, its answer is lost");
    }
}

/// Strikes in the making of an incarnation.
pub(super) fn strike_start(fault: Option<Fault>) {
    if fault == Some(Fault::PanicInStart) {
        blow("injected: panic in the start");
    }
}

#[expect(clippy::panic, reason = "a panic is what was ordered")]
fn blow(text: &str) {
    panic!("{text}");
}
