//! What every access-control supplier can be asked, in our words.

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use futures_util::FutureExt;
use futures_util::future::LocalBoxFuture;

use super::{Booking, CheckedCard, Found, Holder, PriceList, Wanted};
use crate::ids::Reference;
use crate::integrations::{Outcome, Permit};
use crate::money::Cents;

/// One operator contract at one supplier: lives on its actor's own thread, so its futures need not
/// be `Send`.
pub trait LiftSupplier: 'static {
    /// What this contract can and cannot do.
    fn capabilities(&self) -> Capabilities;

    /// Asks whether the operator accepts the card now. Harmless to repeat.
    fn check(&self, card: String, permit: Permit) -> LocalBoxFuture<'_, Outcome<CheckedCard>>;

    /// Books one ticket onto one card under `order.reference`. Asking twice under one reference may
    /// book twice unless the contract dedups: what is in doubt is found first.
    fn issue(&self, order: TicketOrder, permit: Permit) -> LocalBoxFuture<'_, Outcome<Booking>>;

    /// Lists every booking ever made under `reference`, oldest first; empty when there is none.
    /// Harmless to repeat.
    fn find(&self, reference: Reference, permit: Permit)
    -> LocalBoxFuture<'_, Outcome<Vec<Found>>>;

    /// Cancels a booking. Harmless to repeat: already cancelled is `Done`; a used ticket is
    /// `Refused` as `TicketUsed`.
    fn cancel(&self, booking: Booking, permit: Permit) -> LocalBoxFuture<'_, Outcome<()>>;

    /// Lists all that is sold now, with the prices of what is wanted. Changes nothing; harmless to
    /// repeat. Only a whole list is `Done`: where a part of it is missing or not understood, all of
    /// it is `Unknown`.
    fn catalogue(&self, wanted: Wanted, permit: Permit) -> LocalBoxFuture<'_, Outcome<PriceList>>;

    /// Lists what was booked on `day` of the operator's zone, cancelled bookings too, in its own
    /// order; a page that begins after the `next` of the one before. Harmless to repeat.
    fn list(
        &self,
        day: NaiveDate,
        after: Option<String>,
        permit: Permit,
    ) -> LocalBoxFuture<'_, Outcome<SoldPage>> {
        let told = Outcome::NotSent(format!(
            "this supplier has no list of {day}, nor of anything after {after:?}"
        ));
        drop(permit);
        std::future::ready(told).boxed_local()
    }
}

/// A page of what a supplier booked on one day.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct SoldPage {
    /// The bookings that could be read.
    pub sold: Vec<Sold>,
    /// How many entries that may be ours could not be read, or not their price: of them nothing
    /// follows.
    pub unreadable: usize,
    /// Where the next page begins; `None` on the last, which is judged by what was sent and not by
    /// what could be read.
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
