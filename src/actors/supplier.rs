//! The shell of every actor that asks a supplier: deadline, permit, breaker and what an odd answer
//! means are the same for all of them. What differs is the questions, each a type with its own
//! answer.
//!
//! Asks: supervision.

use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::LocalBoxFuture;
use tokio::sync::oneshot;

use crate::actors::supervision::{
    Call, Content, Handle, Oddities, Service, Spec, StartError, System,
};
use crate::clock::{self, Deadline};
use crate::integrations::{Outcome, Permit};

/// Whether the asker may still write: looked at before the first byte.
pub type MayWrite = Arc<dyn Fn() -> bool + Send + Sync>;

/// What a client is doing; it lives on its actor's thread.
pub type Asking<T> = LocalBoxFuture<'static, Outcome<T>>;

/// Longest wait for a turn in an actor's mailbox; only then does a question's own time begin.
pub const TURN: Duration = Duration::from_secs(30);

/// A kind of question to the client `C`.
pub trait Question<C: ?Sized>: Send + 'static {
    /// What is answered.
    type Reply: Send + 'static;

    /// Its kind, one of few words, for the count of its answers.
    fn verb(&self) -> &'static str;

    /// What of it an odd answer may be to blame on.
    fn content(&self) -> Content;

    /// Whether an answer says that the outside is broken, so that it counts for the breaker.
    fn is_broken(outcome: &Outcome<Self::Reply>) -> bool {
        outcome.is_broken()
    }

    /// Asks the client; nothing may be sent once the permit has ended.
    fn ask(self, client: Rc<C>, permit: Permit) -> Asking<Self::Reply>;
}

/// An actor around a client; one value is one incarnation.
pub struct SupplierActor<C: ?Sized> {
    client: Rc<C>,
    oddities: Oddities,
}

/// A question on its way, with the way back of its answer.
pub struct Request<C: ?Sized> {
    verb: &'static str,
    content: Content,
    budget: Duration,
    may_write: MayWrite,
    ask: Box<dyn FnOnce(Rc<C>, Permit) -> LocalBoxFuture<'static, Answer> + Send>,
}

/// What the breaker learns of an answer; the answer itself goes to whoever asked.
#[derive(Debug)]
pub struct Answer {
    is_broken: bool,
    is_unclear: bool,
    is_odd: bool,
}

impl<C: ?Sized + 'static> SupplierActor<C> {
    /// Starts the actor. `connect` builds the client, once for each incarnation and on its thread.
    pub fn start(
        system: &System,
        spec: Spec,
        connect: impl Fn() -> anyhow::Result<Rc<C>> + Send + Sync + 'static,
    ) -> Handle<Self> {
        system.spawn(spec, move || {
            let client = connect().map_err(StartError::new)?;
            Ok(Self { client, oddities: Oddities::default() })
        })
    }
}

impl<C: ?Sized + 'static> Service for SupplierActor<C> {
    type Request = Request<C>;
    type Answer = Answer;

    fn handle(&mut self, request: Request<C>, call: Call) -> LocalBoxFuture<'static, Answer> {
        let Request { verb, content, budget, may_write, ask } = request;
        let fence = call.fence();
        let deadline = Deadline::after(budget).min(call.deadline());
        let permit = Permit::new(deadline, move || fence.holds() && may_write()).asking(verb);
        let asked_under = permit.clone();
        let oddities = self.oddities.clone();
        let judged = move |answer: Answer| {
            if !answer.is_unclear {
                oddities.answered_well(&content);
            }
            let is_odd =
                answer.is_unclear && asked_under.is_answered() && oddities.excuse(&content);
            Answer { is_odd, ..answer }
        };
        ask(Rc::clone(&self.client), permit).map(judged).boxed_local()
    }

    fn verb(request: &Request<C>) -> &'static str {
        request.verb
    }

    fn failed(answer: &Answer) -> bool {
        answer.is_broken
    }

    fn is_odd(answer: &Answer) -> bool {
        answer.is_odd
    }
}

/// Asks an actor. The question has `budget` from its turn on, and waits for that at most [`TURN`].
///
/// An answer that does not come in time is `Unknown`; so is a question whose incarnation ended over
/// it. One that never began is `NotSent`.
pub async fn ask<C, Q>(
    actor: &Handle<SupplierActor<C>>,
    question: Q,
    budget: Duration,
    may_write: MayWrite,
) -> Outcome<Q::Reply>
where
    C: ?Sized + 'static,
    Q: Question<C>,
{
    ask_until(actor, question, budget, may_write, Deadline::after(budget + TURN)).await
}

/// The same for whoever waits no longer than `deadline`.
pub async fn ask_until<C, Q>(
    actor: &Handle<SupplierActor<C>>,
    question: Q,
    budget: Duration,
    may_write: MayWrite,
    deadline: Deadline,
) -> Outcome<Q::Reply>
where
    C: ?Sized + 'static,
    Q: Question<C>,
{
    let (way_back, mut answered) = oneshot::channel();
    let verb = question.verb();
    let content = question.content();
    let ask = move |client: Rc<C>, permit: Permit| {
        let until = permit.deadline();
        let asked = async move { question.ask(client, permit).await };
        let answer = clock::timeout_at(until, asked).map(move |outcome| {
            let outcome =
                outcome.unwrap_or_else(|_late| Outcome::Unknown("no answer in time".to_owned()));
            let answer = Answer {
                is_broken: Q::is_broken(&outcome),
                is_unclear: outcome.is_unclear(),
                is_odd: false,
            };
            // whoever asked may wait no more
            let _nobody = way_back.send(outcome);
            answer
        });
        answer.boxed_local()
    };
    match actor
        .ask(Request { verb, content, budget, may_write, ask: Box::new(ask) }, deadline)
        .await
    {
        // it was sent before the actor said that it had answered
        Ok(_) => answered.try_recv().unwrap_or_else(|lost| Outcome::Unknown(lost.to_string())),
        Err(failure) if failure.begun => Outcome::Unknown(failure.to_string()),
        Err(failure) => Outcome::NotSent(failure.to_string()),
    }
}
