//! Many lives, their table, and one life twice.

use std::collections::BTreeMap;
use std::ops::{ControlFlow, Range};
use std::rc::Rc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;

use starjack::clock;

use super::super::invariants::Violation;
use super::abilities::Abilities;
use super::controls::Off;
use super::database::SharedDatabase;
use super::life::{EVENING, End, live};

/// Lives of every day; `STARJACK_SIMULATION_SEEDS` lets a run by hand live more, `STARJACK_SEED`
/// begins with another, and `STARJACK_ABILITIES`, words between commas or none, says what the world
/// of all of them can do.
const SEEDS: u64 = 80;

fn number(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(otherwise)
}

/// Lives the lives of these seeds on every core, and gives each end to `take`, until that says that
/// it is enough.
fn live_all(seeds: Range<u64>, off: Off, take: impl Fn(u64, End) -> ControlFlow<()> + Sync) {
    let threads = thread::available_parallelism().map_or(1, |cores| cores.get());
    let next = AtomicU64::new(seeds.start);
    let enough = AtomicBool::new(false);
    thread::scope(|scope| {
        for _core in 0..threads {
            scope.spawn(|| {
                let database = Rc::new(SharedDatabase::new());
                while !enough.load(Ordering::Relaxed) {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= seeds.end {
                        break;
                    }
                    if take(seed, live(&database, seed, off)).is_break() {
                        enough.store(true, Ordering::Relaxed);
                    }
                }
            });
        }
    });
}

/// A seed of these whose end is as it is looked for; the lives stop once there is one.
pub(super) fn find(
    seeds: Range<u64>,
    off: Off,
    looked_for: impl Fn(&End) -> bool + Sync,
) -> Option<u64> {
    let found = Mutex::new(None);
    live_all(seeds, off, |seed, end| {
        if !looked_for(&end) {
            return ControlFlow::Continue(());
        }
        *found.lock().unwrap() = Some(seed);
        ControlFlow::Break(())
    });
    found.into_inner().unwrap()
}

#[test]
fn whole_lives_end_well() {
    let first = number("STARJACK_SEED", 1);
    let seeds = number("STARJACK_SIMULATION_SEEDS", SEEDS);
    let began = clock::instant();
    let sums: Mutex<BTreeMap<String, u64>> = Mutex::default();
    let failed: Mutex<BTreeMap<u64, String>> = Mutex::default();
    let abilities = std::env::var("STARJACK_ABILITIES").ok().map(|words| Abilities::of(&words));
    live_all(first..first + seeds, Off { abilities, ..Off::default() }, |seed, end| {
        let mut sums = sums.lock().unwrap();
        let mut add = |what: String, many: u64| *sums.entry(what).or_default() += many;
        end.states.iter().for_each(|state| add(format!("orders {}", state.word()), 1));
        end.accidents.iter().for_each(|accident| add(format!("accidents: {accident}"), 1));
        add("questions asked outside".to_owned(), end.questions);
        add("questions that suffered something".to_owned(), end.struck);
        add("suggestions of the reconciliation agreed to".to_owned(), end.agreed as u64);
        add("lives that needed it".to_owned(), u64::from(end.agreed > 0));
        add("tickets given back".to_owned(), end.given_back as u64);
        end.abilities.words().iter().for_each(|word| add(format!("world: {word}"), 1));
        add("hours lived".to_owned(), end.lasted.as_secs());
        if !end.wrong.is_empty() {
            let short = |one: &Violation| {
                format!("{:?}: {}", one.invariant, one.says.chars().take(90).collect::<String>())
            };
            let broken: Vec<_> = end.wrong.iter().map(short).collect();
            println!(
                "seed {seed} {:?} breaks\n    {}",
                end.abilities.words(),
                broken.join("\n    ")
            );
            let wrong: Vec<_> = end
                .wrong
                .iter()
                .map(|one| format!("{} {:?}: {}", one.invariant.words().0, one.invariant, one.says))
                .collect();
            failed.lock().unwrap().insert(
                seed,
                format!("seed {seed}\n{}\n{}", wrong.join("\n"), end.trace.join("\n")),
            );
        }
        ControlFlow::Continue(())
    });
    let took = clock::since(began).as_secs_f64();
    println!(
        "{seeds} lives, seeds {first} to {}, {took:.1} s, {:.1} lives a second",
        first + seeds - 1,
        seeds as f64 / took
    );
    for (what, many) in sums.into_inner().unwrap() {
        let many = if what == "hours lived" { many / 3600 } else { many };
        println!("  {many:>8} {what}");
    }
    let failed = failed.into_inner().unwrap();
    println!(
        "  {:>8} lives with a broken promise: {:?}",
        failed.len(),
        failed.keys().collect::<Vec<_>>()
    );
    if let Some((_, says)) = failed.first_key_value() {
        panic!("{says}\nagain: make sim SEED={} SEEDS=1", failed.keys().next().unwrap());
    }
}

#[test]
fn the_same_seed_lives_the_same_life() {
    let one = Rc::new(SharedDatabase::new());
    let other = Rc::new(SharedDatabase::new());
    for seed in 1..=20 {
        let first = live(&one, seed, Off::default());
        let second = live(&other, seed, Off::default());
        // in the evening two jobs of one moment may be taken in either order, and the database
        // takes its time with each
        let day = first
            .trace
            .iter()
            .position(|line| line.ends_with(EVENING))
            .unwrap_or(first.trace.len());
        let of_the_day =
            |(at, line): (usize, &String)| if at < day { line.clone() } else { without_time(line) };
        let told = |end: &End| end.trace.iter().enumerate().map(of_the_day).collect::<Vec<_>>();
        let first = told(&first);
        let second = told(&second);
        let differs = first.iter().zip(&second).position(|(first, second)| first != second);
        if let Some(at) = differs {
            panic!("seed {seed} differs:\n{:#?}\n{:#?}", &first[..=at], &second[at]);
        }
        assert_eq!(first.len(), second.len(), "seed {seed}");
    }
}

fn without_time(line: &str) -> String {
    line.trim_start().split_once(' ').map_or_else(|| line.to_owned(), |(_, what)| what.to_owned())
}
