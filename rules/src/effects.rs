//! What a turn of an order's loop brings besides the changed order; all of it is saved in the same
//! commit.

use uuid::Uuid;

use super::advance::Answered;
use super::lifecycle::OrderState;
use crate::money::Cents;

/// What a turn of the loop brings besides the changed order; all of it is saved in the same commit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Effects {
    /// The transitions, in order.
    pub events: Vec<Event>,
    /// The e-mails to send.
    pub emails: Vec<OrderEmail>,
    /// The intents that were answered, by their rows.
    pub answered: Vec<(Uuid, Answered)>,
    /// Whether an invoice is due.
    pub invoice: bool,
    /// Lines whose card is theirs on their days from this commit on, unless another order has one
    /// of them: then nothing is saved.
    pub held: Vec<i32>,
    /// Lines whose card is free again on their days.
    pub freed: Vec<i32>,
    /// What staff must close.
    pub cases: Vec<NewCase>,
    /// Payments, and the kind of their cases that nobody has to close any more, and why: before
    /// others are opened.
    pub settled: Vec<(i32, CaseKind, &'static str)>,
    /// Cases that somebody closed.
    pub closed: Vec<Closing>,
}

/// An e-mail about an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OrderEmail {
    /// The tickets, refused lines and why, the invoice.
    Finished,
    /// Nothing was taken.
    Rejected,
    /// Everything was undone, and the money went back.
    Undone,
    /// Money that was not the order's went back; the payment's number.
    MoneyReturned(i32),
    /// A ticket was taken back; the line's number.
    TicketReturned(i32),
    /// A ticket is not taken back, though somebody wanted it; the line's number.
    TicketKept(i32),
}

/// How a case of owed money is closed that somebody credited at the provider after all.
pub(crate) const CREDITED: &str = "credited";
/// Why the rest of it is due still.
pub(crate) const CREDITED_IN_PART: &str = "credited_in_part";
/// How a case is closed of what the provider has answered after all.
pub(crate) const FOUND: &str = "found";

/// One transition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// The state that was entered.
    pub state: OrderState,
    /// Why, as a slug.
    pub detail: Option<String>,
}

/// What staff must close about a payment; one that is open already under its key is not opened
/// twice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewCase {
    /// The payment's number.
    pub payment: i32,
    /// What it is about.
    pub kind: CaseKind,
    /// The money that it is about.
    pub amount: Cents,
    /// Why, as a slug.
    pub reason: String,
    /// What tells it from an earlier one of its kind: all that was ever owed, or the transaction.
    pub mark: String,
}

/// What somebody says who closes a case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Closing {
    /// The case.
    pub case: Uuid,
    /// The account that closes it.
    pub by: Uuid,
    /// Why, or what was done; at most 255 characters.
    pub reason: String,
    /// What the bank calls the transfer, at most 140 characters.
    pub bank_reference: Option<String>,
}

/// What a case is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CaseKind {
    /// Money goes back by bank transfer.
    Owed,
    /// The payer's bank took the money back.
    ChargedBack,
    /// The provider names one transaction for two orders.
    TwoOrders,
    /// A ticket stands, and its money does not: it went back at the provider's portal, or could not
    /// be captured.
    Unpaid,
    /// Money may be held of which the provider never said what became of it.
    Unconfirmed,
}

impl CaseKind {
    /// The kind's one word, in the database and in JSON.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Owed => "owed",
            Self::ChargedBack => "charged_back",
            Self::TwoOrders => "two_orders",
            Self::Unpaid => "unpaid",
            Self::Unconfirmed => "unconfirmed",
        }
    }
}
