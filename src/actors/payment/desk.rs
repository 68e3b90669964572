//! The payment provider as an actor: its own thread, mailbox, breaker and restart policy.

use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::LocalBoxFuture;

use crate::actors::supervision::{
    Call, Content, Handle, Oddities, Placement, Policy, Service, Spec, StartError, Status, System,
};
use crate::clock::{self, Deadline};
use crate::integrations::payment::{
    self, CreditAmount, History, Observed, OpenPayments, OpenedPage, PageOrder, PaymentProvider, ProviderConfig,
    StatusKey,
};
use crate::integrations::{Outcome, Permit};
use crate::money::Cents;

/// Builds the provider's client, once for each incarnation of its actor and on its thread.
pub type Connect = Arc<dyn Fn() -> anyhow::Result<Rc<dyn PaymentProvider>> + Send + Sync>;

/// Longest wait for a turn in the provider's mailbox; only then does a question's own time begin.
const TURN: Duration = Duration::from_secs(30);

/// The door to the payment provider; cheap to clone.
#[derive(Clone)]
pub struct Desk {
    actor: Handle<Provider>,
    deadline: Duration,
}

/// What the provider is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PaymentQuestion {
    /// Open a page.
    Open(PageOrder),
    /// Take reserved money.
    Capture(String, Cents),
    /// Release reserved money.
    Reverse(String),
    /// Pay money back.
    Credit(String, CreditAmount),
    /// Read the provider's books.
    History(String),
    /// List what is reserved and not taken: from, how many.
    ListOpen(u32, u32),
    /// One payment's state; three calls, ever.
    Status(StatusKey),
}

struct Request {
    question: PaymentQuestion,
    /// How long it may be asked for, from its turn on.
    budget: Duration,
    may_write: Arc<dyn Fn() -> bool + Send + Sync>,
}

/// What the provider's actor answers, and whether what was asked may be to blame for it.
struct Answer {
    reply: Reply,
    is_odd: bool,
}

enum Reply {
    Opened(Outcome<OpenedPage>),
    Moved(Outcome<()>),
    History(Outcome<History>),
    Listed(Outcome<OpenPayments>),
    Status(Outcome<Option<Observed>>),
}

struct Provider {
    client: Rc<dyn PaymentProvider>,
    oddities: Oddities,
}

impl Reply {
    fn is_broken(&self) -> bool {
        match self {
            Self::Opened(outcome) => outcome.is_broken(),
            Self::Moved(outcome) => outcome.is_broken(),
            Self::History(outcome) => outcome.is_broken(),
            Self::Listed(outcome) => outcome.is_broken(),
            Self::Status(outcome) => outcome.is_broken(),
        }
    }

    fn is_unclear(&self) -> bool {
        match self {
            Self::Opened(outcome) => outcome.is_unclear(),
            Self::Moved(outcome) => outcome.is_unclear(),
            Self::History(outcome) => outcome.is_unclear(),
            Self::Listed(outcome) => outcome.is_unclear(),
            Self::Status(outcome) => outcome.is_unclear(),
        }
    }
}

impl PaymentQuestion {
    fn content(&self) -> Content {
        match self {
            Self::Open(_) => Content::OfAnOrder,
            Self::Capture(tid, _) | Self::Reverse(tid) | Self::Credit(tid, _) | Self::History(tid) => {
                Content::Of(tid.clone())
            }
            Self::Status(StatusKey::Tid(tid)) => Content::Of(tid.clone()),
            Self::Status(StatusKey::Page(reference)) => Content::Of(reference.to_string()),
            Self::ListOpen(..) => Content::Ours,
        }
    }

    /// What is known when its time was over: nothing.
    fn unanswered(&self) -> Reply {
        let why = || "no answer in time".to_owned();
        match self {
            Self::Open(_) => Reply::Opened(Outcome::Unknown(why())),
            Self::Capture(..) | Self::Reverse(_) | Self::Credit(..) => Reply::Moved(Outcome::Unknown(why())),
            Self::History(_) => Reply::History(Outcome::Unknown(why())),
            Self::ListOpen(..) => Reply::Listed(Outcome::Unknown(why())),
            Self::Status(_) => Reply::Status(Outcome::Unknown(why())),
        }
    }
}

impl Desk {
    /// Starts the provider's actor; `deadline` bounds one question.
    #[must_use]
    pub fn start(system: &System, config: ProviderConfig, policy: Policy, deadline: Duration) -> Self {
        Self::start_with(system, Arc::new(move || payment::connect(&config)), policy, deadline)
    }

    /// As [`Desk::start`], with another way to build the client.
    #[must_use]
    pub fn start_with(system: &System, connect: Connect, policy: Policy, deadline: Duration) -> Self {
        let spec = Spec { name: "payment".to_owned(), mailbox: 1024, in_flight: 64, arbiter: Placement::Own, policy };
        let actor = system.spawn(spec, move || {
            let client = connect().map_err(StartError::new)?;
            Ok(Provider { client, oddities: Oddities::default() })
        });
        Self { actor, deadline }
    }

    /// The actor's state, read without asking it.
    #[must_use]
    pub fn status(&self) -> Status {
        self.actor.status()
    }

    /// Opens a payment page.
    pub async fn open(&self, page: PageOrder, may_write: Arc<dyn Fn() -> bool + Send + Sync>) -> Outcome<OpenedPage> {
        match self.ask(PaymentQuestion::Open(page), may_write).await {
            Ok(Reply::Opened(outcome)) => outcome,
            other => failed(other),
        }
    }

    /// Captures, reverses or credits.
    pub async fn move_money(
        &self,
        question: PaymentQuestion,
        may_write: Arc<dyn Fn() -> bool + Send + Sync>,
    ) -> Outcome<()> {
        match self.ask(question, may_write).await {
            Ok(Reply::Moved(outcome)) => outcome,
            other => failed(other),
        }
    }

    /// Reads the provider's books of one payment.
    pub async fn history(&self, tid: String) -> Outcome<History> {
        match self.ask(PaymentQuestion::History(tid), Arc::new(|| true)).await {
            Ok(Reply::History(outcome)) => outcome,
            other => failed(other),
        }
    }

    /// Lists what is reserved and not taken, newest first: one page. [`Desk::read_open`] reads them all.
    pub async fn list_open(&self, begin: u32, size: u32) -> Outcome<OpenPayments> {
        match self.ask(PaymentQuestion::ListOpen(begin, size), Arc::new(|| true)).await {
            Ok(Reply::Listed(outcome)) => outcome,
            other => failed(other),
        }
    }

    /// Asks one payment's state; the call is counted before it is made. One that is denied is an answer, and no failure of the
    /// provider: it opens no breaker, by which one transaction would hold up the payments of all.
    pub async fn payment_status(&self, key: StatusKey) -> Outcome<Option<Observed>> {
        match self.ask(PaymentQuestion::Status(key), Arc::new(|| true)).await {
            Ok(Reply::Status(outcome)) => outcome,
            other => failed(other),
        }
    }

    async fn ask(
        &self,
        question: PaymentQuestion,
        may_write: Arc<dyn Fn() -> bool + Send + Sync>,
    ) -> Result<Reply, crate::actors::supervision::Failure> {
        let request = Request { question, budget: self.deadline, may_write };
        let answer = self.actor.ask(request, Deadline::after(self.deadline + TURN)).await;
        answer.map(|answer| answer.reply)
    }
}

impl Service for Provider {
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
                PaymentQuestion::Open(page) => Reply::Opened(client.open_page(page, permit).await),
                PaymentQuestion::Capture(tid, amount) => Reply::Moved(client.capture(tid, amount, permit).await),
                PaymentQuestion::Reverse(tid) => Reply::Moved(client.reverse(tid, permit).await),
                PaymentQuestion::Credit(tid, amount) => Reply::Moved(client.credit(tid, amount, permit).await),
                PaymentQuestion::History(tid) => Reply::History(client.history(tid, permit).await),
                PaymentQuestion::ListOpen(begin, size) => Reply::Listed(client.list_open(begin, size, permit).await),
                PaymentQuestion::Status(key) => Reply::Status(client.status(key, permit).await),
            }
        };
        let answered = move |reply: Reply| {
            let is_odd = reply.is_unclear() && asked_under.is_answered() && oddities.excuse(&content);
            Answer { reply, is_odd }
        };
        clock::timeout_at(deadline, asked).map(move |reply| answered(reply.unwrap_or(late))).boxed_local()
    }

    fn verb(request: &Request) -> &'static str {
        match request.question {
            PaymentQuestion::Open(_) => "open",
            PaymentQuestion::Capture(..) => "capture",
            PaymentQuestion::Reverse(_) => "reverse",
            PaymentQuestion::Credit(..) => "credit",
            PaymentQuestion::History(_) => "history",
            PaymentQuestion::ListOpen(..) => "list",
            PaymentQuestion::Status(_) => "status",
        }
    }

    fn failed(answer: &Answer) -> bool {
        answer.reply.is_broken()
    }

    fn is_odd(answer: &Answer) -> bool {
        answer.is_odd
    }
}

/// A question that the actor did not answer: whether it had begun decides what is known of it.
fn failed<T>(answer: Result<Reply, crate::actors::supervision::Failure>) -> Outcome<T> {
    match answer {
        Err(failure) if failure.begun => Outcome::Unknown(failure.to_string()),
        Err(failure) => Outcome::NotSent(failure.to_string()),
        Ok(_) => Outcome::Unknown("the actor answered another question".to_owned()),
    }
}
