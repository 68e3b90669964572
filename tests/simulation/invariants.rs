//! What must be true once everything rests: the order's own rows, read from the database, against the outside's books.

use std::collections::BTreeSet;

use chrono::NaiveDate;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder};
use starjack::actors::order::lifecycle::{LineState, OrderState, PaymentState, has_ended, row};
use starjack::actors::order::record::Order;
use starjack::io::IoError;
use starjack_entity::{invoice, invoice_series, job, order_event, order_step, orders, ticket_day};

use super::incarnation::store;
use super::ledger::Ledger;
use super::world::World;

/// A promise that the world looks after.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Invariant {
    /// Every order comes to its end, and nothing is left to do.
    Rest,
    /// Never two live bookings of a line.
    OneTicket,
    /// What is on the cards is what the order says.
    Tickets,
    /// What is held is the price of what is on the cards.
    Money,
    /// Nothing stays reserved.
    Reserved,
    /// No mark waits for a person.
    Person,
    /// Every intent has its outcome.
    Intents,
    /// Every end, and all money that went back, is told.
    Letters,
    /// A card's day is taken exactly while it has a ticket.
    TicketDays,
    /// One invoice for what was sold, without gaps.
    Invoices,
    /// The history is a way through the order table.
    History,
}

/// A broken promise.
#[derive(Clone, Debug)]
pub(crate) struct Violation {
    pub(crate) invariant: Invariant,
    #[expect(dead_code, reason = "read by who reads the failure")]
    pub(crate) says: String,
}

/// All rows that are looked at besides the orders.
struct Rows {
    steps: Vec<order_step::Model>,
    events: Vec<order_event::Model>,
    days: Vec<ticket_day::Model>,
    jobs: Vec<job::Model>,
    invoices: Vec<invoice::Model>,
    series: Vec<invoice_series::Model>,
}

/// Everything that is wrong. While the world does not rest, only that, unless this look is the `last`.
pub(crate) async fn violations(world: &World, last: bool) -> Vec<Violation> {
    let orders = all_orders(world).await;
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
    let rows = Rows::read(world).await;
    let ledger = world.outside.books.open();
    for order in &orders {
        wrong.extend(of_tickets(order, &ledger));
        wrong.extend(of_money(order, &ledger));
        wrong.extend(of_rows(order, &rows));
        wrong.extend(of_history(order, &rows));
    }
    wrong.extend(of_invoices(&orders, &rows));
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
    let sold = order.lines.iter().filter(|line| order.state == OrderState::Finished && line.state == LineState::Issued);
    let due: BTreeSet<_> = sold.map(|line| (line.no, line.ticket.valid_from)).collect();
    if days != due {
        wrong.push(broken(Invariant::TicketDays, order, format!("{days:?} are taken instead of {due:?}")));
    }
    let mut due: BTreeSet<String> = BTreeSet::from([format!("letter/order_{}/{}", order.state.word(), order.id)]);
    let back = [PaymentState::Returned, PaymentState::Reversed];
    let unwanted = order.payments.iter().filter(|row| order.wanted != Some(row.no) && back.contains(&row.state));
    due.extend(unwanted.map(|row| format!("letter/money_returned/{}/{}", order.id, row.no)));
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
    let way: Vec<OrderState> = rows
        .events
        .iter()
        .filter(|event| event.order_id == order.id)
        .map(|event| OrderState::of(&event.state).unwrap())
        .collect();
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
        let due = if order.state == OrderState::Finished { order.issued_total() } else { 0 };
        let due: Vec<i64> = (due > 0).then_some(due).into_iter().collect();
        let own: Vec<i64> =
            rows.invoices.iter().filter(|row| row.order_id == order.id).map(|row| row.total_cents).collect();
        if own != due {
            wrong.push(broken(Invariant::Invoices, order, format!("{own:?} is invoiced instead of {due:?}")));
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
pub(crate) async fn all_orders(world: &World) -> Vec<Order> {
    let find = orders::Entity::find();
    let read = world.outside.io.read(move |db| Box::pin(async move { Ok::<_, IoError>(find.all(db).await?) }));
    let mut all = Vec::new();
    for row in read.await.unwrap() {
        let store = store(&world.setting, world.outside.io.clone());
        all.push(store.load(row.id).await.unwrap().unwrap());
    }
    all
}

impl Rows {
    async fn read(world: &World) -> Self {
        let read = world.outside.io.read(move |db| {
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
