//! The SQL of our side: what we believe of a day's tickets, payments and invoices.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, NaiveDate, Utc};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QuerySelect,
    QueryTrait,
};
use starjack_entity::{invoice, invoice_series, order_line, order_step, orders, payment};
use uuid::Uuid;

use super::cases::APPLIED;
use crate::actors::cases::Case;
use crate::actors::cases::store::shown;
use crate::actors::order::rules::intent::Verb;
use crate::actors::order::rules::lifecycle::{LineState, OrderState, PaymentState, has_ended};
use crate::actors::reconcile::compare::{Kind, OurMoney};
use crate::actors::reconcile::orphans::MONEY;
use crate::io::{Io, IoError};
use crate::money::Cents;

/// Most references that one statement names.
const AT_ONCE: usize = 500;

/// A line of ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::actors::reconcile) struct OurLine {
    pub(in crate::actors::reconcile) order_id: Uuid,
    pub(in crate::actors::reconcile) no: i32,
    pub(in crate::actors::reconcile) reference: String,
    pub(in crate::actors::reconcile) operator: String,
    pub(in crate::actors::reconcile) state: LineState,
    pub(in crate::actors::reconcile) handle: Option<String>,
    pub(in crate::actors::reconcile) price: Cents,
    pub(in crate::actors::reconcile) last_day: NaiveDate,
    /// Nothing of its order is being driven any more, and it is not being returned.
    pub(in crate::actors::reconcile) rests: bool,
}

/// A payment of ours that has come to rest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::actors::reconcile) struct OurPayment {
    pub(in crate::actors::reconcile) order_id: Uuid,
    pub(in crate::actors::reconcile) no: i32,
    pub(in crate::actors::reconcile) tid: String,
    pub(in crate::actors::reconcile) money: OurMoney,
}

/// The lines of an operator whose tickets were asked for between two instants.
pub(in crate::actors::reconcile) async fn lines_asked(
    io: &Io,
    operator: String,
    (from, to): (DateTime<Utc>, DateTime<Utc>),
) -> Result<Vec<OurLine>, IoError> {
    let read = io.read(move |db| {
        Box::pin(async move {
            let asked = order_step::Entity::find()
                .select_only()
                .column(order_step::Column::Reference)
                .filter(order_step::Column::Verb.eq(Verb::Issue.word()))
                .filter(order_step::Column::AskedAt.gte(from.fixed_offset()))
                .filter(order_step::Column::AskedAt.lt(to.fixed_offset()));
            let of_day = order_line::Column::Reference.in_subquery(asked.into_query());
            let fits = Condition::all().add(order_line::Column::Operator.eq(operator)).add(of_day);
            Ok::<_, IoError>(lines(db, fits).await?)
        })
    });
    read.await
}

/// The lines under these references, by their reference.
pub(in crate::actors::reconcile) async fn lines_of(
    io: &Io,
    references: Vec<String>,
) -> Result<HashMap<String, OurLine>, IoError> {
    let read = io.read(move |db| {
        Box::pin(async move {
            let mut found = HashMap::new();
            for some in references.chunks(AT_ONCE) {
                let fits =
                    Condition::all().add(order_line::Column::Reference.is_in(some.iter().cloned()));
                found.extend(
                    lines(db, fits).await?.into_iter().map(|line| (line.reference.clone(), line)),
                );
            }
            Ok::<_, IoError>(found)
        })
    });
    read.await
}

async fn lines(db: &impl ConnectionTrait, fits: Condition) -> Result<Vec<OurLine>, DbErr> {
    let rows =
        order_line::Entity::find().filter(fits).find_also_related(orders::Entity).all(db).await?;
    let line = |(row, order): (order_line::Model, Option<orders::Model>)| {
        let ended = order.and_then(|order| OrderState::of(&order.state)).is_some_and(has_ended);
        // a sold ticket that is being returned stands or is gone
        let sold = row.state == LineState::Issued.word();
        let rests = ended && !(sold && (row.withdrawing || row.settles_at.is_some()));
        Some(OurLine {
            order_id: row.order_id,
            no: row.no,
            reference: row.reference,
            operator: row.operator,
            state: LineState::stored(&row.state)?,
            handle: row.booking_handle,
            price: row.price_cents,
            last_day: row.valid_to,
            rests,
        })
    };
    Ok(rows.into_iter().filter_map(line).collect())
}

/// The payments of orders that were placed between two instants and have come to rest, and how many
/// have not.
pub(in crate::actors::reconcile) async fn payments_placed(
    io: &Io,
    (from, to): (DateTime<Utc>, DateTime<Utc>),
) -> Result<Vec<OurPayment>, IoError> {
    let placed = Condition::all()
        .add(orders::Column::PlacedAt.gte(from.fixed_offset()))
        .add(orders::Column::PlacedAt.lt(to.fixed_offset()));
    payments(io, placed).await
}

/// The payment of a transaction, when it has come to rest.
pub(in crate::actors::reconcile) async fn payment_of(
    io: &Io,
    tid: String,
) -> Result<Option<OurPayment>, IoError> {
    Ok(payments(io, Condition::all().add(payment::Column::Tid.eq(tid))).await?.pop())
}

async fn payments(io: &Io, fits: Condition) -> Result<Vec<OurPayment>, IoError> {
    let read = io.read(move |db| {
        Box::pin(async move {
            let rows = payment::Entity::find()
                .find_also_related(orders::Entity)
                .filter(fits)
                .filter(payment::Column::Tid.is_not_null())
                .all(db)
                .await?;
            let ids: Vec<Uuid> = rows.iter().map(|(row, _)| row.order_id).collect();
            let asking = asking(db, ids).await?;
            let one = |(row, order): (payment::Model, Option<orders::Model>)| {
                let ended =
                    order.and_then(|order| OrderState::of(&order.state)).is_some_and(has_ended);
                let moves =
                    row.doubt.is_some() || row.pull || asking.contains(&(row.order_id, row.no));
                let state = PaymentState::of(&row.state)
                    .filter(|state| *state != PaymentState::Reserved)?;
                let money = OurMoney {
                    state,
                    captured: row.captured_cents,
                    returned: row.returned_cents,
                    transferred: row.transferred_cents,
                };
                let rests = ended && !moves;
                rests.then_some(OurPayment {
                    order_id: row.order_id,
                    no: row.no,
                    tid: row.tid?,
                    money,
                })
            };
            Ok::<_, IoError>(rows.into_iter().filter_map(one).collect())
        })
    });
    read.await
}

/// The payments about which a question is under way.
async fn asking(db: &impl ConnectionTrait, ids: Vec<Uuid>) -> Result<HashSet<(Uuid, i32)>, DbErr> {
    let mut asking = HashSet::new();
    for some in ids.chunks(AT_ONCE) {
        let open = order_step::Entity::find()
            .filter(order_step::Column::OrderId.is_in(some.iter().copied()))
            .filter(order_step::Column::Outcome.is_null());
        asking.extend(
            open.all(db).await?.into_iter().filter_map(|row| Some((row.order_id, row.payment_no?))),
        );
    }
    Ok(asking)
}

/// A ticket under a number of an order that is not in the books.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::actors::reconcile) struct OrphanTicket {
    pub(in crate::actors::reconcile) open: bool,
    pub(in crate::actors::reconcile) agreed: bool,
    /// A person closed its case: whoever has it keeps it.
    pub(in crate::actors::reconcile) kept: bool,
}

/// The tickets of which cases say that their order is not in the books.
pub(in crate::actors::reconcile) async fn orphan_tickets(
    io: &Io,
    number: String,
) -> Result<Vec<OrphanTicket>, IoError> {
    let ticket = |case: Case| OrphanTicket {
        open: case.closed.is_none(),
        agreed: case.agreed_at.is_some(),
        kept: case.closed.is_some_and(|closed| closed.reason != APPLIED),
    };
    Ok(cases_of_orphan(io, number).await?.into_iter().map(ticket).collect())
}

/// What was said of the money of such an order, when it was looked for.
pub(in crate::actors::reconcile) async fn said_of_orphan(
    io: &Io,
    number: String,
) -> Result<Option<String>, IoError> {
    let cases = cases_of_orphan(io, number).await?;
    let said = |case: &Case| {
        case.detail.find(MONEY).and_then(|at| case.detail.get(at..).map(str::to_owned))
    };
    Ok(cases.iter().find_map(said))
}

async fn cases_of_orphan(io: &Io, number: String) -> Result<Vec<Case>, IoError> {
    let read = io.read(move |db| {
        Box::pin(async move {
            let kind = Kind::TicketUnknown.word();
            let subjects = format!("{number}-");
            Ok::<_, IoError>(shown::of_subject(db, kind, &subjects).await?)
        })
    });
    read.await
}

/// What is wrong with the invoices: a series' gap by its name and how many are missing, an order
/// without one by its id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::actors::reconcile) enum Flaw {
    Gap(String, i64),
    Without(Uuid, Cents),
}

/// Looks for gaps in every series, and for finished orders placed between two instants without
/// their invoice; answers how many invoices there are, too.
pub(in crate::actors::reconcile) async fn flaws(
    io: &Io,
    (from, to): (DateTime<Utc>, DateTime<Utc>),
) -> Result<(Vec<Flaw>, usize), IoError> {
    let read = io.read(move |db| {
        Box::pin(async move {
            let mut flaws = Vec::new();
            let mut all = 0;
            for series in invoice_series::Entity::find().all(db).await? {
                let of_series = invoice::Entity::find()
                    .filter(invoice::Column::Series.eq(series.series.clone()));
                let column = invoice::Column::Serial.count();
                let there: Option<i64> =
                    of_series.select_only().column_as(column, "there").into_tuple().one(db).await?;
                let there = there.unwrap_or_default();
                all += usize::try_from(there).unwrap_or_default();
                if there != series.last {
                    flaws.push(Flaw::Gap(series.series, series.last - there));
                }
            }
            let sold = order_line::Entity::find()
                .select_only()
                .column(order_line::Column::OrderId)
                .filter(order_line::Column::State.eq(LineState::Issued.word()))
                .filter(order_line::Column::PriceCents.gt(0));
            let invoiced = invoice::Entity::find().select_only().column(invoice::Column::OrderId);
            let without = orders::Entity::find()
                .filter(orders::Column::State.eq(OrderState::Finished.word()))
                .filter(orders::Column::PlacedAt.gte(from.fixed_offset()))
                .filter(orders::Column::PlacedAt.lt(to.fixed_offset()))
                .filter(orders::Column::Id.in_subquery(sold.into_query()))
                .filter(orders::Column::Id.not_in_subquery(invoiced.into_query()));
            let without = without.all(db).await?;
            flaws.extend(without.into_iter().map(|row| Flaw::Without(row.id, row.total_cents)));
            Ok::<_, IoError>((flaws, all))
        })
    });
    read.await
}

#[cfg(test)]
#[path = "our_records_tests.rs"]
mod tests;
