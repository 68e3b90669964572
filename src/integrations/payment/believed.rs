//! Around the provider: of what it answers only texts that fit are believed.

use std::rc::Rc;

use futures_util::FutureExt;
use futures_util::future::LocalBoxFuture;

use super::{
    CreditAmount, History, Observed, OpenPayments, OpenedPage, PageOrder, PaymentProvider,
    StatusKey,
};
use crate::integrations::text::{ADDRESS, TEXT, believed, misfit};
use crate::integrations::{Outcome, Permit};
use crate::money::Cents;

/// The longest transaction id: the largest number of 64 bits, in digits.
const TID: usize = 20;
/// Three letters of ISO 4217.
const CURRENCY: usize = 3;

/// The provider, believed only within bounds.
pub(super) struct Believed(pub(super) Rc<dyn PaymentProvider>);

impl PaymentProvider for Believed {
    fn open_page(
        &self,
        page: PageOrder,
        permit: Permit,
    ) -> LocalBoxFuture<'_, Outcome<OpenedPage>> {
        let asked = self.0.open_page(page, permit);
        let wrong = |page: &OpenedPage| misfit(&[("the page's address", &page.url, ADDRESS)]);
        async move { believed(("payment", "open"), asked.await, wrong) }.boxed_local()
    }

    fn capture(
        &self,
        tid: String,
        amount: Cents,
        permit: Permit,
    ) -> LocalBoxFuture<'_, Outcome<()>> {
        self.0.capture(tid, amount, permit)
    }

    fn reverse(&self, tid: String, permit: Permit) -> LocalBoxFuture<'_, Outcome<()>> {
        self.0.reverse(tid, permit)
    }

    fn credit(
        &self,
        tid: String,
        amount: CreditAmount,
        permit: Permit,
    ) -> LocalBoxFuture<'_, Outcome<()>> {
        self.0.credit(tid, amount, permit)
    }

    fn history(&self, tid: String, permit: Permit) -> LocalBoxFuture<'_, Outcome<History>> {
        self.0.history(tid, permit)
    }

    fn list_open(
        &self,
        begin: u32,
        size: u32,
        permit: Permit,
    ) -> LocalBoxFuture<'_, Outcome<OpenPayments>> {
        let asked = self.0.list_open(begin, size, permit);
        async move { asked.await.map(readable) }.boxed_local()
    }

    fn status(
        &self,
        key: StatusKey,
        permit: Permit,
    ) -> LocalBoxFuture<'_, Outcome<Option<Observed>>> {
        let asked = self.0.status(key, permit);
        let wrong = |seen: &Option<Observed>| seen.as_ref().and_then(misfit_of);
        async move { believed(("payment", "status"), asked.await, wrong) }.boxed_local()
    }
}

fn misfit_of(seen: &Observed) -> Option<&'static str> {
    misfit(&[
        ("a transaction's id", &seen.tid, TID),
        ("a page's reference", &seen.reference, TEXT),
        ("a currency", &seen.currency, CURRENCY),
    ])
}

/// With what does not fit among the unreadable: it hides no other entry, and counts for the end of
/// the list.
fn readable(page: OpenPayments) -> OpenPayments {
    let OpenPayments { payments, mut unreadable } = page;
    let (kept, left_out): (Vec<_>, Vec<_>) =
        payments.into_iter().partition(|seen| misfit_of(seen).is_none());
    let named = |seen: Observed| if seen.tid.len() <= TID { seen.tid } else { String::new() };
    unreadable.extend(left_out.into_iter().map(named));
    let unreadable =
        unreadable.into_iter().map(|tid| if tid.len() <= TID { tid } else { String::new() });
    OpenPayments { payments: kept, unreadable: unreadable.collect() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::integrations::payment::ObservedState;

    #[test]
    fn an_open_payment_that_does_not_fit_is_counted_and_hides_no_other() {
        let seen = |tid: &str, reference: &str, currency: &str| Observed {
            tid: tid.to_owned(),
            reference: reference.to_owned(),
            state: ObservedState::Reserved,
            amount: 1,
            currency: currency.to_owned(),
        };
        let fine = seen("18446744073709551615", "A-7K3QX9-p1", "EUR");
        let long = "0".repeat(TID + 1);
        let payments = vec![
            seen(&long, "r", "EUR"),
            fine.clone(),
            seen("7", &"r".repeat(256), "EUR"),
            seen("8", "r", "EURO"),
        ];
        let page = OpenPayments { payments, unreadable: vec!["9".repeat(1000)] };
        let sent = page.sent();
        let page = readable(page);
        assert_eq!((page.sent(), page.payments.as_slice()), (sent, &[fine][..]));
        assert_eq!(page.unreadable, ["", "", "7", "8"]);
    }
}
