use std::rc::Rc;
use std::sync::{Mutex, PoisonError};

use futures_util::FutureExt;
use futures_util::future::LocalBoxFuture;
use tokio::sync::mpsc;

use super::*;
use crate::actors::fleet::Runs;
use crate::actors::supervision::{Policy, System};
use crate::integrations::payment::{
    CreditAmount, History, Observed, ObservedState, OpenPayments, OpenedPage, PageOrder,
    PaymentProvider, StatusKey,
};
use crate::integrations::{Outcome, Permit};
use crate::money::Cents;

/// Answers the n-th call of the list, from an offset, with at most so many.
type Listing = Arc<Mutex<dyn FnMut(u32, u32) -> Outcome<OpenPayments> + Send>>;

struct Lister(Listing);

impl Lister {
    fn nothing<T: 'static>() -> LocalBoxFuture<'static, Outcome<T>> {
        std::future::ready(Outcome::NotSent("it only lists".to_owned())).boxed_local()
    }
}

impl PaymentProvider for Lister {
    fn open_page(
        &self,
        _page: PageOrder,
        _permit: Permit,
    ) -> LocalBoxFuture<'_, Outcome<OpenedPage>> {
        Self::nothing()
    }

    fn capture(
        &self,
        _tid: String,
        _amount: Cents,
        _permit: Permit,
    ) -> LocalBoxFuture<'_, Outcome<()>> {
        Self::nothing()
    }

    fn reverse(&self, _tid: String, _permit: Permit) -> LocalBoxFuture<'_, Outcome<()>> {
        Self::nothing()
    }

    fn credit(
        &self,
        _tid: String,
        _amount: CreditAmount,
        _permit: Permit,
    ) -> LocalBoxFuture<'_, Outcome<()>> {
        Self::nothing()
    }

    fn history(&self, _tid: String, _permit: Permit) -> LocalBoxFuture<'_, Outcome<History>> {
        Self::nothing()
    }

    fn list_open(
        &self,
        begin: u32,
        size: u32,
        _permit: Permit,
    ) -> LocalBoxFuture<'_, Outcome<OpenPayments>> {
        let page = self.0.lock().unwrap_or_else(PoisonError::into_inner)(begin, size);
        std::future::ready(page).boxed_local()
    }

    fn status(
        &self,
        _key: StatusKey,
        _permit: Permit,
    ) -> LocalBoxFuture<'_, Outcome<Option<Observed>>> {
        Self::nothing()
    }
}

/// A provider's list of so many payments, newest first; those below zero cannot be read.
fn page(list: &[i64], begin: u32, size: u32) -> Outcome<OpenPayments> {
    let mut page = OpenPayments::default();
    for tid in list.iter().skip(begin as usize).take(size as usize) {
        match tid {
            0.. => page.payments.push(reserved(*tid)),
            ..0 => page.unreadable.push(tid.abs().to_string()),
        }
    }
    Outcome::Done(page)
}

fn reserved(tid: i64) -> Observed {
    Observed {
        tid: tid.to_string(),
        reference: format!("A{tid:010}-P1"),
        state: ObservedState::Reserved,
        amount: 8_300,
        currency: "EUR".to_owned(),
    }
}

/// The first reading that a sweep of this provider hands over, how many calls were made for it, and
/// the sweep.
async fn first_reading(
    mut list: impl FnMut(u32, u32) -> Outcome<OpenPayments> + Send + 'static,
) -> (Reading, usize, Sweep) {
    let calls = Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let counted = Arc::clone(&calls);
    let listing: Listing = Arc::new(Mutex::new(move |begin, size| {
        counted.fetch_add(1, Ordering::SeqCst);
        list(begin, size)
    }));
    let system = System::start().unwrap();
    let connect = move || Ok(Rc::new(Lister(Arc::clone(&listing))) as Rc<dyn PaymentProvider>);
    let desk =
        Desk::start_with(&system, Arc::new(connect), Policy::default(), Duration::from_secs(10));
    let sweep =
        Sweep::new(SweepSettings { every: Duration::from_secs(600), pause: Duration::ZERO });
    sweep.request();
    let (give, mut readings) = mpsc::unbounded_channel();
    let take = |reading| {
        let give = give.clone();
        let calls = calls.load(Ordering::SeqCst);
        async move {
            give.send((reading, calls)).unwrap();
            std::future::pending().await
        }
    };
    let runs = Runs::unseen();
    let (reading, calls) = tokio::select! {
        () = sweep.run(&desk, &runs, take) => unreachable!("a sweep has no end"),
        reading = readings.recv() => reading.unwrap(),
    };
    system.shutdown(Deadline::after(Duration::from_secs(10))).await;
    (reading, calls, sweep)
}

fn tids(reading: &Reading) -> Vec<i64> {
    reading.payments.iter().map(|seen| seen.tid.parse().unwrap()).collect()
}

#[actix_rt::test]
async fn a_lost_reservation_behind_an_entry_that_cannot_be_read_is_found_and_the_entry_is_counted()
{
    let list: Vec<i64> = (1..=502).rev().map(|tid| if tid == 300 { -tid } else { tid }).collect();
    let own = list.clone();
    let (reading, calls, sweep) = first_reading(move |begin, size| page(&own, begin, size)).await;
    assert_eq!(tids(&reading), list.into_iter().filter(|tid| *tid > 0).collect::<Vec<_>>());
    assert_eq!(
        (reading.unreadable.as_slice(), reading.cut.as_ref()),
        (&["300".to_owned()][..], None)
    );
    assert_eq!((calls, sweep.unreadable()), (2, 1));
}

#[actix_rt::test]
async fn what_cannot_be_read_is_no_proof_that_a_payment_is_not_listed_any_more() {
    let (reading, _calls, _sweep) =
        first_reading(|begin, size| page(&[9, -8, 7], begin, size)).await;
    assert_eq!(["9", "8", "7", "6"].map(|tid| reading.lacks(tid)), [false, false, false, true]);
    let nameless = |_, _| {
        Outcome::Done(OpenPayments { payments: vec![reserved(9)], unreadable: vec![String::new()] })
    };
    let (reading, _calls, _sweep) = first_reading(nameless).await;
    assert!(!reading.lacks("6"), "the entry without a name may be this one");
    let whole: Reading = vec![reserved(9)].into();
    assert!(whole.lacks("6") && !Reading { cut: Some(Cut::Moved), ..whole }.lacks("6"));
}

#[actix_rt::test]
async fn payments_that_leave_the_list_while_it_is_read_hide_none_of_the_others() {
    for (leaving, cut) in [(40, None), (50, Some(Cut::Moved))] {
        let before: Vec<i64> = (1..=700).rev().collect();
        let after: Vec<i64> = before.iter().skip(leaving).copied().collect();
        let list = move |begin, size| page(if begin == 0 { &before } else { &after }, begin, size);
        let (reading, _calls, sweep) = first_reading(list).await;
        assert_eq!((tids(&reading), &reading.cut), ((1..=700).rev().collect(), &cut));
        assert_eq!(
            sweep.requested().now_or_never().is_some(),
            cut.is_some(),
            "what may lack some is read again"
        );
    }
}

#[actix_rt::test]
async fn a_payment_that_comes_in_meanwhile_shows_another_twice_and_it_is_taken_once() {
    let list = |begin, size| {
        page(&(1..=600 + i64::from(begin > 0)).rev().collect::<Vec<_>>(), begin, size)
    };
    let (reading, _calls, _sweep) = first_reading(list).await;
    assert_eq!((tids(&reading), reading.cut), ((1..=600).rev().collect(), None));
}

#[actix_rt::test]
async fn a_provider_that_answers_full_pages_for_ever_is_asked_a_bounded_number_of_times() {
    let fresh = |begin: u32, size| page(&(1..=100_000).rev().collect::<Vec<_>>(), begin, size);
    let (reading, calls, sweep) = first_reading(fresh).await;
    assert_eq!(
        (reading.payments.len(), calls, reading.cut),
        (500 + 39 * 450, 40, Some(Cut::Endless))
    );
    assert!(sweep.requested().now_or_never().is_none(), "it is read again when its time comes");

    let deaf = |_begin, size| page(&(1..=100_000).rev().collect::<Vec<_>>(), 0, size);
    let (reading, calls, _sweep) = first_reading(deaf).await;
    assert_eq!((reading.payments.len(), calls, reading.cut), (500, 2, Some(Cut::Endless)));
}

#[actix_rt::test]
async fn what_was_read_before_a_page_failed_is_taken_and_the_list_is_read_again() {
    let list: Vec<i64> = (1..=700).rev().collect();
    let fails = move |begin, size| match begin {
        0 => page(&list, begin, size),
        _ => Outcome::Unknown("INTERNAL_ERROR".to_owned()),
    };
    let (reading, _calls, sweep) = first_reading(fails).await;
    assert_eq!(tids(&reading), (201..=700).rev().collect::<Vec<_>>());
    assert_eq!(reading.cut, Some(Cut::Unanswered("INTERNAL_ERROR".to_owned())));
    assert!(sweep.requested().now_or_never().is_some());
}
