//! All SQL of orders.

pub mod admin_queries;
pub(super) mod card_days;
pub mod cases;
pub(super) mod commit_points;
pub(super) mod customer;
pub(super) mod idempotency;
mod notifications;
mod queries;
mod restore;
mod rows;
mod save;
mod search;
mod step_rows;
pub(super) mod stuck;

use std::collections::HashMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder,
    QuerySelect, QueryTrait,
};
use starjack_entity::{order_line, order_step, orders, payment};
use uuid::Uuid;

use super::rules::lifecycle::{LineState, OrderState};
use super::rules::record::{Order, Terms, Ticket};
use crate::actors::invoice::Seller;
use crate::actors::jobs::Jobs;
use crate::clock;
use crate::io::{Io, IoError};
use crate::language::Language;

use rows::{line_of, order_of, payment_of};
use step_rows::intent_of;

pub use idempotency::{Marks, Placed, Remembered, forget_texts};
pub use notifications::{Notifications, Watching};
pub use queries::Past;
pub use restore::{RestoreError, Restored, Times as RestoreTimes, restored};
pub use search::Filter;

/// Loads and saves orders whole.
#[derive(Clone)]
pub struct Store {
    io: Io,
    pub(super) jobs: Jobs,
    terms: Arc<dyn Fn(&str) -> Terms + Send + Sync>,
    pub(super) paper: Arc<Paper>,
    pub(super) notifications: Notifications,
}

/// What an invoice says besides the order.
pub struct Paper {
    /// Who sells.
    pub seller: Seller,
    /// Whether everything is simulated.
    pub simulated: bool,
    /// What a ticket is called in the buyer's language.
    pub describe: Describe,
}

/// What a ticket is called in one language.
pub type Describe = Box<dyn Fn(&Ticket, Language) -> String + Send + Sync>;

/// How a save ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Saved {
    /// The order is at its next version.
    Done,
    /// Somebody else wrote it in between: load it again.
    Lost,
    /// It names a transaction of the provider that belongs to another order: nothing was saved, and
    /// nothing of it ever will be.
    Taken,
    /// The card of this line has a ticket of another order on one of its days, which was paid
    /// first: nothing was saved.
    DayTaken(i32),
}

impl Store {
    /// A store; `terms` answers how the contract of an operator's key may be asked.
    pub fn new(
        io: Io,
        jobs: Jobs,
        terms: impl Fn(&str) -> Terms + Send + Sync + 'static,
        paper: Paper,
    ) -> Self {
        Self {
            io,
            jobs,
            terms: Arc::new(terms),
            paper: Arc::new(paper),
            notifications: Notifications::default(),
        }
    }

    /// The way to the database.
    #[must_use]
    pub fn io(&self) -> &Io {
        &self.io
    }

    /// The notifications of watched orders.
    #[must_use]
    pub fn notifications(&self) -> &Notifications {
        &self.notifications
    }

    /// How the contract of an operator may be asked.
    #[must_use]
    pub fn terms(&self, operator: &str) -> Terms {
        (self.terms)(operator)
    }

    /// Loads an order with its lines, payments and open intents.
    ///
    /// # Errors
    /// The database's; a row that this version cannot read.
    pub async fn load(&self, id: Uuid) -> Result<Option<Order>, IoError> {
        Ok(self.load_all(vec![id]).await?.pop())
    }

    /// Loads those of these orders that are there, in the given order, with as many queries as for
    /// one.
    ///
    /// # Errors
    /// As `load`.
    pub(super) async fn load_all(&self, ids: Vec<Uuid>) -> Result<Vec<Order>, IoError> {
        let store = self.clone();
        self.io.read(move |db| Box::pin(async move { Ok(store.load_from(db, &ids).await?) })).await
    }

    async fn load_from(
        &self,
        db: &impl ConnectionTrait,
        ids: &[Uuid],
    ) -> Result<Vec<Order>, DbErr> {
        let mut found = HashMap::with_capacity(ids.len());
        for row in orders::Entity::find()
            .filter(orders::Column::Id.is_in(ids.iter().copied()))
            .all(db)
            .await?
        {
            found.insert(row.id, order_of(row)?);
        }
        let lines = order_line::Entity::find()
            .filter(order_line::Column::OrderId.is_in(ids.iter().copied()));
        for row in lines.order_by_asc(order_line::Column::No).all(db).await? {
            let terms = (self.terms)(&row.operator);
            if let Some(order) = found.get_mut(&row.order_id) {
                order.lines.push(line_of(row, terms)?);
            }
        }
        let payments =
            payment::Entity::find().filter(payment::Column::OrderId.is_in(ids.iter().copied()));
        for row in payments.order_by_asc(payment::Column::No).all(db).await? {
            if let Some(order) = found.get_mut(&row.order_id) {
                order.payments.push(payment_of(row)?);
            }
        }
        let open = order_step::Entity::find()
            .filter(order_step::Column::OrderId.is_in(ids.iter().copied()))
            .filter(order_step::Column::Outcome.is_null());
        for row in open.all(db).await? {
            let order_id = row.order_id;
            let (subject, intent) = intent_of(row)?;
            if let Some(place) = found.get_mut(&order_id).and_then(|order| order.open_mut(subject))
            {
                *place = Some(intent);
            }
        }
        Ok(ids.iter().filter_map(|id| found.remove(id)).collect())
    }

    /// The orders that `driver` may write and that want to be looked at, soonest first, at most
    /// `limit`.
    ///
    /// # Errors
    /// The database's.
    pub async fn due(
        &self,
        driver: Uuid,
        until: DateTime<Utc>,
        limit: u64,
    ) -> Result<Vec<Uuid>, IoError> {
        self.io
            .read(move |db| {
                Box::pin(async move {
                    let due = orders::Entity::find()
                        .select_only()
                        .column(orders::Column::Id)
                        .filter(orders::Column::Driver.eq(driver))
                        .filter(orders::Column::NextAt.lte(until.fixed_offset()))
                        .order_by_asc(orders::Column::NextAt)
                        .limit(limit);
                    Ok(due.into_tuple().all(db).await?)
                })
            })
            .await
    }

    /// Whether the operator's contract may still be asked for: by an order that has not ended, for
    /// a ticket of an ended one that is to go or may be under way, or that its customer may give
    /// back.
    ///
    /// # Errors
    /// The database's.
    pub async fn needs_operator(&self, operator: String) -> Result<bool, IoError> {
        self.io
            .read(move |db| {
                Box::pin(async move {
                    let ends = [OrderState::Finished, OrderState::Rejected, OrderState::Undone]
                        .map(OrderState::word);
                    let open = orders::Entity::find()
                        .select_only()
                        .column(orders::Column::Id)
                        .filter(orders::Column::State.is_not_in(ends));
                    let undecided =
                        [LineState::Asked, LineState::Doubtful].map(LineState::stored_word);
                    let returned = Condition::any()
                        .add(order_line::Column::Withdrawing.eq(true))
                        .add(order_line::Column::SettlesAt.is_not_null())
                        .add(order_line::Column::ReturnEnds.gt(clock::now().fixed_offset()));
                    let needed = Condition::any()
                        .add(order_line::Column::OrderId.in_subquery(open.into_query()))
                        .add(order_line::Column::State.is_in(undecided))
                        .add(
                            Condition::all()
                                .add(order_line::Column::State.eq(LineState::Issued.word()))
                                .add(returned),
                        );
                    let line = order_line::Entity::find()
                        .filter(order_line::Column::Operator.eq(operator))
                        .filter(needed);
                    Ok(line.one(db).await?.is_some())
                })
            })
            .await
    }

    /// The order that a payment page's reference belongs to.
    ///
    /// # Errors
    /// The database's.
    pub async fn order_of_page(&self, reference: String) -> Result<Option<Uuid>, IoError> {
        self.io
            .read(move |db| {
                Box::pin(async move {
                    let row = payment::Entity::find()
                        .filter(payment::Column::Reference.eq(reference))
                        .one(db)
                        .await?;
                    Ok(row.map(|row| row.order_id))
                })
            })
            .await
    }
}
