//! Where requests leave for the suppliers and answers come back: late, twice, never, or not at all.

use std::collections::BTreeMap;
use std::future::pending;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use chrono::NaiveDate;
use futures_util::FutureExt;
use futures_util::future::LocalBoxFuture;
use starjack::actors::order::rules::intent::Verb;
use starjack::clock;
use starjack::ids::Reference;
use starjack::integrations::lift::{
    Booking, Capabilities, CheckedCard, Found, LiftSupplier, PriceList, SoldPage, TicketOrder,
    Wanted,
};
use starjack::integrations::payment::{
    CreditAmount, History, Observed, OpenPayments, OpenedPage, PageOrder, PaymentProvider,
    StatusKey,
};
use starjack::integrations::{Outcome, Permit};
use starjack::money::Cents;
use tokio::time::Instant;

use super::super::faults::{Fault, fitting};
use super::super::ledger::{Books, Ledger, no_more};
use super::super::money::STATUS_CALLS;
use super::super::ports::refusal;
use super::abilities::{Abilities, Ability};
use super::prng::Prng;
use super::trace::Trace;

/// How long after it left a request may still be executed; a contract's settle is longer than this
/// and a deadline.
pub(crate) const LATEST: u64 = 15_000;

/// What is asked of nothing of ours in particular.
const LIST: &str = "list";

/// How long after it left a request is executed that lives longer than its contract says.
const OUTLIVED: Duration = Duration::from_secs(240);

/// One process's way to one supplier.
#[derive(Clone)]
pub(crate) struct Network {
    pub(crate) books: Arc<Books>,
    pub(crate) prng: Prng,
    /// How many of a hundred questions suffer something.
    pub(crate) trouble: u64,
    pub(crate) trace: Trace,
    /// How many questions arrived, and how many of them suffered something.
    pub(crate) asked: Arc<AtomicU64>,
    pub(crate) struck: Arc<AtomicU64>,
    /// Most tickets are refused, and most answers about money that goes back are lost.
    pub(crate) parts: bool,
    /// What else this world can do.
    pub(crate) abilities: Abilities,
    /// How many of a hundred tickets are refused besides.
    pub(crate) refuses: u64,
    /// From when to when answers to the opening of a page are lost.
    pub(crate) loses_pages: (Instant, Instant),
    /// How many of a hundred are lost then.
    pub(crate) loses: u64,
    /// How many entries of other shops, which cannot be read, stand in the provider's list before
    /// ours.
    pub(crate) others: usize,
    /// The process dies at this very moment.
    pub(crate) dies: Arc<AtomicBool>,
    /// A request is under way of which nobody knows: the moment at which a step of the clock would
    /// do most harm.
    pub(crate) jumps: Arc<AtomicBool>,
    /// How often the state of a page was asked, and whether such a question suffered something.
    pub(crate) stumbled: Arc<Mutex<BTreeMap<String, (u32, bool)>>>,
    /// No request lives longer than its contract says.
    pub(crate) prompt: bool,
    /// Everything is answered at once and truly: the day is over.
    pub(crate) calm: Arc<AtomicBool>,
    pub(crate) operator: String,
    pub(crate) dedups: bool,
}

impl Network {
    /// Answers one question about what a reference belongs to.
    async fn meet<T>(
        &self,
        (verb, reference): (Verb, String),
        permit: Permit,
        act: impl Fn(&mut Ledger) -> Outcome<T> + Send + 'static,
    ) -> Outcome<T> {
        if self.calm.load(Ordering::SeqCst) && permit.holds() {
            clock::sleep(Duration::from_millis(50)).await;
            self.count(verb, &reference);
            return act(&mut self.books.open());
        }
        let there = self.prng.millis(5, 120);
        let back = self.prng.millis(5, 180);
        let fault = self.fault(verb, &reference);
        clock::sleep(there).await;
        if !permit.holds() {
            return Outcome::NotSent("the permit does not hold".to_owned());
        }
        self.asked.fetch_add(1, Ordering::Relaxed);
        let own = reference.rsplit('-').next().unwrap_or_default().to_owned();
        self.trace.note(|| format!("{} {own} {fault:?}", verb.word()));
        if fault != Some(Fault::NotSent) {
            self.count(verb, &reference);
        }
        let Some(fault) = fault else {
            let outcome = act(&mut self.books.open());
            clock::sleep(back).await;
            return outcome;
        };
        self.struck.fetch_add(1, Ordering::Relaxed);
        self.strike(fault, (verb, &reference), act).await
    }

    /// Lists are of nobody in particular, and read all day long.
    fn count(&self, verb: Verb, reference: &str) {
        if reference != LIST {
            self.books.open().count(verb, reference);
        }
    }

    async fn strike<T>(
        &self,
        fault: Fault,
        (verb, reference): (Verb, &str),
        act: impl Fn(&mut Ledger) -> Outcome<T> + Send + 'static,
    ) -> Outcome<T> {
        let books = &self.books;
        match fault {
            Fault::Refused => return Outcome::Refused(no_more(refusal(verb))),
            Fault::NotSent => return Outcome::NotSent("nothing left".to_owned()),
            Fault::NotDone => {}
            Fault::DoneUnanswered => drop(act(&mut books.open())),
            Fault::Late => {
                self.jumps.store(true, Ordering::SeqCst);
                let mut late = self.prng.millis(300, LATEST);
                if verb == Verb::Issue
                    && !self.prompt
                    && self.struck.load(Ordering::Relaxed).is_multiple_of(3)
                {
                    // a replica that was paused, or a supplier's queue: nobody waits for it any
                    // more
                    late = OUTLIVED;
                    books.open().outlived.insert(reference.to_owned());
                }
                books.open().later(late, move |ledger| drop(act(ledger)));
            }
            Fault::Pending if verb == Verb::Issue => {
                let mut ledger = books.open();
                ledger.slowly = true;
                let outcome = act(&mut ledger);
                ledger.slowly = false;
                return outcome;
            }
            Fault::Pending => return Outcome::Pending { ask_after: Duration::from_millis(300) },
            Fault::Hangs => {
                drop(act(&mut books.open()));
                return pending().await;
            }
            Fault::Twice => {
                let mut ledger = books.open();
                ledger.excused.insert(reference.to_owned());
                drop(act(&mut ledger));
                drop(act(&mut ledger));
            }
            Fault::CrashBeforeAsking | Fault::CrashBeforeSaving => {
                if fault == Fault::CrashBeforeSaving {
                    drop(act(&mut books.open()));
                }
                self.dies.store(true, Ordering::SeqCst);
                return pending().await;
            }
            Fault::Gated => {}
        }
        clock::sleep(self.prng.millis(10, 2500)).await;
        Outcome::Unknown("no answer".to_owned())
    }

    /// What becomes of a question, if not its answer.
    fn fault(&self, verb: Verb, reference: &str) -> Option<Fault> {
        if is_status(verb) {
            self.stumbled.lock().unwrap().entry(reference.to_owned()).or_default().0 += 1;
        }
        if let Some(fault) = self.fault_of_this_world(verb) {
            return (!self.knows(fault, reference)).then_some(fault);
        }
        let often = self.parts && matches!(verb, Verb::Issue | Verb::Credit);
        if !self.prng.percent(if often { 60 } else { self.trouble }) {
            return None;
        }
        let fault = if !often {
            self.prng.one(&fitting(verb))
        } else if verb == Verb::Issue {
            Fault::Refused
        } else {
            Fault::DoneUnanswered
        };
        let knows = self.knows(fault, reference);
        // a credit that the way itself doubles pays twice, and no rule of ours can help
        let doubles_credit = fault == Fault::Twice && verb == Verb::Credit;
        // a no to a cancel says that the ticket was used, and that is the gates' to say
        let was_used = fault == Fault::Refused && verb == Verb::Cancel;
        let stumbles = !self.abilities.has(Ability::Denies)
            && is_status(verb)
            && self.stumbles_again(reference);
        let excused = knows || doubles_credit || was_used || stumbles;
        (!excused).then_some(fault)
    }

    /// What becomes of a question because of what this world can do.
    fn fault_of_this_world(&self, verb: Verb) -> Option<Fault> {
        let now = clock::instant();
        let loses_page =
            verb == Verb::Open && self.loses_pages.0 <= now && now < self.loses_pages.1;
        let denies = self.abilities.has(Ability::Denies) && is_status(verb);
        if loses_page && self.prng.percent(self.loses) {
            return Some(self.prng.one(&[Fault::DoneUnanswered, Fault::NotDone]));
        } else if denies && self.prng.percent(50) {
            return Some(self.prng.one(&[Fault::Refused, Fault::NotDone, Fault::Hangs]));
        }
        let refuses = verb == Verb::Issue && self.refuses > 0 && self.prng.percent(self.refuses);
        refuses.then_some(Fault::Refused)
    }

    /// A supplier that dedups answers a reference that it knows with its first answer.
    fn knows(&self, fault: Fault, reference: &str) -> bool {
        fault == Fault::Refused && self.dedups && self.books.open().knows(reference)
    }

    /// The state of a payment may be asked three times, ever. In a world that does not say
    /// otherwise, money of which no report comes and no such call is answered is seen by nobody
    /// before the settlement report, and staff is called for each last call that goes unanswered;
    /// so that provider does not stumble over one page again and again, nor over the last call.
    fn stumbles_again(&self, page: &str) -> bool {
        let mut all = self.stumbled.lock().unwrap();
        let (asked, stumbled) = all.entry(page.to_owned()).or_default();
        *asked >= STATUS_CALLS || std::mem::replace(stumbled, true)
    }
}

/// An entry of the list as it arrives: now and then it cannot be read, and of some not even the id.
fn sent(own: Observed, prng: &Prng) -> Result<Observed, String> {
    match prng.below(10) {
        0 | 1 => Err(own.tid),
        2 => Err(String::new()),
        _ => Ok(own),
    }
}

fn is_status(verb: Verb) -> bool {
    matches!(verb, Verb::Status | Verb::Latest)
}

impl LiftSupplier for Network {
    fn capabilities(&self) -> Capabilities {
        Capabilities { dedups_reference: self.dedups }
    }

    fn check(&self, card: String, permit: Permit) -> LocalBoxFuture<'_, Outcome<CheckedCard>> {
        let accepted = |_: &mut Ledger| Outcome::Done(CheckedCard { free_places: None });
        self.meet((Verb::Check, card), permit, accepted).boxed_local()
    }

    fn issue(&self, order: TicketOrder, permit: Permit) -> LocalBoxFuture<'_, Outcome<Booking>> {
        let reference = order.reference.to_string();
        let operator = self.operator.clone();
        let dedups = self.dedups;
        let book = move |ledger: &mut Ledger| ledger.issue(&order, (&operator, dedups));
        self.meet((Verb::Issue, reference), permit, book).boxed_local()
    }

    fn find(
        &self,
        reference: Reference,
        permit: Permit,
    ) -> LocalBoxFuture<'_, Outcome<Vec<Found>>> {
        let own = reference.to_string();
        self.meet((Verb::Find, reference.to_string()), permit, move |ledger| ledger.find(&own))
            .boxed_local()
    }

    fn list(
        &self,
        _day: NaiveDate,
        _after: Option<String>,
        permit: Permit,
    ) -> LocalBoxFuture<'_, Outcome<SoldPage>> {
        let own = self.operator.clone();
        self.meet((Verb::Find, LIST.to_owned()), permit, move |ledger| ledger.sold(&own))
            .boxed_local()
    }

    fn cancel(&self, booking: Booking, permit: Permit) -> LocalBoxFuture<'_, Outcome<()>> {
        let reference = self.books.open().reference_of(&booking.handle);
        self.meet((Verb::Cancel, reference), permit, move |ledger| ledger.cancel(&booking.handle))
            .boxed_local()
    }

    fn catalogue(
        &self,
        _wanted: Wanted,
        _permit: Permit,
    ) -> LocalBoxFuture<'_, Outcome<PriceList>> {
        async { Outcome::NotSent("no order asks for it".to_owned()) }.boxed_local()
    }
}

impl PaymentProvider for Network {
    fn open_page(
        &self,
        page: PageOrder,
        permit: Permit,
    ) -> LocalBoxFuture<'_, Outcome<OpenedPage>> {
        let url = format!("https://pay.example/{}", page.reference);
        let own = page.reference.to_string();
        let opened = move |ledger: &mut Ledger| {
            let number =
                own.rsplit_once('-').map_or_else(String::new, |(number, _)| number.to_owned());
            ledger.opened.entry(number).or_default().insert(own.clone());
            Outcome::Done(OpenedPage { url: url.clone() })
        };
        self.meet((Verb::Open, page.reference.to_string()), permit, opened).boxed_local()
    }

    fn capture(
        &self,
        tid: String,
        amount: Cents,
        permit: Permit,
    ) -> LocalBoxFuture<'_, Outcome<()>> {
        let page = self.books.open().move_of(&tid);
        self.meet((Verb::Capture, page), permit, move |ledger| ledger.capture(&tid, amount))
            .boxed_local()
    }

    fn reverse(&self, tid: String, permit: Permit) -> LocalBoxFuture<'_, Outcome<()>> {
        let page = self.books.open().move_of(&tid);
        self.meet((Verb::Reverse, page), permit, move |ledger| ledger.reverse(&tid)).boxed_local()
    }

    fn credit(
        &self,
        tid: String,
        amount: CreditAmount,
        permit: Permit,
    ) -> LocalBoxFuture<'_, Outcome<()>> {
        let page = self.books.open().move_of(&tid);
        self.meet((Verb::Credit, page), permit, move |ledger| ledger.credit(&tid, amount))
            .boxed_local()
    }

    fn history(&self, tid: String, permit: Permit) -> LocalBoxFuture<'_, Outcome<History>> {
        let page = self.books.open().move_of(&tid);
        self.meet((Verb::History, page), permit, move |ledger| ledger.history(&tid)).boxed_local()
    }

    fn list_open(
        &self,
        begin: u32,
        size: u32,
        permit: Permit,
    ) -> LocalBoxFuture<'_, Outcome<OpenPayments>> {
        let calm = Arc::clone(&self.calm);
        let prng = self.prng.clone();
        let others = self.others;
        let stumbles = self.abilities.has(Ability::Unreadable);
        let listed = move |ledger: &mut Ledger| {
            let (others, stumbles) =
                if calm.load(Ordering::SeqCst) { (0, false) } else { (others, stumbles) };
            let others = (0..others).map(|no| Err(format!("other {no}")));
            let own = ledger
                .open_payments()
                .into_iter()
                .map(|own| if stumbles { sent(own, &prng) } else { Ok(own) });
            let mut page = OpenPayments::default();
            for entry in
                others.chain(own).skip(begin.try_into().unwrap()).take(size.try_into().unwrap())
            {
                match entry {
                    Ok(payment) => page.payments.push(payment),
                    Err(tid) => page.unreadable.push(tid),
                }
            }
            Outcome::Done(page)
        };
        self.meet((Verb::History, LIST.to_owned()), permit, listed).boxed_local()
    }

    fn status(
        &self,
        key: StatusKey,
        permit: Permit,
    ) -> LocalBoxFuture<'_, Outcome<Option<Observed>>> {
        let (verb, page) = match &key {
            StatusKey::Tid(tid) => (Verb::Status, self.books.open().page_of(tid)),
            StatusKey::Page(page) => (Verb::Latest, page.to_string()),
        };
        self.meet((verb, page), permit, move |ledger| ledger.status(&key)).boxed_local()
    }
}
