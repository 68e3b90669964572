//! The SQL of looking in: orders that need staff, all that is known of one, and how many there
//! are of which.

use std::collections::BTreeSet;

use sea_orm::prelude::DateTimeWithTimeZone;
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder,
    QuerySelect, QueryTrait,
};
use starjack_entity::{order_line, order_step, orders, payment, payment_callback};
use uuid::Uuid;

use super::Store;
use crate::actors::cases::store::shown;
use crate::actors::order::rules::record::{Moment, Order};
use crate::io::IoError;

/// Most marked orders that are counted.
const MOST_MARKED: u64 = 10_000;

/// One question of an order, and what came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// Whose it was.
    pub line_no: Option<i32>,
    /// Whose it was.
    pub payment_no: Option<i32>,
    /// What was asked.
    pub verb: String,
    /// Under which of our keys.
    pub reference: String,
    /// The sum that a move of money meant; 0 means all.
    pub amount_cents: Option<i64>,
    /// When it was committed.
    pub asked_at: Moment,
    /// When its answer was saved.
    pub answered_at: Option<Moment>,
    /// One of five words; `None` while nothing is known.
    pub outcome: Option<String>,
    /// Codes, and why nothing is known.
    pub detail: Option<String>,
}

/// A claim that came by callback, without its text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// The provider's id.
    pub tid: String,
    /// The provider's word.
    pub status: String,
    /// The sum that it names.
    pub amount_cents: i64,
    /// The page's reference.
    pub reference: String,
    /// When it came first.
    pub received_at: Moment,
}

/// How many orders there are of which, at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OrderCounts {
    /// A state's word and how many orders stand there; states without an order are left out.
    pub states: Vec<(String, i64)>,
    /// Since when the oldest doubt lasts.
    pub oldest_doubt: Option<Moment>,
    /// How many orders need staff.
    pub marked: usize,
    /// A kind of case and how many of them are open.
    pub cases: Vec<(String, i64)>,
}

impl Store {
    /// The orders of all accounts for which staff is needed, newest first, older than `before`,
    /// at most `limit`.
    ///
    /// # Errors
    /// The database's.
    pub async fn stuck(&self, before: Option<Uuid>, limit: u64) -> Result<Vec<Order>, IoError> {
        let ids: Vec<Uuid> = self
            .io()
            .read(move |db| {
                Box::pin(async move {
                    let lines = order_line::Entity::find()
                        .select_only()
                        .column(order_line::Column::OrderId)
                        .filter(order_line::Column::PersonSince.is_not_null())
                        .filter(order_line::Column::PersonAccepted.eq(false));
                    let payments = payment::Entity::find()
                        .select_only()
                        .column(payment::Column::OrderId)
                        .filter(payment::Column::PersonSince.is_not_null())
                        .filter(payment::Column::PersonAccepted.eq(false));
                    let marked = Condition::any()
                        .add(orders::Column::Id.in_subquery(lines.into_query()))
                        .add(orders::Column::Id.in_subquery(payments.into_query()));
                    let mut find = orders::Entity::find().filter(marked);
                    if let Some(before) = before {
                        find = find.filter(orders::Column::Id.lt(before));
                    }
                    let rows = find
                        .select_only()
                        .column(orders::Column::Id)
                        .order_by_desc(orders::Column::Id);
                    Ok::<_, IoError>(rows.limit(limit).into_tuple().all(db).await?)
                })
            })
            .await?;
        self.load_all(ids).await
    }

    /// The newest questions of an order, newest first, at most `limit`.
    ///
    /// # Errors
    /// The database's.
    pub async fn questions(&self, id: Uuid, limit: u64) -> Result<Vec<Step>, IoError> {
        self.io()
            .read(move |db| {
                Box::pin(async move {
                    let newest = order_step::Entity::find()
                        .filter(order_step::Column::OrderId.eq(id))
                        .order_by_desc(order_step::Column::Id)
                        .limit(limit);
                    Ok(newest.all(db).await?.into_iter().map(step_of).collect())
                })
            })
            .await
    }

    /// The claims that came for an order's payment pages, oldest first.
    ///
    /// # Errors
    /// The database's.
    pub async fn claims(&self, order: &Order) -> Result<Vec<Claim>, IoError> {
        let pages: BTreeSet<String> =
            order.payments.iter().map(|row| row.reference.to_string()).collect();
        self.io()
            .read(move |db| {
                Box::pin(async move {
                    let all = payment_callback::Entity::find()
                        .filter(payment_callback::Column::Reference.is_in(pages))
                        .order_by_asc(payment_callback::Column::ReceivedAt);
                    Ok(all.all(db).await?.into_iter().map(claim_of).collect())
                })
            })
            .await
    }

    /// The versions of those of these orders that are there.
    ///
    /// # Errors
    /// The database's.
    pub async fn versions(&self, ids: Vec<Uuid>) -> Result<Vec<(Uuid, i64)>, IoError> {
        self.io()
            .read(move |db| {
                Box::pin(async move {
                    let those = orders::Entity::find()
                        .select_only()
                        .column(orders::Column::Id)
                        .column(orders::Column::Version)
                        .filter(orders::Column::Id.is_in(ids));
                    Ok(those.into_tuple().all(db).await?)
                })
            })
            .await
    }

    /// Counts orders; every look is over an index.
    ///
    /// # Errors
    /// The database's.
    pub async fn counts(&self) -> Result<OrderCounts, IoError> {
        self.io().read(|db| Box::pin(async move { Ok(counts(db).await?) })).await
    }
}

async fn counts(db: &impl ConnectionTrait) -> Result<OrderCounts, DbErr> {
    let states = orders::Entity::find()
        .select_only()
        .column(orders::Column::State)
        .column_as(orders::Column::Id.count(), "orders")
        .group_by(orders::Column::State)
        .into_tuple()
        .all(db)
        .await?;
    let lines = order_line::Entity::find()
        .select_only()
        .column_as(order_line::Column::DoubtSince.min(), "oldest")
        .filter(order_line::Column::DoubtSince.is_not_null())
        .into_tuple::<Option<DateTimeWithTimeZone>>()
        .one(db)
        .await?;
    let payments = payment::Entity::find()
        .select_only()
        .column_as(payment::Column::DoubtSince.min(), "oldest")
        .filter(payment::Column::DoubtSince.is_not_null())
        .into_tuple::<Option<DateTimeWithTimeZone>>()
        .one(db)
        .await?;
    let oldest_doubt =
        [lines, payments].into_iter().flatten().flatten().min().map(|at| at.to_utc());
    let cases = shown::counts(db).await?;
    Ok(OrderCounts { states, oldest_doubt, marked: marked(db).await?, cases })
}

/// How many orders have a mark that nobody has accepted.
async fn marked(db: &impl ConnectionTrait) -> Result<usize, DbErr> {
    let lines = order_line::Entity::find()
        .select_only()
        .column(order_line::Column::OrderId)
        .filter(order_line::Column::PersonSince.is_not_null())
        .filter(order_line::Column::PersonAccepted.eq(false))
        .limit(MOST_MARKED);
    let payments = payment::Entity::find()
        .select_only()
        .column(payment::Column::OrderId)
        .filter(payment::Column::PersonSince.is_not_null())
        .filter(payment::Column::PersonAccepted.eq(false))
        .limit(MOST_MARKED);
    let mut marked: BTreeSet<Uuid> = lines.into_tuple().all(db).await?.into_iter().collect();
    marked.extend(payments.into_tuple::<Uuid>().all(db).await?);
    Ok(marked.len())
}

fn step_of(row: order_step::Model) -> Step {
    Step {
        line_no: row.line_no,
        payment_no: row.payment_no,
        verb: row.verb,
        reference: row.reference,
        amount_cents: row.amount_cents,
        asked_at: row.asked_at.to_utc(),
        answered_at: row.answered_at.map(|at| at.to_utc()),
        outcome: row.outcome,
        detail: row.detail,
    }
}

fn claim_of(row: payment_callback::Model) -> Claim {
    Claim {
        tid: row.tid,
        status: row.status,
        amount_cents: row.amount_cents,
        reference: row.reference,
        received_at: row.received_at.to_utc(),
    }
}
