//! The order table, row by row: whatever a row asks may fail in every way that fits, and the slate
//! is clean afterwards.

use std::collections::BTreeSet;

use futures_util::{StreamExt, stream};
use starjack::actors::order::rules::intent::Verb;
use starjack::actors::order::rules::lifecycle::{ORDER_STATES, OrderState, row};
use starjack::actors::order::rules::record::OnRefusal;

use super::faults::{Fault, fitting};
use super::incarnation::Setting;
use super::story::story;
use super::world::{PATIENCE, POLICIES, World};

/// How many worlds turn at once; most of their time they wait.
const AT_ONCE: usize = 8;

/// What each row asks. Money that is not the order's is looked after, and given back, in every row
/// after the first.
const ROWS: [(OrderState, &[Verb]); 9] = [
    (OrderState::Placed, &[Verb::Check]),
    (
        OrderState::Paying,
        &[Verb::Open, Verb::Status, Verb::Latest, Verb::History, Verb::Reverse, Verb::Credit],
    ),
    (OrderState::Authorised, &[Verb::Issue, Verb::Find, Verb::Cancel]),
    (OrderState::Issued, &[Verb::Capture, Verb::History, Verb::Reverse, Verb::Credit]),
    (OrderState::Captured, &[]),
    (OrderState::Finished, &MONEY),
    (OrderState::Rejected, &MONEY),
    (
        OrderState::Undoing,
        &[Verb::Issue, Verb::Find, Verb::Cancel, Verb::History, Verb::Reverse, Verb::Credit],
    ),
    (OrderState::Undone, &MONEY),
];

const MONEY: [Verb; 4] = [Verb::Status, Verb::History, Verb::Reverse, Verb::Credit];

/// The words of the table's column "on entering, ask", and the verbs behind them.
const WORDS: [(&str, &[Verb]); 6] = [
    ("lift.check", &[Verb::Check]),
    ("lift.issue", &[Verb::Issue, Verb::Find]),
    ("lift.cancel", &[Verb::Issue, Verb::Find, Verb::Cancel]),
    ("payment.open", &[Verb::Open]),
    ("payment.capture", &[Verb::Capture, Verb::History, Verb::Credit]),
    ("payment.reverse", &[Verb::Reverse, Verb::Credit, Verb::History]),
];

fn verbs_of(state: OrderState) -> Option<&'static [Verb]> {
    ROWS.into_iter().find(|(own, _)| *own == state).map(|(_, verbs)| verbs)
}

/// One question of one row under one fault.
#[derive(Clone, Copy, Debug)]
struct Case {
    row: OrderState,
    verb: Verb,
    fault: Fault,
    dedups: bool,
    on_refusal: OnRefusal,
}

#[test]
fn every_row_of_the_order_table_says_what_it_asks() {
    for state in ORDER_STATES {
        let verbs = verbs_of(state).unwrap_or_else(|| unreachable!("{state:?} has no entry"));
        let words: Vec<_> =
            row(state).ask.split([',', ' ']).filter(|word| word.contains('.')).collect();
        for word in &words {
            let (_, asked) = WORDS.into_iter().find(|(known, _)| known == word).expect(word);
            assert!(asked.iter().all(|verb| verbs.contains(verb)), "{state:?} asks {word}");
        }
        let asks_nothing = words.is_empty();
        assert!(
            !asks_nothing || verbs.iter().all(|verb| MONEY.contains(verb)),
            "{state:?} asks more than it says"
        );
        for verb in verbs {
            assert!(
                !cases(state).iter().all(|case| case.verb != *verb),
                "no story leads to {verb:?} in {state:?}"
            );
        }
    }
}

/// Every case of a row that can come about.
fn cases(row: OrderState) -> Vec<Case> {
    let mut cases = Vec::new();
    for verb in verbs_of(row).unwrap() {
        // how a supplier answers matters to lines; the provider does not know of it
        let of_lines = matches!(verb, Verb::Issue | Verb::Find | Verb::Cancel);
        for fault in fitting(*verb) {
            for (dedups, on_refusal) in settings(of_lines) {
                let case = Case { row, verb: *verb, fault, dedups, on_refusal };
                if can_be(case) && story((row, *verb), fault, (dedups, on_refusal)).is_some() {
                    cases.push(case);
                }
            }
        }
    }
    cases
}

fn settings(all: bool) -> Vec<(bool, OnRefusal)> {
    if !all {
        return vec![(false, OnRefusal::Undo), (true, OnRefusal::Keep)];
    }
    POLICIES.into_iter().flat_map(|policy| [(false, policy), (true, policy)]).collect()
}

/// A partial credit that the way itself doubles pays twice: no rule of ours can help.
fn can_be(case: Case) -> bool {
    (case.row, case.verb, case.fault) != (OrderState::Issued, Verb::Credit, Fault::Twice)
}

async fn lives(case: Case) -> Result<(), String> {
    let story = story((case.row, case.verb), case.fault, (case.dedups, case.on_refusal)).unwrap();
    let mut world = World::new(Setting::new(case.dedups), &story).await;
    let wrong = world.live(&story, PATIENCE).await;
    let left = world.outside.plan.left();
    let asked = world.outside.books.open().asked.clone();
    let crashes =
        u32::from(matches!(case.fault, Fault::CrashBeforeAsking | Fault::CrashBeforeSaving));
    let says = |what: String| Err(format!("{case:?}: {what}"));
    if !wrong.is_empty() {
        return says(format!("{wrong:#?}"));
    }
    if !left.is_empty() {
        return says(format!("never struck: {left:?}"));
    }
    if world.crashes != crashes {
        return says(format!("{} crashes", world.crashes));
    }
    match unexpected(&asked) {
        Some(unexpected) => says(format!("nobody expected {unexpected:?}")),
        None => Ok(()),
    }
}

/// A question that its row does not ask.
fn unexpected(asked: &BTreeSet<(OrderState, Verb)>) -> Option<&(OrderState, Verb)> {
    asked.iter().find(|(row, verb)| {
        // pages whose address was lost are looked after when their life is over, wherever the order
        // stands then
        let strange_money =
            *row != OrderState::Placed && (MONEY.contains(verb) || *verb == Verb::Latest);
        !strange_money && !verbs_of(*row).is_some_and(|verbs| verbs.contains(verb))
    })
}

async fn every_fault_in(row: OrderState) {
    let lives: Vec<_> =
        stream::iter(cases(row)).map(lives).buffer_unordered(AT_ONCE).collect().await;
    let failed: Vec<_> = lives.iter().filter_map(|life| life.as_ref().err()).cloned().collect();
    assert!(failed.is_empty(), "{} of {} cases:\n{}", failed.len(), lives.len(), failed.join("\n"));
}

/// One test a row; the list of all rows above is held against the table.
macro_rules! rows {
    ($($name:ident => $row:ident),+ $(,)?) => {
        $(#[actix_rt::test]
        async fn $name() {
            every_fault_in(OrderState::$row).await;
        })+

        #[test]
        fn every_row_has_its_test() {
            let tested = BTreeSet::from([$(OrderState::$row),+]);
            assert_eq!(tested, ORDER_STATES.into_iter().collect());
        }
    };
}

rows! {
    whatever_fails_while_placed_ends_clean => Placed,
    whatever_fails_while_paying_ends_clean => Paying,
    whatever_fails_while_authorised_ends_clean => Authorised,
    whatever_fails_while_issued_ends_clean => Issued,
    nothing_is_asked_while_captured => Captured,
    whatever_fails_once_finished_ends_clean => Finished,
    whatever_fails_once_rejected_ends_clean => Rejected,
    whatever_fails_while_undoing_ends_clean => Undoing,
    whatever_fails_once_undone_ends_clean => Undone,
}
