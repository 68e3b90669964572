//! The five ways in which a question to the outside ends.

use std::time::Duration;

/// How a question to a supplier ended, in the words of what happens next.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Outcome<T> {
    /// The outside acted and said so.
    Done(T),
    /// A clear no: only answers that the supplier's `translate.rs` lists.
    Refused(Refusal),
    /// Provably nothing left us: busy, breaker open, not begun, connect failed, session refused
    /// before the act.
    NotSent(String),
    /// Accepted but not final; the reference is asked about after `ask_after`.
    Pending {
        /// The pause before the reference is asked about again.
        ask_after: Duration,
    },
    /// Anything may have happened; the reference decides, never a new one.
    Unknown(String),
}

impl<T> Outcome<T> {
    /// Whether it says that the outside is broken, for its breaker; a clear no does not.
    #[must_use]
    pub fn is_broken(&self) -> bool {
        match self {
            Self::NotSent(_) | Self::Unknown(_) => true,
            Self::Done(_) | Self::Refused(_) | Self::Pending { .. } => false,
        }
    }

    /// Whether an answer may have come that was not understood, which may lie in what was asked; a
    /// refusal to speak at all, as for a password that does not count any more, says that nothing
    /// was asked.
    #[must_use]
    pub fn is_unclear(&self) -> bool {
        matches!(self, Self::Unknown(_))
    }

    /// Why there is no value, in words for people; empty for one that is there.
    #[must_use]
    pub fn why(&self) -> String {
        match self {
            Self::Done(_) => String::new(),
            Self::Refused(refusal) => format!("{}:{}", refusal.kind.slug(), refusal.code),
            Self::Pending { .. } => "there is no final answer yet".to_owned(),
            Self::NotSent(why) | Self::Unknown(why) => why.clone(),
        }
    }

    /// The value, or why there is none in words for people.
    ///
    /// # Errors
    /// Anything but `Done`.
    pub fn told(self) -> Result<T, String> {
        let why = self.why();
        match self {
            Self::Done(value) => Ok(value),
            Self::Refused(_) | Self::NotSent(_) | Self::Pending { .. } | Self::Unknown(_) => {
                Err(why)
            }
        }
    }

    /// Turns the value of `Done` into another.
    pub fn map<U>(self, turn: impl FnOnce(T) -> U) -> Outcome<U> {
        match self {
            Self::Done(value) => Outcome::Done(turn(value)),
            Self::Refused(refusal) => Outcome::Refused(refusal),
            Self::NotSent(why) => Outcome::NotSent(why),
            Self::Pending { ask_after } => Outcome::Pending { ask_after },
            Self::Unknown(why) => Outcome::Unknown(why),
        }
    }
}

/// A supplier's clear no.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Refusal {
    /// What it means to the customer.
    pub kind: RefusalKind,
    /// The supplier's own code, at most 64 characters, without personal data.
    pub code: String,
}

/// What a supplier's no means to the customer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RefusalKind {
    /// The card's number, kind or check digits are not accepted there.
    CardNotAccepted,
    /// The card is blocked.
    CardBlocked,
    /// The card has no room for a further ticket.
    CardFull,
    /// Another order has a ticket there on this card and day.
    CardTaken,
    /// The product, category or day is not sold there (any more).
    ProductUnavailable,
    /// The supplier's price is another than the offer's.
    PriceChanged,
    /// The holder's data do not suffice.
    HolderIncomplete,
    /// The ticket was used at a gate and cannot be cancelled.
    TicketUsed,
    /// The payment was declined or cannot be taken.
    PaymentDeclined,
    /// The provider cannot pay back this kind of payment: it is owed by bank transfer.
    NotCreditable,
    /// The message's address or content is not accepted.
    MessageRejected,
}

impl RefusalKind {
    /// The stable slug for the database and for JSON.
    #[must_use]
    pub fn slug(self) -> &'static str {
        match self {
            Self::CardNotAccepted => "card_not_accepted",
            Self::CardBlocked => "card_blocked",
            Self::CardFull => "card_full",
            Self::CardTaken => "card_taken",
            Self::ProductUnavailable => "product_unavailable",
            Self::PriceChanged => "price_changed",
            Self::HolderIncomplete => "holder_incomplete",
            Self::TicketUsed => "ticket_used",
            Self::PaymentDeclined => "payment_declined",
            Self::NotCreditable => "not_creditable",
            Self::MessageRejected => "message_rejected",
        }
    }

    /// The kind of a slug.
    #[must_use]
    pub fn of(slug: &str) -> Option<Self> {
        use RefusalKind::{
            CardBlocked, CardFull, CardNotAccepted, CardTaken, HolderIncomplete, MessageRejected,
            NotCreditable, PaymentDeclined, PriceChanged, ProductUnavailable, TicketUsed,
        };
        [
            CardNotAccepted,
            CardBlocked,
            CardFull,
            CardTaken,
            ProductUnavailable,
            PriceChanged,
            HolderIncomplete,
            TicketUsed,
            PaymentDeclined,
            NotCreditable,
            MessageRejected,
        ]
        .into_iter()
        .find(|kind| kind.slug() == slug)
    }
}
