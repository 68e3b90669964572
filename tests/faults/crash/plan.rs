//! Which moments must be survived in which story: from the verbs and states of the order's tables,
//! and from all that a rehearsal reaches.

use std::collections::BTreeSet;

use starjack::actors::order::rules::intent::{VERBS, Verb};
use starjack::actors::order::rules::lifecycle::{
    LINE_STATES, ORDER_STATES, PAYMENT_STATES, PaymentState,
};

use super::case::{Case, Played};
use super::harness::GoesOn;
use super::story::{OPERATORS, OUTCOMES, Outcome, Story, calls_beside, others};

const COMMITS: [&str; 2] = ["before commit", "after commit"];

/// The word of a verb on the wire.
fn call(verb: Verb) -> &'static str {
    if verb == Verb::Latest { Verb::Status.word() } else { verb.word() }
}

/// Around the call itself; where the connection breaks there is no answer to be cut off from.
fn moments_of_call(call: &str, outcome: Outcome) -> Vec<String> {
    let mut moments = vec![format!("{call}: not sent")];
    match outcome {
        Outcome::Done | Outcome::Refused => moments.push(format!("{call}: acted, answer not read")),
        Outcome::UnknownDone | Outcome::UnknownNotDone => {}
    }
    moments
}

/// Every moment of one question, from the commit of its intent to that of its answer.
fn moments_of_verb(verb: Verb, outcome: Outcome) -> Vec<String> {
    let mut moments: Vec<_> =
        COMMITS.iter().map(|commit| format!("intent {}: {commit}", verb.word())).collect();
    moments.extend(moments_of_call(call(verb), outcome));
    moments.push(format!("{}: answered, not saved", verb.word()));
    moments.extend(COMMITS.iter().map(|commit| format!("answer {}: {commit}", verb.word())));
    moments
}

fn is_lift(verb: Verb) -> bool {
    match verb {
        Verb::Check | Verb::Issue | Verb::Find | Verb::Cancel => true,
        Verb::Open
        | Verb::Capture
        | Verb::Reverse
        | Verb::Credit
        | Verb::History
        | Verb::Status
        | Verb::Latest => false,
    }
}

/// Makes cases, every other one with another replica that goes on.
#[derive(Default)]
pub(crate) struct Plan {
    cases: Vec<Case>,
}

impl Plan {
    fn add(&mut self, story: Story, point: &str, nth: u32) {
        let goes_on =
            if self.cases.len().is_multiple_of(2) { GoesOn::Itself } else { GoesOn::Another };
        let point = Some((point.to_owned(), nth));
        self.cases.push(Case {
            story,
            point,
            goes_on,
            while_starting: false,
            believes_in_dedup: false,
        });
    }

    pub(crate) fn into_cases(self) -> Vec<Case> {
        self.cases
    }
}

/// Every moment of every verb, and of every call beside them, for every outcome.
pub(crate) fn by_the_tables() -> Vec<Case> {
    let mut plan = Plan::default();
    for outcome in OUTCOMES {
        for verb in VERBS {
            for operator in if is_lift(verb) { &OPERATORS[..] } else { &OPERATORS[..1] } {
                for point in moments_of_verb(verb, outcome) {
                    plan.add(Story::of(verb, operator, outcome), &point, 1);
                }
            }
        }
        for (call, story) in calls_beside(outcome) {
            for point in moments_of_call(call, outcome) {
                plan.add(story.clone(), &point, 1);
            }
        }
    }
    for point in moments_of_verb(Verb::Credit, Outcome::Done) {
        plan.add(Story::part_goes_back(), &point, 1);
    }
    plan.into_cases()
}

/// Every story without a crash: each verb's own, and all others.
pub(crate) fn rehearsals() -> Vec<Case> {
    let verbs = VERBS.into_iter().flat_map(|verb| {
        let operators = if is_lift(verb) { &OPERATORS[..] } else { &OPERATORS[..1] };
        operators.iter().map(move |operator| Story::of(verb, operator, Outcome::Done))
    });
    let rehearsal = |story| Case {
        story,
        point: None,
        goes_on: GoesOn::Itself,
        while_starting: false,
        believes_in_dedup: false,
    };
    verbs.chain(others()).map(rehearsal).collect()
}

/// Cases for what was reached in these and is killed at nowhere in `known`, each in the story that
/// came to it first.
pub(crate) fn of_the_rest(known: &BTreeSet<String>, played: &[Played]) -> Vec<Case> {
    let mut known = known.clone();
    let mut plan = Plan::default();
    let right = || played.iter().filter(|played| played.violations.is_empty());
    // what no process that simply ran came to, one that started again did
    let (ran, restarted): (Vec<_>, Vec<_>) =
        right().partition(|played| played.case.point.is_none());
    for (while_starting, played) in [(false, ran), (true, restarted)] {
        for (played, point) in
            played.iter().flat_map(|played| played.reached.iter().map(move |point| (played, point)))
        {
            if known.insert(point.clone()) {
                plan.add(played.case.story.clone(), point, 1);
                if while_starting && let Some(case) = plan.cases.last_mut() {
                    (case.while_starting, case.goes_on) = (true, GoesOn::Itself);
                }
            }
        }
    }
    plan.into_cases()
}

/// What the tables name and no case can reach, with the reason.
fn is_out_of_reach(name: &str) -> bool {
    // a reservation lapses after two weeks
    name == format!("payment {}", PaymentState::Lapsed.word())
}

/// Every moment that the tables demand and at which nothing was killed.
pub(crate) fn missing(killed_at: &BTreeSet<(String, Outcome)>) -> Vec<String> {
    let at = |point: &String, outcome| killed_at.contains(&(point.clone(), outcome));
    let somewhere = |point: &String| OUTCOMES.into_iter().any(|outcome| at(point, outcome));
    let mut missing = Vec::new();
    for outcome in OUTCOMES {
        let verbs = VERBS.into_iter().flat_map(|verb| moments_of_verb(verb, outcome));
        let beside =
            calls_beside(outcome).into_iter().flat_map(|(call, _)| moments_of_call(call, outcome));
        missing.extend(
            verbs
                .chain(beside)
                .filter(|point| !at(point, outcome))
                .map(|point| format!("{point} ({})", outcome.word())),
        );
    }
    let orders = ORDER_STATES.into_iter().map(|state| format!("order {}", state.word()));
    let lines = LINE_STATES.into_iter().map(|state| format!("line {}", state.word()));
    let payments = PAYMENT_STATES.into_iter().map(|state| format!("payment {}", state.word()));
    let states = orders.chain(lines).chain(payments).filter(|name| !is_out_of_reach(name));
    let commits = states.flat_map(|name| COMMITS.map(|commit| format!("{name}: {commit}")));
    missing.extend(commits.filter(|point| !somewhere(point)));
    missing
}
