//! Bounds and deadlines, and who wins when both sides move at once.

use crate::support::*;
use futures_util::FutureExt;
use futures_util::future::join_all;
use starjack::actors::supervision::{Failure, Fault, Phase, Spec, System, Why};
use starjack::clock::{self, Deadline};
use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

const NOT_IN_TIME: Failure = Failure { begun: false, why: Why::DeadlinePassed };

#[actix_rt::test]
async fn work_that_hangs_is_cut_at_its_deadline_and_dropped() {
    struct Told(Arc<AtomicBool>);
    impl Drop for Told {
        fn drop(&mut self) {
            self.0.store(true, Ordering::SeqCst);
        }
    }
    let system = System::start().unwrap();
    let actor = puppet(&system, spec("a"));
    let dropped = Arc::new(AtomicBool::new(false));
    let told = Told(Arc::clone(&dropped));
    let hang = work(|_| async move {
        let _told = told;
        std::future::pending().await
    });
    let asked = clock::instant();
    let answer = actor.ask(hang, Deadline::after(Duration::from_millis(300))).await;
    assert_eq!(answer, Err(Failure { begun: true, why: Why::DeadlinePassed }));
    assert!(asked.elapsed() >= Duration::from_millis(300));
    until("the work is dropped", || {
        dropped.load(Ordering::SeqCst) && actor.status().in_flight == 0
    })
    .await;

    system.inject("a", Fault::Hang, 1).unwrap();
    let answer = actor.ask(count(), Deadline::after(Duration::from_millis(300))).await;
    assert_eq!(answer, Err(Failure { begun: true, why: Why::DeadlinePassed }));
    assert_eq!(actor.ask(count(), soon()).await, Ok(2), "the actor goes on");
    end(&system).await;
}

#[actix_rt::test]
async fn a_full_mailbox_refuses_at_once_whichever_clone_asks() {
    let system = System::start().unwrap();
    let actor = puppet(&system, Spec { mailbox: 2, ..one_at_a_time("a") });
    let gate = gate();
    let held = || actor.ask(wait_at(&gate), soon());
    let after_the_first = async {
        until("the first is in flight", || actor.status().in_flight == 1).await;
        tokio::join!(held(), held())
    };
    let (first, (second, third), ()) = tokio::join!(held(), after_the_first, async {
        until("it is full", || actor.status().mailbox.depth == 2).await;
        for _ in 0..100 {
            let refused = actor.clone().ask(count(), soon()).now_or_never();
            assert_eq!(refused, Some(Err(Failure { begun: false, why: Why::MailboxFull })));
        }
        gate.add_permits(3);
    });
    assert_eq!([first, second, third], [Ok(0), Ok(0), Ok(0)]);
    end(&system).await;
}

#[actix_rt::test]
async fn no_more_are_in_flight_than_may_be() {
    let system = System::start().unwrap();
    let actor = puppet(&system, Spec { in_flight: 3, ..spec("a") });
    let now = Arc::new(AtomicUsize::new(0));
    let most = Arc::new(AtomicUsize::new(0));
    let asks = (0..16).map(|_| {
        let now = Arc::clone(&now);
        let most = Arc::clone(&most);
        let step = work(|_| async move {
            most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            tokio::task::yield_now().await;
            now.fetch_sub(1, Ordering::SeqCst);
            0
        });
        actor.ask(step, soon())
    });
    assert_eq!(join_all(asks).await, vec![Ok(0); 16]);
    assert_eq!(most.load(Ordering::SeqCst), 3);
    end(&system).await;
}

#[actix_rt::test]
async fn an_expired_or_abandoned_question_never_begins_and_leaves_its_place_at_once() {
    let system = System::start().unwrap();
    let actor = puppet(&system, one_at_a_time("a"));
    let gate = gate();
    let begun = Arc::new(AtomicUsize::new(0));
    let (held, ()) = tokio::join!(actor.ask(wait_at(&gate), soon()), async {
        until("the first is in flight", || actor.status().in_flight == 1).await;
        let expired = actor.ask(begun_in(&begun), Deadline::after(Duration::from_millis(20))).await;
        assert_eq!(expired, Err(NOT_IN_TIME));
        assert_eq!(actor.status().mailbox.depth, 0);

        assert!(
            actor.ask(begun_in(&begun), soon()).now_or_never().is_none(),
            "asked, then given up"
        );
        assert_eq!(actor.status().mailbox.depth, 0);
        gate.add_permits(1);
    });
    assert_eq!(held, Ok(0));
    assert_eq!(
        actor.ask(begun_in(&begun), Deadline::after(Duration::ZERO)).await,
        Err(NOT_IN_TIME)
    );
    assert_eq!(actor.ask(count(), soon()).await, Ok(1));
    assert_eq!(begun.load(Ordering::SeqCst), 0);
    end(&system).await;
}

#[actix_rt::test]
async fn asker_and_handler_never_both_believe_they_won() {
    const ASKERS: usize = 4;
    const EACH: usize = 1500;
    let system = System::start().unwrap();
    let actor = puppet(&system, Spec { mailbox: 64, in_flight: 2, ..spec("a") });
    let begun = Arc::new(Mutex::new(HashSet::new()));
    let askers: Vec<_> = (0..ASKERS)
        .map(|asker| {
            let actor = actor.clone();
            let begun = Arc::clone(&begun);
            std::thread::spawn(move || {
                actix_rt::Runtime::new().unwrap().block_on(async move {
                    let mut told = Vec::new();
                    for round in 0..EACH / 10 {
                        let asks = (0..10).map(|step| {
                            let id = asker * EACH + round * 10 + step;
                            let begun = Arc::clone(&begun);
                            let note: Box<dyn FnOnce(&mut Puppet, _) -> _ + Send> =
                                Box::new(move |_, _| {
                                    begun.lock().unwrap().insert(id);
                                    async move {
                                        for _ in 0..step {
                                            tokio::task::yield_now().await;
                                        }
                                        0
                                    }
                                    .boxed_local()
                                });
                            // from none to more than enough, however quick the machine is
                            let deadline =
                                Deadline::after(Duration::from_micros(7 * (id as u64 % 331)));
                            actor.ask(note, deadline).map(move |answer| (id, answer))
                        });
                        told.extend(join_all(asks).await);
                    }
                    told
                })
            })
        })
        .collect();
    until("all askers are done", || askers.iter().all(std::thread::JoinHandle::is_finished)).await;
    let told: Vec<_> = askers.into_iter().flat_map(|asker| asker.join().unwrap()).collect();
    assert_eq!(told.len(), ASKERS * EACH);
    until("all is quiet", || actor.status().in_flight == 0).await;
    let begun = begun.lock().unwrap().clone();
    let mut answered = 0;
    let mut late = 0;
    let mut never = 0;
    for (id, answer) in told {
        let claims = match &answer {
            Ok(_) => true,
            Err(failure) => failure.begun,
        };
        assert_eq!(claims, begun.contains(&id), "question {id}: {answer:?}");
        match answer {
            Ok(_) => answered += 1,
            Err(failure) if failure.begun => late += 1,
            Err(_) => never += 1,
        }
    }
    assert!(
        answered > 0 && never > 0,
        "{answered} answered, {late} late, {never} never begun: no race was run"
    );
    assert_eq!(actor.status().state, Phase::Up);
    end(&system).await;
}
