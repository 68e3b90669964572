//! Ours to Axess's and back: pure and total. Only the error numbers listed here are a refusal;
//! anything else is unknown.

use super::client::{CallError, Reply};
use super::config::Config;
use super::wire::{self, CheckWtpNo, IssueTicket, TicketKey};
use crate::ids::{self, Reference};
use crate::integrations::lift::{
    Booking, CheckedCard, Found, FoundState, Sold, SoldPage, TicketOrder,
};
use crate::integrations::{Outcome, Refusal, RefusalKind};
use crate::money;

/// A repeated `SZEXTORDERNO`, answered with the first result. `Unproven:` ours.
const KNOWN_REFERENCE: i64 = -6530;

/// The question whether a card is accepted.
pub(super) fn check_wtp_no(card: String, config: &Config) -> CheckWtpNo {
    CheckWtpNo { project_no: config.project_no, wtp_no: card }
}

/// The sale in Axess's words; `None` when a code of the catalogue is not `<pool>/<ticket type>` or
/// no number.
pub(super) fn issue_ticket(order: &TicketOrder, config: &Config) -> Option<IssueTicket> {
    let (pool, ticket_type) = order.product_code.split_once('/')?;
    // `Unproven:` a person needs the second name alone, so that somebody's only one stands there
    let (first_name, last_name) = match (&*order.holder.first_name, &*order.holder.last_name) {
        (only, "") => ("", only),
        both => both,
    };
    Some(IssueTicket {
        birth_date: order.holder.birth_date.to_string(),
        first_name: first_name.to_owned(),
        last_name: last_name.to_owned(),
        person_type_no: order.category_code.parse().ok()?,
        pool_no: pool.parse().ok()?,
        project_no: config.project_no,
        ticket_type_no: ticket_type.parse().ok()?,
        valid_from: order.first_day.to_string(),
        tariff: money::decimal(order.price),
        wtp_no: order.card.clone(),
        profile_no: config.profile_no,
        ext_order_no: order.reference.to_string(),
    })
}

/// What an error number says about the card; `None` says nothing about it.
fn card_refusal(error_no: i64) -> Option<RefusalKind> {
    match error_no {
        // its check characters, its acceptance here
        -3103 | -3104 => Some(RefusalKind::CardNotAccepted),
        -3105 => Some(RefusalKind::CardBlocked),
        // none of its three segments is free
        -3106 => Some(RefusalKind::CardFull),
        _ => None,
    }
}

/// What an error number says about the sale; `None` says nothing about it.
fn sale_refusal(error_no: i64) -> Option<RefusalKind> {
    match error_no {
        // product or person type not sold on that day. `Unproven:` ours
        -6541 => Some(RefusalKind::ProductUnavailable),
        _ => card_refusal(error_no),
    }
}

fn refused<T>(kind: RefusalKind, code: impl ToString) -> Outcome<T> {
    Outcome::Refused(Refusal { kind, code: code.to_string() })
}

/// How `checkWTPNo` ended.
pub(super) fn checked(reply: Result<Reply, CallError>) -> Outcome<CheckedCard> {
    let reply = match reply {
        Ok(reply) => reply,
        Err(error) => return failed(error),
    };
    match (reply.error_no, card_refusal(reply.error_no)) {
        (0, _) => match wire::number(&reply.result, "BACCEPTED") {
            // booleans are 0 and -1
            Some(-1) => Outcome::Done(CheckedCard { free_places: free_places(&reply) }),
            Some(0) => refused(RefusalKind::CardNotAccepted, "BACCEPTED 0"),
            _ => contradiction("checkWTPNo"),
        },
        (error_no, Some(kind)) => refused(kind, error_no),
        (error_no, None) => unlisted(error_no),
    }
}

fn free_places(reply: &Reply) -> Option<u32> {
    wire::number(&reply.result, "NFREESEGMENTS").and_then(|free| free.try_into().ok())
}

/// How `issueTicket` ended. A repeated reference is answered with the first sale, which is as good
/// as a fresh one.
pub(super) fn issued(reply: Result<Reply, CallError>) -> Outcome<Booking> {
    let reply = match reply {
        Ok(reply) => reply,
        Err(error) => return failed(error),
    };
    match (reply.error_no, sale_refusal(reply.error_no)) {
        (0 | KNOWN_REFERENCE, _) => match wire::tickets(&reply.result).as_deref() {
            Some([ticket, ..]) if ticket.error_no == 0 => Outcome::Done(booking(ticket.key)),
            _ => contradiction("issueTicket"),
        },
        (error_no, Some(kind)) => refused(kind, error_no),
        (error_no, None) => unlisted(error_no),
    }
}

/// The tickets that `getTicketByExtOrder` answered; a status that is not listed makes the whole
/// answer unknown.
pub(super) fn found(reference: &Reference, reply: Result<Reply, CallError>) -> Outcome<Vec<Found>> {
    let reply = match reply {
        Ok(Reply { error_no: 0, result }) => result,
        Ok(Reply { error_no, .. }) => return unlisted(error_no),
        Err(error) => return failed(error),
    };
    let Some(tickets) = wire::tickets(&reply) else { return contradiction("getTicketByExtOrder") };
    let one = |ticket: &wire::Ticket| {
        Some(Found { booking: booking(ticket.key), state: state(ticket.status?)? })
    };
    match tickets.iter().map(one).collect() {
        Some(found) => Outcome::Done(found),
        None => {
            Outcome::Unknown(format!("a ticket's status under {reference} is not in its document"))
        }
    }
}

/// A page of a day's sales; tickets without a reference are somebody else's. One that is not
/// understood makes the whole page unknown: the next page begins after the last journal number, so
/// nothing of it may be missing.
pub(super) fn sold(reply: Result<Reply, CallError>) -> Outcome<SoldPage> {
    let reply = match reply {
        Ok(Reply { error_no: 0, result }) => result,
        Ok(Reply { error_no, .. }) => return unlisted(error_no),
        Err(error) => return failed(error),
    };
    let Some(sales) = wire::sales(&reply) else { return contradiction("getSalesList") };
    let last = sales.last().map(|sale| sale.ticket.key.journal_no.to_string());
    let next = last.filter(|_| sales.len() >= wire::MOST_SALES);
    let mut unreadable = 0;
    let one = |sale: wire::Sale| {
        let found = Found { booking: booking(sale.ticket.key), state: state(sale.ticket.status?)? };
        let price = sale.tariff.as_deref().and_then(money::read_decimal);
        unreadable += usize::from(
            price.is_some() != sale.tariff.is_some() && ids::is_ticket(&sale.ext_order_no),
        );
        Some(Sold { reference: sale.ext_order_no, found, price })
    };
    match sales.into_iter().filter(|sale| !sale.ext_order_no.is_empty()).map(one).collect() {
        Some(sold) => Outcome::Done(SoldPage { sold, unreadable, next }),
        None => contradiction("getSalesList"),
    }
}

fn state(status: i64) -> Option<FoundState> {
    match status {
        // valid, blocked, expired: sold and not cancelled
        0 | 2 | 4 => Some(FoundState::Live),
        1 => Some(FoundState::Used),
        3 => Some(FoundState::Cancelled),
        _ => None,
    }
}

/// How `cancelTicket` ended, or `Err` with an error number that proves nothing: then the ticket's
/// status decides.
pub(super) fn cancelled(reply: Result<Reply, CallError>) -> Result<Outcome<()>, i64> {
    match reply {
        Ok(Reply { error_no: 0, .. }) => Ok(Outcome::Done(())),
        Ok(Reply { error_no: error_no @ (-6599..=-6500 | -6699), .. }) => Err(error_no),
        Ok(Reply { error_no, .. }) => Ok(unlisted(error_no)),
        Err(error) => Ok(failed(error)),
    }
}

/// What the status says about a cancellation that was answered with `error_no`.
pub(super) fn decided(error_no: i64, status: Result<Reply, CallError>) -> Outcome<()> {
    let status = status
        .ok()
        .filter(|reply| reply.error_no == 0)
        .and_then(|reply| wire::number(&reply.result, "NSTATUS"));
    match status {
        Some(3) => Outcome::Done(()),
        Some(1) => refused(RefusalKind::TicketUsed, format!("{error_no}, status 1")),
        _ => Outcome::Unknown(format!(
            "cancelling is answered with {error_no}, and the ticket's status is {status:?}"
        )),
    }
}

/// A ticket as we keep it.
pub(super) fn booking(key: TicketKey) -> Booking {
    let TicketKey { project_no, pos_no, journal_no, serial_no, unicode_no } = key;
    Booking {
        ticket_reference: format!("{project_no}-{pos_no}-{serial_no}"),
        handle: format!("{project_no}/{pos_no}/{journal_no}/{serial_no}/{unicode_no}"),
    }
}

/// The ticket of a booking of ours.
pub(super) fn key(booking: &Booking) -> Option<TicketKey> {
    let numbers: Option<Vec<i64>> =
        booking.handle.split('/').map(|part| part.parse().ok()).collect();
    let [project_no, pos_no, journal_no, serial_no, unicode_no] = numbers?.try_into().ok()?;
    Some(TicketKey { project_no, pos_no, journal_no, serial_no, unicode_no })
}

pub(super) fn failed<T>(error: CallError) -> Outcome<T> {
    match error {
        CallError::NotSent(why) => Outcome::NotSent(why),
        CallError::Unknown(why) => Outcome::Unknown(why),
    }
}

fn unlisted<T>(error_no: i64) -> Outcome<T> {
    Outcome::Unknown(format!("the error {error_no} is no refusal"))
}

fn contradiction<T>(operation: &str) -> Outcome<T> {
    failed(super::client::contradiction(operation))
}

#[cfg(test)]
#[path = "translate_tests.rs"]
mod tests;
