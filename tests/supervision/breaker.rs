//! Failing answers open the breaker; the incarnation stays.

use crate::support::*;
use starjack::actors::supervision::{
    BreakerPosition, BreakerSettings, Failure, Phase, Policy, Spec, System, Why,
};
use std::time::Duration;

#[actix_rt::test]
async fn a_breaker_opens_on_failures_lets_one_probe_through_and_closes_again() {
    let system = System::start().unwrap();
    let breaker = BreakerSettings {
        window: 8,
        least: 4,
        failed_percent: 50,
        open_for: Duration::from_millis(80),
        probes: 2,
    };
    let actor = puppet(&system, Spec { policy: Policy { breaker, ..policy() }, ..spec("a") });
    assert_eq!(actor.ask(count(), soon()).await, Ok(1));
    for _ in 0..3 {
        assert_eq!(actor.ask(say(-1), soon()).await, Ok(-1));
    }
    assert_eq!(actor.status().breaker, BreakerPosition::Open);
    match actor.ask(count(), soon()).await {
        Err(Failure { begun: false, why: Why::BreakerOpen { retry_after } }) => {
            assert!(retry_after.as_millis() <= 80)
        }
        other => panic!("an open breaker let through: {other:?}"),
    }

    let half_open = || actor.status().breaker == BreakerPosition::HalfOpen;
    until("it is half open", half_open).await;
    assert_eq!(actor.ask(say(-1), soon()).await, Ok(-1));
    assert_eq!(actor.status().breaker, BreakerPosition::Open, "a bad probe opens it again");

    until("it is half open", half_open).await;
    let gate = gate();
    let (probe, ()) = tokio::join!(actor.ask(wait_at(&gate), soon()), async {
        let second = actor.ask(count(), soon()).await;
        assert!(
            matches!(second, Err(Failure { begun: false, why: Why::BreakerOpen { .. } })),
            "one at a time"
        );
        gate.add_permits(1);
    });
    assert_eq!(probe, Ok(0));
    assert_eq!(actor.ask(say(0), soon()).await, Ok(0));
    until_phase(&actor, Phase::Up).await;
    let status = actor.status();
    assert_eq!((status.breaker, status.restarts), (BreakerPosition::Closed, 0));
    assert_eq!(actor.ask(count(), soon()).await, Ok(2), "the same incarnation");
    end(&system).await;
}

#[actix_rt::test]
async fn what_waits_behind_a_breaker_that_opens_is_refused_before_it_begins() {
    let system = System::start().unwrap();
    let breaker = BreakerSettings {
        window: 1,
        least: 1,
        failed_percent: 100,
        open_for: Duration::from_secs(60),
        probes: 1,
    };
    let actor =
        puppet(&system, Spec { policy: Policy { breaker, ..policy() }, ..one_at_a_time("a") });
    let (bad, waiting) = tokio::join!(actor.ask(say(-1), soon()), actor.ask(count(), soon()));
    assert_eq!(bad, Ok(-1));
    assert!(
        matches!(waiting, Err(Failure { begun: false, why: Why::BreakerOpen { .. } })),
        "{waiting:?}"
    );
    system.restart("a").await.unwrap();
    assert_eq!(actor.ask(count(), soon()).await, Ok(1), "a restart by hand closes it");
    end(&system).await;
}
