//! What a database is told once after a backup was restored into it: everything that was done after the backup was done, but
//! nothing in here knows of it.

use std::fmt;

use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::sea_query::{Expr, SelectStatement, SimpleExpr};
use sea_orm::{ColumnTrait, DatabaseTransaction, DbErr, EntityTrait, QueryFilter, QuerySelect, QueryTrait};
use starjack_entity::{order_line, orders, payment};

use super::advance::MOST_PAGES;
use super::lifecycle::{LineState, OrderState, PaymentState};
use super::payments::Payment;
use super::rows::payment_row;
use crate::actors::fleet::replica;
use crate::epoch;
use crate::ids::{Epoch, OrderNumber};
use crate::io::{Io, IoError};

/// When a backup was restored, the longest life of one request at a supplier, and how long a payment page can be paid.
#[derive(Clone, Copy, Debug)]
pub struct Times {
    /// The moment.
    pub now: DateTime<Utc>,
    /// Whoever asked before is silent after it.
    pub settle: TimeDelta,
    /// The time that every open page has again.
    pub page_life: TimeDelta,
}

/// What was done about a restored backup.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Restored {
    /// What every new number begins with.
    pub epoch: Epoch,
    /// Orders that had not ended when the backup was made.
    pub open_orders: u64,
    /// Their tickets that may have been booked since.
    pub tickets_in_doubt: u64,
}

impl fmt::Display for Restored {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { epoch, open_orders, tickets_in_doubt } = self;
        writeln!(
            f,
            "New order numbers begin with {epoch}, and invoices have a series of their own: none is given out twice."
        )?;
        write!(
            f,
            "{open_orders} orders had not ended: their payment pages are looked at anew, and {tickets_in_doubt} tickets are "
        )?;
        f.write_str("looked for at their operators before they are booked.")
    }
}

/// Why a restored backup cannot be served from yet.
#[derive(Debug, thiserror::Error)]
pub enum RestoreError {
    /// A server writes to this database.
    #[error("a server runs on this database, or was alive a few seconds ago: end all of them first")]
    Alive,
    /// There is no letter after the last one.
    #[error("no letter is left after {0}")]
    NoLetterLeft(Epoch),
    /// The database did not do it; nothing was changed.
    #[error("the database could not be told")]
    Io(#[from] IoError),
}

impl From<DbErr> for RestoreError {
    fn from(error: DbErr) -> Self {
        Self::Io(error.into())
    }
}

/// Moves on to a letter after the database's own and after `newest`, the one that the newest order number known anywhere begins
/// with; both because one backup may be restored twice. Every ticket of an open order is in doubt from now on: its operator is
/// asked for it before it is booked. Every payment page is looked at anew and its time begins again, for whoever paid it must not
/// find that nobody waited; so is each page that may have been opened after the backup. Twice uses two letters and changes nothing else.
///
/// # Errors
/// `Alive` while a server renews its lease, and for six seconds after.
pub async fn restored(io: &Io, newest: Epoch, times: Times) -> Result<Restored, RestoreError> {
    io.write(move |tx| {
        Box::pin(async move {
            if replica::is_anybody_alive(tx).await? {
                return Err(RestoreError::Alive);
            }
            let last = epoch::within(tx).await?.max(newest);
            let epoch = last.next().ok_or(RestoreError::NoLetterLeft(last))?;
            epoch::enter(tx, epoch).await?;
            let tickets_in_doubt = doubt_lines(tx, times.now, times.now + times.settle).await?;
            look_at_pages(tx, times.now + times.page_life).await?;
            look_for_further_pages(tx, times).await?;
            let open_orders = wake(tx, times.now).await?;
            Ok(Restored { epoch, open_orders, tickets_in_doubt })
        })
    })
    .await
}

fn is_open() -> SimpleExpr {
    orders::Column::State
        .is_not_in([OrderState::Finished, OrderState::Rejected, OrderState::Undone].map(OrderState::word))
}

fn open_ids() -> SelectStatement {
    orders::Entity::find().select_only().column(orders::Column::Id).filter(is_open()).into_query()
}

async fn doubt_lines(tx: &DatabaseTransaction, now: DateTime<Utc>, settles_at: DateTime<Utc>) -> Result<u64, DbErr> {
    let undecided = [LineState::Wanted, LineState::Asked, LineState::Doubtful].map(LineState::word);
    let doubted = order_line::Entity::update_many()
        .col_expr(order_line::Column::SettlesAt, Expr::value(settles_at))
        .filter(order_line::Column::State.is_in(undecided))
        .filter(order_line::Column::OrderId.in_subquery(open_ids()))
        .exec(tx)
        .await?;
    order_line::Entity::update_many()
        .col_expr(order_line::Column::State, Expr::value(LineState::Doubtful.word()))
        .col_expr(order_line::Column::DoubtSince, Expr::value(now))
        .col_expr(order_line::Column::AskAt, Expr::value(None::<DateTime<Utc>>))
        .filter(order_line::Column::State.eq(LineState::Asked.word()))
        .filter(order_line::Column::OrderId.in_subquery(open_ids()))
        .exec(tx)
        .await?;
    Ok(doubted.rows_affected)
}

async fn look_at_pages(tx: &DatabaseTransaction, end_at: DateTime<Utc>) -> Result<(), DbErr> {
    let unpaid = [PaymentState::Opened, PaymentState::Suspended, PaymentState::Failed, PaymentState::Closed];
    payment::Entity::update_many()
        .col_expr(payment::Column::PageEndsAt, Expr::value(end_at))
        .col_expr(payment::Column::Pull, Expr::value(true))
        .col_expr(payment::Column::AskAt, Expr::value(None::<DateTime<Utc>>))
        .filter(payment::Column::State.is_in(unpaid.map(PaymentState::word)))
        .filter(payment::Column::OrderId.in_subquery(open_ids()))
        .exec(tx)
        .await?;
    Ok(())
}

/// Whoever had no page yet, or waited for the payer, may have been given further pages after the backup: their references are not
/// used again, and each of as many as an order is given at most is looked for at the provider before anything new is opened.
async fn look_for_further_pages(tx: &DatabaseTransaction, times: Times) -> Result<(), DbErr> {
    let waiting = [OrderState::Placed, OrderState::Paying].map(OrderState::word);
    let fits = orders::Entity::find().filter(orders::Column::State.is_in(waiting));
    let orders = fits.filter(orders::Column::TotalCents.gt(0)).all(tx).await?;
    for order in orders {
        let known = payment::Entity::find().filter(payment::Column::OrderId.eq(order.id)).all(tx).await?;
        let newest = |number: fn(&payment::Model) -> i32| known.iter().map(number).max().unwrap_or(0);
        let (no, page_no) = (newest(|row| row.no), newest(|row| row.page_no));
        let number = OrderNumber::stored(order.number);
        let further = (1..).take(MOST_PAGES).map(|next: i32| {
            let ends_at = times.now + times.page_life;
            let page = Payment::page_of((&number, &order.currency), (no + next, page_no + next), times.now, ends_at);
            payment_row(order.id, &Payment { pull: true, ..page })
        });
        payment::Entity::insert_many(further).exec_without_returning(tx).await?;
    }
    Ok(())
}

async fn wake(tx: &DatabaseTransaction, now: DateTime<Utc>) -> Result<u64, DbErr> {
    // what waited for its customer was not waiting while nobody answered
    let waiting = [OrderState::Placed, OrderState::Paying].map(OrderState::word);
    let began = orders::Entity::update_many().col_expr(orders::Column::EnteredAt, Expr::value(now));
    began.filter(orders::Column::State.is_in(waiting)).exec(tx).await?;
    let woken = orders::Entity::update_many().col_expr(orders::Column::NextAt, Expr::value(now)).filter(is_open());
    Ok(woken.exec(tx).await?.rows_affected)
}
