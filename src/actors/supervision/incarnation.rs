//! One life of an actor between two restarts: makes the service, takes its questions one by one,
//! runs each handler's future as a task of its own, and keeps every panic to the message it belongs
//! to.

use super::admission::Ending;
use super::faults::{self, Fault};
use super::handle::{Cell, Factory, Service};
use super::mailbox::{Asker, Question, Taken};
use super::message::{Call, Failure, Why};
use crate::clock::{self, Elapsed};
use futures_util::future::LocalBoxFuture;
use std::any::Any;
use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::Poll;

use tokio::sync::{Notify, mpsc};
use tokio::time::Instant;

/// How many questions are begun before the thread's other tasks get a turn.
const TURNS: u32 = 16;

/// What an incarnation shares with those who watch it. Its counters are its own: what a replaced
/// incarnation still does on a wedged thread cannot disturb its successor's.
#[derive(Debug)]
pub(super) struct Life {
    current: AtomicBool,
    in_flight: AtomicUsize,
    in_user_code: AtomicBool,
    lost: AtomicBool,
    work: Notify,
    /// Told whenever nothing is in flight any more.
    quiet: Arc<Notify>,
}

impl Life {
    pub(super) fn new(quiet: Arc<Notify>) -> Self {
        Self {
            current: AtomicBool::new(true),
            in_flight: AtomicUsize::new(0),
            in_user_code: AtomicBool::new(false),
            lost: AtomicBool::new(false),
            work: Notify::new(),
            quiet,
        }
    }

    /// Whether this incarnation may still act outside.
    pub(super) fn is_current(&self) -> bool {
        self.current.load(Ordering::Acquire)
    }

    /// Takes the right to act; what has begun may finish.
    pub(super) fn revoke(&self) {
        self.current.store(false, Ordering::Release);
        self.wake();
    }

    pub(super) fn wake(&self) {
        self.work.notify_one();
    }

    pub(super) fn in_flight(&self) -> usize {
        self.in_flight.load(Ordering::Acquire)
    }

    /// Whether its thread stands in this actor's code at this moment.
    pub(super) fn is_in_user_code(&self) -> bool {
        self.in_user_code.load(Ordering::Acquire)
    }

    /// Counts it out: its thread is lost, so nothing of it will be heard of in time.
    pub(super) fn lose(&self) {
        self.lost.store(true, Ordering::Release);
    }

    pub(super) fn is_lost(&self) -> bool {
        self.lost.load(Ordering::Acquire)
    }

    /// Runs code that is not ours; a panic becomes its text.
    fn guard<T>(&self, code: impl FnOnce() -> T) -> Result<T, String> {
        self.in_user_code.store(true, Ordering::Release);
        let done = catch_unwind(AssertUnwindSafe(code));
        self.in_user_code.store(false, Ordering::Release);
        done.map_err(|payload| text_of(payload.as_ref()))
    }
}

/// A place among the questions in flight, given back however the question ends.
pub(super) struct InFlight(Arc<Life>);

impl InFlight {
    pub(super) fn new(life: Arc<Life>) -> Self {
        life.in_flight.fetch_add(1, Ordering::AcqRel);
        Self(life)
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        if self.0.in_flight.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.0.quiet.notify_one();
        }
        self.0.wake();
    }
}

/// A question that its handler has seen. It counts as processed however it ends, also when a thread
/// that was given up ends.
struct Begun<S: Service> {
    cell: Arc<Cell<S>>,
    asked_at: Instant,
    place: InFlight,
}

impl<S: Service> Drop for Begun<S> {
    fn drop(&mut self) {
        self.cell.record.processed(clock::instant().saturating_duration_since(self.asked_at));
    }
}

/// What an incarnation reports; its channel closed without `Crashed` means that its thread has
/// ended.
#[derive(Debug)]
pub(super) enum News {
    Started,
    Crashed(String),
}

/// Lives one life on the calling arbiter; returns once it crashed or was replaced.
pub(super) async fn live<S: Service>(
    cell: Arc<Cell<S>>,
    life: Arc<Life>,
    factory: Factory<S>,
    news: mpsc::Sender<News>,
) {
    let made = life.guard(|| {
        faults::strike_start(cell.faults.for_start());
        factory()
    });
    let end = match made {
        Ok(Ok(service)) => {
            // there is room for all the news of one life
            drop(news.try_send(News::Started));
            serve(&cell, &life, service).await
        }
        Ok(Err(refused)) => Some(refused.to_string()),
        Err(text) => Some(text),
    };
    if let Some(text) = end {
        drop(news.try_send(News::Crashed(text)));
    }
}

/// Takes questions until the service panics, which is told, or is replaced.
async fn serve<S: Service>(
    cell: &Arc<Cell<S>>,
    life: &Arc<Life>,
    mut service: S,
) -> Option<String> {
    let mut turns = 0;
    let crash = loop {
        match cell.mailbox.take(life, cell.in_flight_limit) {
            Taken::Replaced => break None,
            Taken::Nothing => life.work.notified().await,
            Taken::Unwelcome(asker, why) => asker.refuse(why),
            Taken::Question(question, place) => {
                if let Err(text) = begin(cell, life, &mut service, (question, place)) {
                    break Some(text);
                }
            }
        }
        turns += 1;
        if turns % TURNS == 0 {
            tokio::task::yield_now().await;
        }
    };
    let dropped = life.guard(|| drop(service));
    crash.or(dropped.err())
}

/// Begins one question, unless its asker gave up first.
/// # Errors
/// The text of a panic in the synchronous part of the handler: the service's state is not to be
/// trusted any more.
fn begin<S: Service>(
    cell: &Arc<Cell<S>>,
    life: &Arc<Life>,
    service: &mut S,
    (question, place): (Question<S>, InFlight),
) -> Result<(), String> {
    let Question { request, asker } = question;
    if !asker.ticket.begin(life) {
        cell.mailbox.settle(asker.probe, Ending::Unused);
        return Ok(());
    }
    let begun = Begun { cell: Arc::clone(cell), asked_at: asker.asked_at, place };
    let call = Call::new(asker.deadline, Arc::clone(&asker.ticket), Arc::clone(life));
    let fault = cell.faults.for_question();
    let verb = S::verb(&request);
    let handled = life.guard(|| {
        faults::strike_handler(fault);
        (service.handle(request, call), fault)
    });
    match handled {
        Ok(work) => {
            actix_rt::spawn(attend(begun, asker, verb, work));
            Ok(())
        }
        Err(text) => {
            life.revoke();
            cell.mailbox.settle(asker.probe, Ending::Unused);
            drop(begun);
            asker.tell(Err(Failure::begun(Why::Panicked(text.clone()))));
            Err(text)
        }
    }
}

/// Works on one question until its answer, its panic or its deadline.
async fn attend<S: Service>(
    question: Begun<S>,
    asker: Asker<S>,
    verb: &'static str,
    (work, fault): (LocalBoxFuture<'static, S::Answer>, Option<Fault>),
) {
    let begun = clock::instant();
    let cell = Arc::clone(&question.cell);
    let life = Arc::clone(&question.place.0);
    let mut work: Option<LocalBoxFuture<'static, _>> = Some(Box::pin(async move {
        faults::strike_work(fault).await;
        let answer = work.await;
        faults::strike_answer(fault);
        let ending = match (S::failed(&answer), S::is_odd(&answer)) {
            (false, _) => Ending::Good,
            (true, false) => Ending::Bad,
            (true, true) => Ending::Unused,
        };
        (answer, ending)
    }));
    let polled = poll_fn(|context| {
        match work.as_mut().map(|work| life.guard(|| work.as_mut().poll(context))) {
            Some(Ok(Poll::Ready(done))) => Poll::Ready(Ok(done)),
            Some(Ok(Poll::Pending)) | None => Poll::Pending,
            Some(Err(text)) => Poll::Ready(Err(text)),
        }
    });
    // a thread that was blocked may come here late; what nobody can use any more is not even
    // started
    let end = if asker.deadline.is_over() {
        Err(Elapsed)
    } else {
        clock::timeout_at(asker.deadline, polled).await
    };
    let dropped = life.guard(|| drop(work));
    let (ending, answer) = match end {
        Ok(Ok((answer, ending))) => (ending, Ok(answer)),
        Ok(Err(text)) => (Ending::Bad, Err(Why::Panicked(text))),
        Err(Elapsed) => (Ending::Bad, Err(Why::DeadlinePassed)),
    };
    if let Err(why) = &answer {
        cell.fail(&why.to_string());
    } else if let Err(text) = dropped {
        cell.fail(&format!("panic while the work was dropped: {text}"));
    }
    cell.record.answered(verb, clock::since(begun), ending != Ending::Good);
    if cell.mailbox.settle(asker.probe, ending) {
        cell.passed.notify_one();
    }
    drop(question);
    asker.tell(answer.map_err(Failure::begun));
}

/// The text of a panic.
pub(super) fn text_of(payload: &(dyn Any + Send)) -> String {
    let text = payload.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| payload.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "panic without a text".to_owned())
}
