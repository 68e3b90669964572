//! Panics: whom they hit, whom not, and how an actor comes back.

use crate::support::*;
use starjack::actors::supervision::{Failure, Fault, Phase, Policy, Spec, StartError, System, Why};
use starjack::clock::{self, Deadline};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::sync::oneshot;

fn panicked(answer: Result<i64, Failure>) -> String {
    match answer {
        Err(Failure { begun: true, why: Why::Panicked(text) }) => text,
        other => panic!("expected a panic after the begin, got {other:?}"),
    }
}

#[actix_rt::test]
async fn a_panic_in_a_handler_hits_one_message_and_a_fresh_incarnation_answers_those_that_wait() {
    let system = System::start().unwrap();
    let actor = puppet(&system, one_at_a_time("a"));
    assert_eq!(actor.ask(count(), soon()).await, Ok(1));
    let gate = gate();
    let (held, fallen, first, second, ()) = tokio::join!(
        actor.ask(wait_at(&gate), soon()),
        actor.ask(crash(), soon()),
        actor.ask(count(), soon()),
        actor.ask(count(), soon()),
        async {
            until("three wait", || actor.status().mailbox.depth == 3).await;
            gate.add_permits(1);
        }
    );
    assert_eq!(held, Ok(0));
    assert_eq!(panicked(fallen), "the puppet fell");
    assert_eq!((first, second), (Ok(1), Ok(2)), "the state of the crashed incarnation is gone");
    until_phase(&actor, Phase::Up).await;
    let status = actor.status();
    assert_eq!(status.restarts, 1);
    assert_eq!(status.last_failure.unwrap().message, "the puppet fell");
    end(&system).await;
}

#[actix_rt::test]
async fn what_was_in_flight_when_its_incarnation_crashed_may_finish_but_its_fence_no_longer_holds()
{
    let system = System::start().unwrap();
    let actor = puppet(&system, spec("a"));
    let gate = gate();
    let (shown, fence) = oneshot::channel();
    let waits = Arc::clone(&gate);
    let held = work(|call| async move {
        shown.send(call.fence()).unwrap();
        waits.acquire().await.unwrap().forget();
        i64::from(call.fence().holds())
    });
    let (held, ()) = tokio::join!(actor.ask(held, soon()), async {
        let fence = fence.await.unwrap();
        assert!(fence.holds());
        panicked(actor.ask(crash(), soon()).await);
        assert!(!fence.holds(), "the incarnation is gone");
        assert_eq!(actor.ask(count(), soon()).await, Ok(1));
        assert_eq!(actor.status().in_flight, 1, "the old work is still counted");
        gate.add_permits(1);
    });
    assert_eq!(held, Ok(0), "its outcome is told, and it saw that it may not write");
    end(&system).await;
}

#[actix_rt::test]
async fn a_fence_ends_with_the_deadline_with_the_asker_and_with_a_restart_by_hand() {
    let system = System::start().unwrap();
    let actor = puppet(&system, spec("a"));
    let fence_of = async |deadline: Deadline| {
        let (shown, fence) = oneshot::channel();
        let endless = work(|call| async move {
            shown.send(call.fence()).unwrap();
            std::future::pending().await
        });
        let asker = actix_rt::spawn({
            let actor = actor.clone();
            async move { actor.ask(endless, deadline).await }
        });
        let fence = fence.await.unwrap();
        let held = fence.holds();
        (held, fence, asker)
    };

    let (_, fence, asker) = fence_of(Deadline::after(Duration::from_millis(400))).await;
    let answer = asker.await.unwrap();
    assert_eq!(answer, Err(Failure { begun: true, why: Why::DeadlinePassed }));
    assert!(!fence.holds(), "the deadline has passed");

    let deadline = Deadline::after(Duration::from_secs(3));
    let (held, fence, asker) = fence_of(deadline).await;
    assert!(held);
    asker.abort();
    until("the fence of an asker that went away falls", || !fence.holds()).await;
    assert!(!deadline.is_over(), "it fell before the deadline");

    let (held, fence, asker) = fence_of(Deadline::after(Duration::from_secs(2))).await;
    assert!(held);
    system.restart("a").await.unwrap();
    assert!(!fence.holds(), "the incarnation was replaced");
    assert_eq!(asker.await.unwrap(), Err(Failure { begun: true, why: Why::DeadlinePassed }));
    end(&system).await;
}

#[actix_rt::test]
async fn a_start_that_fails_or_panics_is_tried_again_and_the_question_waits_for_it() {
    let system = System::start().unwrap();
    let starts = AtomicUsize::new(0);
    let actor = system.spawn(spec("a"), move || match starts.fetch_add(1, Ordering::SeqCst) {
        0 => Err(StartError::new("no credentials yet")),
        1 => panic!("the factory fell"),
        _ => Ok(Puppet::default()),
    });
    assert_eq!(actor.ask(count(), soon()).await, Ok(1));
    assert_eq!(actor.status().restarts, 2);
    assert_eq!(actor.status().last_failure.unwrap().message, "the factory fell");

    system.inject("a", Fault::PanicInStart, 1).unwrap();
    system.restart("a").await.unwrap();
    assert_eq!(actor.ask(count(), soon()).await, Ok(1));
    assert_eq!(actor.status().restarts, 4);
    assert_eq!(actor.status().last_failure.unwrap().message, "injected: panic in the start");
    end(&system).await;
}

#[actix_rt::test]
async fn a_panic_between_the_suppliers_answer_and_the_save_is_told_as_begun_and_costs_nobody_else()
{
    let system = System::start().unwrap();
    let actor = puppet(&system, spec("a"));
    assert_eq!(actor.ask(count(), soon()).await, Ok(1));
    let issued = Arc::new(AtomicUsize::new(0));
    let saved = Arc::new(AtomicUsize::new(0));
    let gate = gate();
    let supplier = Arc::clone(&issued);
    let store = Arc::clone(&saved);
    let issue = work(|_| async move {
        tokio::task::yield_now().await;
        supplier.fetch_add(1, Ordering::SeqCst);
        if supplier.load(Ordering::SeqCst) == 1 {
            panic!("the answer made no sense");
        }
        store.fetch_add(1, Ordering::SeqCst);
        0
    });
    let (held, ()) = tokio::join!(actor.ask(wait_at(&gate), soon()), async {
        assert_eq!(panicked(actor.ask(issue, soon()).await), "the answer made no sense");
        gate.add_permits(1);
    });
    assert_eq!(held, Ok(0), "its neighbour in flight is untouched");
    assert_eq!((issued.load(Ordering::SeqCst), saved.load(Ordering::SeqCst)), (1, 0));

    let done = Arc::new(AtomicUsize::new(0));
    system.inject("a", Fault::PanicInTask, 1).unwrap();
    panicked(actor.ask(begun_in(&done), soon()).await);
    assert_eq!(done.load(Ordering::SeqCst), 1, "what was done outside stays done");

    assert_eq!(actor.ask(count(), soon()).await, Ok(2), "the incarnation lives on");
    assert_eq!(actor.status().restarts, 0);
    end(&system).await;
}

#[actix_rt::test]
async fn an_actor_that_crashes_in_a_loop_goes_down_is_probed_and_comes_up_again() {
    let system = System::start().unwrap();
    let actor = puppet(&system, spec("a"));
    for _ in 0..3 {
        panicked(actor.ask(crash(), soon()).await);
    }
    until_phase(&actor, Phase::Down).await;
    let asked = clock::instant();
    match actor.ask(count(), soon()).await {
        Err(Failure { begun: false, why: Why::Down { retry_after } }) => {
            assert!(retry_after.as_millis() <= 120)
        }
        other => panic!("a down actor answered {other:?}"),
    }
    assert!(asked.elapsed() < Duration::from_millis(90), "refused at once");

    until_phase(&actor, Phase::Restarting).await;
    panicked(actor.ask(crash(), soon()).await);
    until_phase(&actor, Phase::Down).await;

    until_phase(&actor, Phase::Restarting).await;
    let gate = gate();
    let (probe, ()) = tokio::join!(actor.ask(wait_at(&gate), soon()), async {
        until("the probe is in flight", || actor.status().in_flight == 1).await;
        let second = actor.ask(count(), soon()).await;
        assert!(
            matches!(second, Err(Failure { begun: false, why: Why::Down { .. } })),
            "one at a time: {second:?}"
        );
        gate.add_permits(1);
    });
    assert_eq!(probe, Ok(0));
    assert_eq!(actor.ask(count(), soon()).await, Ok(1));
    until_phase(&actor, Phase::Up).await;
    end(&system).await;
}

#[actix_rt::test]
async fn what_waits_when_an_actor_goes_down_is_told_that_it_never_began() {
    let system = System::start().unwrap();
    let down_at_once = Spec { policy: Policy { crashes: 1, ..policy() }, ..one_at_a_time("a") };
    let actor = puppet(&system, down_at_once);
    let gate = gate();
    let begun = Arc::new(AtomicUsize::new(0));
    let (_, fallen, first, second, ()) = tokio::join!(
        actor.ask(wait_at(&gate), soon()),
        actor.ask(crash(), soon()),
        actor.ask(begun_in(&begun), soon()),
        actor.ask(begun_in(&begun), soon()),
        async {
            until("three wait", || actor.status().mailbox.depth == 3).await;
            gate.add_permits(1);
        }
    );
    panicked(fallen);
    for answer in [first, second] {
        assert!(
            matches!(answer, Err(Failure { begun: false, why: Why::Down { .. } })),
            "{answer:?}"
        );
    }
    assert_eq!(begun.load(Ordering::SeqCst), 0);
    end(&system).await;
}
