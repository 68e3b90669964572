//! The crash matrix: the process is killed at every commit and every call outside of an order, for
//! every outcome of the call, and itself or another replica goes on; then the suppliers' ledger is
//! compared with what the shop says.
//!
//! Nobody keeps a list of moments. The tables of an order name most ([`plan::by_the_tables`]: every
//! verb and every state), and what else a purchase passes (jobs, documents, callbacks, leases:
//! every commit by its place in the sources) is learned from rehearsals. A moment that never came,
//! and one that the tables name and nothing was killed at, fail the run.
//!
//! `make crash-matrix` runs all of it and prints its table; without `STARJACK_CRASH_MATRIX=full` a
//! part that is spread evenly. `STARJACK_CRASH_ONLY` names the moments, stories or outcomes to be
//! played alone.

mod case;
mod customer;
mod harness;
mod plan;
mod story;
mod table;
mod worker_pool;

use std::collections::BTreeSet;

use starjack::actors::order::rules::intent::Verb;

use case::{BOOKED_TWICE, Case, Played};
use harness::GoesOn;
use story::{OPERATORS, Outcome, Story};

on_postgres!(an_order_survives_a_kill_at_every_moment, a_ticket_too_many_is_noticed);

/// Cases of the short form.
const SHORT: usize = 20;
/// Rounds in which moments are learned: the last must teach nothing.
const ROUNDS: usize = 4;

async fn an_order_survives_a_kill_at_every_moment() {
    let begun = starjack::clock::instant();
    let full = std::env::var("STARJACK_CRASH_MATRIX").is_ok_and(|form| form == "full");
    let only = std::env::var("STARJACK_CRASH_ONLY").unwrap_or_default();
    let wanted = |case: &Case| format!("{case}").contains(&only);
    let mut cases = if full || !only.is_empty() { plan::by_the_tables() } else { a_part() };
    cases.extend(if only.is_empty() { Vec::new() } else { plan::rehearsals() });
    cases.retain(wanted);
    let full = full && only.is_empty();
    let mut all = worker_pool::play(cases).await;
    if full {
        all.extend(worker_pool::play(plan::rehearsals()).await);
        for _round in 0..ROUNDS {
            let learned = plan::of_the_rest(&points(&all), &all);
            if learned.is_empty() {
                break;
            }
            all.extend(worker_pool::play(learned).await);
        }
    }
    table::print(&all, begun.elapsed());
    let mut wrong = table::wrong(&all);
    if full {
        let killed_at = all.iter().filter(|played| played.killed);
        let killed_at = killed_at
            .filter_map(|played| Some((played.case.point.clone()?.0, played.case.story.outcome)));
        let killed_at: BTreeSet<_> = killed_at.collect();
        wrong.extend(
            plan::missing(&killed_at)
                .into_iter()
                .map(|point| format!("nothing was killed at: {point}")),
        );
        let learned = plan::of_the_rest(&points(&all), &all);
        wrong.extend(learned.iter().map(|case| format!("new in the last round: {:?}", case.point)));
    }
    assert!(wrong.is_empty(), "{} violations:\n{}", wrong.len(), wrong.join("\n"));
}

/// Evenly spread, so that every verb and every outcome has its turn, but for the cases that wait
/// for the end of a page.
fn a_part() -> Vec<Case> {
    let quick: Vec<Case> =
        plan::by_the_tables().into_iter().filter(|case| !case.story.is_short()).collect();
    let step = quick.len() / SHORT;
    quick.into_iter().step_by(step.max(1)).take(SHORT).collect()
}

/// Every moment at which these were to be killed.
fn points(played: &[Played]) -> BTreeSet<String> {
    played.iter().filter_map(|played| Some(played.case.point.clone()?.0)).collect()
}

/// The control: where we believe wrongly that a supplier answers a known reference with its first
/// answer, a kill between its act and our knowing of it books twice, and that must be seen.
async fn a_ticket_too_many_is_noticed() {
    let story = Story::of(Verb::Issue, OPERATORS[1], Outcome::Done);
    let point = Some(("issue: acted, answer not read".to_owned(), 1));
    let case = Case {
        story,
        point,
        goes_on: GoesOn::Itself,
        while_starting: false,
        believes_in_dedup: true,
    };
    let played = worker_pool::play(vec![case]).await;
    let wrong = played[0].violations.join("\n");
    assert!(played[0].killed && wrong.contains(BOOKED_TWICE), "it was not noticed: {wrong}");
}
