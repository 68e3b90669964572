//! Threads that block: who moves, who is blamed, and when the system gives up.

use crate::support::*;
use starjack::actors::supervision::{Failure, Fault, Phase, Placement, Spec, System, Watch, Why};
use starjack::clock::{self, Deadline};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

const SILENCE: Duration = Duration::from_millis(500);

fn watch() -> Watch {
    Watch { beat: Duration::from_millis(20), silence: SILENCE, leaks: 3 }
}

#[test]
fn without_an_actix_system_nothing_starts_and_nothing_panics() {
    assert!(System::start().is_err());
}

#[actix_rt::test]
async fn a_wedged_thread_costs_its_question_while_queue_and_neighbour_are_answered() {
    let system = System::start_watched(watch()).unwrap();
    let wedged = puppet(&system, spec("wedged"));
    let neighbour = puppet(&system, spec("neighbour"));
    assert_eq!(wedged.ask(count(), soon()).await, Ok(1));
    system.inject("wedged", Fault::Wedge(Duration::from_secs(2)), 1).unwrap();
    let late = Arc::new(AtomicUsize::new(0));
    let (lost, waiting, ()) = tokio::join!(
        wedged.ask(begun_in(&late), Deadline::after(Duration::from_secs(1))),
        wedged.ask(count(), soon()),
        async {
            let moves = soon();
            while wedged.status().restarts == 0 {
                assert!(!moves.is_over(), "nobody noticed");
                assert!(
                    neighbour.ask(count(), Deadline::after(SILENCE)).await.is_ok(),
                    "the neighbour felt it"
                );
            }
        }
    );
    assert_eq!(lost, Err(Failure { begun: true, why: Why::DeadlinePassed }));
    assert_eq!(waiting, Ok(1), "a fresh incarnation on another thread");
    until_phase(&wedged, Phase::Up).await;
    let status = wedged.status();
    assert_eq!((status.restarts, status.in_flight), (1, 0));
    assert_eq!(neighbour.status().restarts, 0);
    assert!(neighbour.status().last_failure.is_none());
    until("the thread came back", || late.load(Ordering::SeqCst) == 1).await;
    assert_eq!(wedged.ask(count(), soon()).await, Ok(2), "what came back disturbs nothing");
    end(&system).await;
}

#[actix_rt::test]
async fn work_that_comes_back_from_a_wedge_may_finish_but_not_write() {
    let system = System::start_watched(watch()).unwrap();
    let actor = puppet(&system, spec("a"));
    let blocks = work(|call| async move {
        assert!(call.fence().holds());
        std::thread::sleep(Duration::from_millis(1200));
        i64::from(call.fence().holds())
    });
    assert_eq!(actor.ask(blocks, soon()).await, Ok(0));
    assert_eq!(actor.status().restarts, 1);
    end(&system).await;
}

#[actix_rt::test]
async fn a_neighbour_on_a_wedged_thread_moves_without_blame() {
    let system = System::start_watched(watch()).unwrap();
    let domain = |name| Spec { arbiter: Placement::Domain, ..spec(name) };
    let wedged = puppet(&system, domain("wedged"));
    let neighbour = puppet(&system, domain("neighbour"));
    assert_eq!(neighbour.ask(count(), soon()).await, Ok(1));
    let asked = clock::instant();
    let (stuck, is_stuck) = tokio::sync::oneshot::channel();
    let blocks = work(|_| async move {
        stuck.send(()).unwrap();
        std::thread::sleep(Duration::from_secs(2));
        0
    });
    let (lost, moved) =
        tokio::join!(wedged.ask(blocks, Deadline::after(Duration::from_millis(900))), async {
            is_stuck.await.unwrap();
            neighbour.ask(count(), soon()).await
        });
    assert_eq!(lost, Err(Failure { begun: true, why: Why::DeadlinePassed }));
    assert_eq!(moved, Ok(1), "answered by a new incarnation");
    assert!(asked.elapsed() < Duration::from_millis(1900), "before the blocked thread came back");
    assert!(wedged.status().last_failure.is_some());
    assert!(neighbour.status().last_failure.is_none());
    assert_eq!(neighbour.status().restarts, 1);
    end(&system).await;
}

#[actix_rt::test]
async fn three_threads_lost_at_the_same_time_and_the_system_gives_up() {
    let system = System::start_watched(watch()).unwrap();
    let actors: Vec<_> = ["a", "b", "c"].map(|name| puppet(&system, spec(name))).into();
    for actor in &actors {
        system.inject(actor.name(), Fault::Wedge(Duration::from_secs(3)), 1).unwrap();
    }
    let short = Deadline::after(Duration::from_secs(1));
    futures_util::future::join_all(actors.iter().map(|actor| actor.ask(count(), short))).await;
    let reason = clock::timeout_at(soon(), system.gave_up()).await.unwrap();
    assert_eq!(reason, "too many threads are lost");
    for actor in &actors {
        assert!(
            actor.ask(count(), soon()).await.is_ok(),
            "until it is replaced the process goes on"
        );
    }
    end(&system).await;
}

#[actix_rt::test]
async fn threads_that_come_back_are_not_held_against_the_system() {
    let system = System::start_watched(watch()).unwrap();
    let actor = puppet(
        &system,
        Spec {
            policy: starjack::actors::supervision::Policy { crashes: 9, ..policy() },
            ..spec("a")
        },
    );
    for lost in 1..=4 {
        system.inject("a", Fault::Wedge(SILENCE + Duration::from_millis(200)), 1).unwrap();
        let answer = actor.ask(count(), Deadline::after(Duration::from_millis(400))).await;
        assert_eq!(answer, Err(Failure { begun: true, why: Why::DeadlinePassed }));
        until("the actor has moved", || actor.status().restarts == lost).await;
    }
    assert!(actor.ask(count(), soon()).await.is_ok());
    assert!(futures_util::FutureExt::now_or_never(system.gave_up()).is_none());
    end(&system).await;
}
