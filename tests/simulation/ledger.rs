//! The outside's own books: every booking and every cent, as the suppliers would show them. No crash touches them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

use starjack::actors::order::intent::Verb;
use starjack::actors::order::lifecycle::OrderState;
use starjack::clock;
use starjack::integrations::lift::{Booking, Found, FoundState, Sold, SoldPage, TicketOrder};
use starjack::integrations::payment::{CreditAmount, History, Observed, ObservedState, StatusKey};
use starjack::integrations::{Outcome, Refusal, RefusalKind};
use starjack::money::Cents;
use tokio::time::Instant;

use super::invariants::{Invariant, Violation};

/// How long a booking that is accepted is not final.
const BOOKING_TAKES: Duration = Duration::from_millis(30);
/// How long it is not where that never ends by itself.
const FOR_EVER: Duration = Duration::from_secs(3600);
/// When a supplier wants to be asked again about one.
const ASK_AFTER: Duration = Duration::from_millis(10);

/// What the outside did.
#[derive(Default)]
pub(crate) struct Ledger {
    pub(crate) tickets: Vec<Ticket>,
    pub(crate) money: Vec<Transaction>,
    /// References of which two bookings were live at once.
    pub(crate) doubled: BTreeSet<String>,
    /// References of which the supplier itself took one request for two.
    pub(crate) excused: BTreeSet<String>,
    /// References of which a request lived longer than its contract says: what it books is reconciliation's.
    pub(crate) outlived: BTreeSet<String>,
    /// What was asked in which row.
    pub(crate) asked: BTreeSet<(OrderState, Verb)>,
    late: Vec<(Instant, Act)>,
    /// Whether the next booking is accepted without being final.
    pub(crate) slowly: bool,
    /// Whether such a booking stays so until somebody decides it.
    pub(crate) endless: bool,
    /// Promises that were broken at the very moment.
    pub(crate) slips: Vec<Violation>,
}

type Act = Box<dyn FnOnce(&mut Ledger) + Send>;

/// One booking.
#[derive(Clone, Debug)]
pub(crate) struct Ticket {
    pub(crate) reference: String,
    pub(crate) operator: String,
    pub(crate) order: TicketOrder,
    pub(crate) live: bool,
    final_at: Option<Instant>,
}

/// One payment.
#[derive(Clone, Debug)]
pub(crate) struct Transaction {
    /// The page's reference.
    pub(crate) page: String,
    pub(crate) amount: Cents,
    pub(crate) reserved: bool,
    pub(crate) reversed: bool,
    pub(crate) captured: Cents,
    pub(crate) credited: Cents,
}

/// The books; whoever opens them sees all that was due until then.
#[derive(Default)]
pub(crate) struct Books(Mutex<Ledger>);

impl Books {
    pub(crate) fn open(&self) -> MutexGuard<'_, Ledger> {
        let mut ledger = self.0.lock().unwrap();
        let now = clock::instant();
        ledger.late.sort_by_key(|(due, _)| *due);
        while ledger.late.first().is_some_and(|(due, _)| *due <= now) {
            let (_, act) = ledger.late.remove(0);
            act(&mut ledger);
        }
        ledger
    }
}

impl Ledger {
    /// Executes `act` later.
    pub(crate) fn later(&mut self, pause: Duration, act: impl FnOnce(&mut Ledger) + Send + 'static) {
        self.late.push((clock::instant() + pause, Box::new(act)));
    }

    /// Whether something is still to be executed.
    pub(crate) fn is_busy(&self) -> bool {
        !self.late.is_empty()
    }

    /// Books at an operator whose supplier answers a known reference with its first booking, or not.
    pub(crate) fn issue(&mut self, order: &TicketOrder, (operator, dedups): (&str, bool)) -> Outcome<Booking> {
        let known = self.tickets.iter().position(|ticket| ticket.reference == order.reference.as_str());
        let no = match known {
            Some(no) if dedups && self.tickets[no].live => no,
            Some(_) if dedups => return Outcome::Refused(no_more(RefusalKind::ProductUnavailable)),
            Some(_) | None => self.book(order, operator),
        };
        if self.tickets[no].is_final() { Outcome::Done(booking(no)) } else { Outcome::Pending { ask_after: ASK_AFTER } }
    }

    /// Whether something was ever booked under a reference.
    pub(crate) fn knows(&self, reference: &str) -> bool {
        self.tickets.iter().any(|ticket| ticket.reference == reference)
    }

    fn book(&mut self, order: &TicketOrder, operator: &str) -> usize {
        let reference = order.reference.to_string();
        let outlived = |reference: &String| self.outlived.contains(reference);
        if self.live(&reference) > 0 && !self.excused.contains(&reference) && !outlived(&reference) {
            self.doubled.insert(reference.clone());
        }
        let overlaps = |other: &&Ticket| {
            (other.live && other.reference != reference && !outlived(&other.reference) && !outlived(&reference))
                && (other.operator == operator && other.order.card == order.card)
                && (other.order.first_day <= order.last_day && order.first_day <= other.order.last_day)
        };
        if let Some(other) = self.tickets.iter().find(overlaps) {
            let says = format!("{reference} is on {}'s card on its day", other.reference);
            self.slips.push(Violation { invariant: Invariant::OneTicketACardAndDay, says });
        }
        let takes = if self.endless { FOR_EVER } else { BOOKING_TAKES };
        let final_at = std::mem::take(&mut self.slowly).then(|| clock::instant() + takes);
        self.tickets.push(Ticket {
            reference,
            operator: operator.to_owned(),
            order: order.clone(),
            live: true,
            final_at,
        });
        self.tickets.len() - 1
    }

    /// Decides every booking that is not final: it is booked now, or it never was.
    pub(crate) fn decide(&mut self, booked: bool) {
        self.endless = false;
        for ticket in self.tickets.iter_mut().filter(|ticket| ticket.live && !ticket.is_final()) {
            (ticket.live, ticket.final_at) = (booked, None);
        }
    }

    /// How many live bookings stand under a reference.
    pub(crate) fn live(&self, reference: &str) -> usize {
        self.tickets.iter().filter(|ticket| ticket.reference == reference && ticket.live).count()
    }

    pub(crate) fn find(&self, reference: &str) -> Outcome<Vec<Found>> {
        let own = self.tickets.iter().enumerate().filter(|(_, ticket)| ticket.reference == reference);
        let found = own.map(|(no, ticket)| {
            let state = match (ticket.live, ticket.is_final()) {
                (false, _) => FoundState::Cancelled,
                (true, false) => FoundState::Pending,
                (true, true) => FoundState::Live,
            };
            Found { booking: booking(no), state }
        });
        Outcome::Done(found.collect())
    }

    /// Everything that was booked at an operator.
    pub(crate) fn sold(&self, operator: &str) -> Outcome<SoldPage> {
        let own = self.tickets.iter().enumerate().filter(|(_, ticket)| ticket.operator == operator);
        let sold = own.map(|(no, ticket)| {
            let state = if ticket.live { FoundState::Live } else { FoundState::Cancelled };
            let found = Found { booking: booking(no), state };
            Sold { reference: ticket.reference.clone(), found, price: Some(ticket.order.price) }
        });
        Outcome::Done(SoldPage { sold: sold.collect(), ..SoldPage::default() })
    }

    pub(crate) fn cancel(&mut self, handle: &str) -> Outcome<()> {
        self.tickets[place(handle)].live = false;
        Outcome::Done(())
    }

    /// The reference under which a booking was made.
    pub(crate) fn reference_of(&self, handle: &str) -> String {
        self.tickets[place(handle)].reference.clone()
    }

    /// A payer pays a page; answers the transaction's id.
    pub(crate) fn pay(&mut self, page: &str, amount: Cents, reserved: bool) -> String {
        let captured = if reserved { 0 } else { amount };
        let paid = Transaction { page: page.to_owned(), amount, reserved, reversed: false, captured, credited: 0 };
        self.money.push(paid);
        (self.money.len() - 1).to_string()
    }

    /// The page of a transaction.
    pub(crate) fn page_of(&self, tid: &str) -> String {
        self.money[place(tid)].page.clone()
    }

    pub(crate) fn capture(&mut self, tid: &str, amount: Cents) -> Outcome<()> {
        let money = &mut self.money[place(tid)];
        if !money.reserved || amount > money.amount {
            return already();
        }
        (money.reserved, money.captured) = (false, amount);
        Outcome::Done(())
    }

    pub(crate) fn reverse(&mut self, tid: &str) -> Outcome<()> {
        let money = &mut self.money[place(tid)];
        if !money.reserved {
            return already();
        }
        (money.reserved, money.reversed) = (false, true);
        self.look_at_money_that_went_back(tid);
        Outcome::Done(())
    }

    /// A ticket is cancelled before its money goes back: what is left must pay for what is on the cards.
    fn look_at_money_that_went_back(&mut self, tid: &str) {
        let page = self.money[place(tid)].page.clone();
        let Some((number, _)) = page.rsplit_once('-') else { return };
        let own = |reference: &str| reference.rsplit_once('-').is_some_and(|(of, _)| of == number);
        let left = self.money.iter().filter(|money| own(&money.page)).map(|money| {
            let reserved = if money.reserved { money.amount } else { 0 };
            reserved + money.captured - money.credited
        });
        let live = self.tickets.iter().filter(|ticket| ticket.live && own(&ticket.reference));
        let live = live.filter(|ticket| !self.outlived.contains(&ticket.reference));
        let prices: BTreeMap<_, _> = live.map(|ticket| (&ticket.reference, ticket.order.price)).collect();
        let (left, due): (Cents, Cents) = (left.sum(), prices.values().sum());
        if left < due {
            let says = format!("{page} went back to {left} while tickets of {due} are live");
            self.slips.push(Violation { invariant: Invariant::TicketsFirst, says });
        }
    }

    pub(crate) fn credit(&mut self, tid: &str, amount: CreditAmount) -> Outcome<()> {
        let money = &mut self.money[place(tid)];
        let amount = match amount {
            CreditAmount::Full => money.captured,
            CreditAmount::Part(amount) => amount,
        };
        if amount == 0 || money.credited + amount > money.captured {
            return Outcome::Refused(no_more(RefusalKind::PaymentDeclined));
        }
        money.credited += amount;
        self.look_at_money_that_went_back(tid);
        Outcome::Done(())
    }

    pub(crate) fn history(&self, tid: &str) -> Outcome<History> {
        let Transaction { captured, credited, reversed, .. } = self.money[place(tid)];
        Outcome::Done(History { captured, credited, reversed, charged_back: 0 })
    }

    /// What is reserved, newest first.
    pub(crate) fn open_payments(&self) -> Vec<Observed> {
        (0..self.money.len()).rev().filter(|no| self.money[*no].reserved).map(|no| self.observed(no)).collect()
    }

    pub(crate) fn status(&self, key: &StatusKey) -> Outcome<Option<Observed>> {
        let no = match key {
            StatusKey::Tid(tid) => Some(place(tid)),
            StatusKey::Page(page) => self.money.iter().rposition(|money| money.page == page.as_str()),
        };
        Outcome::Done(no.map(|no| self.observed(no)))
    }

    /// How the provider shows a transaction.
    pub(crate) fn observed(&self, no: usize) -> Observed {
        let money = &self.money[no];
        let state = match (money.reserved, money.captured, money.credited) {
            (true, ..) => ObservedState::Reserved,
            (false, 0, _) => ObservedState::Reversed,
            (false, _, 0) => ObservedState::Billed,
            (false, ..) => ObservedState::Credited,
        };
        let (reference, currency) = (money.page.clone(), "EUR".to_owned());
        Observed { tid: no.to_string(), reference, state, amount: money.amount, currency }
    }
}

impl Ticket {
    fn is_final(&self) -> bool {
        self.final_at.is_none_or(|at| at <= clock::instant())
    }
}

fn booking(no: usize) -> Booking {
    Booking { ticket_reference: format!("ticket {no}"), handle: no.to_string() }
}

/// Ids and handles are places in the books.
fn place(text: &str) -> usize {
    text.parse().unwrap()
}

/// A clear no.
pub(crate) fn no_more(kind: RefusalKind) -> Refusal {
    Refusal { kind, code: "no".to_owned() }
}

fn already() -> Outcome<()> {
    Outcome::Unknown("already done".to_owned())
}
