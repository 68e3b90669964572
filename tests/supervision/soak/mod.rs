//! Everything at once, from a seed: a victim that panics, hangs, dawdles and blocks its thread,
//! beside neighbours that use the databases and Redis through the same I/O runtime. `STARJACK_SEED`
//! repeats a run's dice (not its threads' timing), `STARJACK_SOAK_SECONDS` says how long it takes;
//! `make soak` runs it by hand.
//!
//! What must hold are outcomes: every question is answered once, what was sent adds up, nobody is
//! told "not begun" of what began, neighbours have no error, at rest nothing is in flight and no
//! thread is left. How late answers come says more of the machine than of the code, so it is
//! printed; only one that is later than [`NEVER`] counts as none.

mod outside;
mod tally;

use crate::support::*;
use futures_util::FutureExt;
use outside::Outside;
use starjack::actors::supervision::{
    BreakerPosition, BreakerSettings, Call, Fault, Handle, Phase, Placement, Policy, Spec, System,
    Watch,
};
use starjack::clock::{self, Deadline};
use std::cell::Cell;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tally::Tally;

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

/// What a question to the victim has.
const BUDGET: Duration = Duration::from_millis(250);
/// So long after its deadline a question counts as one that was never answered.
const NEVER: Duration = Duration::from_secs(60);
/// What a neighbour's question has: nothing but a lost answer takes so long.
const PATIENCE: Duration = Duration::from_secs(30);
/// A thread that is silent for so long is given up; some wedges are longer, some are not.
const SILENCE: Duration = Duration::from_secs(1);
const LONGEST_WEDGE_MS: u64 = 1600;
/// From wedge to wedge, so that no three threads are lost at the same time.
const BETWEEN_WEDGES: Duration = Duration::from_millis(2500);
const PRODUCERS: u64 = 12;

async fn ask_the_victim(
    victim: &Handle<Puppet>,
    outside: &Outside,
    mut dice: Dice,
    end: Deadline,
) -> Tally {
    let mut tally = Tally::default();
    while !end.is_over() {
        if ask_once(victim, outside, &mut dice, &mut tally).await {
            // as a caller would, instead of asking a hundred thousand times a second
            clock::sleep(Duration::from_millis(1)).await;
        }
    }
    tally
}

/// Asks one question of any kind; true when it was refused before it began.
async fn ask_once(
    victim: &Handle<Puppet>,
    outside: &Outside,
    dice: &mut Dice,
    tally: &mut Tally,
) -> bool {
    let begun = Arc::new(AtomicBool::new(false));
    let begins = Arc::clone(&begun);
    let outside = outside.clone();
    let turns = dice.below(5);
    let place = dice.below(12);
    let failed = dice.below(20) == 0;
    let question: Box<dyn FnOnce(&mut Puppet, Call) -> _ + Send> = Box::new(move |_, _| {
        begins.store(true, Ordering::SeqCst);
        async move {
            for _ in 0..turns {
                tokio::task::yield_now().await;
            }
            // its thread may be blocked while the outside works for it
            outside.use_one(place).await;
            if failed { -1 } else { 0 }
        }
        .boxed_local()
    });
    let deadline = Deadline::after(BUDGET);
    let answer =
        clock::timeout_at(Deadline::after(BUDGET + NEVER), victim.ask(question, deadline)).await;
    let Ok(answer) = answer else { panic!("a question was never answered") };
    tally.take(answer, begun, deadline)
}

/// Asks a neighbour for ever the same; says how often, and how long the longest took.
async fn ask_a_neighbour(
    neighbour: &Handle<Puppet>,
    outside: &Outside,
    end: Deadline,
) -> (u64, Duration) {
    let mut answered = 0;
    let mut longest = Duration::ZERO;
    while !end.is_over() {
        let outside = outside.clone();
        let question = work(move |_| async move {
            outside.use_one(answered).await;
            7
        });
        let asked = clock::instant();
        let answer = neighbour.ask(question, Deadline::after(PATIENCE)).await;
        assert_eq!(answer, Ok(7), "{} felt it", neighbour.name());
        longest = longest.max(asked.elapsed());
        answered += 1;
        clock::sleep(Duration::from_millis(1)).await;
    }
    (answered, longest)
}

/// Counts what was broken, and the most threads that were lost at the same time.
#[derive(Default)]
struct Broken {
    faults: Cell<u32>,
    wedges: Cell<u32>,
    lost: Cell<usize>,
}

async fn break_things(system: &System, mut dice: Dice, broken: &Broken, end: Deadline) {
    let mut next_wedge = Deadline::after(BETWEEN_WEDGES);
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
            let blocked = Duration::from_millis(100 + dice.below(LONGEST_WEDGE_MS - 100));
            system.inject("victim", Fault::Wedge(blocked), 1).unwrap();
            broken.wedges.set(broken.wedges.get() + 1);
            next_wedge = Deadline::after(BETWEEN_WEDGES);
        }
        match dice.below(15) {
            0 => system.restart("victim").await.unwrap(),
            1 => {
                system.pause("victim").await.unwrap();
                system.resume("victim").await.unwrap();
            }
            _ => {}
        }
        broken.faults.set(broken.faults.get() + 1);
        broken.lost.set(broken.lost.get().max(system.lost_threads()));
        clock::sleep(Duration::from_millis(10 + dice.below(150))).await;
    }
    system.clear_faults("victim").unwrap();
}

/// Asks until the victim is well again, then waits until nothing is left of what was broken.
async fn until_all_is_quiet(
    system: &System,
    victim: &Handle<Puppet>,
    outside: &Outside,
    tally: &mut Tally,
) {
    let deadline = Deadline::after(NEVER);
    let mut dice = Dice(0);
    while victim.status().state != Phase::Up || victim.status().breaker != BreakerPosition::Closed {
        assert!(!deadline.is_over(), "the victim does not recover: {:?}", victim.status());
        ask_once(victim, outside, &mut dice, tally).await;
        clock::sleep(Duration::from_millis(1)).await;
    }
    until("what was lost has come back", || system.lost_threads() == 0).await;
    until("all is quiet", || victim.status().in_flight == 0 && victim.status().mailbox.depth == 0)
        .await;
}

/// Injected panics are no news.
fn keep_quiet_about_injected_panics() {
    let former = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        if !panic.payload_as_str().is_some_and(|text| text.starts_with("injected: ")) {
            former(panic);
        }
    }));
}

/// The arbiters' threads of this process, where it has no other tests.
fn arbiters() -> Option<usize> {
    std::env::var_os("NEXTEST")?;
    let tasks = std::fs::read_dir("/proc/self/task").ok()?.map_while(Result::ok);
    let names = tasks.filter_map(|task| std::fs::read_to_string(task.path().join("comm")).ok());
    Some(names.filter(|name| name.starts_with("actix-rt|")).count())
}

async fn whatever_breaks_every_question_ends_once_and_the_neighbours_notice_nothing(
    outside: Outside,
    seconds: u64,
) {
    let seed = std::env::var("STARJACK_SEED").ok().and_then(|seed| seed.parse().ok());
    let seed: u64 = seed.unwrap_or_else(|| uuid::Uuid::new_v4().as_u64_pair().1);
    let given =
        std::env::var("STARJACK_SOAK_SECONDS").ok().and_then(|seconds| seconds.parse().ok());
    let seconds = given.unwrap_or(seconds);
    eprintln!("STARJACK_SEED={seed} STARJACK_SOAK_SECONDS={seconds}");
    keep_quiet_about_injected_panics();
    let watch = Watch { beat: Duration::from_millis(20), silence: SILENCE, leaks: 3 };
    let system = System::start_watched(watch).unwrap();
    let breaker =
        BreakerSettings { open_for: Duration::from_millis(30), ..BreakerSettings::default() };
    let window = Duration::from_millis(400);
    let down_for = Duration::from_millis(50);
    let brittle = Policy { crashes: 4, window, down_for, breaker, ..policy() };
    let victim = puppet(&system, Spec { in_flight: 8, policy: brittle, ..spec("victim") });
    let neighbour = puppet(&system, spec("neighbour"));
    let domain = puppet(&system, Spec { arbiter: Placement::Domain, ..spec("domain") });

    let mut dice = Dice(seed);
    let broken = Broken::default();
    let end = Deadline::after(Duration::from_secs(seconds));
    let dice = (0..PRODUCERS).map(|_| Dice(dice.below(u64::MAX))).collect::<Vec<_>>();
    let producers = dice.into_iter().map(|dice| ask_the_victim(&victim, &outside, dice, end));
    let (tallies, beside, inside, ()) = tokio::join!(
        futures_util::future::join_all(producers.collect::<Vec<_>>()),
        ask_a_neighbour(&neighbour, &outside, end),
        ask_a_neighbour(&domain, &outside, end),
        break_things(&system, Dice(seed ^ 1), &broken, end)
    );
    let mut tally = tallies.into_iter().fold(Tally::default(), Tally::and);
    until_all_is_quiet(&system, &victim, &outside, &mut tally).await;

    until("whatever began is counted", || victim.status().processed == tally.begun()).await;
    let status = victim.status();
    eprintln!("{tally}");
    eprintln!("neighbours answered {beside:?} and {inside:?} (count, longest), {outside}");
    eprintln!(
        "{} faults and {} wedges, {} restarts, at most {} threads lost at a time; {status:?}",
        broken.faults.get(),
        broken.wedges.get(),
        status.restarts,
        broken.lost.get()
    );
    tally.check(status.processed);
    assert!(status.restarts > 5);
    for spared in [&neighbour, &domain] {
        assert_eq!((spared.status().restarts, spared.status().last_failure), (0, None));
    }
    assert!(system.gave_up().now_or_never().is_none());
    // control, domain, and one for the victim and the neighbour each
    until("no thread is left but those in use", || arbiters().is_none_or(|count| count == 4)).await;
    super::support::end(&system).await;
    until("no thread is left", || arbiters().is_none_or(|count| count == 0)).await;
}

mod whatever_breaks {
    use super::*;

    /// Without any server, for `make check`.
    #[actix_rt::test]
    async fn sqlite() {
        let (outside, _folder) = Outside::sqlite().await;
        whatever_breaks_every_question_ends_once_and_the_neighbours_notice_nothing(outside, 8)
            .await;
    }

    #[actix_rt::test]
    async fn postgres() {
        let (outside, _folder) = Outside::all().await;
        whatever_breaks_every_question_ends_once_and_the_neighbours_notice_nothing(outside, 60)
            .await;
    }
}
