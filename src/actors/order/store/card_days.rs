//! The SQL of a card's days: one ticket a card, operator and day, decided by the key of the table.
//!
//! An order holds its cards' days from the commit on that makes it `authorised`: a card's number is
//! printed on it, so whoever has not paid must neither take a day from others nor learn that it is
//! taken. Of two that pay, the first has the day, and the other's money goes back.

use std::collections::BTreeSet;

use sea_orm::sea_query::OnConflict;
use sea_orm::{
    ActiveValue::Set, ColumnTrait, DatabaseTransaction, DbErr, EntityTrait, PaginatorTrait,
    QueryFilter, QueryOrder, TryInsertResult,
};
use starjack_entity::{order_line, orders, ticket_day};
use uuid::Uuid;

use crate::actors::order::rules::lifecycle::{LineState, OrderState};
use crate::actors::order::rules::record::{Line, Order, Ticket};

/// An account's own order that has, or may come to have, a ticket on the same card, operator and
/// day as a new one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::actors::order) struct InTheWay {
    /// The line of the new order.
    pub(in crate::actors::order) line: i32,
    /// The other order.
    pub(in crate::actors::order) id: Uuid,
    /// Its number.
    pub(in crate::actors::order) number: String,
}

/// Takes the days of these lines, one statement a line: a season pass has about two hundred.
/// Answers the line on whose card another order has such a day already; of that line the days are
/// taken that are free. Twice is once.
///
/// # Errors
/// The database's.
pub(in crate::actors::order) async fn hold(
    tx: &DatabaseTransaction,
    order: &Order,
    these: &[i32],
) -> Result<Option<i32>, DbErr> {
    let mut lines: Vec<_> = order.lines.iter().filter(|line| these.contains(&line.no)).collect();
    // always in one order, so that two baskets with the same cards wait for each other instead of
    // both failing
    lines.sort_unstable_by_key(|line| {
        let Ticket { operator, card_number, valid_from, .. } = &line.ticket;
        (operator, card_number, *valid_from)
    });
    for line in lines {
        let rows = days_of(order.id, line);
        let due = rows.len() as u64;
        let inserted = ticket_day::Entity::insert_many(rows)
            .on_conflict(OnConflict::new().do_nothing().to_owned())
            .try_insert()
            .exec_without_returning(tx)
            .await?;
        let held = matches!(inserted, TryInsertResult::Inserted(rows) if rows == due)
            || days_held(tx, order.id, line.no).await? == due;
        if !held {
            return Ok(Some(line.no));
        }
    }
    Ok(None)
}

/// The account's own order that stands in the way of a new one: it waits to be paid, or has a
/// ticket there. What others have on the card is not told. The account must be locked.
///
/// # Errors
/// The database's.
pub(in crate::actors::order) async fn in_the_way(
    tx: &DatabaseTransaction,
    new: &Order,
) -> Result<Option<InTheWay>, DbErr> {
    let cards: BTreeSet<&str> = new.lines.iter().map(|line| &*line.ticket.card_number).collect();
    let gone = [LineState::Refused, LineState::Voided].map(LineState::stored_word);
    let ended = [OrderState::Rejected, OrderState::Undone].map(OrderState::word);
    let own = order_line::Entity::find()
        .find_also_related(orders::Entity)
        .filter(orders::Column::AccountId.eq(new.account_id))
        .filter(orders::Column::Id.ne(new.id))
        .filter(orders::Column::State.is_not_in(ended))
        .filter(order_line::Column::State.is_not_in(gone))
        .filter(order_line::Column::CardNumber.is_in(cards))
        .filter(
            order_line::Column::ValidTo
                .gte(new.lines.iter().map(|line| line.ticket.valid_from).min()),
        )
        .order_by_asc(orders::Column::PlacedAt);
    let own = own.all(tx).await?;
    Ok(new.lines.iter().find_map(|line| {
        let other = own.iter().find(|(other, _)| overlap(&line.ticket, other))?.1.as_ref()?;
        Some(InTheWay { line: line.no, id: other.id, number: other.number.clone() })
    }))
}

/// How many days an order's line holds.
async fn days_held(tx: &DatabaseTransaction, order_id: Uuid, line: i32) -> Result<u64, DbErr> {
    let own = ticket_day::Entity::find()
        .filter(ticket_day::Column::OrderId.eq(order_id))
        .filter(ticket_day::Column::LineNo.eq(line));
    own.count(tx).await
}

fn overlap(ticket: &Ticket, other: &order_line::Model) -> bool {
    ticket.operator == other.operator
        && ticket.card_number == other.card_number
        && ticket.valid_from <= other.valid_to
        && other.valid_from <= ticket.valid_to
}

/// A row for each day on which a line's ticket may be used, in the order of days. Whoever chooses
/// among several days still keeps all of them: two tickets of one card there must not overlap.
fn days_of(order_id: Uuid, line: &Line) -> Vec<ticket_day::ActiveModel> {
    let Ticket { operator, card_number, valid_from, valid_to, .. } = &line.ticket;
    let days = valid_from.iter_days().take_while(|day| day <= valid_to);
    let row = |day| ticket_day::ActiveModel {
        operator: Set(operator.clone()),
        card_number: Set(card_number.clone()),
        day: Set(day),
        order_id: Set(order_id),
        line_no: Set(line.no),
    };
    days.map(row).collect()
}
