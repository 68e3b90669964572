//! One operator contract as an actor: its own thread, mailbox, breaker and restart policy around one supplier client.

use std::rc::Rc;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use chrono::NaiveDate;
use futures_util::FutureExt;
use futures_util::future::LocalBoxFuture;
use uuid::Uuid;

use crate::actors::supervision::{
    Call, Content, Handle, Oddities, Placement, Policy, Service, Spec, StartError, System,
};
use crate::clock::{self, Deadline};
use crate::ids::Reference;
use crate::integrations::lift::{
    Booking, CheckedCard, Contract, Found, LiftSupplier, PriceList, SoldPage, TicketOrder, Wanted,
};
use crate::integrations::{Outcome, Permit};

/// Builds the client of a contract, once for each incarnation of its actor and on its thread.
pub type Connect = Arc<dyn Fn(&Contract) -> anyhow::Result<Rc<dyn LiftSupplier>> + Send + Sync>;

/// What a contract says at this moment: the next incarnation of its actor is built from it. Clones share it.
#[derive(Clone)]
pub(in crate::actors::liftoperator) struct Settings(Arc<RwLock<Arc<Contract>>>);

impl Settings {
    pub(in crate::actors::liftoperator) fn new(contract: Contract) -> Self {
        Self(Arc::new(RwLock::new(Arc::new(contract))))
    }

    pub(in crate::actors::liftoperator) fn now(&self) -> Arc<Contract> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    pub(in crate::actors::liftoperator) fn replace(&self, contract: Contract) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(contract);
    }
}

/// The one kind of actor that all contracts share.
pub(in crate::actors::liftoperator) struct Supplier {
    client: Rc<dyn LiftSupplier>,
    oddities: Oddities,
}

/// What a contract's actor is asked.
pub(in crate::actors::liftoperator) enum Question {
    /// A card's number, and the account that typed it.
    Check(String, Uuid),
    Issue(Box<TicketOrder>),
    Find(Reference),
    Cancel(Booking),
    List(NaiveDate, Option<String>),
    Catalogue(Box<Wanted>),
}

/// A question, and whether its asker may still write.
pub(in crate::actors::liftoperator) struct Request {
    pub(in crate::actors::liftoperator) question: Question,
    /// How long it may be asked for, from its turn on.
    pub(in crate::actors::liftoperator) budget: Duration,
    pub(in crate::actors::liftoperator) may_write: Arc<dyn Fn() -> bool + Send + Sync>,
}

/// What a contract's actor answers, and whether what was asked may be to blame for it.
pub(in crate::actors::liftoperator) struct Answer {
    pub(in crate::actors::liftoperator) reply: Reply,
    is_odd: bool,
}

/// The answer to each kind of question its own.
pub(in crate::actors::liftoperator) enum Reply {
    Check(Outcome<CheckedCard>),
    Issue(Outcome<Booking>),
    Find(Outcome<Vec<Found>>),
    Cancel(Outcome<()>),
    List(Outcome<SoldPage>),
    Catalogue(Outcome<PriceList>),
}

impl Question {
    /// What is known when its time was over: nothing.
    fn unanswered(&self) -> Reply {
        let why = || "no answer in time".to_owned();
        match self {
            Self::Check(..) => Reply::Check(Outcome::Unknown(why())),
            Self::Issue(_) => Reply::Issue(Outcome::Unknown(why())),
            Self::Find(_) => Reply::Find(Outcome::Unknown(why())),
            Self::Cancel(_) => Reply::Cancel(Outcome::Unknown(why())),
            Self::List(..) => Reply::List(Outcome::Unknown(why())),
            Self::Catalogue(_) => Reply::Catalogue(Outcome::Unknown(why())),
        }
    }
}

impl Question {
    fn content(&self) -> Content {
        match self {
            // an order brings as many cards as it has lines, and an account others
            Self::Check(_, account_id) => Content::OfCustomer(*account_id),
            Self::Issue(_) => Content::OfAnOrder,
            Self::Find(reference) => Content::Of(reference.to_string()),
            Self::Cancel(booking) => Content::Of(booking.handle.clone()),
            Self::List(..) | Self::Catalogue(_) => Content::Ours,
        }
    }
}

impl Reply {
    fn is_broken(&self) -> bool {
        match self {
            Self::Check(outcome) => outcome.is_broken(),
            Self::Issue(outcome) => outcome.is_broken(),
            Self::Find(outcome) => outcome.is_broken(),
            Self::Cancel(outcome) => outcome.is_broken(),
            // a supplier without such a list is not broken
            Self::Catalogue(outcome) => outcome.is_unclear(),
            Self::List(outcome) => outcome.is_unclear(),
        }
    }

    fn is_unclear(&self) -> bool {
        match self {
            Self::Check(outcome) => outcome.is_unclear(),
            Self::Issue(outcome) => outcome.is_unclear(),
            Self::Find(outcome) => outcome.is_unclear(),
            Self::Cancel(outcome) => outcome.is_unclear(),
            Self::Catalogue(outcome) => outcome.is_unclear(),
            Self::List(outcome) => outcome.is_unclear(),
        }
    }
}

impl Supplier {
    /// Starts the actor of a contract under its name.
    pub(in crate::actors::liftoperator) fn start(
        system: &System,
        name: String,
        settings: Settings,
        policy: Policy,
        connect: Connect,
    ) -> Handle<Self> {
        let spec = Spec { name, mailbox: 512, in_flight: 32, arbiter: Placement::Own, policy };
        system.spawn(spec, move || {
            let client = connect(&settings.now()).map_err(StartError::new)?;
            Ok(Self { client, oddities: Oddities::default() })
        })
    }
}

impl Service for Supplier {
    type Request = Request;
    type Answer = Answer;

    fn handle(&mut self, request: Request, call: Call) -> LocalBoxFuture<'static, Answer> {
        let client = Rc::clone(&self.client);
        let fence = call.fence();
        let deadline = Deadline::after(request.budget).min(call.deadline());
        let what = Self::verb(&request);
        let permit = Permit::new(deadline, move || fence.holds() && (request.may_write)()).asking(what);
        let late = request.question.unanswered();
        let (asked_under, oddities, content) = (permit.clone(), self.oddities.clone(), request.question.content());
        let asked = async move {
            match request.question {
                Question::Check(card, _) => Reply::Check(client.check(card, permit).await),
                Question::Issue(order) => Reply::Issue(client.issue(*order, permit).await),
                Question::Find(reference) => Reply::Find(client.find(reference, permit).await),
                Question::Cancel(booking) => Reply::Cancel(client.cancel(booking, permit).await),
                Question::List(day, after) => Reply::List(client.list(day, after, permit).await),
                Question::Catalogue(wanted) => Reply::Catalogue(client.catalogue(*wanted, permit).await),
            }
        };
        let answered = move |reply: Reply| {
            if !reply.is_unclear() {
                oddities.answered_well(&content);
            }
            let is_odd = reply.is_unclear() && asked_under.is_answered() && oddities.excuse(&content);
            Answer { reply, is_odd }
        };
        clock::timeout_at(deadline, asked).map(move |reply| answered(reply.unwrap_or(late))).boxed_local()
    }

    fn verb(request: &Request) -> &'static str {
        match request.question {
            Question::Check(..) => "check",
            Question::Issue(_) => "issue",
            Question::Find(_) => "find",
            Question::Cancel(_) => "cancel",
            Question::List(..) => "list",
            Question::Catalogue(_) => "catalogue",
        }
    }

    fn failed(answer: &Answer) -> bool {
        answer.reply.is_broken()
    }

    fn is_odd(answer: &Answer) -> bool {
        answer.is_odd
    }
}
