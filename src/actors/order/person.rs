//! What a person at the desk may wish of an order: decided by the same tables and rules as the loop, and as purely.

use super::advance::{Effects, Turn, advance};
use super::intent::Verb;
use super::lifecycle::{OrderState, row};
use super::payments::{Payment, PaymentCase};
use super::record::{Moment, Order};
use super::returns::end_returns;
use super::rules::Rules;
use super::save::open_intents;

/// Why an order was undone that a person did not want to go on.
pub const UNDONE_BY_SHOP: &str = "undone_by_shop";

/// What a person wishes of an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wish {
    /// Ask at once what would be asked after a pause.
    Retry,
    /// Go the way that the table calls *refused*: give back what was attempted.
    Undo,
    /// Nobody is needed any more: the marked rows stay as they are, and the loop goes on as before; a return ends.
    Accept,
}

/// Why a wish cannot be granted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Obstacle {
    /// Nothing waits for a pause: it rests, or it waits for its payer.
    NothingToAsk,
    /// Its money is taken and its tickets are on their cards; the table knows no way back.
    Taken,
    /// None of its rows is marked.
    NotMarked,
}

/// Grants a wish; `None` when it is granted already. Whatever is to be asked, its driver's next turn asks.
///
/// # Errors
/// The tables do not allow it; nothing was changed.
pub fn grant(order: &mut Order, wish: Wish, now: Moment, rules: &Rules) -> Result<Option<Effects>, Obstacle> {
    match wish {
        Wish::Retry => retry(order, now, rules),
        Wish::Undo => undo(order, now, rules),
        Wish::Accept => accept(order, now),
    }
}

fn retry(order: &mut Order, now: Moment, rules: &Rules) -> Result<Option<Effects>, Obstacle> {
    let mut hurried = order.clone();
    for line in &mut hurried.lines {
        (line.ask_at, line.attempts) = (None, 0);
    }
    for payment in hurried.payments.iter_mut().filter(|payment| may_hurry(order, payment, now, rules)) {
        (payment.ask_at, payment.attempts) = (None, 0);
    }
    hurried.next_at = Some(now);
    let mut trial = hurried.clone();
    advance(&mut trial, &[], now, rules);
    if open_intents(&trial).is_empty() {
        return Err(Obstacle::NothingToAsk);
    }
    *order = hurried;
    Ok(Some(Effects::default()))
}

/// Whether the payment waits with a move of money or a look at the books. Status calls are counted, so they keep their
/// pauses; so does a page of which nobody knows whether it stands.
fn may_hurry(order: &Order, payment: &Payment, now: Moment, rules: &Rules) -> bool {
    let mut copy = order.clone();
    let goal = turn(&mut copy, now, rules).goal(payment);
    let mut row = Payment { ask_at: None, ..payment.clone() };
    let waits = row.open.is_none();
    let newest = true;
    PaymentCase { payment: &mut row, order: order.state, goal, newest, now, rules }.ask();
    let asks = row.open.map(|open| open.verb);
    waits && asks.is_some_and(|verb| matches!(verb, Verb::Capture | Verb::Reverse | Verb::Credit | Verb::History))
}

fn undo(order: &mut Order, now: Moment, rules: &Rules) -> Result<Option<Effects>, Obstacle> {
    if matches!(order.state, OrderState::Undoing | OrderState::Undone | OrderState::Rejected) {
        return Ok(None);
    }
    let way = row(order.state).refused.ok_or(Obstacle::Taken)?;
    let mut turn = turn(order, now, rules);
    if way == OrderState::Undoing {
        turn.undo(UNDONE_BY_SHOP);
    } else {
        turn.end_without_ticket(way, Some(UNDONE_BY_SHOP.to_owned()));
    }
    turn.order.next_at = Some(now);
    Ok(Some(turn.effects))
}

fn accept(order: &mut Order, now: Moment) -> Result<Option<Effects>, Obstacle> {
    if order.marks().next().is_none() {
        return Err(Obstacle::NotMarked);
    }
    if !order.needs_person() {
        return Ok(None);
    }
    let events = end_returns(order, now);
    order.marks_mut().for_each(|mark| mark.accepted = true);
    Ok(Some(Effects { events, ..Effects::default() }))
}

fn turn<'a>(order: &'a mut Order, now: Moment, rules: &'a Rules) -> Turn<'a> {
    Turn { order, now, rules, effects: Effects::default(), take_refused: false }
}
