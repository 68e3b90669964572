//! What the payment provider can be asked, in our words.

use futures_util::future::LocalBoxFuture;

use super::{History, Observed, OpenedPage};
use crate::ids::Reference;
use crate::integrations::{Outcome, Permit};
use crate::money::Cents;

/// The payment provider; lives on its actor's own thread, so its futures need not be `Send`.
pub trait PaymentProvider: 'static {
    /// Opens a hosted payment page. A repeat opens a further page, which can be paid as well.
    fn open_page(&self, page: PageOrder, permit: Permit)
    -> LocalBoxFuture<'_, Outcome<OpenedPage>>;

    /// Takes `amount` (more than 0, at most what is reserved) once and for all. "Already done" is
    /// `Unknown`: read the history.
    fn capture(
        &self,
        tid: String,
        amount: Cents,
        permit: Permit,
    ) -> LocalBoxFuture<'_, Outcome<()>>;

    /// Releases a reservation whole. "Already done" is `Unknown`: read the history.
    fn reverse(&self, tid: String, permit: Permit) -> LocalBoxFuture<'_, Outcome<()>>;

    /// Pays back what was taken. Repeating a partial credit pays twice: read the history first.
    fn credit(
        &self,
        tid: String,
        amount: CreditAmount,
        permit: Permit,
    ) -> LocalBoxFuture<'_, Outcome<()>>;

    /// What was reserved, taken and paid back, by the provider's own books. Harmless to repeat.
    fn history(&self, tid: String, permit: Permit) -> LocalBoxFuture<'_, Outcome<History>>;

    /// Payments that are reserved or in progress and not yet taken, newest first, at most `size`
    /// (up to 500) from `begin`. At most one call a second. Harmless to repeat.
    fn list_open(
        &self,
        begin: u32,
        size: u32,
        permit: Permit,
    ) -> LocalBoxFuture<'_, Outcome<OpenPayments>>;

    /// One payment's state. At most three calls a transaction, ever: count before asking.
    /// `Done(None)`: no such payment. `Refused`: the call was counted and denied, as every further
    /// one of the transaction will be; others may be answered.
    fn status(
        &self,
        key: StatusKey,
        permit: Permit,
    ) -> LocalBoxFuture<'_, Outcome<Option<Observed>>>;
}

/// A payment page to open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PageOrder {
    /// Our key for the page.
    pub reference: Reference,
    /// Gross sum in minor units, at least 10.
    pub amount: Cents,
    /// Three letters of ISO 4217.
    pub currency: String,
    /// What the payer reads, at most 255 characters, without personal data.
    pub description: String,
    /// The payer's language, two letters.
    pub language: String,
    /// Where the provider reports to; carries the page's secret.
    pub confirmation_url: String,
    /// Where the payer's browser goes afterwards, whatever the end.
    pub return_url: String,
}

/// How much a credit pays back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CreditAmount {
    /// All that was taken.
    Full,
    /// A part in minor units, more than 0.
    Part(Cents),
}

/// Whose state is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StatusKey {
    /// The provider's own transaction id.
    Tid(String),
    /// Our page's reference: the provider answers its latest transaction.
    Page(Reference),
}

/// A page of the provider's list of open payments.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct OpenPayments {
    /// The entries that could be read, in the list's order.
    pub payments: Vec<Observed>,
    /// The transaction ids of those that could not be; empty where not even the id could be.
    pub unreadable: Vec<String>,
}

impl OpenPayments {
    /// How many entries the provider sent: by this the list's end and the next page's beginning are
    /// judged.
    #[must_use]
    pub fn sent(&self) -> u32 {
        u32::try_from(self.payments.len() + self.unreadable.len()).unwrap_or(u32::MAX)
    }
}

/// Why a callback cannot be read; the text is answered after `ERROR: `.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct CallbackError(pub String);
