//! What is held of an order's money, by the provider's own books and whatever they show: it pays
//! for what is on the cards, or an open case names the rest and the sum.

use starjack::actors::order::rules::lifecycle::OrderState;
use starjack::actors::order::rules::record::Order;
use starjack::money::Cents;
use starjack_entity::case_file;

use super::invariants::{Invariant, Violation, broken};
use super::ledger::Ledger;
use super::money::Transaction;
use super::written::Rows;

/// Money goes back by bank transfer.
const OWED: &str = "owed";
/// A ticket opens gates and its money went back without us.
const UNPAID: &str = "unpaid";
/// Somebody may have paid a page, and no question can find it out any more: what it asked for.
const UNCONFIRMED: &str = "unconfirmed";
/// The payer's bank took it back.
const CHARGED_BACK: &str = "charged_back";

/// What is held of an order, what it is due, and what open cases name of the difference.
struct Balance {
    held: Cents,
    due: Cents,
    owed: Cents,
    unpaid: Cents,
    charged_back: Cents,
    written_down: Cents,
    /// Held on pages of which a case says that nobody knows what became of them.
    unconfirmed: Cents,
}

impl Balance {
    fn of(order: &Order, rows: &Rows, ledger: &Ledger) -> Self {
        let named = |kind: &str| {
            rows.cases(order).filter(move |case| case.kind == kind).collect::<Vec<_>>()
        };
        let sum = |cases: Vec<&case_file::Model>| {
            cases.into_iter().filter_map(|case| case.amount_cents).sum()
        };
        let unconfirmed = named(UNCONFIRMED);
        let page_of = |case: &&case_file::Model| {
            let row = order.payments.iter().find(|row| Some(row.no) == case.payment_no);
            row.map(|row| row.reference.to_string())
        };
        let pages: Vec<String> = unconfirmed.iter().filter_map(page_of).collect();
        let in_doubt = transactions(order, ledger).filter(|money| pages.contains(&money.page));
        // of a payment that is not the order's, nobody misses what a bank took back
        let is_wanted = |case: &&case_file::Model| case.payment_no == order.wanted;
        Self {
            held: transactions(order, ledger).map(Transaction::held).sum(),
            due: if order.state == OrderState::Finished { order.issued_total() } else { 0 },
            owed: sum(named(OWED)),
            // what others took away is named; what we gave away twice is wrong
            unpaid: sum(named(UNPAID))
                .min(transactions(order, ledger).map(|money| money.without_us).sum()),
            charged_back: sum(named(CHARGED_BACK).into_iter().filter(is_wanted).collect()),
            written_down: rows.written_down(order),
            unconfirmed: in_doubt.map(Transaction::held).sum(),
        }
    }

    /// Held and not due, or, below nothing, due and not held.
    fn rest(&self) -> Cents {
        self.held - self.due
    }

    /// Whether open cases name all of it: each by its sum, but where nobody can know the sum.
    fn is_named(&self) -> bool {
        let unknown = self.rest() - (self.owed - self.unpaid);
        let missed = -unknown;
        // a bank takes back tickets that were returned meanwhile as well
        let taken_back =
            missed > self.written_down && missed <= self.charged_back + self.written_down;
        unknown == 0
            || missed == self.written_down
            || taken_back
            || (unknown > 0 && unknown == self.unconfirmed)
    }
}

fn transactions<'a>(order: &'a Order, ledger: &'a Ledger) -> impl Iterator<Item = &'a Transaction> {
    let is_own = |money: &&Transaction| {
        money.page.rsplit_once('-').is_some_and(|(of, _)| order.number.to_string() == of)
    };
    ledger.money.iter().filter(is_own)
}

pub(super) fn of_money(order: &Order, rows: &Rows, ledger: &Ledger) -> Vec<Violation> {
    let mut wrong = Vec::new();
    let own: Vec<_> = transactions(order, ledger).collect();
    let balance = Balance::of(order, rows, ledger);
    if !balance.is_named() {
        let cases = rows
            .cases(order)
            .map(|case| format!("{} {:?} of {:?}", case.kind, case.amount_cents, case.payment_no));
        let held = balance.held;
        let due = balance.due;
        let cases = cases.collect::<Vec<_>>();
        let says = format!("{held} are held for tickets of {due}, cases: {cases:?}: {own:?}");
        wrong.push(broken(Invariant::Money, order, says));
    }
    if own.iter().any(|money| money.reserved) {
        wrong.push(broken(Invariant::Reserved, order, format!("money is still reserved: {own:?}")));
    }
    for payment in &order.payments {
        if payment.attention.as_ref().is_some_and(|mark| !mark.accepted) {
            let says = format!("payment {} waits for {:?}", payment.no, payment.attention);
            wrong.push(broken(Invariant::Person, order, says));
        }
        let cases = rows
            .cases(order)
            .filter(|case| case.kind == OWED && case.payment_no == Some(payment.no));
        let named: Cents = cases.filter_map(|case| case.amount_cents).sum();
        if named != payment.owed {
            let says = format!(
                "{} is owed of payment {}, and open cases name {named}",
                payment.owed, payment.no
            );
            wrong.push(broken(Invariant::Owed, order, says));
        }
    }
    wrong
}

/// All that is held is all that was invoiced, but for what open cases name.
pub(super) fn of_balance(orders: &[Order], rows: &Rows, ledger: &Ledger) -> Vec<Violation> {
    let held: Cents = ledger.money.iter().map(Transaction::held).sum();
    let balances = orders.iter().map(|order| Balance::of(order, rows, ledger));
    let named: Cents = balances.filter(Balance::is_named).map(|balance| balance.rest()).sum();
    let invoiced: Cents = rows.invoices.iter().map(|row| row.total_cents).sum();
    let returned: Cents =
        orders.iter().flat_map(|order| rows.returned(order)).map(|line| line.price).sum();
    if held - named == invoiced - returned {
        return Vec::new();
    }
    let says = format!(
        "{held} are held, of which cases name {named}, {invoiced} are invoiced, of which {returned} were returned"
    );
    vec![Violation { invariant: Invariant::Balance, says }]
}
