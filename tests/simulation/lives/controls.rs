//! One rule off at a time: each is caught by the promise that the rule is for, in a life that is well with every rule on.
//! This proves that a promise can be seen broken.

use std::collections::BTreeMap;
use std::sync::Mutex;

use starjack::actors::order::rules::Controls;

use super::super::invariants::{INVARIANTS, Invariant};
use super::run::live_all;
use super::sky::Ground;

/// Which rules are off; none, unless a control run says so.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Off {
    pub(crate) controls: Controls,
    /// What the database does behind our back, with every row of a kind.
    pub(crate) trigger: Option<&'static str>,
    /// A crash forgets what was asked and not yet answered.
    pub(crate) forget_intents: bool,
    /// Everybody keeps what is issued, and is charged at once: money goes back in parts.
    pub(crate) parts: bool,
    /// How many of a hundred questions suffer something, where that is not the dice's to say.
    pub(crate) trouble: Option<u64>,
}

impl Off {
    /// What a process finds when it begins.
    pub(crate) fn before_it_begins(&self, ground: &Ground) {
        if self.forget_intents {
            ground.run("DELETE FROM order_step WHERE outcome IS NULL");
        }
    }
}

/// Lives of a control run that nothing catches end here.
const ENOUGH: u64 = 1600;
/// So many are lived before it is looked whether one was caught.
const AT_ONCE: u64 = 16;

/// The first seed whose life breaks the promise.
fn caught(off: Off, invariant: Invariant) -> Option<u64> {
    let mut first = 1;
    while first < ENOUGH {
        let found: Mutex<Option<u64>> = Mutex::default();
        live_all(first..first + AT_ONCE, off, |seed, end| {
            if end.wrong.iter().any(|violation| violation.invariant == invariant) {
                let mut found = found.lock().unwrap();
                *found = Some(found.map_or(seed, |other| other.min(seed)));
            }
        });
        if let Some(seed) = found.into_inner().unwrap() {
            return Some(seed);
        }
        first += AT_ONCE;
    }
    None
}

/// A rule that is off is caught, and the same life with the rule on is well.
fn is_caught(rule: &str, off: Off, invariant: Invariant) {
    let (number, words) = invariant.words();
    let seed = caught(off, invariant);
    println!("{rule}: caught by {number}, {words}, in life {seed:?}");
    let seed = seed.unwrap_or_else(|| panic!("{rule} is off, and {invariant:?} holds in {ENOUGH} lives"));
    let on = Off { parts: off.parts, trouble: off.trouble, ..Off::default() };
    live_all(seed..seed + 1, on, |_, end| assert!(end.wrong.is_empty(), "with {rule} on: {:#?}", end.wrong));
}

const NONE: Controls = Controls {
    skip_find: false,
    skip_settle: false,
    skip_burn: false,
    skip_wanted: false,
    take_total: false,
    skip_history: false,
    skip_intent: false,
    money_first: false,
    skip_version: false,
};

const fn rule(controls: Controls) -> Off {
    Off { controls, trigger: None, forget_intents: false, parts: false, trouble: Some(30) }
}

const fn behind_our_back(trigger: &'static str) -> Off {
    Off { controls: NONE, trigger: Some(trigger), forget_intents: false, parts: false, trouble: None }
}

/// One test a rule, and the list of the promises that catch one.
macro_rules! rules {
    ($($name:ident: $rule:literal, $off:expr => $invariant:ident),+ $(,)?) => {
        $(#[test]
        fn $name() {
            is_caught($rule, $off, Invariant::$invariant);
        })+

        #[test]
        fn every_promise_is_seen_broken_by_some_rule() {
            let mut by: BTreeMap<Invariant, usize> = INVARIANTS.into_iter().map(|one| (one, 0)).collect();
            $(*by.entry(Invariant::$invariant).or_default() += 1;)+
            let never: Vec<_> = by.into_iter().filter(|(_, rules)| *rules == 0).map(|(one, _)| one).collect();
            assert_eq!(never, [], "no control run breaks these");
        }
    };
}

rules! {
    asking_again_without_looking_first: "find before repeat",
        rule(Controls { skip_find: true, ..NONE }) => OneTicket,
    believing_before_requests_have_settled: "settle",
        rule(Controls { skip_settle: true, ..NONE }) => OneTicket,
    leaving_a_reference_unburnt: "burn the reference",
        rule(Controls { skip_burn: true, ..NONE }) => Tickets,
    keeping_every_payment: "wanted payment",
        rule(Controls { skip_wanted: true, ..NONE }) => Reserved,
    taking_the_total: "take what was issued",
        rule(Controls { take_total: true, ..NONE }) => Money,
    crediting_again_without_reading_the_books: "history before a repeated credit",
        Off { parts: true, ..rule(Controls { skip_history: true, ..NONE }) } => Balance,
    giving_money_back_before_its_ticket_is_gone: "tickets before money",
        rule(Controls { money_first: true, ..NONE }) => TicketsFirst,
    writing_an_order_that_another_has_taken_over: "version check",
        rule(Controls { skip_version: true, ..NONE }) => History,
    asking_before_the_intent_is_kept: "intent first",
        Off { forget_intents: true, ..rule(NONE) } => OneTicket,
    forgetting_the_days_of_cards: "one ticket a card and day",
        behind_our_back("AFTER INSERT ON ticket_day BEGIN DELETE FROM ticket_day; END") => OneTicketACardAndDay,
    leaving_the_days_of_cards_that_have_no_ticket: "days are given back",
        behind_our_back("BEFORE DELETE ON ticket_day BEGIN SELECT RAISE(IGNORE); END") => TicketDays,
    forgetting_letters: "every end is told",
        behind_our_back("AFTER INSERT ON job BEGIN DELETE FROM job; END") => Letters,
    forgetting_invoices: "what is sold is invoiced",
        behind_our_back("AFTER INSERT ON invoice BEGIN DELETE FROM invoice; END") => Invoices,
    invoicing_at_another_rate: "an invoice's lines are the issued ones",
        behind_our_back("AFTER INSERT ON invoice BEGIN UPDATE invoice SET \
                         lines = replace(lines, '\"vat_permille\":100', '\"vat_permille\":130'); END") => Vat,
    asking_for_another_price: "the price that was shown holds",
        behind_our_back("AFTER INSERT ON order_line BEGIN UPDATE order_line SET price_cents = price_cents + 1; END") => Price,
    booking_for_another_card: "a booking is its line's",
        behind_our_back("AFTER UPDATE ON order_line BEGIN UPDATE order_line SET card_number = 'card 99'; END") => RightTicket,
    forgetting_keys: "one key places one order",
        behind_our_back("AFTER INSERT ON idempotency BEGIN DELETE FROM idempotency; END") => Accepted,
    forgetting_answers: "every row has its outcome",
        behind_our_back("BEFORE UPDATE ON order_step BEGIN SELECT RAISE(IGNORE); END") => Intents,
    forgetting_when_an_order_is_due: "every order comes to its end",
        behind_our_back("AFTER UPDATE ON orders WHEN new.state = 'finished' \
                         BEGIN UPDATE orders SET next_at = '2028-01-01T00:00:00+00:00' WHERE id = new.id; END") => Rest,
    marking_every_line: "a mark that nobody needs is taken off",
        behind_our_back("AFTER UPDATE ON order_line WHEN new.person_since IS NULL AND new.state = 'issued' \
                         BEGIN UPDATE order_line SET person_since = '2027-01-16T05:00:00+00:00', person_reason = 'x' \
                         WHERE order_id = new.order_id AND no = new.no; END") => Person,
}
