//! What a database is told once after a backup was restored into it: everything that was done after
//! the backup was done, but nothing in here knows of it.

use std::fmt;

use sea_orm::sea_query::SimpleExpr;
use sea_orm::{ColumnTrait, DatabaseTransaction, DbErr, EntityTrait, QueryFilter};
use starjack_entity::{order_line, orders, payment};

use super::card_days;
use super::rows::{line_of, line_row, order_of, order_row, payment_of, payment_row};
use crate::actors::fleet::replica;
pub use crate::actors::order::rules::after_restore::Times;
use crate::actors::order::rules::after_restore::after_restore;
use crate::actors::order::rules::lifecycle::OrderState;
use crate::actors::order::rules::payment_pages::MOST_PAGES;
use crate::epoch;
use crate::ids::Epoch;
use crate::io::{Io, IoError};

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
    #[error(
        "a server runs on this database, or was alive a few seconds ago: end all of them first"
    )]
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

/// Moves on to a letter after the database's own and after `newest`, the one that the newest order
/// number known anywhere begins with; both because one backup may be restored twice. What becomes
/// of every order that has not ended is [`after_restore`]'s: tickets and money are looked up before
/// either moves. Twice uses two letters and looks for more pages.
///
/// # Errors
/// `Alive` while a server renews its lease, and for six seconds after.
pub async fn restored(io: &Io, newest: Epoch, times: Times) -> Result<Restored, RestoreError> {
    io.write(move |tx| {
        Box::pin(async move {
            if replica::is_anybody_alive(tx).await? {
                return Err(RestoreError::Alive);
            }
            let own = epoch::within(tx).await?;
            let last = own.max(newest);
            let epoch = last.next().ok_or(RestoreError::NoLetterLeft(last))?;
            // a backup may be restored again: each life after it has opened pages
            let lives = std::iter::successors(own.next(), |letter| letter.next())
                .take_while(|letter| *letter <= epoch);
            let pages = MOST_PAGES * lives.count();
            epoch::enter(tx, epoch).await?;
            let mut open_orders = 0;
            let mut tickets_in_doubt = 0;
            for row in orders::Entity::find().filter(is_open()).all(tx).await? {
                open_orders += 1;
                tickets_in_doubt += restore(tx, row, (&times, pages)).await?;
            }
            Ok(Restored { epoch, open_orders, tickets_in_doubt })
        })
    })
    .await
}

fn is_open() -> SimpleExpr {
    orders::Column::State.is_not_in(
        [OrderState::Finished, OrderState::Rejected, OrderState::Undone].map(OrderState::word),
    )
}

/// Writes an order as it stands after the restore; answers how many of its tickets are looked for.
async fn restore(
    tx: &DatabaseTransaction,
    row: orders::Model,
    (times, pages): (&Times, usize),
) -> Result<u64, DbErr> {
    let mut order = order_of(row)?;
    let lines = order_line::Entity::find().filter(order_line::Column::OrderId.eq(order.id));
    for row in lines.all(tx).await? {
        order.lines.push(line_of(row, times.terms())?);
    }
    for row in payment::Entity::find().filter(payment::Column::OrderId.eq(order.id)).all(tx).await?
    {
        order.payments.push(payment_of(row)?);
    }
    let known = order.payments.len();
    let looked_for = after_restore(&mut order, times, pages);
    orders::Entity::update(order_row(&order)).exec_without_returning(tx).await?;
    for line in &order.lines {
        order_line::Entity::update(line_row(order.id, line)).exec_without_returning(tx).await?;
    }
    for (at, row) in order.payments.iter().enumerate() {
        let row = payment_row(order.id, row);
        if at < known {
            payment::Entity::update(row).exec_without_returning(tx).await?;
        } else {
            payment::Entity::insert(row).exec_without_returning(tx).await?;
        }
    }
    // what may have been booked since keeps its days until that is known, as far as the backup has
    // them free
    for line in order.lines.iter().filter(|line| line.is_sought()) {
        card_days::hold(tx, &order, &[line.no]).await?;
    }
    Ok(looked_for)
}
