//! What every access-control supplier can be asked, in our words.

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use futures_util::FutureExt;
use futures_util::future::LocalBoxFuture;

use super::{PriceList, Wanted};
use crate::ids::Reference;
use crate::integrations::{Outcome, Permit};
use crate::money::Cents;

/// One operator contract at one supplier: lives on its actor's own thread, so its futures need not be `Send`.
pub trait LiftSupplier: 'static {
    /// What this contract can and cannot do.
    fn capabilities(&self) -> Capabilities;

    /// Asks whether the operator accepts the card now. Harmless to repeat.
    fn check(&self, card: String, permit: Permit) -> LocalBoxFuture<'_, Outcome<CheckedCard>>;

    /// Books one ticket onto one card under `order.reference`.
    /// Asking twice under one reference may book twice unless the contract dedups: what is in doubt is found first.
    fn issue(&self, order: TicketOrder, permit: Permit) -> LocalBoxFuture<'_, Outcome<Booking>>;

    /// Lists every booking ever made under `reference`, oldest first; empty when there is none. Harmless to repeat.
    fn find(&self, reference: Reference, permit: Permit) -> LocalBoxFuture<'_, Outcome<Vec<Found>>>;

    /// Cancels a booking. Harmless to repeat: already cancelled is `Done`; a used ticket is `Refused` as `TicketUsed`.
    fn cancel(&self, booking: Booking, permit: Permit) -> LocalBoxFuture<'_, Outcome<()>>;

    /// Lists all that is sold now, with the prices of what is wanted. Changes nothing; harmless to repeat.
    /// Only a whole list is `Done`: where a part of it is missing or not understood, all of it is `Unknown`.
    fn catalogue(&self, wanted: Wanted, permit: Permit) -> LocalBoxFuture<'_, Outcome<PriceList>>;

    /// Lists what was booked on `day` of the operator's zone, cancelled bookings too, in its own order; a page that begins
    /// after the `next` of the one before. Harmless to repeat.
    fn list(&self, day: NaiveDate, after: Option<String>, permit: Permit) -> LocalBoxFuture<'_, Outcome<SoldPage>> {
        let told = Outcome::NotSent(format!("this supplier has no list of {day}, nor of anything after {after:?}"));
        drop(permit);
        std::future::ready(told).boxed_local()
    }
}

/// A page of what a supplier booked on one day.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct SoldPage {
    /// The bookings that could be read.
    pub sold: Vec<Sold>,
    /// How many entries that may be ours could not be read, or not their price: of them nothing follows.
    pub unreadable: usize,
    /// Where the next page begins; `None` on the last, which is judged by what was sent and not by what could be read.
    pub next: Option<String>,
}

/// A booking as a supplier's list of a day has it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Sold {
    /// The reference that it was booked under: ours, or anybody's.
    pub reference: String,
    /// The booking, and where it stands.
    pub found: Found,
    /// Its gross price, where the list has it.
    pub price: Option<Cents>,
}

/// What a contract can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Capabilities {
    /// A known reference is answered with its first answer instead of being booked again.
    pub dedups_reference: bool,
}

/// A card that the operator accepts.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct CheckedCard {
    /// How many further tickets fit onto it, where the supplier says so.
    pub free_places: Option<u32>,
}

/// What is to be booked: one line of an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TicketOrder {
    /// Our key for this line, the same in every repeat.
    pub reference: Reference,
    /// When the order was placed, the same in every repeat.
    pub placed_at: DateTime<Utc>,
    /// The card's number in its normal form.
    pub card: String,
    /// Who skis.
    pub holder: Holder,
    /// The supplier's own code of the product, from the catalogue.
    pub product_code: String,
    /// The supplier's own code of the person category, from the catalogue.
    pub category_code: String,
    /// First day of validity in the operator's time zone.
    pub first_day: NaiveDate,
    /// Last day of validity, inclusive; equal to `first_day` for a day ticket.
    pub last_day: NaiveDate,
    /// Local time of the first day from which on it is valid; the whole day when absent.
    pub from_time: Option<NaiveTime>,
    /// Gross price in euro cents.
    pub price: Cents,
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
