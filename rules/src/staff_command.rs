//! What a person at the desk may command of an order: decided by the same tables and rules as the
//! loop, and as purely.

use super::advance::{Effects, Event, Turn, advance};
use super::cover::payer;
use super::intent::Verb;
use super::lifecycle::{LineState, OrderState, PaymentState, row};
use super::limits::Rules;
use super::line::{LineCase, Paid};
use super::payment::{MONEY_BACK_REFUSED, Payment, PaymentCase};
use super::protection::Protection;
use super::record::{Line, Moment, Order};
use super::returns::end_returns;
use crate::port::RefusalKind;
use crate::record::open_intents;

/// Why an order was undone that a person did not want to go on.
pub const UNDONE_BY_SHOP: &str = "undone_by_shop";

/// What staff commands of an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StaffCommand {
    /// Ask at once what would be asked after a pause.
    Retry,
    /// Go the way that the table calls *refused*: void and refund what was attempted. In an undo:
    /// let go of the tickets that cannot be voided, and refund everything.
    Undo,
    /// Nobody is needed any more: the marked rows stay as they are, and the loop goes on as before;
    /// a return ends, in an undo the tickets that cannot be voided are kept and paid, and a
    /// reservation whose release is refused counts as lapsed.
    Accept,
}

/// Why a command cannot be granted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Obstacle {
    /// Nothing waits for a pause: it rests, or it waits for its payer.
    NothingToAsk,
    /// Its money is taken and its tickets are on their cards; the table knows no way back.
    Taken,
    /// None of its rows is marked.
    NotMarked,
}

/// Grants a command; `None` when it is granted already. Whatever is to be asked, its driver's next
/// turn asks.
///
/// # Errors
/// The tables do not allow it; nothing was changed.
pub fn grant(
    order: &mut Order,
    command: StaffCommand,
    now: Moment,
    rules: &Rules,
) -> Result<Option<Effects>, Obstacle> {
    match command {
        StaffCommand::Retry => retry(order, now, rules),
        StaffCommand::Undo => undo(order, now, rules),
        StaffCommand::Accept => accept(order, now, rules),
    }
}

fn retry(order: &mut Order, now: Moment, rules: &Rules) -> Result<Option<Effects>, Obstacle> {
    let mut hurried = order.clone();
    for line in &mut hurried.lines {
        (line.ask_at, line.attempts) = (None, 0);
    }
    for payment in
        hurried.payments.iter_mut().filter(|payment| may_hurry(order, payment, now, rules))
    {
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

/// Whether the payment waits with a move of money or a look at the books. Status calls are counted,
/// so they keep their pauses; so does a page of which nobody knows whether it stands.
fn may_hurry(order: &Order, payment: &Payment, now: Moment, rules: &Rules) -> bool {
    let mut copy = order.clone();
    let turn = turn(&mut copy, now, rules);
    let goal = turn.goal(payment);
    let page = turn.page_view(payment);
    let mut row = Payment { ask_at: None, ..payment.clone() };
    let waits = row.open.is_none();
    PaymentCase { payment: &mut row, order: order.state, goal, page, now, rules }.ask();
    let asks = row.open.map(|open| open.verb);
    waits
        && asks.is_some_and(|verb| {
            matches!(verb, Verb::Capture | Verb::Reverse | Verb::Credit | Verb::History)
        })
}

fn undo(order: &mut Order, now: Moment, rules: &Rules) -> Result<Option<Effects>, Obstacle> {
    if order.state == OrderState::Undoing && rules.keeps(Protection::UsedTicketsEnd) {
        return Ok(let_go(order, now, rules));
    }
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

/// Ends the undo of the tickets that cannot be voided and that staff was called for: all the money
/// goes back. A ticket that may be booked at this moment is decided first.
fn let_go(order: &mut Order, now: Moment, rules: &Rules) -> Option<Effects> {
    let turn = turn(order, now, rules);
    let state = turn.order.state;
    let mut gone = Vec::new();
    for line in turn.order.lines.iter_mut().filter(|line| cannot_be_voided(line, now)) {
        let why = line
            .attention
            .as_ref()
            .and_then(|mark| RefusalKind::of(&mark.reason))
            .unwrap_or(RefusalKind::TicketUsed);
        LineCase { line, order: state, paid: Paid::Yes, now, rules }.let_go(why);
        gone.push(line.no);
    }
    if gone.is_empty() {
        return None;
    }
    turn.order.next_at = Some(now);
    let events = gone.into_iter().map(|no| event(OrderState::Undoing, no, "let_go"));
    Some(Effects { events: events.collect(), ..Effects::default() })
}

/// Whether staff was called because its ticket stays, and nothing that may book another is under
/// way.
fn cannot_be_voided(line: &Line, now: Moment) -> bool {
    let may_book = line.open.as_ref().is_some_and(|open| open.verb == Verb::Issue);
    let settled = line.settles_at.is_none_or(|at| at <= now);
    let stands = matches!(line.state, LineState::Issued | LineState::Doubtful);
    line.attention.is_some() && line.voiding && stands && settled && !may_book
}

fn accept(order: &mut Order, now: Moment, rules: &Rules) -> Result<Option<Effects>, Obstacle> {
    if order.marks().next().is_none() {
        return Err(Obstacle::NotMarked);
    }
    if !order.needs_staff() {
        return Ok(None);
    }
    let mut events = end_returns(order, now);
    if rules.keeps(Protection::RefusedReleaseEnds) {
        count_as_lapsed(order, now);
    }
    if rules.keeps(Protection::UsedTicketsEnd) {
        events.extend(keep_used(order, now));
    }
    // what cannot be kept yet goes on calling staff
    let undoing = order.state == OrderState::Undoing && rules.keeps(Protection::UsedTicketsEnd);
    order
        .marks_mut()
        .for_each(|mark| mark.accepted |= !(undoing && RefusalKind::of(&mark.reason).is_some()));
    Ok(Some(Effects { events, ..Effects::default() }))
}

/// A reservation that the provider refuses to release, and of which its books show nothing, failed
/// by itself: on staff's word nobody asks for it any more.
fn count_as_lapsed(order: &mut Order, now: Moment) {
    let refused = |row: &&mut Payment| {
        let marked = row
            .attention
            .as_ref()
            .is_some_and(|mark| !mark.accepted && mark.reason == MONEY_BACK_REFUSED);
        marked && row.state == PaymentState::Reserved && row.open.is_none()
    };
    for row in order.payments.iter_mut().filter(refused) {
        row.enter(PaymentState::Lapsed);
        (row.doubt, row.doubt_since, row.settles_at, row.ask_at) = (None, None, None, None);
        order.next_at = Some(now);
    }
}

/// In an undo, a ticket whose voiding was refused is kept as it is, and paid with what was reserved
/// or taken for the order.
fn keep_used(order: &mut Order, now: Moment) -> Vec<Event> {
    let mut events = Vec::new();
    if order.state != OrderState::Undoing {
        return events;
    }
    for line in order.lines.iter_mut().filter(|line| cannot_be_voided(line, now)) {
        let refused =
            line.attention.as_ref().is_some_and(|mark| RefusalKind::of(&mark.reason).is_some());
        if !refused || line.booking.is_none() {
            continue;
        }
        line.enter(LineState::Issued);
        (line.voiding, line.refusal, line.attention) = (false, None, None);
        (line.doubt_since, line.settles_at, line.ask_at) = (None, None, None);
        events.push(event(OrderState::Undoing, line.no, "kept"));
    }
    if !events.is_empty() {
        if order.wanted.is_none() {
            order.wanted = payer(order).map(|row| row.no);
        }
        order.next_at = Some(now);
    }
    events
}

fn event(state: OrderState, no: i32, what: &str) -> Event {
    Event { state, detail: Some(format!("line_{no}_{what}")) }
}

fn turn<'a>(order: &'a mut Order, now: Moment, rules: &'a Rules) -> Turn<'a> {
    Turn::new(order, now, rules)
}
