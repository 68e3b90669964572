//! What must be true once everything rests: the order's own rows, read from the database, against the outside's books.

use std::collections::BTreeSet;

use chrono::NaiveDate;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder};
use starjack::actors::order::Store;
use starjack::actors::order::lifecycle::{LineState, OrderState, PaymentState, has_ended, row};
use starjack::actors::order::record::{Line, Order};
use starjack::io::{Io, IoError};
use starjack::money::Cents;
use starjack_entity::{invoice, invoice_series, job, order_event, order_step, orders, ticket_day};

use super::ledger::Ledger;
use super::world::World;

/// A promise that the world looks after. Its number is the one of the domain's list of money invariants; of that list, what a
/// world of orders and suppliers cannot break is not here: settlement with operators (I10), strangers' reads (I12), days of 23
/// and 25 hours (I13), production of keycards (I14) and erasure (I15).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[rustfmt::skip]
pub(crate) enum Invariant {
    Money, Reserved, Rest, Tickets, Person, OneTicket, RightTicket, OneTicketACardAndDay, TicketDays,
    TicketsFirst, Price, Invoices, Vat, History, Letters, Balance, Intents, Accepted,
}

#[rustfmt::skip]
pub(crate) const INVARIANTS: [Invariant; 18] = [
    Invariant::Money, Invariant::Reserved, Invariant::Rest, Invariant::Tickets, Invariant::Person,
    Invariant::OneTicket, Invariant::RightTicket, Invariant::OneTicketACardAndDay, Invariant::TicketDays, Invariant::TicketsFirst,
    Invariant::Price, Invariant::Invoices, Invariant::Vat, Invariant::History, Invariant::Letters,
    Invariant::Balance, Invariant::Intents, Invariant::Accepted,
];

impl Invariant {
    /// Its number, and what is promised.
    pub(crate) fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Money => ("I1", "what is held of an order's money is the price of what is on the cards"),
            Self::Reserved => ("I1", "nothing stays reserved"),
            Self::Rest => ("I2", "every order comes to its end and nothing is left to do"),
            Self::Tickets => ("I2", "what is on the cards is what the order says, its money back otherwise"),
            Self::Person => ("I2", "no mark is left that time or a person has cleared"),
            Self::OneTicket => ("I3", "never two live bookings of a line"),
            Self::RightTicket => ("I4", "a booking has its line's card, person, product, days and price"),
            Self::OneTicketACardAndDay => ("I5", "never two live bookings of a card, operator and day"),
            Self::TicketDays => ("I5", "a card's day is taken exactly while it has a ticket"),
            Self::TicketsFirst => ("I6", "no money goes back while its ticket is live"),
            Self::Price => ("I7", "an order costs what its customer was shown"),
            Self::Invoices => ("I8", "one invoice for what was sold, numbered without gaps"),
            Self::Vat => ("I9", "an invoice's lines are the issued lines, each at its rate"),
            Self::History => ("I11", "an order's history is a way through its table, each step once"),
            Self::Letters => ("I16", "every end, and all money that went back, is told once"),
            Self::Balance => ("I17", "all that the provider holds is all that was invoiced"),
            Self::Intents => ("rule 1", "every question has its row, and every row its outcome"),
            Self::Accepted => ("–", "an order that was accepted is there, once"),
        }
    }
}

/// A broken promise.
#[derive(Clone, Debug)]
pub(crate) struct Violation {
    pub(crate) invariant: Invariant,
    pub(crate) says: String,
}

/// All rows that are looked at besides the orders.
pub(crate) struct Rows {
    steps: Vec<order_step::Model>,
    events: Vec<order_event::Model>,
    days: Vec<ticket_day::Model>,
    jobs: Vec<job::Model>,
    invoices: Vec<invoice::Model>,
    series: Vec<invoice_series::Model>,
}

/// Everything that is wrong. While the world does not rest, only that, unless this look is the `last`.
pub(crate) async fn violations(world: &World, last: bool) -> Vec<Violation> {
    let orders = world.orders().await;
    let mut wrong = Vec::new();
    for order in &orders {
        let deeds = world.open_deeds(order);
        if !has_ended(order.state) || order.next_at.is_some() || deeds > 0 || world.outside.books.open().is_busy() {
            let way = format!("{} is {} with {deeds} deeds left: {order:#?}", order.number, order.state.word());
            wrong.push(Violation { invariant: Invariant::Rest, says: way });
        }
    }
    if !wrong.is_empty() && !last {
        return wrong;
    }
    let rows = Rows::read(&world.outside.io).await;
    wrong.extend(of_orders(&orders, &rows, &world.outside.books.open()));
    wrong
}

/// What is wrong with orders that rest.
pub(crate) fn of_orders(orders: &[Order], rows: &Rows, ledger: &Ledger) -> Vec<Violation> {
    let mut wrong = ledger.slips.clone();
    for order in orders {
        wrong.extend(of_tickets(order, ledger));
        wrong.extend(of_money(order, ledger));
        wrong.extend(of_rows(order, rows));
        wrong.extend(of_history(order, rows));
    }
    wrong.extend(of_invoices(orders, rows));
    let held: Cents = ledger.money.iter().map(|money| money.captured - money.credited).sum();
    let invoiced: Cents = rows.invoices.iter().map(|row| row.total_cents).sum();
    let returned: Cents = orders.iter().flat_map(|order| rows.returned(order)).map(|line| line.price).sum();
    if held != invoiced - returned {
        let says = format!("{held} are held, {invoiced} are invoiced, of which {returned} were returned");
        wrong.push(Violation { invariant: Invariant::Balance, says });
    }
    wrong
}

fn broken(invariant: Invariant, order: &Order, says: String) -> Violation {
    Violation { invariant, says: format!("{} is {}, but {says}", order.number, order.state.word()) }
}

fn of_tickets(order: &Order, ledger: &Ledger) -> Vec<Violation> {
    let mut wrong = Vec::new();
    for line in &order.lines {
        let reference = line.reference.as_str();
        if ledger.doubled.contains(reference) {
            wrong.push(broken(Invariant::OneTicket, order, format!("line {} had two live tickets", line.no)));
        }
        let sold = order.state == OrderState::Finished && line.state == LineState::Issued;
        let live = ledger.live(reference);
        if live != usize::from(sold) {
            let says = format!("line {} is {} with {live} live tickets", line.no, line.state.word());
            wrong.push(broken(Invariant::Tickets, order, says));
        }
        for ticket in ledger.tickets.iter().filter(|ticket| ticket.live && ticket.reference == reference) {
            let (asked, wanted) = (&ticket.order, &line.ticket);
            let codes =
                (&*asked.product_code, &*asked.category_code) == (&*wanted.product_code, &*wanted.category_code);
            let days = (asked.first_day, asked.last_day) == (wanted.valid_from, wanted.valid_to);
            let whose = asked.card == wanted.card_number && asked.holder == wanted.holder();
            if !(codes && days && whose && ticket.operator == wanted.operator && asked.price == line.price) {
                wrong.push(broken(Invariant::RightTicket, order, format!("{ticket:?} was booked for {line:?}")));
            }
        }
        if line.person.is_some() {
            wrong.push(broken(Invariant::Person, order, format!("line {} waits for {:?}", line.no, line.person)));
        }
    }
    wrong
}

fn of_money(order: &Order, ledger: &Ledger) -> Vec<Violation> {
    let mut wrong = Vec::new();
    let own: Vec<_> = ledger
        .money
        .iter()
        .filter(|money| order.payments.iter().any(|row| row.reference.as_str() == money.page))
        .collect();
    let held: i64 = own.iter().map(|money| money.captured - money.credited).sum();
    let due = if order.state == OrderState::Finished { order.issued_total() } else { 0 };
    if held != due {
        wrong.push(broken(Invariant::Money, order, format!("{held} are held for tickets of {due}: {own:?}")));
    }
    if own.iter().any(|money| money.reserved) {
        wrong.push(broken(Invariant::Reserved, order, format!("money is still reserved: {own:?}")));
    }
    for payment in order.payments.iter().filter(|payment| payment.person.is_some()) {
        wrong.push(broken(Invariant::Person, order, format!("payment {} waits for {:?}", payment.no, payment.person)));
    }
    wrong
}

fn of_rows(order: &Order, rows: &Rows) -> Vec<Violation> {
    let mut wrong = Vec::new();
    for step in rows.steps.iter().filter(|step| step.order_id == order.id && step.outcome.is_none()) {
        wrong.push(broken(Invariant::Intents, order, format!("an intent is open: {step:?}")));
    }
    let days: BTreeSet<(i32, NaiveDate)> =
        rows.days.iter().filter(|day| day.order_id == order.id).map(|day| (day.line_no, day.day)).collect();
    let sum: Cents = order.lines.iter().map(|line| line.price).sum();
    if order.total != sum {
        wrong.push(broken(Invariant::Price, order, format!("{} is asked for lines of {sum}", order.total)));
    }
    let sold = order.lines.iter().filter(|line| order.state == OrderState::Finished && line.state == LineState::Issued);
    let due: BTreeSet<_> = sold.map(|line| (line.no, line.ticket.valid_from)).collect();
    if days != due {
        wrong.push(broken(Invariant::TicketDays, order, format!("{days:?} are taken instead of {due:?}")));
    }
    let mut due: BTreeSet<String> = BTreeSet::from([format!("letter/order_{}/{}", order.state.word(), order.id)]);
    let back = [PaymentState::Returned, PaymentState::Reversed];
    let unwanted = order.payments.iter().filter(|row| order.wanted != Some(row.no) && back.contains(&row.state));
    due.extend(unwanted.map(|row| format!("letter/money_returned/{}/{}", order.id, row.no)));
    for line in rows.returned(order) {
        due.insert(format!("letter/ticket_return/{}/{}", order.id, line.no));
        let paid = order.wanted.filter(|_| line.price > 0);
        due.extend(paid.map(|payment| format!("letter/money_returned/{}/{payment}", order.id)));
    }
    let id = order.id.to_string();
    let letters = rows.jobs.iter().filter(|job| job.kind == "letter" && job.dedup_key.contains(&id));
    // of money that went back, the key ends with the version that saw it
    let told = letters.map(|job| match job.dedup_key.split('/').count() {
        5 => job.dedup_key.rsplit_once('/').unwrap().0.to_owned(),
        _ => job.dedup_key.clone(),
    });
    let told: Vec<_> = told.collect();
    if told.len() != due.len() || told.iter().cloned().collect::<BTreeSet<_>>() != due {
        wrong.push(broken(Invariant::Letters, order, format!("{told:?} are written instead of {due:?}")));
    }
    wrong
}

fn of_history(order: &Order, rows: &Rows) -> Vec<Violation> {
    let mut way: Vec<OrderState> = rows
        .events
        .iter()
        .filter(|event| event.order_id == order.id)
        .map(|event| OrderState::of(&event.state).unwrap())
        .collect();
    // a finished order goes on telling of the tickets that were taken out of it
    while way.ends_with(&[OrderState::Finished; 2]) {
        way.pop();
    }
    let fits = |pair: &[OrderState]| {
        let from = row(pair[0]);
        // no money is due: straight to the tickets
        let free = pair == [OrderState::Placed, OrderState::Authorised] && order.total == 0;
        let cancelled = from.cancel && pair[1] == OrderState::Rejected;
        from.done == Some(pair[1]) || from.refused == Some(pair[1]) || cancelled || free
    };
    let whole = way.first() == Some(&OrderState::Placed) && way.last() == Some(&order.state);
    if whole && way.windows(2).all(fits) {
        return Vec::new();
    }
    vec![broken(Invariant::History, order, format!("it went {way:?}"))]
}

fn of_invoices(orders: &[Order], rows: &Rows) -> Vec<Violation> {
    let mut wrong = Vec::new();
    for order in orders {
        let returned: Vec<i32> = rows.returned(order).map(|line| line.no).collect();
        let was_sold = |line: &&Line| line.state == LineState::Issued || returned.contains(&line.no);
        let sold = order.lines.iter().filter(|line| order.state == OrderState::Finished && was_sold(line));
        let due: i64 = sold.map(|line| line.price).sum();
        let due: Vec<i64> = (due > 0).then_some(due).into_iter().collect();
        let own: Vec<i64> =
            rows.invoices.iter().filter(|row| row.order_id == order.id).map(|row| row.total_cents).collect();
        if own != due {
            wrong.push(broken(Invariant::Invoices, order, format!("{own:?} is invoiced instead of {due:?}")));
        }
        let issued = order.lines.iter().filter(was_sold);
        let issued: Vec<(i64, i64)> = issued.map(|line| (line.price, line.ticket.vat_permille.into())).collect();
        for row in rows.invoices.iter().filter(|row| row.order_id == order.id) {
            let lines: Vec<serde_json::Value> = serde_json::from_str(&row.lines).unwrap();
            let number = |line: &serde_json::Value, name: &str| line[name].as_i64().unwrap();
            let lines: Vec<_> =
                lines.iter().map(|line| (number(line, "gross_cents"), number(line, "vat_permille"))).collect();
            if lines != issued {
                wrong.push(broken(Invariant::Vat, order, format!("{lines:?} is invoiced instead of {issued:?}")));
            }
        }
    }
    for series in &rows.series {
        let serials: Vec<i64> =
            rows.invoices.iter().filter(|row| row.series == series.series).map(|row| row.serial).collect();
        if serials != (1..=series.last).collect::<Vec<_>>() {
            let says = format!("{} up to {} has the serials {serials:?}", series.series, series.last);
            wrong.push(Violation { invariant: Invariant::Invoices, says });
        }
    }
    wrong
}

/// Every order of the database.
pub(crate) async fn all_orders(store: &Store) -> Vec<Order> {
    let find = orders::Entity::find();
    let read = store.io().read(move |db| Box::pin(async move { Ok::<_, IoError>(find.all(db).await?) }));
    let mut all = Vec::new();
    for row in read.await.unwrap() {
        all.push(store.load(row.id).await.unwrap().unwrap());
    }
    all
}

impl Rows {
    /// The lines of an order that were sold, and went back at somebody's wish.
    pub(crate) fn returned<'a>(&'a self, order: &'a Order) -> impl Iterator<Item = &'a Line> {
        let told = |line: &&Line| {
            let detail = format!("line_{}_returned", line.no);
            self.events.iter().any(|event| event.order_id == order.id && event.detail.as_ref() == Some(&detail))
        };
        order.lines.iter().filter(told)
    }

    pub(crate) async fn read(io: &Io) -> Self {
        let read = io.read(move |db| {
            Box::pin(async move {
                let events = order_event::Entity::find()
                    .order_by_asc(order_event::Column::Version)
                    .order_by_asc(order_event::Column::No);
                Ok::<_, IoError>(Self {
                    steps: order_step::Entity::find().filter(order_step::Column::Outcome.is_null()).all(db).await?,
                    events: events.all(db).await?,
                    days: ticket_day::Entity::find().all(db).await?,
                    jobs: job::Entity::find().all(db).await?,
                    invoices: invoice::Entity::find().order_by_asc(invoice::Column::Serial).all(db).await?,
                    series: invoice_series::Entity::find().all(db).await?,
                })
            })
        });
        read.await.unwrap()
    }
}
