//! Cards, holders and bookings, as every access-control supplier answers them.

use chrono::NaiveDate;

/// A card that the operator accepts.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct CheckedCard {
    /// How many further tickets fit onto it, where the supplier says so.
    pub free_places: Option<u32>,
}

/// The person who will use the ticket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holder {
    /// Given name; empty for who has a family name only.
    pub first_name: String,
    /// Family name; empty for who has a given name only. Never both.
    pub last_name: String,
    /// Birth date, which decides the person category.
    pub birth_date: NaiveDate,
}

/// A booking as the supplier names it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Booking {
    /// What a person at the desk is told, for example the permission's serial number.
    pub ticket_reference: String,
    /// The supplier's own ids that `cancel` needs, opaque to everyone else, at most 250 characters.
    pub handle: String,
}

/// A booking that `find` saw.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Found {
    /// The booking itself.
    pub booking: Booking,
    /// Where it stands.
    pub state: FoundState,
}

/// Where a found booking stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FoundState {
    /// Accepted, not yet usable at the gate; asked about again later.
    Pending,
    /// Usable at the gate.
    Live,
    /// Cancelled; it does not count.
    Cancelled,
    /// Used at a gate; it cannot be cancelled.
    Used,
}
