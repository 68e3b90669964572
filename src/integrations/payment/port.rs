//! What the payment provider can be asked, in our words.

use futures_util::future::LocalBoxFuture;

use crate::ids::Reference;
use crate::integrations::{Outcome, Permit};
use crate::money::Cents;

/// The payment provider; lives on its actor's own thread, so its futures need not be `Send`.
pub trait PaymentProvider: 'static {
    /// Opens a hosted payment page. A repeat opens a further page, which can be paid as well.
    fn open_page(&self, page: PageOrder, permit: Permit) -> LocalBoxFuture<'_, Outcome<OpenedPage>>;

    /// Takes `amount` (more than 0, at most what is reserved) once and for all. "Already done" is `Unknown`: read the history.
    fn capture(&self, tid: String, amount: Cents, permit: Permit) -> LocalBoxFuture<'_, Outcome<()>>;

    /// Releases a reservation whole. "Already done" is `Unknown`: read the history.
    fn reverse(&self, tid: String, permit: Permit) -> LocalBoxFuture<'_, Outcome<()>>;

    /// Pays back what was taken. Repeating a partial credit pays twice: read the history first.
    fn credit(&self, tid: String, amount: CreditAmount, permit: Permit) -> LocalBoxFuture<'_, Outcome<()>>;

    /// What was reserved, taken and paid back, by the provider's own books. Harmless to repeat.
    fn history(&self, tid: String, permit: Permit) -> LocalBoxFuture<'_, Outcome<History>>;

    /// Payments that are reserved or in progress and not yet taken, newest first, at most `size` (up to 500) from `begin`.
    /// At most one call a second. Harmless to repeat.
    fn list_open(&self, begin: u32, size: u32, permit: Permit) -> LocalBoxFuture<'_, Outcome<OpenPayments>>;

    /// One payment's state. At most three calls a transaction, ever: count before asking. `Done(None)`: no such payment.
    /// `Refused`: the call was counted and denied, as every further one of the transaction will be; others may be answered.
    fn status(&self, key: StatusKey, permit: Permit) -> LocalBoxFuture<'_, Outcome<Option<Observed>>>;
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

/// A page that the payer can be sent to.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct OpenedPage {
    /// The page's address.
    pub url: String,
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

/// A payment as the provider's own answer shows it (not a callback).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Observed {
    /// The provider's transaction id, unique.
    pub tid: String,
    /// The reference that the page was opened with.
    pub reference: String,
    /// Its state.
    pub state: ObservedState,
    /// Minor units.
    pub amount: Cents,
    /// Three letters of ISO 4217.
    pub currency: String,
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
    /// How many entries the provider sent: by this the list's end and the next page's beginning are judged.
    #[must_use]
    pub fn sent(&self) -> u32 {
        u32::try_from(self.payments.len() + self.unreadable.len()).unwrap_or(u32::MAX)
    }
}

/// States of a payment at the provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ObservedState {
    /// The attempt failed.
    Failed,
    /// Waiting for a bank, not paid.
    Suspended,
    /// Authorised, money not taken.
    Reserved,
    /// Money taken.
    Billed,
    /// Reservation released.
    Reversed,
    /// Money paid back, wholly or in part.
    Credited,
    /// Taken back by the payer's bank.
    ChargedBack,
    /// A state that we do not know; alarm, no change.
    Other,
}

/// What the provider's books say of one payment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct History {
    /// Sum taken, minor units.
    pub captured: Cents,
    /// Sum paid back, minor units.
    pub credited: Cents,
    /// Sum that the payer's bank took back, minor units.
    pub charged_back: Cents,
    /// Whether the reservation was released.
    pub reversed: bool,
}

/// A callback's claim, parsed and not believed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Callback {
    /// The provider's transaction id.
    pub tid: String,
    /// Our page's reference.
    pub reference: String,
    /// The secret that our confirmation URL carried.
    pub secret: String,
    /// The claimed state in the provider's word.
    pub status: String,
    /// The claimed state in ours.
    pub state: ObservedState,
    /// Claimed minor units.
    pub amount: Cents,
    /// Claimed currency.
    pub currency: String,
}

/// Why a callback cannot be read; the text is answered after `ERROR: `.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct CallbackError(pub String);
