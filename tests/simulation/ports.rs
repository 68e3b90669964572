//! The two ports, answered from the books; the plan is asked first what goes wrong.

use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::FutureExt;
use futures_util::future::LocalBoxFuture;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QuerySelect};
use starjack::actors::order::rules::intent::Verb;
use starjack::actors::order::rules::lifecycle::OrderState;
use starjack::clock;
use starjack::ids::Reference;
use starjack::integrations::lift::{
    Booking, Capabilities, CheckedCard, Found, LiftSupplier, PriceList, TicketOrder, Wanted,
};
use starjack::integrations::payment::{
    CreditAmount, History, Observed, OpenPayments, OpenedPage, PageOrder, PaymentProvider,
    StatusKey,
};
use starjack::integrations::{Outcome, Permit, RefusalKind};
use starjack::io::{Io, IoError};
use starjack::money::Cents;
use starjack_entity::{order_line, orders};
use tokio::sync::watch;

use super::faults::{Fault, Plan};
use super::incarnation::OPERATOR;
use super::ledger::{Books, Ledger, no_more};

/// Everything outside, the same for every incarnation.
pub(crate) struct Outside {
    pub(crate) books: Books,
    pub(crate) plan: Plan,
    /// Opens once; whoever waits at it may answer.
    pub(crate) gate: watch::Sender<bool>,
    /// How many wait at the gate or have passed it.
    pub(crate) at_gate: watch::Sender<u32>,
    pub(crate) io: Io,
}

/// Whether an incarnation still lives; a dead one neither asks nor hears.
#[derive(Default)]
pub(crate) struct Life(AtomicBool);

impl Life {
    pub(crate) fn is_over(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }

    pub(crate) fn end(&self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

/// One incarnation's way outside: its lift supplier and its payment provider.
#[derive(Clone)]
pub(crate) struct Port {
    pub(crate) outside: Arc<Outside>,
    pub(crate) life: Arc<Life>,
    /// Whether the supplier answers a known reference with its first answer.
    pub(crate) dedups: bool,
}

impl Port {
    /// Answers one question about what a reference belongs to.
    async fn meet<T>(
        &self,
        (verb, reference): (Verb, String),
        permit: Permit,
        act: impl Fn(&mut Ledger) -> Outcome<T> + Send + 'static,
    ) -> Outcome<T> {
        let Some(row) = self.row_of(&reference).await else {
            return Outcome::NotSent("the order cannot be read".to_owned());
        };
        if self.life.is_over() {
            return pending().await;
        }
        if !permit.holds() {
            return Outcome::NotSent("the permit does not hold".to_owned());
        }
        self.outside.books.open().asked.insert((row, verb));
        let line = reference.rsplit('-').next().and_then(|no| no.parse().ok());
        let Some(strike) = self.outside.plan.draw(row, verb, line) else {
            return act(&mut self.outside.books.open());
        };
        let outcome = self.strike(strike.fault, (verb, &reference), strike.late, act).await;
        clock::sleep(strike.silence).await;
        outcome
    }

    async fn strike<T>(
        &self,
        fault: Fault,
        (verb, reference): (Verb, &str),
        late: std::time::Duration,
        act: impl Fn(&mut Ledger) -> Outcome<T> + Send + 'static,
    ) -> Outcome<T> {
        let books = &self.outside.books;
        match fault {
            // a supplier that dedups answers a reference that it knows with its first answer
            Fault::Refused
                if verb == Verb::Issue && self.dedups && books.open().knows(reference) =>
            {
                return act(&mut books.open());
            }
            Fault::Refused => return Outcome::Refused(no_more(refusal(verb))),
            Fault::NotSent => return Outcome::NotSent("nothing left".to_owned()),
            Fault::NotDone => {}
            Fault::DoneUnanswered => drop(act(&mut books.open())),
            Fault::Late => books.open().later(late, move |ledger| drop(act(ledger))),
            Fault::Pending if verb == Verb::Issue => {
                let mut ledger = books.open();
                ledger.slowly = true;
                return act(&mut ledger);
            }
            Fault::Pending => {
                return Outcome::Pending { ask_after: std::time::Duration::from_millis(5) };
            }
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
            Fault::Gated => {
                let outcome = act(&mut books.open());
                self.outside.at_gate.send_modify(|waiting| *waiting += 1);
                self.outside.gate.subscribe().wait_for(|open| *open).await.unwrap();
                return outcome;
            }
            Fault::CrashBeforeAsking => self.crash().await,
            Fault::CrashBeforeSaving => {
                drop(act(&mut books.open()));
                self.crash().await;
            }
        }
        Outcome::Unknown("no answer".to_owned())
    }

    /// The process dies: every thread of this incarnation ends where it stands.
    async fn crash(&self) {
        self.life.end();
        actix_rt::System::current().stop();
        pending().await
    }

    /// The reference of the line that has a card.
    async fn line_of_card(&self, card: &str) -> Option<String> {
        let find = order_line::Entity::find().filter(order_line::Column::CardNumber.eq(card));
        let read = self
            .outside
            .io
            .read(move |db| Box::pin(async move { Ok::<_, IoError>(find.one(db).await?) }));
        read.await.ok()?.map(|line| line.reference)
    }

    /// Where the order stands in the database.
    async fn row_of(&self, reference: &str) -> Option<OrderState> {
        let (number, _) = reference.rsplit_once('-')?;
        let find = orders::Entity::find().filter(orders::Column::Number.eq(number)).select_only();
        let find = find.column(orders::Column::State).into_tuple();
        let read = self
            .outside
            .io
            .read(move |db| Box::pin(async move { Ok::<_, IoError>(find.one(db).await?) }));
        let word: Option<String> = read.await.ok()?;
        OrderState::of(&word?)
    }
}

pub(crate) fn refusal(verb: Verb) -> RefusalKind {
    match verb {
        Verb::Check => RefusalKind::CardNotAccepted,
        Verb::Issue | Verb::Find => RefusalKind::ProductUnavailable,
        Verb::Cancel => RefusalKind::TicketUsed,
        Verb::Open
        | Verb::Capture
        | Verb::Reverse
        | Verb::Credit
        | Verb::History
        | Verb::Status
        | Verb::Latest => RefusalKind::PaymentDeclined,
    }
}

/// A contract's client.
pub(crate) struct Lift {
    pub(crate) port: Port,
}

impl LiftSupplier for Lift {
    fn capabilities(&self) -> Capabilities {
        Capabilities { dedups_reference: self.port.dedups }
    }

    fn check(&self, card: String, permit: Permit) -> LocalBoxFuture<'_, Outcome<CheckedCard>> {
        async move {
            let Some(reference) = self.port.line_of_card(&card).await else {
                return Outcome::NotSent("the card's order cannot be read".to_owned());
            };
            let accepted = |_: &mut Ledger| Outcome::Done(CheckedCard { free_places: None });
            self.port.meet((Verb::Check, reference), permit, accepted).await
        }
        .boxed_local()
    }

    fn issue(&self, order: TicketOrder, permit: Permit) -> LocalBoxFuture<'_, Outcome<Booking>> {
        let reference = order.reference.to_string();
        let dedups = self.port.dedups;
        let book = move |ledger: &mut Ledger| ledger.issue(&order, (OPERATOR, dedups));
        self.port.meet((Verb::Issue, reference), permit, book).boxed_local()
    }

    fn find(
        &self,
        reference: Reference,
        permit: Permit,
    ) -> LocalBoxFuture<'_, Outcome<Vec<Found>>> {
        let own = reference.to_string();
        self.port
            .meet((Verb::Find, reference.to_string()), permit, move |ledger| ledger.find(&own))
            .boxed_local()
    }

    fn cancel(&self, booking: Booking, permit: Permit) -> LocalBoxFuture<'_, Outcome<()>> {
        let reference = self.port.outside.books.open().reference_of(&booking.handle);
        self.port
            .meet((Verb::Cancel, reference), permit, move |ledger| ledger.cancel(&booking.handle))
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

/// The payment provider's client.
pub(crate) struct Bank(pub(crate) Port);

impl Bank {
    fn page_of(&self, tid: &str) -> String {
        self.0.outside.books.open().page_of(tid)
    }
}

impl PaymentProvider for Bank {
    fn open_page(
        &self,
        page: PageOrder,
        permit: Permit,
    ) -> LocalBoxFuture<'_, Outcome<OpenedPage>> {
        let url = format!("https://pay.example/{}", page.reference);
        let opened = move |_: &mut Ledger| Outcome::Done(OpenedPage { url: url.clone() });
        self.0.meet((Verb::Open, page.reference.to_string()), permit, opened).boxed_local()
    }

    fn capture(
        &self,
        tid: String,
        amount: Cents,
        permit: Permit,
    ) -> LocalBoxFuture<'_, Outcome<()>> {
        let page = self.page_of(&tid);
        self.0
            .meet((Verb::Capture, page), permit, move |ledger| ledger.capture(&tid, amount))
            .boxed_local()
    }

    fn reverse(&self, tid: String, permit: Permit) -> LocalBoxFuture<'_, Outcome<()>> {
        let page = self.page_of(&tid);
        self.0.meet((Verb::Reverse, page), permit, move |ledger| ledger.reverse(&tid)).boxed_local()
    }

    fn credit(
        &self,
        tid: String,
        amount: CreditAmount,
        permit: Permit,
    ) -> LocalBoxFuture<'_, Outcome<()>> {
        let page = self.page_of(&tid);
        self.0
            .meet((Verb::Credit, page), permit, move |ledger| ledger.credit(&tid, amount))
            .boxed_local()
    }

    fn history(&self, tid: String, permit: Permit) -> LocalBoxFuture<'_, Outcome<History>> {
        let page = self.page_of(&tid);
        self.0.meet((Verb::History, page), permit, move |ledger| ledger.history(&tid)).boxed_local()
    }

    fn list_open(
        &self,
        _begin: u32,
        _size: u32,
        _permit: Permit,
    ) -> LocalBoxFuture<'_, Outcome<OpenPayments>> {
        let listed = self.0.outside.books.open().open_payments();
        async move { Outcome::Done(OpenPayments { payments: listed, ..OpenPayments::default() }) }
            .boxed_local()
    }

    fn status(
        &self,
        key: StatusKey,
        permit: Permit,
    ) -> LocalBoxFuture<'_, Outcome<Option<Observed>>> {
        let (verb, page) = match &key {
            StatusKey::Tid(tid) => (Verb::Status, self.page_of(tid)),
            StatusKey::Page(page) => (Verb::Latest, page.to_string()),
        };
        self.0.meet((verb, page), permit, move |ledger| ledger.status(&key)).boxed_local()
    }
}
