//! The comparison: what we hold against what they hold, and what would make both agree. Pure.

use chrono::NaiveDate;

use crate::actors::order::rules::lifecycle::{LineState, PaymentState};
use crate::integrations::lift::{Found, FoundState};
use crate::integrations::payment::History;
use crate::money::Cents;

/// What differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// We sold a ticket that they do not have.
    TicketMissing,
    /// They have more than one ticket for one that we sold.
    TicketDouble,
    /// They have a ticket that we took back, or never sold.
    TicketUnwanted,
    /// The same, and it was skied with.
    TicketUsed,
    /// They have a ticket under a reference like ours of which we know nothing.
    TicketUnknown,
    /// They have it at another price.
    TicketPrice,
    /// They took money that we do not know of.
    MoneyMore,
    /// They took less than we believe.
    MoneyLess,
    /// They gave money back that we believe to hold.
    MoneyBackMore,
    /// They gave less back than we believe.
    MoneyBackLess,
    /// The payer's bank took it back, and we were not told.
    MoneyTakenBack,
    /// They hold a reservation that we believe released.
    MoneyReserved,
    /// They hold money under a reference like ours of which we know nothing.
    MoneyUnknown,
    /// A series of invoices has a gap.
    InvoiceGap,
    /// A finished order that was paid has no invoice.
    InvoiceMissing,
    /// More differs at once than people could look at one by one.
    Many,
}

impl Kind {
    /// The kind's one word in the database and in JSON.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::TicketMissing => "ticket_missing",
            Self::TicketDouble => "ticket_double",
            Self::TicketUnwanted => "ticket_unwanted",
            Self::TicketUsed => "ticket_used",
            Self::TicketUnknown => "ticket_unknown",
            Self::TicketPrice => "ticket_price",
            Self::MoneyMore => "money_more",
            Self::MoneyLess => "money_less",
            Self::MoneyBackMore => "money_back_more",
            Self::MoneyBackLess => "money_back_less",
            Self::MoneyTakenBack => "money_taken_back",
            Self::MoneyReserved => "money_reserved",
            Self::MoneyUnknown => "money_unknown",
            Self::InvoiceGap => "invoice_gap",
            Self::InvoiceMissing => "invoice_missing",
            Self::Many => "many_differences",
        }
    }
}

/// What would make both sides agree, once a person says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Action {
    /// Cancel at the operator whatever is too much; the used or the known ticket stays.
    Withdraw,
    /// Book the ticket once more under its own reference.
    IssueAgain,
    /// Take the line out of the order and give its price back; of money that is nobody's, give it
    /// back.
    GiveBack,
    /// Let the order read the provider's books; its own rules do the rest.
    LookAgain,
    /// Write down that the provider gave the money back.
    Book,
    /// Release the reservation.
    Release,
}

impl Action {
    const ALL: [Self; 6] = [
        Self::Withdraw,
        Self::IssueAgain,
        Self::GiveBack,
        Self::LookAgain,
        Self::Book,
        Self::Release,
    ];

    /// The action's one word in the database and in JSON.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Withdraw => "withdraw",
            Self::IssueAgain => "issue_again",
            Self::GiveBack => "give_back",
            Self::LookAgain => "look_again",
            Self::Book => "book",
            Self::Release => "release",
        }
    }

    /// The action of a word.
    #[must_use]
    pub fn of(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|action| action.word() == word)
    }
}

/// A difference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// What differs.
    pub kind: Kind,
    /// What is suggested; nothing where only staff can tell.
    pub action: Option<Action>,
    /// The money that it is about.
    pub amount: Cents,
}

/// A line of ours that has come to rest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OurTicket {
    /// Where it stands.
    pub state: LineState,
    /// Its gross price.
    pub price: Cents,
    /// The last day on which it can be used.
    pub last_day: NaiveDate,
}

/// A payment of ours that has come to rest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OurMoney {
    /// Where it stands.
    pub state: PaymentState,
    /// What we took.
    pub captured: Cents,
    /// What went back, by whatever way.
    pub returned: Cents,
    /// How much of that went by bank transfer, of which the provider knows nothing.
    pub transferred: Cents,
}

/// Compares a ticket with everything that they have under its reference; `today` is the operator's
/// day.
#[must_use]
pub fn ticket(ours: Option<&OurTicket>, theirs: &[Found], today: NaiveDate) -> Option<Difference> {
    let standing = theirs.iter().filter(|found| found.state != FoundState::Cancelled).count();
    let used = theirs.iter().any(|found| found.state == FoundState::Used);
    let differs = |kind, action, amount| Some(Difference { kind, action, amount });
    let Some(ours) = ours else {
        let action = (!used).then_some(Action::Withdraw);
        return if standing == 0 { None } else { differs(Kind::TicketUnknown, action, 0) };
    };
    let sold = ours.state == LineState::Issued;
    match (sold, standing) {
        (true, 1) | (false, 0) => None,
        // lost with all that was known of it: it can still be booked; cancelled at their desk:
        // somebody had a reason
        (true, 0) if theirs.is_empty() && ours.last_day >= today => {
            differs(Kind::TicketMissing, Some(Action::IssueAgain), ours.price)
        }
        (true, 0) => differs(Kind::TicketMissing, Some(Action::GiveBack), ours.price),
        (true, _) => differs(Kind::TicketDouble, Some(Action::Withdraw), ours.price),
        (false, _) if used => differs(Kind::TicketUsed, None, ours.price),
        (false, _) => differs(Kind::TicketUnwanted, Some(Action::Withdraw), ours.price),
    }
}

/// Compares the price of a ticket that both sides have.
#[must_use]
pub fn price(ours: &OurTicket, theirs: Cents) -> Option<Difference> {
    let differs = ours.state == LineState::Issued && ours.price != theirs;
    differs.then(|| Difference {
        kind: Kind::TicketPrice,
        action: None,
        amount: theirs - ours.price,
    })
}

/// Compares a payment with the provider's books of it.
#[must_use]
pub fn money(ours: &OurMoney, books: &History) -> Option<Difference> {
    let differs = |kind, action, amount| Some(Difference { kind, action, amount });
    let back = ours.returned - ours.transferred;
    if ours.state == PaymentState::ChargedBack && books.charged_back > 0 {
        None
    } else if books.charged_back > 0 {
        differs(Kind::MoneyTakenBack, Some(Action::LookAgain), books.charged_back)
    } else if books.captured > ours.captured {
        differs(Kind::MoneyMore, Some(Action::LookAgain), books.captured - ours.captured)
    } else if books.captured < ours.captured {
        differs(Kind::MoneyLess, None, ours.captured - books.captured)
    } else if books.credited > back {
        differs(Kind::MoneyBackMore, Some(Action::Book), books.credited - back)
    } else if books.credited < back {
        differs(Kind::MoneyBackLess, None, back - books.credited)
    } else {
        None
    }
}

/// Which of their bookings go when there are too many: all but the one that stays, which is the
/// used one, else the one that we know, else the oldest. `sold` says whether one may stay at all.
/// Pending ones cannot be cancelled yet.
#[must_use]
pub fn too_many<'a>(sold: bool, known: Option<&str>, theirs: &'a [Found]) -> Vec<&'a Found> {
    let standing: Vec<&Found> =
        theirs.iter().filter(|found| found.state != FoundState::Cancelled).collect();
    let used = standing.iter().position(|found| found.state == FoundState::Used);
    let ours = || standing.iter().position(|found| known == Some(&*found.booking.handle));
    let stays = sold.then(|| used.or_else(ours).unwrap_or(0));
    let goes = standing.into_iter().enumerate().filter(|(place, _)| Some(*place) != stays);
    goes.map(|(_, found)| found).filter(|found| found.state != FoundState::Used).collect()
}

#[cfg(test)]
#[path = "compare_tests.rs"]
mod tests;
