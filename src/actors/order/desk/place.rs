//! Placing an order: one transaction for order, lines, idempotency key and the first intents.

use std::time::Duration;

use futures_util::future::BoxFuture;
use sea_orm::{DatabaseTransaction, DbErr};
use uuid::Uuid;

use super::Desk;
use crate::actors::fleet::Lease;
use crate::actors::order::engine::driver::sign;
use crate::actors::order::engine::scheduler::Wake;
use crate::actors::order::rules::account_limits::OverLimit;
use crate::actors::order::rules::advance::{Effects, Event, advance};
use crate::actors::order::rules::lifecycle::{LineState, OrderState};
use crate::actors::order::rules::record::{Line, Moment, OnRefusal, Order, ReturnTerms, Ticket};
use crate::actors::order::store::Saved;
use crate::actors::order::store::card_days::{self, InTheWay};
use crate::actors::order::store::commit_points::CommitPoints;
use crate::actors::order::store::customer::NotBillable;
use crate::actors::order::store::idempotency::{Marks, Placed, Remembered};
use crate::clock::{self, Deadline};
use crate::ids::{self, OrderNumber};
use crate::io::IoError;
use crate::money::Cents;
use crate::typed::Billing;

/// What a customer orders.
#[derive(Clone)]
pub struct NewOrder {
    /// Whose it is.
    pub account_id: Uuid,
    /// What happens when a line is refused.
    pub on_refusal: OnRefusal,
    /// Where the payer's browser goes afterwards; a plain page of ours otherwise.
    pub return_url: Option<String>,
    /// Where its invoice goes; where the account's go when absent.
    pub billing: Option<Billing>,
    /// One to twenty tickets.
    pub lines: Vec<NewLine>,
    /// The Idempotency-Key.
    pub key: String,
    /// What the request is known again by.
    pub marks: Marks,
}

/// One ticket to order.
#[derive(Clone)]
pub struct NewLine {
    /// What is to be booked.
    pub ticket: Ticket,
    /// Its gross price.
    pub price: Cents,
    /// The last moment at which it is still loaded.
    pub loading_ends: Moment,
    /// What is promised of its return.
    pub returns: ReturnTerms,
}

/// Why an order was not placed; nothing was kept.
#[derive(Debug, thiserror::Error)]
pub enum PlaceError {
    /// The key was used for another body.
    #[error("the idempotency key was used for another order")]
    KeyUsed,
    /// An order is being placed under the key right now; ask again.
    #[error("an order is being placed under the idempotency key")]
    Running,
    /// An order of the same account has, or waits to be paid for, a ticket on a line's card there
    /// on such a day.
    #[error("the card of line {line} has a ticket of order {order} there on that day")]
    CardTaken {
        /// The line.
        line: i32,
        /// The other order's number.
        order: String,
        /// Its id.
        id: Uuid,
    },
    /// A line that needs no payment is for a card that has a ticket of another account there on
    /// such a day.
    #[error("the card of line {0} cannot have a free ticket there on that day")]
    NotFree(i32),
    /// The account has as many unpaid orders as it may have.
    #[error("{0} orders of the account wait to be paid")]
    TooManyUnpaid(u32),
    /// The account has had as many orders rejected as it may in an hour, cancelled ones among them;
    /// so long until it may go on.
    #[error("too many orders of the account were rejected")]
    TooManyRejected(Duration),
    /// The invoice would need an address, and there is none.
    #[error("the invoice needs the buyer's address")]
    NoAddress,
    /// The account's name has a character that the invoice cannot show.
    #[error("the invoice cannot show the buyer's name")]
    NoGlyph(char),
    /// There is no such account any more.
    #[error("there is no such account")]
    NoAccount,
    /// The total is between 1 and 9 cents, which no payment provider takes.
    #[error("the total is too small to be paid")]
    TooSmall,
    /// The database did not do it; whether the order was placed, the same key tells.
    #[error("the order could not be saved")]
    Io(#[from] IoError),
}

impl From<DbErr> for PlaceError {
    fn from(error: DbErr) -> Self {
        Self::Io(error.into())
    }
}

impl From<OverLimit> for PlaceError {
    fn from(limit: OverLimit) -> Self {
        match limit {
            OverLimit::Unpaid(most) => Self::TooManyUnpaid(most),
            OverLimit::Rejected(wait) => Self::TooManyRejected(wait),
        }
    }
}

impl From<NotBillable> for PlaceError {
    fn from(why: NotBillable) -> Self {
        match why {
            NotBillable::NoAddress => Self::NoAddress,
            NotBillable::NoGlyph(sign) => Self::NoGlyph(sign),
        }
    }
}

/// How long a second request waits for the first under its key.
const OTHER_PATIENCE: Duration = Duration::from_secs(2);
/// Smallest sum that can be paid.
const SMALLEST: Cents = 10;

impl Desk {
    /// Places an order; the same key and body again answer the same again,
    /// also while the first is being placed. `render` writes the answer's body.
    ///
    /// # Errors
    /// See [`PlaceError`].
    pub async fn place(
        &self,
        new: NewOrder,
        render: impl Fn(&Order) -> String + Send + Sync,
    ) -> Result<Placed, PlaceError> {
        let _lock = self
            .key_locks
            .lock(new.account_id, &new.key, Deadline::after(OTHER_PATIENCE))
            .await
            .ok_or(PlaceError::Running)?;
        if let Some(known) = self.remembered(&new).await? {
            return Ok(known);
        }
        let lease = self.driver.outside.replica.lease();
        let mut order = self.draft(&new);
        if (1..SMALLEST).contains(&order.total) {
            return Err(PlaceError::TooSmall);
        }
        let mut effects = advance(&mut order, &[], clock::now(), &self.driver.rules);
        effects.events.insert(0, Event { state: OrderState::Placed, detail: None });
        sign(&mut order);
        let placed = Placed { id: order.id, status: 202, body: render(&order) };
        match self.commit(&new, (&order, lease), effects, placed.clone()).await {
            Ok(()) => {
                tracing::info!(order.id = %order.id, lines = order.lines.len(), "order placed");
                self.wake(Wake::Placed(Box::new(order)));
                Ok(placed)
            }
            Err(Lost::Key) => self.remembered(&new).await?.ok_or(PlaceError::Io(IoError::Late)),
            Err(Lost::Refused(error)) => Err(error),
            Err(Lost::Card(InTheWay { line, id, number })) => {
                Err(PlaceError::CardTaken { line, order: number, id })
            }
            Err(Lost::Io(error)) => Err(error.into()),
        }
    }

    async fn remembered(&self, new: &NewOrder) -> Result<Option<Placed>, PlaceError> {
        match self.store().remembered(new.account_id, new.key.clone(), new.marks.clone()).await? {
            Remembered::Nothing => Ok(None),
            Remembered::Answer(placed) => Ok(Some(placed)),
            Remembered::OtherBody => Err(PlaceError::KeyUsed),
        }
    }

    fn draft(&self, new: &NewOrder) -> Order {
        let now = clock::now();
        let number = OrderNumber::draw(self.epoch);
        let lines = new.lines.iter().zip(1..).map(|(line, no)| Line {
            no,
            reference: number.ticket(no),
            state: LineState::Wanted,
            checked: (self.sells_unchecked)(&line.ticket.operator),
            voiding: false,
            price: line.price,
            terms: self.store().terms(&line.ticket.operator),
            asked_ms: 0,
            attempts: 0,
            ask_at: None,
            settles_at: None,
            doubt_since: None,
            refusal: None,
            booking: None,
            attention: None,
            open: None,
            returns: line.returns.clone(),
            day_taken: false,
            ticket: line.ticket.clone(),
        });
        Order {
            id: ids::new_id(),
            account_id: new.account_id,
            state: OrderState::Placed,
            on_refusal: new.on_refusal,
            total: new.lines.iter().map(|line| line.price).sum(),
            currency: "EUR".to_owned(),
            wanted: None,
            version: 1,
            driver: self.driver.outside.replica.incarnation,
            next_at: None,
            placed_at: now,
            entered_at: now,
            ends_by: new.lines.iter().map(|line| line.loading_ends).min().unwrap_or(now),
            refusal: None,
            return_url: new.return_url.clone(),
            lines: lines.collect(),
            payments: Vec::new(),
            number,
        }
    }

    async fn commit(
        &self,
        new: &NewOrder,
        (order, lease): (&Order, Lease),
        effects: Effects,
        placed: Placed,
    ) -> Result<(), Lost> {
        let store = self.store().clone();
        let new = new.clone();
        let order = order.clone();
        let points = CommitPoints::of(None, &order, &effects);
        let soon = points.clone();
        let limits = self.limits;
        let written: Result<(), Lost> = self
            .store()
            .io()
            .write(move |tx: &DatabaseTransaction| {
                Box::pin(async move {
                    let customer = store
                        .customer(tx, new.account_id)
                        .await?
                        .ok_or(Lost::Refused(PlaceError::NoAccount))?;
                    store.insert(tx, &order, &effects).await?;
                    if !store.remember(tx, (&new.key, &new.marks), new.account_id, &placed).await? {
                        return Err(Lost::Key);
                    }
                    // looked at after the key, so that an order that was placed is found again
                    // whatever else waits
                    if let Some(refusal) = store.too_many(tx, &order, limits).await? {
                        return Err(Lost::Refused(refusal.into()));
                    }
                    let billing = customer.billable(order.total, new.billing.clone());
                    if let Some(billing) = billing.map_err(|why| Lost::Refused(why.into()))? {
                        store.bill(tx, order.id, &billing).await?;
                    }
                    if let Some(other) = card_days::in_the_way(tx, &order).await? {
                        return Err(Lost::Card(other));
                    }
                    // what costs nothing and needs no check is authorised at once
                    if let Some(line) = card_days::hold(tx, &order, &effects.held).await? {
                        return Err(Lost::Refused(PlaceError::NotFree(line)));
                    }
                    // whoever asked has long been answered by another replica, perhaps with a no
                    if !lease.holds() {
                        return Err(Lost::Io(IoError::Late));
                    }
                    soon.before_commit(Saved::Done);
                    Ok(())
                }) as BoxFuture<'_, _>
            })
            .await;
        written?;
        points.after_commit(Saved::Done);
        Ok(())
    }
}

/// Why the transaction was rolled back.
enum Lost {
    Key,
    Card(InTheWay),
    Refused(PlaceError),
    Io(IoError),
}

impl From<IoError> for Lost {
    fn from(error: IoError) -> Self {
        Self::Io(error)
    }
}

impl From<DbErr> for Lost {
    fn from(error: DbErr) -> Self {
        Self::Io(error.into())
    }
}
