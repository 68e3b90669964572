//! What an order asks outside, committed before it is asked.

use uuid::Uuid;

use super::record::Moment;
use crate::money::Cents;
use crate::port::lift::Booking;

/// What was committed before it was asked.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Intent {
    /// Its row; nil until it is saved.
    pub id: Uuid,
    /// What is asked.
    pub verb: Verb,
    /// The booking that a cancel means.
    pub booking: Option<Booking>,
    /// The sum that a move of money means; 0 means all.
    pub amount: Cents,
    /// When it was committed.
    pub asked_at: Moment,
}

/// What an order asks outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Verb {
    /// Is the card accepted?
    Check,
    /// Book the ticket. Dangerous to repeat.
    Issue,
    /// Which bookings stand under the reference?
    Find,
    /// Cancel a booking.
    Cancel,
    /// Open a payment page.
    Open,
    /// Take reserved money.
    Capture,
    /// Release reserved money.
    Reverse,
    /// Pay money back. Dangerous to repeat.
    Credit,
    /// What do the provider's books say?
    History,
    /// What is the payment's state? Three calls, ever.
    Status,
    /// What became of the page: its latest payment's state? One of those three calls.
    Latest,
}

/// Every verb.
pub const VERBS: [Verb; 11] = [
    Verb::Check,
    Verb::Issue,
    Verb::Find,
    Verb::Cancel,
    Verb::Open,
    Verb::Capture,
    Verb::Reverse,
    Verb::Credit,
    Verb::History,
    Verb::Status,
    Verb::Latest,
];

impl Verb {
    /// The verb's one word in the database.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Check => "check",
            Self::Issue => "issue",
            Self::Find => "find",
            Self::Cancel => "cancel",
            Self::Open => "open",
            Self::Capture => "capture",
            Self::Reverse => "reverse",
            Self::Credit => "credit",
            Self::History => "history",
            Self::Status => "status",
            Self::Latest => "latest",
        }
    }

    /// The verb of a word.
    #[must_use]
    pub fn of(word: &str) -> Option<Self> {
        VERBS.into_iter().find(|verb| verb.word() == word)
    }
}

/// A line or a payment of an order; each has at most one open intent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Subject {
    /// The line with this number.
    Line(i32),
    /// The payment with this number.
    Payment(i32),
}

impl Intent {
    /// An intent of this moment, not yet saved.
    #[must_use]
    pub fn new(verb: Verb, asked_at: Moment) -> Self {
        Self { id: Uuid::nil(), verb, booking: None, amount: 0, asked_at }
    }

    /// Whether its question has not left: the driver asks it once it is committed.
    #[must_use]
    pub fn is_new(&self) -> bool {
        self.id.is_nil()
    }
}
