//! Plays many cases in a few worlds at once; every world plays one after the other, all of one
//! setting.

use std::collections::VecDeque;
use std::panic::AssertUnwindSafe;
use std::sync::Mutex;

use futures_util::FutureExt;
use futures_util::future::join_all;

use super::case::{Case, Played};
use super::harness::{Harness, Setting};
use super::story::NEEDS_A_PERSON;

/// Worlds at once: they mostly wait for leases and settled requests.
const WORLDS: usize = 8;
/// A customer may register thirty cards a minute.
const CASES_OF_A_SKIER: usize = 10;
/// The ledger carries every e-mail with its documents: a world is not to grow for ever.
const CASES_OF_A_WORLD: usize = 20;
/// How often a moment may fail to come, which a race may do to it.
const TRIES: usize = 3;

/// Plays all, and gives what came of each.
pub(crate) async fn play(cases: Vec<Case>) -> Vec<Played> {
    let count = cases.len();
    let queues: Mutex<Vec<(Setting, VecDeque<Case>)>> = Mutex::default();
    for case in cases {
        let mut queues = queues.lock().unwrap();
        let setting = case.setting();
        match queues.iter_mut().find(|(known, _)| *known == setting) {
            Some((_, queue)) => queue.push_back(case),
            None => queues.push((setting, VecDeque::from([case]))),
        }
    }
    let played = Mutex::new(Vec::new());
    join_all((0..WORLDS.min(count)).map(|_| work(&queues, &played, count))).await;
    played.into_inner().unwrap()
}

/// The next case, of the same setting where there is one left; otherwise of the longest queue.
fn next(queues: &Mutex<Vec<(Setting, VecDeque<Case>)>>, setting: Option<Setting>) -> Option<Case> {
    let mut queues = queues.lock().unwrap();
    let same =
        queues.iter_mut().find(|(known, queue)| Some(*known) == setting && !queue.is_empty());
    if let Some((_, queue)) = same {
        return queue.pop_front();
    }
    queues.iter_mut().max_by_key(|(_, queue)| queue.len())?.1.pop_front()
}

async fn work(
    queues: &Mutex<Vec<(Setting, VecDeque<Case>)>>,
    played: &Mutex<Vec<Played>>,
    count: usize,
) {
    let mut harness: Option<(Setting, Harness)> = None;
    let mut served = 0;
    while let Some(case) = next(queues, harness.as_ref().map(|(setting, _)| *setting)) {
        let setting = case.setting();
        if served >= CASES_OF_A_WORLD || harness.as_ref().is_none_or(|(known, _)| *known != setting)
        {
            (harness, served) = (None, 0);
        }
        let (_, here) = match &mut harness {
            Some(open) => open,
            none => none.insert((setting, Harness::open(setting).await)),
        };
        if served > 0 && served % CASES_OF_A_SKIER == 0 {
            here.next_skier().await;
        }
        served += 1;
        let came = perform(&case, here).await;
        // what went wrong here, or waits for staff, must not spoil the next case
        if !came.violations.is_empty() || came.end == NEEDS_A_PERSON {
            (harness, served) = (None, 0);
        }
        let mut played = played.lock().unwrap();
        played.push(came);
        let last = played.last().unwrap();
        let state = if last.violations.is_empty() { "" } else { ", VIOLATION" };
        eprintln!(
            "{} of {count}: {}: {}, {:.1?}{state}",
            played.len(),
            last.case,
            last.end,
            last.took
        );
    }
}

async fn perform(case: &Case, harness: &mut Harness) -> Played {
    let mut last = None;
    for _try in 0..TRIES {
        let played = match AssertUnwindSafe(case.play(harness)).catch_unwind().await {
            Ok(played) => played,
            Err(panic) => {
                Played::broken(case, panic.downcast_ref::<String>().cloned().unwrap_or_default())
            }
        };
        let came = played.killed || case.point.is_none() || !played.violations.is_empty();
        if !played.violations.is_empty() {
            harness.show_log();
        }
        last = Some(played);
        if came {
            break;
        }
    }
    last.unwrap()
}
