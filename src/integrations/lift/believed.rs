//! Around every supplier: of what it answers only texts that fit are believed.

use std::rc::Rc;

use chrono::NaiveDate;
use futures_util::FutureExt;
use futures_util::future::LocalBoxFuture;

use super::{
    Booking, Capabilities, CheckedCard, Found, LiftSupplier, PriceList, SoldPage, TicketOrder,
    Wanted,
};
use crate::ids::{self, Reference};
use crate::integrations::text::{HANDLE, NUMBER, TEXT, believed, misfit};
use crate::integrations::{Outcome, Permit};

/// A supplier, and whose it is.
pub(super) struct Believed {
    supplier: Rc<dyn LiftSupplier>,
    operator: String,
}

impl Believed {
    /// The same supplier, believed only within bounds.
    pub(super) fn new(supplier: Rc<dyn LiftSupplier>, operator: &str) -> Self {
        Self { supplier, operator: operator.to_owned() }
    }
}

impl LiftSupplier for Believed {
    fn capabilities(&self) -> Capabilities {
        self.supplier.capabilities()
    }

    /// Its answer has no text.
    fn check(&self, card: String, permit: Permit) -> LocalBoxFuture<'_, Outcome<CheckedCard>> {
        self.supplier.check(card, permit)
    }

    fn issue(&self, order: TicketOrder, permit: Permit) -> LocalBoxFuture<'_, Outcome<Booking>> {
        let asked = self.supplier.issue(order, permit);
        async move { believed((&self.operator, "issue"), asked.await, misfit_of) }.boxed_local()
    }

    fn find(
        &self,
        reference: Reference,
        permit: Permit,
    ) -> LocalBoxFuture<'_, Outcome<Vec<Found>>> {
        let asked = self.supplier.find(reference, permit);
        let wrong = |found: &Vec<Found>| found.iter().find_map(|one| misfit_of(&one.booking));
        async move { believed((&self.operator, "find"), asked.await, wrong) }.boxed_local()
    }

    /// Its answer has no text.
    fn cancel(&self, booking: Booking, permit: Permit) -> LocalBoxFuture<'_, Outcome<()>> {
        self.supplier.cancel(booking, permit)
    }

    fn catalogue(&self, wanted: Wanted, permit: Permit) -> LocalBoxFuture<'_, Outcome<PriceList>> {
        let asked = self.supplier.catalogue(wanted, permit);
        async move { believed((&self.operator, "catalogue"), asked.await.map(shown), misfit_of_goods) }.boxed_local()
    }

    fn list(
        &self,
        day: NaiveDate,
        after: Option<String>,
        permit: Permit,
    ) -> LocalBoxFuture<'_, Outcome<SoldPage>> {
        let asked = self.supplier.list(day, after, permit);
        let wrong = |page: &SoldPage| {
            page.next.as_deref().and_then(|next| misfit(&[("the page's mark", next, TEXT)]))
        };
        async move { believed((&self.operator, "list"), asked.await.map(readable), wrong) }
            .boxed_local()
    }
}

fn misfit_of(booking: &Booking) -> Option<&'static str> {
    misfit(&[
        ("a ticket's number", &booking.ticket_reference, NUMBER),
        ("a booking's ids", &booking.handle, HANDLE),
    ])
}

fn misfit_of_goods(goods: &PriceList) -> Option<&'static str> {
    goods
        .products
        .iter()
        .chain(&goods.categories)
        .find_map(|one| misfit(&[("a code", &one.code, TEXT)]))
}

/// With names that fit, whatever the operator's own people typed: one of them hides no price.
fn shown(mut goods: PriceList) -> PriceList {
    for one in goods.products.iter_mut().chain(&mut goods.categories) {
        one.name =
            one.name.chars().map(|c| if c.is_control() { ' ' } else { c }).take(TEXT).collect();
    }
    goods
}

/// Without the entries that do not fit, as with any that cannot be read: they do not hide the
/// others.
fn readable(mut page: SoldPage) -> SoldPage {
    let fits = |one: &super::Sold| {
        misfit_of(&one.found.booking).is_none() && one.reference.chars().count() <= TEXT
    };
    let (kept, left_out): (Vec<_>, Vec<_>) =
        std::mem::take(&mut page.sold).into_iter().partition(fits);
    page.unreadable += left_out.iter().filter(|one| ids::is_ticket(&one.reference)).count();
    page.sold = kept;
    page
}

#[cfg(test)]
#[path = "believed_tests.rs"]
mod tests;
