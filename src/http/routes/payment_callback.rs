//! The payment provider's report on a page of ours. Nothing in it is believed: it is checked, kept
//! once and answered; whatever follows asks the provider itself, as often as it is reported while
//! the order does not show it.

use std::time::Duration;

use actix_web::{HttpRequest, HttpResponse, get, post, web};
use subtle::ConstantTimeEq;

use crate::actors::order::ChangeError;
use crate::actors::order::rules::lifecycle::PaymentState;
use crate::actors::order::rules::record::Order;
use crate::clock::{self, Deadline};
use crate::http::middleware::network::client_address;
use crate::http::state::State;
use crate::integrations::payment::{Callback, CallbackError, ObservedState, parse_callback};
use crate::io::IoError;

/// The provider waits for 20 s.
const PATIENCE: Duration = Duration::from_secs(15);

/// How much of a callback's text is kept, in characters.
const KEPT_CHARS: usize = 2000;

/// Why a callback is answered with an error; the text goes out after `ERROR: `.
#[derive(Debug, thiserror::Error)]
enum Rejection {
    #[error("not from here")]
    Source,
    #[error(transparent)]
    Unreadable(#[from] CallbackError),
    #[error("unknown TID")]
    UnknownPage,
    #[error("wrong secret")]
    Secret,
    #[error("try again")]
    Later(#[from] IoError),
}

impl From<ChangeError> for Rejection {
    fn from(error: ChangeError) -> Self {
        match error {
            ChangeError::Io(error) => Self::Later(error),
            ChangeError::Unknown
            | ChangeError::TooLate(_)
            | ChangeError::NotPaying(_)
            | ChangeError::TooManyPages
            | ChangeError::Not(_)
            | ChangeError::Return(_) => Self::UnknownPage,
        }
    }
}

/// For the payment provider: reports what became of a payment page. Answers `OK`, or `ERROR: ` and
/// why, always with 200.
#[utoipa::path(tag = "operations", operation_id = "receive_payment_callback",
    responses((status = 200, description = "`OK` or `ERROR: …`", content_type = "text/plain", body = String)))]
#[get("/callbacks/mpay24")]
pub(in crate::http) async fn take(state: web::Data<State>, request: HttpRequest) -> HttpResponse {
    answer(&state, &request).await
}

/// The same; a body is not read.
#[utoipa::path(tag = "operations", operation_id = "receive_posted_payment_callback",
    responses((status = 200, description = "`OK` or `ERROR: …`", content_type = "text/plain", body = String)))]
#[post("/callbacks/mpay24")]
pub(in crate::http) async fn take_posted(
    state: web::Data<State>,
    request: HttpRequest,
) -> HttpResponse {
    answer(&state, &request).await
}

async fn answer(state: &State, request: &HttpRequest) -> HttpResponse {
    let taken = clock::timeout_at(Deadline::after(PATIENCE), receive(state, request)).await;
    let text = match taken.unwrap_or(Err(Rejection::Later(IoError::Late))) {
        Ok(()) => "OK".to_owned(),
        Err(rejection) => {
            let cause = std::error::Error::source(&rejection).map(ToString::to_string);
            tracing::warn!(%rejection, cause, "a payment callback was not taken");
            format!("ERROR: {rejection}")
        }
    };
    HttpResponse::Ok().content_type("text/plain; charset=utf-8").body(text)
}

async fn receive(state: &State, request: &HttpRequest) -> Result<(), Rejection> {
    let source = client_address(request, &state.face.trusted_proxies);
    if !source.is_some_and(|address| state.face.callback_networks.contains(address)) {
        if state.unknown_callers.count(clock::instant()) {
            let networks = format!("{:?}", state.face.callback_networks);
            let what = "many payment callbacks come from networks that are not configured: has the provider moved?";
            tracing::error!(event = "payment.callback_from_unknown_network", alert = true, last = ?source, networks, "{what}");
        }
        return Err(Rejection::Source);
    }
    let raw = request.query_string();
    let callback = parse_callback(raw.as_bytes())?;
    let order = order_of(state, &callback).await?;
    tracing::Span::current().record("order.id", tracing::field::display(order.id));
    if !knows_secret(&order, &callback) {
        return Err(Rejection::Secret);
    }
    compare(&order, &callback);
    let kept: String = raw.chars().take(KEPT_CHARS).collect();
    let store = state.orders.store();
    let is_new = !store.knows_callback(&callback).await?;
    // a report may come before the provider's own answers show it, so that the same one again is
    // worth asking again
    follow_up(state, &order, callback.clone(), is_new).await?;
    if is_new {
        // kept only once its work is sure to be done: the provider reports again what we could not
        // take
        store.keep_callback(callback, kept).await?;
    }
    Ok(())
}

async fn order_of(state: &State, callback: &Callback) -> Result<Order, Rejection> {
    let store = state.orders.store();
    let id =
        store.order_of_page(callback.reference.clone()).await?.ok_or(Rejection::UnknownPage)?;
    store.load(id).await?.ok_or(Rejection::UnknownPage)
}

/// Compared in constant time: a wrong guess must not say how wrong it is.
fn knows_secret(order: &Order, callback: &Callback) -> bool {
    let page = order
        .payments
        .iter()
        .find(|row| row.reference.as_str() == callback.reference && !row.secret.is_empty());
    page.is_some_and(|page| page.secret.as_bytes().ct_eq(callback.secret.as_bytes()).into())
}

/// Another amount or currency is alarming; what the provider itself says about it decides.
fn compare(order: &Order, callback: &Callback) {
    let claims_money = matches!(callback.state, ObservedState::Reserved | ObservedState::Billed);
    if claims_money && (callback.amount != order.total || callback.currency != order.currency) {
        tracing::error!(
            event = "payment.callback_other_amount",
            alert = true,
            tid = callback.tid,
            amount = callback.amount,
            currency = callback.currency,
            "a payment callback names another amount than its order"
        );
    }
}

/// What a callback sets off; the order's own rules drop a claim that is decided or being asked
/// about. One that `is_new` alarms.
async fn follow_up(
    state: &State,
    order: &Order,
    callback: Callback,
    is_new: bool,
) -> Result<(), Rejection> {
    let waits = order.payments.iter().any(|row| row.state == PaymentState::Suspended);
    match callback.state {
        ObservedState::Reserved | ObservedState::Suspended if shows(order, &callback) => {}
        ObservedState::Reserved | ObservedState::Suspended => state.sweep.request(),
        ObservedState::Billed => state.orders.claimed(callback).await?,
        ObservedState::ChargedBack => {
            if is_new {
                alarm(&callback, "the payment provider reports a charge-back");
            }
            state.orders.claimed(callback).await?;
        }
        // a suspended payment is not listed any more once its bank has decided
        ObservedState::Failed if waits => state.sweep.request(),
        // our own moves of money come back as these; a failed attempt changes nothing while its
        // page can be paid
        ObservedState::Failed | ObservedState::Reversed | ObservedState::Credited => {}
        ObservedState::Other if is_new => {
            alarm(&callback, "a payment callback names a state that we do not know")
        }
        ObservedState::Other => {}
    }
    Ok(())
}

/// Whether the order has learnt of a reservation or a suspended payment already, or of what came
/// after it.
fn shows(order: &Order, callback: &Callback) -> bool {
    let row = order.payments.iter().find(|row| row.tid.as_deref() == Some(&callback.tid));
    row.is_some_and(|row| match row.state {
        PaymentState::Opened | PaymentState::Failed | PaymentState::Closed => false,
        PaymentState::Suspended => callback.state == ObservedState::Suspended,
        PaymentState::Reserved
        | PaymentState::Billed
        | PaymentState::Returned
        | PaymentState::Reversed
        | PaymentState::Lapsed
        | PaymentState::ChargedBack => true,
    })
}

fn alarm(callback: &Callback, what: &str) {
    tracing::error!(
        event = "payment.callback_odd",
        alert = true,
        tid = callback.tid,
        status = callback.status,
        "{what}"
    );
}
