//! What a contract's actor can be asked.

use std::rc::Rc;

use chrono::NaiveDate;
use uuid::Uuid;

use crate::actors::supervision::Content;
use crate::actors::supplier::{Asking, Question};
use crate::ids::Reference;
use crate::integrations::lift::{
    Booking, CheckedCard, Found, LiftSupplier, PriceList, SoldPage, TicketOrder, Wanted,
};
use crate::integrations::{Outcome, Permit};

type Client = Rc<dyn LiftSupplier>;

/// Whether the operator accepts a card.
pub(super) struct Check {
    pub(super) card: String,
    /// Who typed it.
    pub(super) account: Uuid,
}

/// Book a ticket.
pub(super) struct Issue(pub(super) TicketOrder);

/// Every booking under a reference.
pub(super) struct Find(pub(super) Reference);

/// Cancel a booking.
pub(super) struct Cancel(pub(super) Booking);

/// What was booked on a day, a page after the one before.
pub(super) struct List {
    pub(super) day: NaiveDate,
    pub(super) after: Option<String>,
}

/// What is sold now.
pub(super) struct ReadPrices(pub(super) Wanted);

impl Question<dyn LiftSupplier> for Check {
    type Reply = CheckedCard;

    fn verb(&self) -> &'static str {
        "check"
    }

    fn content(&self) -> Content {
        // an order brings as many cards as it has lines, and an account others
        Content::OfCustomer(self.account)
    }

    fn ask(self, client: Client, permit: Permit) -> Asking<CheckedCard> {
        Box::pin(async move { client.check(self.card, permit).await })
    }
}

impl Question<dyn LiftSupplier> for Issue {
    type Reply = Booking;

    fn verb(&self) -> &'static str {
        "issue"
    }

    fn content(&self) -> Content {
        Content::OfAnOrder
    }

    fn ask(self, client: Client, permit: Permit) -> Asking<Booking> {
        Box::pin(async move { client.issue(self.0, permit).await })
    }
}

impl Question<dyn LiftSupplier> for Find {
    type Reply = Vec<Found>;

    fn verb(&self) -> &'static str {
        "find"
    }

    fn content(&self) -> Content {
        Content::Of(self.0.to_string())
    }

    fn ask(self, client: Client, permit: Permit) -> Asking<Vec<Found>> {
        Box::pin(async move { client.find(self.0, permit).await })
    }
}

impl Question<dyn LiftSupplier> for Cancel {
    type Reply = ();

    fn verb(&self) -> &'static str {
        "cancel"
    }

    fn content(&self) -> Content {
        Content::Of(self.0.handle.clone())
    }

    fn ask(self, client: Client, permit: Permit) -> Asking<()> {
        Box::pin(async move { client.cancel(self.0, permit).await })
    }
}

impl Question<dyn LiftSupplier> for List {
    type Reply = SoldPage;

    fn verb(&self) -> &'static str {
        "list"
    }

    fn content(&self) -> Content {
        Content::Ours
    }

    /// A supplier without such a list is not broken.
    fn is_broken(outcome: &Outcome<SoldPage>) -> bool {
        outcome.is_unclear()
    }

    fn ask(self, client: Client, permit: Permit) -> Asking<SoldPage> {
        Box::pin(async move { client.list(self.day, self.after, permit).await })
    }
}

impl Question<dyn LiftSupplier> for ReadPrices {
    type Reply = PriceList;

    fn verb(&self) -> &'static str {
        "catalogue"
    }

    fn content(&self) -> Content {
        Content::Ours
    }

    /// A supplier without such a list is not broken.
    fn is_broken(outcome: &Outcome<PriceList>) -> bool {
        outcome.is_unclear()
    }

    fn ask(self, client: Client, permit: Permit) -> Asking<PriceList> {
        Box::pin(async move { client.catalogue(self.0, permit).await })
    }
}
