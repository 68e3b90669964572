//! Tickets of a finished order that go back: at their customer's request as it was promised, or at
//! a person's. The order stays finished; its line is cancelled at the operator, and then the money
//! follows by the rules of every other payment.

use std::collections::BTreeSet;

use uuid::Uuid;

use super::advance::{Effects, Event, OrderEmail, Turn};
use super::intent::Verb;
use super::lifecycle::{LineState, OrderState};
use super::line_void::LET_GO;
use super::record::{Line, Moment, Order};
use super::standing::Standing;
use crate::port::RefusalKind;

/// What somebody wants to give back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReturnRequest {
    /// The numbers of its lines.
    pub lines: BTreeSet<i32>,
    /// Who wants it.
    pub by: Returner,
    /// Why, at most 100 characters; kept with the order.
    pub reason: Option<String>,
}

/// Who gives tickets back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Returner {
    /// The order's account, as it was promised when it was sold.
    Customer(Uuid),
    /// A person of ours, at any time; a ticket that was used once is asked about again.
    Staff,
}

/// Why a ticket is not taken back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoReturn {
    /// The order has not come so far, or ended without tickets.
    NotFinished(OrderState),
    /// The order has no such line.
    NoLine(i32),
    /// The line never had a ticket.
    NoTicket(i32),
    /// It was sold without a promise to take it back.
    NotPromised(i32),
    /// It was promised until that moment.
    Late(i32, Moment),
    /// It was used at a gate.
    Used(i32),
    /// It was sold together with other tickets, which must go back with it.
    Family(i32, Vec<i32>),
}

/// Marks the lines whose tickets are to go; `None` when all of them are going or gone. All of them
/// or none.
///
/// # Errors
/// What stands in the way; nothing was changed.
pub fn ask_return(
    order: &mut Order,
    request: &ReturnRequest,
    now: Moment,
) -> Result<Option<Effects>, NoReturn> {
    if order.state != OrderState::Finished {
        return Err(NoReturn::NotFinished(order.state));
    }
    let mut asked = Vec::new();
    for no in &request.lines {
        let line = order.lines.iter().find(|line| line.no == *no).ok_or(NoReturn::NoLine(*no))?;
        if is_to_ask(line, request.by, now)? {
            let is_left =
                |other: &&Line| is_of_family(other, line) && !request.lines.contains(&other.no);
            let left: Vec<i32> = order.lines.iter().filter(is_left).map(|other| other.no).collect();
            if !left.is_empty() {
                return Err(NoReturn::Family(*no, left));
            }
            asked.push(*no);
        }
    }
    if asked.is_empty() {
        return Ok(None);
    }
    let mut effects = Effects::default();
    for line in order.lines.iter_mut().filter(|line| asked.contains(&line.no)) {
        (line.voiding, line.refusal, line.attention, line.attempts) = (true, None, None, 0);
        // whoever waits for a return for too long needs staff, whatever the operator's system
        // says
        (line.doubt_since, line.settles_at, line.ask_at) = (Some(now), None, None);
        let why = request.reason.as_ref().map(|reason| format!(": {reason}")).unwrap_or_default();
        effects.events.push(event(line.no, &format!("return_asked{why}")));
    }
    order.next_at = Some(now);
    Ok(Some(effects))
}

/// Until when the customer may give a ticket back, as far as is known now; `None` when it is not
/// taken back.
#[must_use]
pub fn returnable_until(line: &Line) -> Option<Moment> {
    let is_sold = match line.state {
        LineState::Refused | LineState::Voided => false,
        LineState::Wanted | LineState::Asked | LineState::Doubtful | LineState::Issued => true,
    };
    line.returns.ends.filter(|_| is_sold && !line.voiding && line.refusal.is_none())
}

/// A person takes the marked lines as they are: their returns end. Whether the tickets stand is
/// looked at once nothing can be under way any more, because whoever has neither ticket nor money
/// must get one.
pub(crate) fn end_returns(order: &mut Order, now: Moment) -> Vec<Event> {
    let mut events = Vec::new();
    if order.state != OrderState::Finished {
        return events;
    }
    for line in order.lines.iter_mut().filter(|line| line.is_leaving()) {
        if line.attention.take().is_some() {
            let settles_at = now + line.terms.settle;
            (line.voiding, line.doubt_since) = (false, Some(now));
            (line.settles_at, line.ask_at) = (Some(settles_at), Some(settles_at));
            events.push(event(line.no, "return_ended"));
        }
    }
    if !events.is_empty() {
        order.next_at = Some(now);
    }
    events
}

impl Turn<'_> {
    /// Frees the cards of tickets that are gone since `before`, and tells how returns ended.
    pub(crate) fn tell_of_returns(&mut self, before: &Order) {
        if before.state != OrderState::Finished {
            return;
        }
        let mut unpaid = vec![];
        for line in &self.order.lines {
            let Some(old) = before.lines.iter().find(|old| old.no == line.no && old.is_going())
            else {
                continue;
            };
            let no = line.no;
            if line.state == LineState::Voided
                && line.refusal.as_ref().is_some_and(|refusal| refusal.code == LET_GO)
            {
                unpaid.push((line.price, format!("line {no}")));
            }
            // of one that was given up, its operator may say no as well
            if matches!(line.state, LineState::Voided | LineState::Refused) {
                self.effects.freed.push(no);
            }
            let (told, letter) = match line.state {
                // one that was given up before the order was finished has no doubt any more once it
                // is booked
                LineState::Voided
                    if matches!(old.standing(), Standing::Returning | Standing::ReturnEnded) =>
                {
                    ("returned", Some(OrderEmail::TicketReturned(no)))
                }
                LineState::Voided => ("voided", None),
                LineState::Issued if !line.is_going() => {
                    ("return_refused", Some(OrderEmail::TicketKept(no)))
                }
                LineState::Wanted
                | LineState::Asked
                | LineState::Doubtful
                | LineState::Issued
                | LineState::Refused => {
                    continue;
                }
            };
            self.effects.emails.extend(letter);
            self.effects.events.push(event(no, told));
        }
        for (price, mark) in unpaid.into_iter().filter(|(price, _)| *price > 0) {
            self.open_unpaid(price, mark);
        }
    }
}

/// Whether a ticket that was lost is being booked again, or it is not known how that ended: what
/// would be voided is not all that will stand.
pub fn is_booked_again(line: &Line) -> bool {
    line.is_sought() || line.open.as_ref().is_some_and(|open| open.verb == Verb::Issue)
}

/// Whether the ticket is still to be asked back; it is not when it is going or gone.
fn is_to_ask(line: &Line, by: Returner, now: Moment) -> Result<bool, NoReturn> {
    match line.state {
        LineState::Voided => return Ok(false),
        LineState::Issued if line.is_leaving() => return Ok(false),
        LineState::Issued => {}
        LineState::Wanted | LineState::Asked | LineState::Doubtful | LineState::Refused => {
            return Err(NoReturn::NoTicket(line.no));
        }
    }
    if by == Returner::Staff {
        return Ok(true);
    }
    if line.refusal.as_ref().is_some_and(|refusal| refusal.kind == RefusalKind::TicketUsed) {
        return Err(NoReturn::Used(line.no));
    }
    match line.returns.ends {
        None => Err(NoReturn::NotPromised(line.no)),
        Some(ends) if now > ends => Err(NoReturn::Late(line.no, ends)),
        Some(_) => Ok(true),
    }
}

/// Whether `other` has a ticket at the same family price that is not going back already.
fn is_of_family(other: &Line, line: &Line) -> bool {
    let same = line.returns.family.is_some() && other.returns.family == line.returns.family;
    same && other.is_kept()
}

fn event(no: i32, what: &str) -> Event {
    Event { state: OrderState::Finished, detail: Some(format!("line_{no}_{what}")) }
}
