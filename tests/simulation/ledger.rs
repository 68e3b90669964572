//! The outside's own books: every booking, as the suppliers would show it, and beside it every
//! cent. No crash touches them.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

use starjack::actors::order::rules::intent::Verb;
use starjack::actors::order::rules::lifecycle::OrderState;
use starjack::clock;
use starjack::integrations::lift::{Booking, Found, FoundState, Sold, SoldPage, TicketOrder};
use starjack::integrations::{Outcome, Refusal, RefusalKind};
use tokio::time::Instant;

use super::invariants::{Invariant, Violation};
use super::money::Transaction;

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
    /// References of which a request lived longer than its contract says: what it books is
    /// reconciliation's.
    pub(crate) outlived: BTreeSet<String>,
    /// Numbers of orders whose used tickets our staff let go, with the money.
    pub(crate) let_go: BTreeSet<String>,
    /// Pages that were opened, by the number of their order.
    pub(crate) opened: BTreeMap<String, BTreeSet<String>>,
    /// How often a backup was restored: whoever forgets what was opened opens as many again.
    pub(crate) restores: usize,
    /// When the same was asked in the last day.
    asks: BTreeMap<(Verb, String), VecDeque<Instant>>,
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

/// How often a supplier may be asked the same in a day.
const ASKS_A_DAY: usize = 120;
const DAY: Duration = Duration::from_secs(24 * 3600);

type Act = Box<dyn FnOnce(&mut Ledger) + Send>;

/// One booking.
#[derive(Clone, Debug)]
pub(crate) struct Ticket {
    pub(crate) reference: String,
    pub(crate) operator: String,
    pub(crate) order: TicketOrder,
    pub(crate) live: bool,
    /// It opened a gate: nobody can cancel it any more.
    pub(crate) used: bool,
    final_at: Option<Instant>,
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
    pub(crate) fn later(
        &mut self,
        pause: Duration,
        act: impl FnOnce(&mut Ledger) + Send + 'static,
    ) {
        self.late.push((clock::instant() + pause, Box::new(act)));
    }

    /// Whether something is still to be executed, or to be shown by the provider's books.
    pub(crate) fn is_busy(&self) -> bool {
        !self.late.is_empty() || !self.money.iter().all(Transaction::is_shown)
    }

    /// Counts a question that arrived. Whoever is asked the same all day long shuts us out.
    pub(crate) fn count(&mut self, verb: Verb, reference: &str) {
        let now = clock::instant();
        let times = self.asks.entry((verb, reference.to_owned())).or_default();
        times.push_back(now);
        while times.front().is_some_and(|first| *first + DAY <= now) {
            times.pop_front();
        }
        if times.len() == ASKS_A_DAY + 1 {
            let says = format!(
                "{} {reference} is asked more than {ASKS_A_DAY} times in a day",
                verb.word()
            );
            self.slips.push(Violation { invariant: Invariant::Asking, says });
        }
    }

    /// Whether a ticket was used and our staff let it go.
    pub(crate) fn is_let_go(&self, ticket: &Ticket) -> bool {
        let number = ticket.reference.rsplit_once('-').map(|(number, _)| number);
        ticket.used && number.is_some_and(|number| self.let_go.contains(number))
    }

    /// Books at an operator whose supplier answers a known reference with its first booking, or
    /// not.
    pub(crate) fn issue(
        &mut self,
        order: &TicketOrder,
        (operator, dedups): (&str, bool),
    ) -> Outcome<Booking> {
        let known =
            self.tickets.iter().position(|ticket| ticket.reference == order.reference.as_str());
        let no = match known {
            Some(no) if dedups && self.tickets[no].live => no,
            Some(_) if dedups => return Outcome::Refused(no_more(RefusalKind::ProductUnavailable)),
            Some(_) | None => self.book(order, operator),
        };
        if self.tickets[no].is_final() {
            Outcome::Done(booking(no))
        } else {
            Outcome::Pending { ask_after: ASK_AFTER }
        }
    }

    /// Whether something was ever booked under a reference.
    pub(crate) fn knows(&self, reference: &str) -> bool {
        self.tickets.iter().any(|ticket| ticket.reference == reference)
    }

    fn book(&mut self, order: &TicketOrder, operator: &str) -> usize {
        let reference = order.reference.to_string();
        let outlived = |reference: &String| self.outlived.contains(reference);
        if self.live(&reference) > 0 && !self.excused.contains(&reference) && !outlived(&reference)
        {
            self.doubled.insert(reference.clone());
        }
        let overlaps = |other: &&Ticket| {
            (other.live
                && !other.used
                && other.reference != reference
                && !outlived(&other.reference)
                && !outlived(&reference))
                && (other.operator == operator && other.order.card == order.card)
                && (other.order.first_day <= order.last_day
                    && order.first_day <= other.order.last_day)
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
            used: false,
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
        let own =
            self.tickets.iter().enumerate().filter(|(_, ticket)| ticket.reference == reference);
        let found = own.map(|(no, ticket)| Found { booking: booking(no), state: ticket.state() });
        Outcome::Done(found.collect())
    }

    /// Everything that was booked at an operator.
    pub(crate) fn sold(&self, operator: &str) -> Outcome<SoldPage> {
        let own = self.tickets.iter().enumerate().filter(|(_, ticket)| ticket.operator == operator);
        let sold = own.map(|(no, ticket)| {
            let state = match ticket.state() {
                FoundState::Pending => FoundState::Live,
                other @ (FoundState::Live | FoundState::Used | FoundState::Cancelled) => other,
            };
            let found = Found { booking: booking(no), state };
            Sold { reference: ticket.reference.clone(), found, price: Some(ticket.order.price) }
        });
        Outcome::Done(SoldPage { sold: sold.collect(), ..SoldPage::default() })
    }

    pub(crate) fn cancel(&mut self, handle: &str) -> Outcome<()> {
        let ticket = &mut self.tickets[place(handle)];
        if ticket.live && ticket.used {
            return Outcome::Refused(no_more(RefusalKind::TicketUsed));
        }
        ticket.live = false;
        Outcome::Done(())
    }

    /// A booking opens a gate, where it can: a card has one ticket a day, so of several bookings of
    /// a line one is used.
    pub(crate) fn open_gate(&mut self, no: usize) -> bool {
        let ticket = &self.tickets[no];
        let is_own = |other: &&Ticket| other.reference == ticket.reference && other.used;
        let opens =
            ticket.live && ticket.is_final() && !self.tickets.iter().any(|other| is_own(&other));
        self.tickets[no].used |= opens;
        opens
    }

    /// The reference under which a booking was made.
    pub(crate) fn reference_of(&self, handle: &str) -> String {
        self.tickets[place(handle)].reference.clone()
    }
}

impl Ticket {
    fn state(&self) -> FoundState {
        match (self.live, self.used, self.is_final()) {
            (false, ..) => FoundState::Cancelled,
            (true, true, _) => FoundState::Used,
            (true, false, false) => FoundState::Pending,
            (true, false, true) => FoundState::Live,
        }
    }

    fn is_final(&self) -> bool {
        self.final_at.is_none_or(|at| at <= clock::instant())
    }
}

fn booking(no: usize) -> Booking {
    Booking { ticket_reference: format!("ticket {no}"), handle: no.to_string() }
}

/// Ids and handles are places in the books.
pub(crate) fn place(text: &str) -> usize {
    text.parse().unwrap()
}

/// A clear no.
pub(crate) fn no_more(kind: RefusalKind) -> Refusal {
    Refusal { kind, code: "no".to_owned() }
}
