//! Ours to DTA's and back: pure and total. Only what is listed here is a refusal; anything else is
//! unknown.

use std::time::Duration;

use chrono::{DateTime, NaiveDate, NaiveTime, SecondsFormat, TimeDelta, TimeZone};
use chrono_tz::Tz;

use super::card;
use super::client::CallError;
use super::wire::{Block, BookedOrder, GetOrders, NewOrder};
use crate::integrations::lift::{
    Booking, CheckedCard, Found, FoundState, Sold, SoldPage, TicketOrder,
};
use crate::integrations::{Outcome, Refusal, RefusalKind};
use crate::{ids, money};

/// The pause before a fresh order is asked about.
const ASK_AFTER: Duration = Duration::from_secs(1);

/// The order in DTA's words; `None` when the card's number is not in its normal form or the day
/// does not exist.
pub(super) fn new_order(order: &TicketOrder, zone: Tz) -> Option<NewOrder> {
    Some(NewOrder {
        external_order_id: order.reference.to_string(),
        order_date: order
            .placed_at
            .with_timezone(&zone)
            .to_rfc3339_opts(SecondsFormat::Millis, false),
        product_id: order.product_code.clone(),
        consumer_category_id: order.category_code.clone(),
        valid_from: begins(order.first_day, order.from_time, zone)?
            .to_rfc3339_opts(SecondsFormat::Secs, false),
        first_name: filled(&order.holder.first_name, &order.holder.last_name),
        last_name: filled(&order.holder.last_name, &order.holder.first_name),
        birth_date: order.holder.birth_date.to_string(),
        identification: card::identification(&order.card)?,
        price: money::decimal(order.price),
    })
}

/// `Unproven:` a contact needs both names, so that somebody's only one stands in both.
fn filled(name: &str, other: &str) -> String {
    if name.is_empty() { other.to_owned() } else { name.to_owned() }
}

/// The time of the operator's day, its midnight without one, or the first moment after it where
/// clocks jump over it.
pub(super) fn begins(day: NaiveDate, time: Option<NaiveTime>, zone: Tz) -> Option<DateTime<Tz>> {
    let local = day.and_time(time.unwrap_or(NaiveTime::MIN));
    (0..=4).find_map(|halves| {
        zone.from_local_datetime(&(local + TimeDelta::minutes(30 * halves))).earliest()
    })
}

/// The report of `CheckIdentification`.
pub(super) fn report(report: &str) -> Outcome<CheckedCard> {
    let refused = |kind| Outcome::Refused(Refusal { kind, code: report.into() });
    match report {
        "OK" => Outcome::Done(CheckedCard { free_places: None }),
        "INVALID_LUHN" | "UNKNOWN_MEDIUM" | "NOT_COMPATIBLE" => {
            refused(RefusalKind::CardNotAccepted)
        }
        "BLOCKED" => refused(RefusalKind::CardBlocked),
        _ => Outcome::Unknown("the report of CheckIdentification is not in its document".into()),
    }
}

/// What a fault means to `CreateOrder`; `None` is not a refusal.
fn create_refusal(code: &str) -> Option<RefusalKind> {
    match code {
        "UnknownCatalog" | "UnknownProduct" | "ProductNotActive" => {
            Some(RefusalKind::ProductUnavailable)
        }
        "ConsumerCategoryNotAllowed" | "ValidityNotAllowed" => {
            Some(RefusalKind::ProductUnavailable)
        }
        "PriceMismatch" => Some(RefusalKind::PriceChanged),
        "ContactRequired" | "PhotoRequired" => Some(RefusalKind::HolderIncomplete),
        "InvalidIdentification" | "MediumNotCompatible" => Some(RefusalKind::CardNotAccepted),
        "MediumFull" => Some(RefusalKind::CardFull),
        _ => None,
    }
}

/// How a failed `CreateOrder` ended.
pub(super) fn create_failed<T>(error: CallError) -> Outcome<T> {
    failed(error, create_refusal)
}

/// How a failed question that changes nothing ended: no fault is listed as a refusal.
pub(super) fn read_failed<T>(error: CallError) -> Outcome<T> {
    failed(error, |_| None)
}

/// How a failed `CancelOrder` ended: already cancelled is done.
pub(super) fn cancel_failed(error: CallError) -> Outcome<()> {
    if error == CallError::Fault("AlreadyCanceled".into()) {
        return Outcome::Done(());
    }
    failed(error, |code| (code == "TicketUsed").then_some(RefusalKind::TicketUsed))
}

fn failed<T>(error: CallError, refusal: impl Fn(&str) -> Option<RefusalKind>) -> Outcome<T> {
    match error {
        CallError::NotSent(why) => Outcome::NotSent(why),
        CallError::Unknown(why) => Outcome::Unknown(why),
        CallError::Fault(code) if code == "AuthenticationFailed" => {
            Outcome::NotSent("the server refuses our credentials".into())
        }
        CallError::Fault(code) => {
            let code: String = code.chars().take(64).collect();
            match refusal(&code) {
                Some(kind) => Outcome::Refused(Refusal { kind, code }),
                None => Outcome::Unknown(format!("the fault {code:?} is no refusal")),
            }
        }
    }
}

/// A booking as we keep it.
pub(super) fn booking(order: &BookedOrder) -> Booking {
    Booking {
        ticket_reference: order.permission_serial_number.clone(),
        handle: format!("{}/{}/{}", order.order_id, order.order_item_id, order.ticket_item_id),
    }
}

/// The `OrderId` of a booking of ours.
pub(super) fn order_id(booking: &Booking) -> Option<&str> {
    let mut parts = booking.handle.split('/');
    let order_id = parts.next().filter(|part| !part.is_empty())?;
    (parts.count() == 2).then_some(order_id)
}

/// How `issue` ended, after `CreateOrder` was answered and, where the reference dedups, `GetOrder`
/// too. A cancelled or used order is the first answer as well: an undo finds it, and cancelling it
/// again is harmless.
pub(super) fn issued(order: &BookedOrder, booked_suffices: bool) -> Outcome<Booking> {
    match order.sales_status.as_deref().map(|_| state(order, booked_suffices)) {
        None | Some(Some(FoundState::Pending)) => Outcome::Pending { ask_after: ASK_AFTER },
        Some(Some(FoundState::Live | FoundState::Cancelled | FoundState::Used)) => {
            Outcome::Done(booking(order))
        }
        Some(None) => Outcome::Unknown("the order's state is not in its document".into()),
    }
}

/// The orders that `GetOrdersByExternalId` answered; a state that is not listed makes the whole
/// answer unknown.
pub(super) fn found(orders: &[BookedOrder], booked_suffices: bool) -> Outcome<Vec<Found>> {
    let one =
        |order| Some(Found { booking: booking(order), state: state(order, booked_suffices)? });
    match orders.iter().map(one).collect() {
        Some(found) => Outcome::Done(found),
        None => Outcome::Unknown("an order's state is not in its document".into()),
    }
}

/// The span of a day, and the row that a page begins with; `None` when the page's mark is not one
/// of ours.
pub(super) fn span(day: NaiveDate, after: Option<&str>, zone: Tz) -> Option<GetOrders> {
    let begin = |day| Some(begins(day, None, zone)?.to_rfc3339_opts(SecondsFormat::Secs, false));
    let first_row = after.map_or(Some(0), |row| row.parse().ok())?;
    Some(GetOrders { from: begin(day)?, to: begin(day.succ_opt()?)?, first_row })
}

/// A page of a day's orders. One whose state is not in the document is not on it, and counted where
/// it is named as ours are.
pub(super) fn sold(span: &GetOrders, block: Block, booked_suffices: bool) -> SoldPage {
    let next = (block.rows >= GetOrders::BLOCK).then(|| (span.first_row + block.rows).to_string());
    let mut page = SoldPage { sold: Vec::new(), unreadable: block.unreadable, next };
    for listed in block.orders {
        let price = listed.price.as_deref().and_then(money::read_decimal);
        let state = state(&listed.order, booked_suffices);
        let is_whole = state.is_some() && price.is_some() == listed.price.is_some();
        page.unreadable += usize::from(!is_whole && ids::is_ticket(&listed.external_order_id));
        page.sold.extend(state.map(|state| Sold {
            found: Found { booking: booking(&listed.order), state },
            reference: listed.external_order_id,
            price,
        }));
    }
    page
}

/// All states of an order and its ticket. `Transferred` means handed to the resort's own system,
/// usable at the gate.
fn state(order: &BookedOrder, booked_suffices: bool) -> Option<FoundState> {
    let sale = match order.sales_status.as_deref()? {
        "PENDING" => FoundState::Pending,
        "BOOKED" if !booked_suffices => FoundState::Pending,
        "BOOKED" | "BOOKED_AND_TRANSFERRED" => FoundState::Live,
        "CANCELED" | "CANCELED_AND_TRANSFERRED" => FoundState::Cancelled,
        // RESERVED, CORRECTED, NO_STATUS, NOT_PAID and PAID never belong to an order of ours
        _ => return None,
    };
    match (sale, order.permission_status.as_deref()?) {
        (FoundState::Cancelled, _) | (_, "Canceled") => Some(FoundState::Cancelled),
        (_, "Used") => Some(FoundState::Used),
        (sale, "Issued" | "Blocked") => Some(sale),
        _ => None,
    }
}

#[cfg(test)]
#[path = "translate_tests.rs"]
mod tests;
