//! Pages and payments, as the payment provider answers and reports them.

use crate::money::Cents;

/// A page that the payer can be sent to.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct OpenedPage {
    /// The page's address.
    pub url: String,
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
