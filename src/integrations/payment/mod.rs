//! The port to the payment provider: open a page, take or give back money, and learn what became of a payment.

mod port;

pub use port::{
    Callback, CallbackError, CreditAmount, History, Observed, ObservedState, OpenedPage, PageOrder, PaymentProvider,
    StatusKey,
};
