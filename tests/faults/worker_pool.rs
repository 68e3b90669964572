//! Runs many cases in a few worlds at once; every world serves one case after the other.

use std::collections::VecDeque;
use std::panic::AssertUnwindSafe;
use std::sync::Mutex;

use futures_util::FutureExt;
use futures_util::future::join_all;

use crate::case::Case;
use crate::support::{Database, World};

/// Worlds at once in one test: they mostly wait.
const WORLDS: usize = 6;
/// A customer may register thirty cards a minute, two for each case.
const CASES_OF_A_SKIER: usize = 10;
/// Lines of the server's log shown for a case that failed.
const LOG_LINES: usize = 60;

/// Contracts whose suppliers answer a known reference with its first answer.
pub(crate) const DEDUPS: [(&str, &str); 2] = [
    ("STARJACK_CONTRACTS__SOLDEN__DEDUPS_REFERENCE", "true"),
    ("STARJACK_CONTRACTS__OBERTAUERN__DEDUPS_REFERENCE", "true"),
];

/// Runs all cases and tells of every one that failed.
pub(crate) async fn run(database: Database, settings: &[(&str, &str)], cases: Vec<Case>) {
    let count = cases.len();
    let cases = Mutex::new(VecDeque::from(cases));
    let failures = Mutex::new(Vec::new());
    join_all((0..WORLDS.min(count)).map(|_| work(database, settings, &cases, &failures))).await;
    let failures = failures.into_inner().unwrap();
    assert!(
        failures.is_empty(),
        "{} of {count} cases failed:\n\n{}",
        failures.len(),
        failures.join("\n\n")
    );
}

async fn work(
    database: Database,
    settings: &[(&str, &str)],
    cases: &Mutex<VecDeque<Case>>,
    failures: &Mutex<Vec<String>>,
) {
    let next = || cases.lock().unwrap().pop_front();
    let mut world = World::with(database, settings).await;
    let mut skier = world.skier("Anna").await;
    let mut served = 0;
    while let Some(case) = next() {
        if served == CASES_OF_A_SKIER {
            (skier, served) = (world.skier("Anna").await, 0);
        }
        served += 1;
        let begun = starjack::clock::instant();
        let ended = AssertUnwindSafe(case.run(&world, &skier)).catch_unwind().await;
        eprintln!("{:>6} ms  {case}", begun.elapsed().as_millis());
        if let Err(panic) = ended {
            let why = panic.downcast_ref::<String>().cloned().unwrap_or_default();
            let log = world.server.log();
            let from = log.lines().count().saturating_sub(LOG_LINES);
            let log: Vec<&str> = log.lines().skip(from).collect();
            failures.lock().unwrap().push(format!("{case}\n{why}\n{}", log.join("\n")));
            // what went wrong here must not spoil the next case
            world = World::with(database, settings).await;
            (skier, served) = (world.skier("Anna").await, 0);
        }
    }
}
