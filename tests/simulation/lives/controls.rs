//! One rule off at a time: each is caught by the promise that the rule is for, in a life that is
//! well with every rule on. This proves that a promise can be seen broken.

use std::collections::BTreeMap;
use std::rc::Rc;

use starjack::actors::order::rules::protection::Protection;

use super::super::invariants::{INVARIANTS, Invariant};
use super::abilities::{Abilities, Ability};
use super::database::SharedDatabase;
use super::life::{End, live};
use super::prng::Prng;
use super::run::find;

/// Which rules are off; none, unless a control run says so.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Off {
    pub(crate) rule: Option<Protection>,
    /// What the database does behind our back, with every row of a kind.
    pub(crate) trigger: Option<&'static str>,
    /// A crash forgets what was asked and not yet answered.
    pub(crate) forget_intents: bool,
    /// Everybody keeps what is issued, and is charged at once: money goes back in parts.
    pub(crate) parts: bool,
    /// How many of a hundred questions suffer something, where that is not for the prng to say.
    pub(crate) trouble: Option<u64>,
    /// The wall clock jumps whenever a request is under way of which nobody knows.
    pub(crate) jumps: bool,
    /// Nobody compares the day with the others' books.
    pub(crate) unreconciled: bool,
    /// No request lives longer than its contract says, so that every promise holds without a
    /// comparison.
    pub(crate) prompt: bool,
    /// Nobody gives a ticket back.
    pub(crate) at_home: bool,
    /// What the world can do besides, where that is not for the prng to say.
    pub(crate) abilities: Option<Abilities>,
}

impl Off {
    /// Every second day with abilities that a comparison does not help is not compared, so that
    /// nothing is repaired by it.
    pub(super) fn sometimes_by_day(self, abilities: Abilities, prng: &Prng) -> Self {
        let uncompared = !abilities.are_none() && abilities.need_no_evening() && prng.percent(50);
        if uncompared { by_day(self) } else { self }
    }

    /// What a process finds when it begins.
    pub(crate) fn before_it_begins(&self, database: &SharedDatabase) {
        if self.forget_intents {
            database.run("DELETE FROM order_step WHERE outcome IS NULL");
        }
    }
}

/// Lives of a control run that nothing catches end here.
const ENOUGH: u64 = 1600;

/// A rule that is off is caught, and the same life with the rule on is well. The life that
/// `known`ly catches it is lived first; where it does not, since the world has changed, one that
/// does is looked for among all.
fn is_caught(rule: &str, off: Off, (invariant, known): (Invariant, u64)) {
    let (number, words) = invariant.words();
    let database = Rc::new(SharedDatabase::new());
    let broken = |end: &End| end.wrong.iter().any(|violation| violation.invariant == invariant);
    let seed = if broken(&live(&database, known, off)) {
        Some(known)
    } else {
        find(1..ENOUGH, off, broken)
    };
    println!("{rule}: caught by {number}, {words}, in life {seed:?}");
    let seed =
        seed.unwrap_or_else(|| panic!("{rule} is off, and {invariant:?} holds in {ENOUGH} lives"));
    let unreconciled = off.unreconciled && off.prompt;
    let Off { parts, trouble, jumps, prompt, at_home, abilities, .. } = off;
    let on =
        Off { parts, trouble, jumps, prompt, at_home, abilities, unreconciled, ..Off::default() };
    let end = live(&database, seed, on);
    assert!(end.wrong.is_empty(), "with {rule} on: {:#?}", end.wrong);
}

const fn rule(rule: Option<Protection>) -> Off {
    Off {
        rule,
        trigger: None,
        forget_intents: false,
        parts: false,
        trouble: Some(30),
        jumps: false,
        unreconciled: false,
        prompt: false,
        at_home: true,
        abilities: Some(Abilities::NONE),
    }
}

const fn behind_our_back(trigger: &'static str) -> Off {
    Off {
        rule: None,
        trigger: Some(trigger),
        forget_intents: false,
        parts: false,
        trouble: None,
        jumps: false,
        unreconciled: false,
        prompt: false,
        at_home: true,
        abilities: Some(Abilities::NONE),
    }
}

/// What the rule is for would be mended in the evening, or the evening needs what is taken away.
const fn by_day(off: Off) -> Off {
    Off { unreconciled: true, prompt: true, ..off }
}

/// In a world that can do this besides.
const fn in_a_world_that(ability: Ability, off: Off) -> Off {
    Off { abilities: Some(Abilities::only(ability)), ..off }
}

/// As few answers are lost there as the prng says, so that nothing else hides what the rule is for.
const fn in_its_world(ability: Ability, protection: Protection) -> Off {
    Off { trouble: None, ..in_a_world_that(ability, rule(Some(protection))) }
}

/// One test a rule, and the list of the promises that catch one.
macro_rules! rules {
    ($($name:ident: $rule:literal, $off:expr => $invariant:ident in $known:literal),+ $(,)?) => {
        $(#[test]
        fn $name() {
            is_caught($rule, $off, (Invariant::$invariant, $known));
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
        rule(Some(Protection::FindFirst)) => OneTicket in 1,
    believing_before_requests_have_settled: "settle",
        by_day(rule(Some(Protection::InFlightLimit))) => OneTicket in 7,
    leaving_a_reference_unburnt: "burn the reference",
        by_day(rule(Some(Protection::BurnReference))) => Tickets in 93,
    keeping_every_payment: "wanted payment",
        rule(Some(Protection::OnePayment)) => Reserved in 1,
    taking_the_total: "take what was issued",
        rule(Some(Protection::CaptureIssuedOnly)) => Money in 9,
    crediting_again_without_reading_the_books: "history before a repeated credit",
        Off { parts: true, ..rule(Some(Protection::HistoryFirst)) } => Balance in 18,
    giving_money_back_before_its_ticket_is_gone: "tickets before money",
        rule(Some(Protection::TicketsFirst)) => TicketsFirst in 86,
    writing_an_order_that_another_has_taken_over: "version check",
        rule(Some(Protection::VersionCheck)) => History in 35,
    believing_a_clock_that_was_put_forward: "no step of the clock counts",
        Off { jumps: true, ..rule(Some(Protection::SteadyClock)) } => OneTicket in 378,
    comparing_no_day: "reconciliation",
        Off { unreconciled: true, ..rule(None) } => Tickets in 7,
    asking_before_the_intent_is_kept: "intent first",
        Off { forget_intents: true, ..rule(None) } => OneTicket in 42,
    booking_for_a_day_that_another_order_was_paid_for: "who pays first has the day",
        rule(Some(Protection::OneOrderADay)) => OneTicketACardAndDay in 41,
    forgetting_the_days_of_cards: "one ticket a card and day",
        behind_our_back("AFTER INSERT ON ticket_day BEGIN DELETE FROM ticket_day; END") => OneTicketACardAndDay in 6,
    leaving_the_days_of_cards_that_have_no_ticket: "days are given back",
        behind_our_back("BEFORE DELETE ON ticket_day BEGIN SELECT RAISE(IGNORE); END") => TicketDays in 9,
    forgetting_letters: "every end is told",
        by_day(behind_our_back("AFTER INSERT ON job BEGIN DELETE FROM job; END")) => Letters in 1,
    forgetting_invoices: "what is sold is invoiced",
        behind_our_back("AFTER INSERT ON invoice BEGIN DELETE FROM invoice; END") => Invoices in 1,
    invoicing_at_another_rate: "an invoice's lines are the issued ones",
        behind_our_back("AFTER INSERT ON invoice BEGIN UPDATE invoice SET \
                         lines = replace(lines, '\"vat_permille\":100', '\"vat_permille\":130'); END") => Vat in 1,
    asking_for_another_price: "the price that was shown holds",
        behind_our_back("AFTER INSERT ON order_line BEGIN UPDATE order_line SET price_cents = price_cents + 1; END") => Price in 3,
    booking_for_another_card: "a booking is its line's",
        behind_our_back("AFTER UPDATE ON order_line BEGIN UPDATE order_line SET card_number = 'card 99'; END") => RightTicket in 10,
    forgetting_keys: "one key places one order",
        behind_our_back("AFTER INSERT ON idempotency BEGIN DELETE FROM idempotency; END") => Accepted in 1,
    forgetting_answers: "every row has its outcome",
        behind_our_back("BEFORE UPDATE ON order_step BEGIN SELECT RAISE(IGNORE); END") => Intents in 1,
    forgetting_when_an_order_is_due: "every order comes to its end",
        behind_our_back("AFTER UPDATE ON orders WHEN new.state = 'finished' \
                         BEGIN UPDATE orders SET next_at = '2028-01-01T00:00:00+00:00' WHERE id = new.id; END") => Rest in 1,
    forgetting_cases: "what is owed is a case",
        in_a_world_that(Ability::NoCredits, behind_our_back("AFTER INSERT ON case_file WHEN new.kind = 'owed' \
                         BEGIN DELETE FROM case_file WHERE id = new.id; END")) => Owed in 1,
    asking_without_growing_pauses: "pauses grow",
        in_a_world_that(Ability::Gates, behind_our_back("AFTER UPDATE ON order_line WHEN new.attempts > 0 \
                         BEGIN UPDATE order_line SET attempts = 0 \
                         WHERE order_id = new.order_id AND no = new.no; END")) => Asking in 393,
    looking_at_a_page_once: "look again at pages",
        in_its_world(Ability::PaysLate, Protection::LookAgainAtPages) => Money in 17,
    forgetting_a_report_that_is_not_shown_yet: "keep claims",
        in_its_world(Ability::ChargesBack, Protection::KeepClaims) => Money in 7,
    crediting_a_closed_card_again_and_again: "what is refused twice is sent by hand",
        in_its_world(Ability::ClosedCards, Protection::RefusedByHand) => Money in 4,
    moving_money_of_a_backup_before_its_tickets_are_known: "tickets first after a restore",
        in_its_world(Ability::Restores, Protection::RestoredTicketsFirst) => TicketsFirst in 17,
    leaving_the_undo_of_a_used_ticket_to_itself: "staff ends what cannot be voided",
        in_its_world(Ability::Gates, Protection::UsedTicketsEnd) => Reserved in 69,
    opening_pages_without_end: "pages are bounded",
        in_its_world(Ability::LosesPages, Protection::BoundedPages) => Pages in 32,
    marking_every_line: "a mark that nobody needs is taken off",
        behind_our_back("AFTER UPDATE ON order_line WHEN new.person_since IS NULL AND new.state = 'issued' \
                         BEGIN UPDATE order_line SET person_since = '2027-01-16T05:00:00+00:00', person_reason = 'x' \
                         WHERE order_id = new.order_id AND no = new.no; END") => Person in 1,
}
