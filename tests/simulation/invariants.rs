//! What must be true once everything rests: the order's own rows, read from the database, against
//! the outside's books.

use chrono::TimeDelta;
use starjack::actors::order::rules::lifecycle::{
    LineState, OrderState, PaymentState, has_ended, row,
};
use starjack::actors::order::rules::payment_pages::MOST_PAGES;
use starjack::actors::order::rules::record::Order;
use starjack::clock;
use starjack_entity::order_event;

use super::held::{of_balance, of_money};
use super::ledger::Ledger;
use super::world::World;
use super::written::{Rows, of_invoices, of_rows};

/// A promise that the world looks after. Its number is the one of the domain's list of money
/// invariants; of that list, what a world of orders and suppliers cannot break is not here:
/// settlement with operators (I10), strangers' reads (I12), days of 23 and 25 hours (I13),
/// production of keycards (I14) and erasure (I15).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[rustfmt::skip]
pub(crate) enum Invariant {
    Money, Reserved, Rest, Tickets, Person, OneTicket, RightTicket, OneTicketACardAndDay, TicketDays,
    TicketsFirst, Price, Invoices, Vat, History, Letters, Balance, Intents, Accepted, Owed, Pages, Asking,
}

#[rustfmt::skip]
pub(crate) const INVARIANTS: [Invariant; 21] = [
    Invariant::Money, Invariant::Reserved, Invariant::Rest, Invariant::Tickets, Invariant::Person,
    Invariant::OneTicket, Invariant::RightTicket, Invariant::OneTicketACardAndDay, Invariant::TicketDays, Invariant::TicketsFirst,
    Invariant::Price, Invariant::Invoices, Invariant::Vat, Invariant::History, Invariant::Letters,
    Invariant::Balance, Invariant::Intents, Invariant::Accepted, Invariant::Owed, Invariant::Pages, Invariant::Asking,
];

impl Invariant {
    /// Its number, and what is promised.
    pub(crate) fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Money => (
                "I1",
                "what is held of an order's money is the price of what is on the cards, or an open case names the rest",
            ),
            Self::Reserved => ("I1", "nothing stays reserved"),
            Self::Rest => ("I2", "every order comes to its end and nothing is left to do"),
            Self::Tickets => {
                ("I2", "what is on the cards is what the order says, its money back otherwise")
            }
            Self::Person => ("I2", "no mark is left that time or our staff has not dealt with"),
            Self::OneTicket => ("I3", "never two live bookings of a line"),
            Self::RightTicket => {
                ("I4", "a booking has its line's card, person, product, days and price")
            }
            Self::OneTicketACardAndDay => {
                ("I5", "never two live bookings of a card, operator and day")
            }
            Self::TicketDays => ("I5", "a card's day is taken exactly while it has a ticket"),
            Self::TicketsFirst => ("I6", "no money goes back while its ticket is live"),
            Self::Price => ("I7", "an order costs what its customer was shown"),
            Self::Invoices => ("I8", "one invoice for what was sold, numbered without gaps"),
            Self::Vat => ("I9", "an invoice's lines are the issued lines, each at its rate"),
            Self::History => {
                ("I11", "an order's history is a way through its table, each step once")
            }
            Self::Letters => ("I16", "every end, and all money that went back, is told once"),
            Self::Balance => ("I17", "all that the provider holds is all that was invoiced"),
            Self::Intents => ("rule 1", "every question has its row, and every row its outcome"),
            Self::Accepted => ("–", "an order that was accepted is there, once"),
            Self::Owed => ("I1", "what is owed of a payment is what its open cases say"),
            Self::Pages => ("–", "an order opens no more pages than a restored backup looks for"),
            Self::Asking => ("–", "no supplier is asked the same all day long"),
        }
    }
}

/// No story lasts so long.
const LATER: TimeDelta = TimeDelta::hours(1);

/// A broken promise.
#[derive(Clone, Debug)]
pub(crate) struct Violation {
    pub(crate) invariant: Invariant,
    pub(crate) says: String,
}

/// Everything that is wrong. While the world does not rest, only that, unless this look is the
/// `last`.
pub(crate) async fn violations(world: &World, last: bool) -> Vec<Violation> {
    let orders = world.orders().await;
    let mut wrong = Vec::new();
    for order in &orders {
        let deeds = world.open_deeds(order);
        if !has_ended(order.state)
            || !rests(order)
            || deeds > 0
            || world.outside.books.open().is_busy()
        {
            let way = format!(
                "{} is {} with {deeds} deeds left: {order:#?}",
                order.number,
                order.state.word()
            );
            wrong.push(Violation { invariant: Invariant::Rest, says: way });
        }
    }
    if !wrong.is_empty() && !last {
        return wrong;
    }
    let rows = Rows::read(&world.outside.io).await;
    wrong.extend(of_orders(&orders, &rows, &world.outside.books.open()));
    // between two looks an order may have begun what the books show as done
    let now = world.orders().await;
    let versions =
        |orders: &[Order]| orders.iter().map(|order| (order.id, order.version)).collect::<Vec<_>>();
    if wrong.is_empty() && versions(&now) != versions(&orders) {
        wrong.push(Violation {
            invariant: Invariant::Rest,
            says: "an order went on meanwhile".to_owned(),
        });
    }
    wrong
}

/// Nothing is left to do but, much later than a story lasts, one more look at a page that nobody
/// paid.
fn rests(order: &Order) -> bool {
    let looks =
        order.payments.iter().filter(|row| row.state == PaymentState::Closed && row.open.is_none());
    let look = looks.filter(|row| row.claim.is_none()).filter_map(|row| row.ask_at).min();
    order.next_at.is_none_or(|at| Some(at) == look && at > clock::now() + LATER)
}

/// What is wrong with orders that rest.
pub(crate) fn of_orders(orders: &[Order], rows: &Rows, ledger: &Ledger) -> Vec<Violation> {
    let mut wrong = ledger.slips.clone();
    for order in orders {
        wrong.extend(of_tickets(order, ledger));
        wrong.extend(of_money(order, rows, ledger));
        wrong.extend(of_rows(order, rows, ledger));
        wrong.extend(of_history(order, rows, ledger.restores > 0));
    }
    wrong.extend(of_invoices(orders, rows));
    wrong.extend(of_balance(orders, rows, ledger));
    wrong.extend(of_pages(ledger));
    wrong
}

/// A restored backup looks for as many pages of an order as it may have been given: each one beyond
/// could be paid unseen.
fn of_pages(ledger: &Ledger) -> Vec<Violation> {
    let most = MOST_PAGES * (1 + ledger.restores);
    let too_many = ledger.opened.iter().filter(|(_, pages)| pages.len() > most);
    let says = too_many.map(|(number, pages)| {
        format!("{number} opened {} pages, {most} are looked for", pages.len())
    });
    says.map(|says| Violation { invariant: Invariant::Pages, says }).collect()
}

/// A broken promise of an order.
pub(super) fn broken(invariant: Invariant, order: &Order, says: String) -> Violation {
    Violation { invariant, says: format!("{} is {}, but {says}", order.number, order.state.word()) }
}

fn of_tickets(order: &Order, ledger: &Ledger) -> Vec<Violation> {
    let mut wrong = Vec::new();
    for line in &order.lines {
        let reference = line.reference.as_str();
        if ledger.doubled.contains(reference) {
            wrong.push(broken(
                Invariant::OneTicket,
                order,
                format!("line {} had two live tickets", line.no),
            ));
        }
        let sold = order.state == OrderState::Finished && line.state == LineState::Issued;
        let own =
            || ledger.tickets.iter().filter(|ticket| ticket.live && ticket.reference == reference);
        let live = own().filter(|ticket| !ledger.is_let_go(ticket)).count();
        if live != usize::from(sold) {
            let says =
                format!("line {} is {} with {live} live tickets", line.no, line.state.word());
            wrong.push(broken(Invariant::Tickets, order, says));
        }
        for ticket in own() {
            let asked = &ticket.order;
            let wanted = &line.ticket;
            let codes = (&*asked.product_code, &*asked.category_code)
                == (&*wanted.product_code, &*wanted.category_code);
            let days = (asked.first_day, asked.last_day) == (wanted.valid_from, wanted.valid_to);
            let whose = asked.card == wanted.card_number && asked.holder == wanted.holder();
            if !(codes
                && days
                && whose
                && ticket.operator == wanted.operator
                && asked.price == line.price)
            {
                wrong.push(broken(
                    Invariant::RightTicket,
                    order,
                    format!("{ticket:?} was booked for {line:?}"),
                ));
            }
        }
        if line.attention.as_ref().is_some_and(|mark| !mark.accepted) {
            wrong.push(broken(
                Invariant::Person,
                order,
                format!("line {} waits for {:?}", line.no, line.attention),
            ));
        }
    }
    wrong
}

fn of_history(order: &Order, rows: &Rows, restored: bool) -> Vec<Violation> {
    // whether a used ticket of an undo was kept or let go is told of its line, and is no step
    let of_line = |event: &&order_event::Model| {
        let ends = |detail: &String| {
            detail.starts_with("line_")
                && (detail.ends_with("_kept") || detail.ends_with("_let_go"))
        };
        event.state == OrderState::Undoing.word() && event.detail.as_ref().is_some_and(ends)
    };
    let own = || rows.events.iter().filter(|event| event.order_id == order.id);
    let kept = own()
        .filter(of_line)
        .any(|event| event.detail.as_ref().is_some_and(|detail| detail.ends_with("_kept")));
    let steps = own().filter(|event| !of_line(event));
    let mut way: Vec<OrderState> =
        steps.map(|event| OrderState::of(&event.state).unwrap()).collect();
    // a finished order goes on telling of the tickets that were taken out of it
    while way.ends_with(&[OrderState::Finished; 2]) {
        way.pop();
    }
    let fits = |pair: &[OrderState]| {
        let from = row(pair[0]);
        // no money is due: straight to the tickets
        let free = pair == [OrderState::Placed, OrderState::Authorised] && order.total == 0;
        let cancelled = from.cancel && pair[1] == OrderState::Rejected;
        // a backup knows nothing of the tickets that were booked after it: they are voided first
        let undone = restored && from.cancel && pair[1] == OrderState::Undoing;
        let refused = from.refused == Some(pair[1]) && (pair[0] != OrderState::Undoing || kept);
        from.done == Some(pair[1]) || refused || cancelled || free || undone
    };
    let whole = way.first() == Some(&OrderState::Placed) && way.last() == Some(&order.state);
    if whole && way.windows(2).all(fits) {
        return Vec::new();
    }
    vec![broken(Invariant::History, order, format!("it went {way:?}"))]
}
