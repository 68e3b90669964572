//! What the suppliers themselves say about an order, asked at the moment of looking. Nothing of it
//! is saved or decides.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use serde::Serialize;

use crate::actors::order::rules::record::{Line, Order, Payment};
use crate::clock::{self, Deadline};
use crate::http::State;
use crate::integrations::Outcome;
use crate::integrations::lift::{Found, FoundState};
use crate::integrations::payment::History;
use crate::money::Money;

/// How long a supplier is waited for; its actor may have others waiting.
const PATIENCE: Duration = Duration::from_secs(5);

/// Whether a supplier answered what it knows.
#[derive(Clone, Copy, Debug, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Reach {
    /// It did.
    Answered,
    /// It answered, but not what it was asked.
    Refused,
    /// It did not: `why` says what stood in the way.
    NotReachable,
}

/// What an operator's system knows under a line's reference.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct SupplierView {
    reach: Reach,
    /// Why it answered nothing.
    #[schema(required)]
    why: Option<String>,
    /// Every booking that it ever made under the reference, oldest first.
    bookings: Vec<BookingView>,
}

/// A booking at an operator's system.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct BookingView {
    ticket_reference: String,
    /// `pending`, `live`, `cancelled` or `used`.
    state: &'static str,
}

/// What the payment provider's books say of one transaction.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct ProviderView {
    reach: Reach,
    /// Why it answered nothing.
    #[schema(required)]
    why: Option<String>,
    /// What it has taken.
    #[schema(required)]
    captured: Option<Money>,
    /// What it has paid back.
    #[schema(required)]
    credited: Option<Money>,
    /// Whether the reservation was released.
    #[schema(required)]
    reversed: Option<bool>,
}

/// Asks every line's operator at once; in the order of the lines.
pub async fn lines(state: &State, order: &Order) -> Vec<SupplierView> {
    join_all(order.lines.iter().map(|line| ask_lift(state, line))).await
}

/// Reads the provider's books of every payment that it has given an id, at once; in the order of
/// the payments. The books may be read as often as one likes: the status calls, of which there are
/// three ever, are not touched.
pub async fn payments(state: &State, order: &Order) -> Vec<Option<ProviderView>> {
    join_all(order.payments.iter().map(|payment| ask_provider(state, payment))).await
}

async fn ask_lift(state: &State, line: &Line) -> SupplierView {
    let question =
        state.facade.find(&line.ticket.operator, line.reference.clone(), Arc::new(|| true));
    let (reach, why, found) = heard(clock::timeout_at(Deadline::after(PATIENCE), question).await);
    SupplierView {
        reach,
        why,
        bookings: found.unwrap_or_default().into_iter().map(booking).collect(),
    }
}

async fn ask_provider(state: &State, payment: &Payment) -> Option<ProviderView> {
    let question = state.payment.history(payment.tid.clone()?);
    let (reach, why, books) = heard(clock::timeout_at(Deadline::after(PATIENCE), question).await);
    let money = |amount| Money { amount, currency: payment.currency.clone() };
    let of = |which: fn(&History) -> i64| books.as_ref().map(which).map(money);
    Some(ProviderView {
        reach,
        why,
        captured: of(|books| books.captured),
        credited: of(|books| books.credited),
        reversed: books.map(|books| books.reversed),
    })
}

fn heard<T>(answer: Result<Outcome<T>, clock::Elapsed>) -> (Reach, Option<String>, Option<T>) {
    let silent = |why: String| (Reach::NotReachable, Some(why), None);
    match answer {
        Ok(Outcome::Done(told)) => (Reach::Answered, None, Some(told)),
        Ok(Outcome::Refused(refusal)) => {
            (Reach::Refused, Some(format!("{}:{}", refusal.kind.slug(), refusal.code)), None)
        }
        Ok(Outcome::NotSent(why) | Outcome::Unknown(why)) => silent(why),
        Ok(Outcome::Pending { .. }) => silent("it has no final answer yet".to_owned()),
        Err(clock::Elapsed) => silent(format!("no answer within {} s", PATIENCE.as_secs())),
    }
}

fn booking(found: Found) -> BookingView {
    let state = match found.state {
        FoundState::Pending => "pending",
        FoundState::Live => "live",
        FoundState::Cancelled => "cancelled",
        FoundState::Used => "used",
    };
    BookingView { ticket_reference: found.booking.ticket_reference, state }
}
