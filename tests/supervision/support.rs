//! An actor that does whatever a question says, and ways to wait for a state.

use futures_util::FutureExt;
use futures_util::future::LocalBoxFuture;
use starjack::actors::supervision::{
    BreakerSettings, Call, Handle, Phase, Placement, Policy, Service, Spec, System,
};
use starjack::clock::{self, Deadline};
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::sync::Semaphore;

/// The state of one incarnation; an answer below zero counts as a failure of the outside.
#[derive(Default)]
pub(crate) struct Puppet {
    counted: i64,
}

type Play = Box<dyn FnOnce(&mut Puppet, Call) -> LocalBoxFuture<'static, i64> + Send>;

impl Service for Puppet {
    type Request = Play;
    type Answer = i64;

    fn handle(&mut self, play: Play, call: Call) -> LocalBoxFuture<'static, i64> {
        play(self, call)
    }

    fn failed(answer: &i64) -> bool {
        *answer < 0
    }
}

/// A question whose work is `work`.
pub(crate) fn work<F: Future<Output = i64> + 'static>(
    work: impl FnOnce(Call) -> F + Send + 'static,
) -> Play {
    Box::new(|_, call| work(call).boxed_local())
}

/// A question that is answered at once with `value`.
pub(crate) fn say(value: i64) -> Play {
    work(move |_| async move { value })
}

/// Counts in the state of the incarnation: the first question of each is answered 1.
pub(crate) fn count() -> Play {
    Box::new(|puppet, _| {
        puppet.counted += 1;
        let counted = puppet.counted;
        async move { counted }.boxed_local()
    })
}

/// Panics in the synchronous part.
pub(crate) fn crash() -> Play {
    Box::new(|_, _| panic!("the puppet fell"))
}

/// A question that is answered 0 once the gate gives it a permit.
pub(crate) fn wait_at(gate: &Arc<Semaphore>) -> Play {
    let gate = Arc::clone(gate);
    work(|_| async move {
        gate.acquire().await.unwrap().forget();
        0
    })
}

/// A gate that nobody passes yet.
pub(crate) fn gate() -> Arc<Semaphore> {
    Arc::new(Semaphore::new(0))
}

/// Counts how often a question began.
pub(crate) fn begun_in(counter: &Arc<AtomicUsize>) -> Play {
    let counter = Arc::clone(counter);
    Box::new(move |_, _| {
        counter.fetch_add(1, Ordering::SeqCst);
        async { 0 }.boxed_local()
    })
}

/// Quick restarts, down after three crashes, no breaker.
pub(crate) fn policy() -> Policy {
    Policy {
        backoff_min: Duration::from_millis(5),
        backoff_max: Duration::from_millis(20),
        crashes: 3,
        window: Duration::from_secs(60),
        down_for: Duration::from_millis(100),
        probes: 2,
        forgive_after: Duration::from_secs(60),
        breaker: BreakerSettings { failed_percent: 101, ..BreakerSettings::default() },
    }
}

pub(crate) fn spec(name: &str) -> Spec {
    Spec {
        name: name.to_owned(),
        mailbox: 16,
        in_flight: 16,
        arbiter: Placement::Own,
        policy: policy(),
    }
}

/// An actor that takes one question at a time.
pub(crate) fn one_at_a_time(name: &str) -> Spec {
    Spec { in_flight: 1, ..spec(name) }
}

pub(crate) fn puppet(system: &System, spec: Spec) -> Handle<Puppet> {
    system.spawn(spec, || Ok(Puppet::default()))
}

/// A deadline that no healthy question reaches.
pub(crate) fn soon() -> Deadline {
    Deadline::after(Duration::from_secs(10))
}

/// Waits until `holds`, and fails with `what` when it does not within ten seconds.
pub(crate) async fn until(what: &str, holds: impl Fn() -> bool) {
    let deadline = soon();
    while !holds() {
        assert!(!deadline.is_over(), "waited in vain until {what}");
        clock::sleep(Duration::from_millis(1)).await;
    }
}

pub(crate) async fn until_phase(handle: &Handle<Puppet>, phase: Phase) {
    until(&format!("{} is {phase:?}", handle.name()), || handle.status().state == phase).await;
}

/// Ends the system; nothing may be left over.
pub(crate) async fn end(system: &System) {
    assert!(!system.shutdown(soon()).await, "a drain timed out");
    for status in system.statuses() {
        assert_eq!(
            (status.state, status.in_flight, status.mailbox.depth),
            (Phase::Stopped, 0, 0),
            "{status:?}"
        );
    }
}
