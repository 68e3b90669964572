//! The port to the payment provider: open a page, take or give back money, and learn what became of a payment.
//!
//! The provider is one folder; the rest of the house knows it only by the neutral names below.

mod mpay24;
mod port;

pub use mpay24::{Config as ProviderConfig, confirmation_url, connect, parse_callback};
pub use port::{
    Callback, CallbackError, CreditAmount, History, Observed, ObservedState, OpenPayments, OpenedPage, PageOrder,
    PaymentProvider, StatusKey,
};
