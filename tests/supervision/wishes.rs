//! What people ask of an actor: pause, resume, restart, drain; and the ordered end of all.

use crate::support::*;
use starjack::actors::supervision::{Failure, Fault, Phase, System, UnknownActor, Watch, Why};
use starjack::clock::Deadline;
use std::time::Duration;

fn refused(why: Why) -> Result<i64, Failure> {
    Err(Failure { begun: false, why })
}

#[actix_rt::test]
async fn a_paused_actor_takes_and_begins_nothing_until_it_is_resumed() {
    let system = System::start().unwrap();
    let actor = puppet(&system, one_at_a_time("a"));
    let gate = gate();
    let (held, waiting, ()) =
        tokio::join!(actor.ask(wait_at(&gate), soon()), actor.ask(count(), soon()), async {
            until("one is in flight", || actor.status().in_flight == 1).await;
            system.pause("a").await.unwrap();
            assert_eq!(actor.ask(count(), soon()).await, refused(Why::Paused));
            gate.add_permits(1);
            until("what had begun is done", || actor.status().in_flight == 0).await;
            let status = actor.status();
            assert_eq!((status.state, status.mailbox.depth), (Phase::Paused, 1));
            system.resume("a").await.unwrap();
        });
    assert_eq!((held, waiting), (Ok(0), Ok(1)));
    end(&system).await;
}

#[actix_rt::test]
async fn a_drain_answers_what_was_accepted_and_refuses_what_comes_later() {
    let system = System::start().unwrap();
    let actor = puppet(&system, one_at_a_time("a"));
    let gate = gate();
    let (held, fallen, waiting, ()) = tokio::join!(
        actor.ask(wait_at(&gate), soon()),
        actor.ask(crash(), soon()),
        actor.ask(count(), soon()),
        async {
            until("two wait", || actor.status().mailbox.depth == 2).await;
            system.drain("a").await.unwrap();
            assert_eq!(actor.status().state, Phase::Draining);
            assert_eq!(actor.ask(count(), soon()).await, refused(Why::Draining));
            gate.add_permits(1);
        }
    );
    assert_eq!(held, Ok(0));
    assert!(
        matches!(fallen, Err(Failure { begun: true, why: Why::Panicked(_) })),
        "even a crash does not end a drain"
    );
    assert_eq!(waiting, Ok(1));
    until_phase(&actor, Phase::Stopped).await;
    assert_eq!(actor.ask(count(), soon()).await, refused(Why::Stopped));
    system.resume("a").await.unwrap();
    assert_eq!(actor.ask(count(), soon()).await, Ok(1), "a stopped actor can be started again");
    end(&system).await;
}

#[actix_rt::test]
async fn a_restart_by_hand_brings_a_down_actor_back_at_once() {
    let system = System::start().unwrap();
    let actor = puppet(&system, spec("dta/solden"));
    system.inject("dta/solden", Fault::PanicInHandler, 3).unwrap();
    for _ in 0..3 {
        assert!(actor.ask(count(), soon()).await.is_err());
    }
    until_phase(&actor, Phase::Down).await;
    system.restart("dta/solden").await.unwrap();
    assert_eq!(actor.ask(count(), soon()).await, Ok(1));
    until_phase(&actor, Phase::Up).await;
    end(&system).await;
}

#[actix_rt::test]
async fn a_wish_for_an_unknown_actor_is_an_error() {
    let system = System::start().unwrap();
    let unknown = Err(UnknownActor("nobody".to_owned()));
    assert_eq!(system.restart("nobody").await, unknown);
    assert_eq!(system.inject("nobody", Fault::Hang, 1), unknown);
    end(&system).await;
}

#[actix_rt::test]
async fn the_end_drains_in_the_reverse_order_of_the_start() {
    let system = System::start().unwrap();
    let first = puppet(&system, spec("first"));
    let last = puppet(&system, spec("last"));
    let gate = gate();
    let (held, timed_out, ()) =
        tokio::join!(last.ask(wait_at(&gate), soon()), system.shutdown(soon()), async {
            until_phase(&last, Phase::Draining).await;
            assert_eq!(first.ask(count(), soon()).await, Ok(1), "the first is still up");
            gate.add_permits(1);
            until_phase(&first, Phase::Stopped).await;
        });
    assert_eq!((held, timed_out), (Ok(0), false));
    assert_eq!(first.ask(count(), soon()).await, refused(Why::Stopped));
    assert!(!system.shutdown(soon()).await, "ending twice is ending once");
}

#[actix_rt::test]
async fn the_end_waits_for_no_thread_that_is_left_behind() {
    let watch =
        Watch { beat: Duration::from_millis(20), silence: Duration::from_millis(500), leaks: 3 };
    let system = System::start_watched(watch).unwrap();
    let supplier = puppet(&system, spec("supplier"));
    let order = puppet(&system, spec("order"));
    // longer than the shutdown may take
    system.inject("supplier", Fault::Wedge(Duration::from_secs(30)), 1).unwrap();
    let asks = supplier.clone();
    let endless = || Deadline::after(Duration::from_secs(60));
    let driven = work(move |_| async move {
        let lost = asks.ask(count(), endless()).await;
        assert_eq!(lost, Err(Failure { begun: true, why: Why::Replaced }));
        0
    });
    let (driven, timed_out) = tokio::join!(order.ask(driven, endless()), async {
        until("the supplier has moved", || {
            supplier.status().restarts == 1 && supplier.status().state == Phase::Up
        })
        .await;
        assert_eq!(supplier.ask(count(), soon()).await, Ok(1), "it goes on elsewhere");
        system.shutdown(soon()).await
    });
    assert_eq!((driven, timed_out), (Ok(0), false));
}

#[actix_rt::test]
async fn a_drain_that_takes_too_long_is_cut_and_reported_and_the_others_still_drain() {
    let system = System::start().unwrap();
    let first = puppet(&system, spec("first"));
    let stuck = puppet(&system, one_at_a_time("stuck"));
    let gate = gate();
    let (answered, begun, waiting, timed_out) = tokio::join!(
        first.ask(wait_at(&gate), soon()),
        stuck.ask(wait_at(&super::support::gate()), soon()),
        stuck.ask(count(), soon()),
        async {
            until("both work", || {
                stuck.status().mailbox.depth == 1 && first.status().in_flight == 1
            })
            .await;
            gate.add_permits(1);
            system.shutdown(Deadline::after(Duration::from_millis(300))).await
        }
    );
    assert!(timed_out);
    assert_eq!(answered, Ok(0));
    assert_eq!(
        begun,
        Err(Failure { begun: true, why: Why::Replaced }),
        "its outcome is unknown, and it is told now"
    );
    assert_eq!(waiting, refused(Why::Stopped));
}

#[actix_rt::test]
async fn a_status_is_what_the_admin_page_shows() {
    let system = System::start().unwrap();
    let actor = puppet(&system, spec("dta/solden"));
    assert_eq!(actor.ask(count(), soon()).await, Ok(1));
    until_phase(&actor, Phase::Up).await;
    let mut shown = serde_json::to_value(actor.status()).unwrap();
    assert!(shown["p50_us"].take().as_u64() > Some(0) && shown["p99_us"].take().as_u64() > Some(0));
    let expected = serde_json::json!({
        "name": "dta/solden", "state": "up", "breaker": "closed", "mailbox": { "depth": 0, "capacity": 16 },
        "in_flight": 0, "restarts": 0, "last_failure": null, "processed": 1, "p50_us": null, "p99_us": null,
    });
    assert_eq!(shown, expected);
    assert!(actor.ask(crash(), soon()).await.is_err());
    let failed = serde_json::to_value(system.statuses()).unwrap();
    until("the crash is noted", || actor.status().last_failure.is_some()).await;
    assert_eq!(failed.as_array().unwrap().len(), 1);
    let shown = serde_json::to_value(actor.status()).unwrap();
    assert_eq!(shown["last_failure"]["message"], "the puppet fell");
    assert!(shown["last_failure"]["at"].as_str().unwrap().ends_with('Z'));
    end(&system).await;
}
