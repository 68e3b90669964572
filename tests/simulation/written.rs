//! What our own database says besides the orders, and what it must say: days, e-mails, invoices,
//! intents.

use std::collections::BTreeSet;

use chrono::NaiveDate;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder};
use starjack::actors::order::Store;
use starjack::actors::order::rules::intent::Verb;
use starjack::actors::order::rules::lifecycle::{LineState, OrderState, PaymentState};
use starjack::actors::order::rules::record::{Line, Order, Payment};
use starjack::io::{Io, IoError};
use starjack::money::Cents;
use starjack_entity::{
    case_file, invoice, invoice_series, job, order_event, order_step, orders, ticket_day,
};

use super::invariants::{Invariant, Violation, broken};
use super::ledger::{Ledger, place};
use super::money::Transaction;

/// All rows that are looked at besides the orders.
pub(crate) struct Rows {
    cases: Vec<case_file::Model>,
    steps: Vec<order_step::Model>,
    issues: Vec<order_step::Model>,
    pub(super) events: Vec<order_event::Model>,
    days: Vec<ticket_day::Model>,
    jobs: Vec<job::Model>,
    pub(super) invoices: Vec<invoice::Model>,
    series: Vec<invoice_series::Model>,
}

pub(super) fn of_rows(order: &Order, rows: &Rows, ledger: &Ledger) -> Vec<Violation> {
    let mut wrong = Vec::new();
    for step in rows.steps.iter().filter(|step| step.order_id == order.id && step.outcome.is_none())
    {
        wrong.push(broken(Invariant::Intents, order, format!("an intent is open: {step:?}")));
    }
    wrong.extend(of_issues(order, rows));
    let days: BTreeSet<(i32, NaiveDate)> = rows
        .days
        .iter()
        .filter(|day| day.order_id == order.id)
        .map(|day| (day.line_no, day.day))
        .collect();
    let sum: Cents = order.lines.iter().map(|line| line.price).sum();
    if order.total != sum {
        wrong.push(broken(
            Invariant::Price,
            order,
            format!("{} is asked for lines of {sum}", order.total),
        ));
    }
    let sold = order
        .lines
        .iter()
        .filter(|line| order.state == OrderState::Finished && line.state == LineState::Issued);
    let due: BTreeSet<_> = sold.map(|line| (line.no, line.ticket.valid_from)).collect();
    if days != due {
        wrong.push(broken(
            Invariant::TicketDays,
            order,
            format!("{days:?} are taken instead of {due:?}"),
        ));
    }
    wrong.extend(of_emails(order, rows, ledger));
    wrong
}

/// Each e-mail that is due is written, and no other.
fn of_emails(order: &Order, rows: &Rows, ledger: &Ledger) -> Option<Violation> {
    let mut due: BTreeSet<String> =
        BTreeSet::from([format!("letter/order_{}/{}", order.state.word(), order.id)]);
    let back = [PaymentState::Returned, PaymentState::Reversed];
    let unwanted = order
        .payments
        .iter()
        .filter(|row| order.wanted != Some(row.no) && back.contains(&row.state));
    due.extend(unwanted.map(|row| format!("letter/money_returned/{}/{}", order.id, row.no)));
    for line in rows.told(order, "returned") {
        due.insert(format!("letter/ticket_return/{}/{}", order.id, line.no));
        let paid = order.wanted.filter(|_| line.price > 0);
        due.extend(paid.map(|payment| format!("letter/money_returned/{}/{payment}", order.id)));
    }
    let given_back = rows.told(order, "given_back").any(|line| line.price > 0);
    let paid = order.wanted.filter(|_| given_back);
    due.extend(paid.map(|payment| format!("letter/money_returned/{}/{payment}", order.id)));
    let id = order.id.to_string();
    let emails = rows.jobs.iter().filter(|job| job.kind == "letter" && job.dedup_key.contains(&id));
    // of money that went back, the key ends with the version that saw it
    let told = emails.map(|job| match job.dedup_key.split('/').count() {
        5 => job.dedup_key.rsplit_once('/').unwrap().0.to_owned(),
        _ => job.dedup_key.clone(),
    });
    // money that others moved too is told of as often as it was seen; and of what was told nobody
    // knows after a restore
    let by_others = |payment: &Payment| {
        let transaction = payment.tid.as_ref().map(|tid| &ledger.money[place(tid)]);
        let moved = transaction.is_some_and(Transaction::is_not_ours_alone) || ledger.restores > 0;
        moved || payment.owed + payment.transferred > 0
    };
    let others = order.payments.iter().filter(|payment| by_others(payment));
    let others: Vec<_> =
        others.map(|row| format!("letter/money_returned/{}/{}", order.id, row.no)).collect();
    due.retain(|email| !others.contains(email));
    let mut due: Vec<_> = due.into_iter().collect();
    // a ticket that was used is asked back, and refused, as often as somebody likes
    let refusals = order
        .lines
        .iter()
        .flat_map(|line| vec![line.no; rows.times(order, line.no, "return_refused")]);
    due.extend(refusals.map(|no| format!("letter/ticket_return/{}/{no}", order.id)));
    due.sort();
    let mut told: Vec<_> = told.filter(|email| !others.contains(email)).collect();
    told.sort();
    let wrong = || format!("{told:?} are written instead of {due:?}");
    (told != due).then(|| broken(Invariant::Letters, order, wrong()))
}

/// Nothing is issued that is being undone: an order that is authorised and given up in one commit
/// asks for no ticket.
fn of_issues(order: &Order, rows: &Rows) -> Option<Violation> {
    let in_one_commit = rows.events.windows(2).any(|pair| {
        let of = |event: &order_event::Model, state: OrderState| {
            event.order_id == order.id && event.state == state.word()
        };
        let both = of(&pair[0], OrderState::Authorised) && of(&pair[1], OrderState::Undoing);
        both && pair[0].version == pair[1].version
    });
    let asked = in_one_commit && rows.issues.iter().any(|step| step.order_id == order.id);
    let says = "it asked to issue the very tickets that it undid in the same commit".to_owned();
    asked.then(|| broken(Invariant::Intents, order, says))
}

pub(super) fn of_invoices(orders: &[Order], rows: &Rows) -> Vec<Violation> {
    let mut wrong = Vec::new();
    for order in orders {
        let returned: Vec<i32> = rows.returned(order).map(|line| line.no).collect();
        let was_sold =
            |line: &&Line| line.state == LineState::Issued || returned.contains(&line.no);
        let sold =
            order.lines.iter().filter(|line| order.state == OrderState::Finished && was_sold(line));
        let due: i64 = sold.map(|line| line.price).sum();
        let due: Vec<i64> = (due > 0).then_some(due).into_iter().collect();
        let own: Vec<i64> = rows
            .invoices
            .iter()
            .filter(|row| row.order_id == order.id)
            .map(|row| row.total_cents)
            .collect();
        if own != due {
            wrong.push(broken(
                Invariant::Invoices,
                order,
                format!("{own:?} is invoiced instead of {due:?}"),
            ));
        }
        let issued = order.lines.iter().filter(was_sold);
        let issued: Vec<(i64, i64)> =
            issued.map(|line| (line.price, line.ticket.vat_permille.into())).collect();
        for row in rows.invoices.iter().filter(|row| row.order_id == order.id) {
            let lines: Vec<serde_json::Value> = serde_json::from_str(&row.lines).unwrap();
            let number = |line: &serde_json::Value, name: &str| line[name].as_i64().unwrap();
            let lines: Vec<_> = lines
                .iter()
                .map(|line| (number(line, "gross_cents"), number(line, "vat_permille")))
                .collect();
            if lines != issued {
                wrong.push(broken(
                    Invariant::Vat,
                    order,
                    format!("{lines:?} is invoiced instead of {issued:?}"),
                ));
            }
        }
    }
    for series in &rows.series {
        let serials: Vec<i64> = rows
            .invoices
            .iter()
            .filter(|row| row.series == series.series)
            .map(|row| row.serial)
            .collect();
        if serials != (1..=series.last).collect::<Vec<_>>() {
            let says =
                format!("{} up to {} has the serials {serials:?}", series.series, series.last);
            wrong.push(Violation { invariant: Invariant::Invoices, says });
        }
    }
    wrong
}

/// Every order of the database.
pub(crate) async fn all_orders(store: &Store) -> Vec<Order> {
    let find = orders::Entity::find();
    let read =
        store.io().read(move |db| Box::pin(async move { Ok::<_, IoError>(find.all(db).await?) }));
    let mut all = Vec::new();
    for row in read.await.unwrap() {
        all.push(store.load(row.id).await.unwrap().unwrap());
    }
    all
}

impl Rows {
    /// The lines of an order that were sold, and went back at somebody's wish or because nobody had
    /// a ticket any more.
    pub(crate) fn returned<'a>(&'a self, order: &'a Order) -> impl Iterator<Item = &'a Line> {
        self.told(order, "returned").chain(self.told(order, "given_back"))
    }

    /// The lines of an order of which its history says this.
    fn told<'a>(&'a self, order: &'a Order, what: &'a str) -> impl Iterator<Item = &'a Line> {
        order.lines.iter().filter(move |line| self.times(order, line.no, what) > 0)
    }

    /// How often it says this of a line.
    fn times(&self, order: &Order, no: i32, what: &str) -> usize {
        let detail = format!("line_{no}_{what}");
        let told = |event: &&order_event::Model| {
            event.order_id == order.id && event.detail.as_ref() == Some(&detail)
        };
        self.events.iter().filter(told).count()
    }

    /// The open cases of an order.
    pub(super) fn cases(&self, order: &Order) -> impl Iterator<Item = &case_file::Model> {
        self.cases.iter().filter(|case| case.order_id == Some(order.id) && case.closed_at.is_none())
    }

    /// What somebody agreed to have written down in the evening, of money that went back without us
    /// after an order's end.
    pub(super) fn written_down(&self, order: &Order) -> Cents {
        let booked = |case: &&case_file::Model| {
            let agreed =
                case.kind == "money_back_more" && case.closed_reason.as_deref() == Some("mended");
            agreed && case.order_id == Some(order.id) && case.payment_no == order.wanted
        };
        self.cases.iter().filter(booked).filter_map(|case| case.amount_cents).sum()
    }

    pub(crate) async fn read(io: &Io) -> Self {
        let read = io.read(move |db| {
            Box::pin(async move {
                let events = order_event::Entity::find()
                    .order_by_asc(order_event::Column::OrderId)
                    .order_by_asc(order_event::Column::Version)
                    .order_by_asc(order_event::Column::No);
                Ok::<_, IoError>(Self {
                    issues: order_step::Entity::find()
                        .filter(order_step::Column::Verb.eq(Verb::Issue.word()))
                        .all(db)
                        .await?,
                    steps: order_step::Entity::find()
                        .filter(order_step::Column::Outcome.is_null())
                        .all(db)
                        .await?,
                    events: events.all(db).await?,
                    cases: case_file::Entity::find().all(db).await?,
                    days: ticket_day::Entity::find().all(db).await?,
                    jobs: job::Entity::find().all(db).await?,
                    invoices: invoice::Entity::find()
                        .order_by_asc(invoice::Column::Serial)
                        .all(db)
                        .await?,
                    series: invoice_series::Entity::find().all(db).await?,
                })
            })
        });
        read.await.unwrap()
    }
}
