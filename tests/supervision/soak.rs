//! Everything at once, from a seed. `STARJACK_SEED` repeats a run's dice (not its threads' timing).

use crate::support::*;
use futures_util::FutureExt;
use starjack::actors::supervision::{
    BreakerPosition, BreakerSettings, Call, Failure, Fault, Handle, Phase, Placement, Policy, Spec, System, Watch,
};
use starjack::clock::{self, Deadline};
use std::cell::Cell;
use std::collections::HashSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// splitmix64: enough to be different each time and the same for one seed.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % bound
    }
}

const RUN: Duration = Duration::from_secs(4);
const BUDGET: Duration = Duration::from_millis(250);
/// What a loaded machine may add to a deadline.
const SLACK: Duration = Duration::from_millis(750);
const PRODUCERS: u64 = 12;

/// What one producer saw: questions by number, and how each ended.
type Told = Vec<(u64, Result<i64, Failure>)>;

async fn ask_the_victim(victim: Handle<Puppet>, begun: Arc<Mutex<HashSet<u64>>>, mut dice: Dice, first: u64) -> Told {
    let end = Deadline::after(RUN);
    let mut told = Vec::new();
    while !end.is_over() {
        let id = first + told.len() as u64;
        let begun = Arc::clone(&begun);
        let turns = dice.below(5);
        let failed = dice.below(20) == 0;
        let question: Box<dyn FnOnce(&mut Puppet, Call) -> _ + Send> = Box::new(move |_, _| {
            begun.lock().unwrap().insert(id);
            async move {
                for _ in 0..turns {
                    tokio::task::yield_now().await;
                }
                if failed { -1 } else { 0 }
            }
            .boxed_local()
        });
        let asked = clock::instant();
        let answer = victim.ask(question, Deadline::after(BUDGET)).await;
        assert!(asked.elapsed() <= BUDGET + SLACK, "question {id} took {:?}: {answer:?}", asked.elapsed());
        let refused = matches!(&answer, Err(failure) if !failure.begun);
        told.push((id, answer));
        if refused {
            // as a caller would, instead of asking a hundred thousand times a second
            clock::sleep(Duration::from_millis(1)).await;
        }
    }
    told
}

async fn ask_a_neighbour(neighbour: Handle<Puppet>) -> u64 {
    let end = Deadline::after(RUN);
    let mut answered = 0;
    while !end.is_over() {
        let answer = neighbour.ask(say(7), Deadline::after(Duration::from_secs(2))).await;
        assert_eq!(answer, Ok(7), "{} felt it", neighbour.name());
        answered += 1;
        clock::sleep(Duration::from_millis(1)).await;
    }
    answered
}

async fn break_things(system: &System, mut dice: Dice, injected: &Cell<u32>) {
    let end = Deadline::after(RUN - Duration::from_millis(300));
    let mut next_wedge = Deadline::after(Duration::from_millis(300));
    while !end.is_over() {
        let fault = match dice.below(5) {
            0 => Fault::PanicInHandler,
            1 => Fault::PanicInTask,
            2 => Fault::PanicInStart,
            3 => Fault::Hang,
            _ => Fault::Delay(Duration::from_millis(dice.below(300))),
        };
        system.inject("victim", fault, 1).unwrap();
        if next_wedge.is_over() {
            system.inject("victim", Fault::Wedge(Duration::from_millis(600)), 1).unwrap();
            next_wedge = Deadline::after(Duration::from_millis(1000));
        }
        match dice.below(40) {
            0 => system.restart("victim").await.unwrap(),
            1 => {
                system.pause("victim").await.unwrap();
                system.resume("victim").await.unwrap();
            }
            _ => {}
        }
        injected.set(injected.get() + 1);
        clock::sleep(Duration::from_millis(5 + dice.below(20))).await;
    }
}

#[actix_rt::test]
async fn whatever_breaks_every_question_ends_once_and_the_neighbours_notice_nothing() {
    let seed = std::env::var("STARJACK_SEED").ok().and_then(|seed| seed.parse().ok());
    let seed: u64 = seed.unwrap_or_else(|| uuid::Uuid::new_v4().as_u64_pair().1);
    eprintln!("STARJACK_SEED={seed}");
    let mut dice = Dice(seed);
    let watch = Watch { beat: Duration::from_millis(20), silence: Duration::from_millis(400), leaks: 3 };
    let system = System::start_watched(watch).unwrap();
    let breaker = BreakerSettings { open_for: Duration::from_millis(30), ..BreakerSettings::default() };
    let brittle = Policy {
        crashes: 4,
        window: Duration::from_millis(400),
        down_for: Duration::from_millis(50),
        breaker,
        ..policy()
    };
    let victim = puppet(&system, Spec { in_flight: 8, policy: brittle, ..spec("victim") });
    let neighbour = puppet(&system, spec("neighbour"));
    let domain = puppet(&system, Spec { arbiter: Placement::Domain, ..spec("domain") });

    let begun = Arc::new(Mutex::new(HashSet::new()));
    let injected = Cell::new(0);
    let producers = (0..PRODUCERS).map(|producer| {
        let dice = Dice(dice.below(u64::MAX));
        ask_the_victim(victim.clone(), Arc::clone(&begun), dice, producer << 32)
    });
    let producers = futures_util::future::join_all(producers.collect::<Vec<_>>());
    let (told, beside, inside, ()) = tokio::join!(
        producers,
        ask_a_neighbour(neighbour.clone()),
        ask_a_neighbour(domain.clone()),
        break_things(&system, Dice(seed ^ 1), &injected)
    );
    system.clear_faults("victim").unwrap();

    let deadline = soon();
    while victim.status().state != Phase::Up || victim.status().breaker != BreakerPosition::Closed {
        assert!(!deadline.is_over(), "the victim does not recover: {:?}", victim.status());
        drop(victim.ask(say(0), Deadline::after(BUDGET)).await);
        clock::sleep(Duration::from_millis(1)).await;
    }
    until("all is quiet", || victim.status().in_flight == 0 && victim.status().mailbox.depth == 0).await;

    let begun = begun.lock().unwrap().clone();
    let (mut answered, mut unknown, mut not_begun) = (0, 0, 0);
    for (id, answer) in told.iter().flatten() {
        match answer {
            Ok(_) => {
                answered += 1;
                assert!(begun.contains(id), "question {id} was answered by nobody");
            }
            // a fault in the shell can take a question that has begun away from its handler
            Err(failure) if failure.begun => unknown += 1,
            Err(failure) => {
                not_begun += 1;
                assert!(!begun.contains(id), "question {id} began, and its asker was told {failure}");
            }
        }
    }
    eprintln!(
        "{answered} answered, {unknown} unknown, {not_begun} not begun; neighbours {beside} and {inside}; {} faults; {:?}",
        injected.get(),
        victim.status()
    );
    assert!(answered > 0 && unknown > 0 && not_begun > 0, "the soak did not reach what it should");
    assert!(victim.status().restarts > 5);
    for spared in [&neighbour, &domain] {
        assert_eq!((spared.status().restarts, spared.status().last_failure), (0, None));
    }
    assert!(system.gave_up().now_or_never().is_none());
    end(&system).await;
}
