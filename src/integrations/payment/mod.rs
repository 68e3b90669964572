//! The port to the payment provider: open a page, take or give back money, and learn what became of
//! a payment.
//!
//! The provider is one folder; the rest of the house knows it only by the neutral names below.

mod believed;
mod mpay24;
mod port;

use std::rc::Rc;

pub use mpay24::{Config as ProviderConfig, confirmation_url, parse_callback};
pub use port::{CallbackError, CreditAmount, OpenPayments, PageOrder, PaymentProvider, StatusKey};
pub use starjack_rules::port::payment::{Callback, History, Observed, ObservedState, OpenedPage};

/// Builds the provider's client of one merchant for one incarnation; opens no connection.
///
/// # Errors
/// Endpoint, merchant and `test` do not belong together, or there is no TLS configuration.
pub fn connect(config: &ProviderConfig) -> anyhow::Result<Rc<dyn PaymentProvider>> {
    Ok(Rc::new(believed::Believed(mpay24::connect(config)?)))
}
