//! One question per intent: what a committed intent asks of whom, and the answer in the words of
//! the rules.

use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use futures_util::FutureExt;
use futures_util::future::LocalBoxFuture;

use crate::actors::fleet::{Lease, Replica};
use crate::actors::liftoperator::{Facade, MayWrite};
use crate::actors::order::rules::advance::{Answer, Answered};
use crate::actors::order::rules::intent::{Intent, Subject, Verb};
use crate::actors::order::rules::line::LineAnswer;
use crate::actors::order::rules::payment::PaymentAnswer;
use crate::actors::order::rules::record::{Line, Order, Payment};
use crate::actors::payment::{Desk as PaymentDesk, MoneyMove};
use crate::clock;
use crate::failpoints;
use crate::integrations::Outcome;
use crate::integrations::lift::TicketOrder;
use crate::integrations::payment::{CreditAmount, PageOrder, StatusKey, confirmation_url};

/// Whom an order asks.
#[derive(Clone)]
pub struct Outside {
    /// The operators.
    pub lift: Facade,
    /// The payment provider.
    pub payment: PaymentDesk,
    /// Whether this replica may still write.
    pub replica: Replica,
    /// Where the provider reports to and payers come back to, without a trailing slash.
    pub public_url: String,
}

/// A question under way, with the intent that it answers.
pub type Asking = LocalBoxFuture<'static, Answered>;

impl Outside {
    /// Asks what an intent says, under the lease that held before the intent was committed; `None`
    /// when the order has no such row.
    #[must_use]
    pub fn ask(
        &self,
        order: &Order,
        subject: Subject,
        intent: &Intent,
        lease: &Lease,
    ) -> Option<Asking> {
        let asking = match subject {
            Subject::Line(no) => {
                let line = order.lines.iter().find(|line| line.no == no)?;
                self.ask_lift(order, line, intent, may_write(lease))
            }
            Subject::Payment(no) => {
                let payment = order.payments.iter().find(|row| row.no == no)?;
                self.ask_payment(order, payment, intent, may_write(lease))
            }
        };
        let asked = clock::instant();
        let most = self.budget(order, subject, intent);
        let verb = intent.verb;
        Some(
            asking
                .map(move |answer| {
                    failpoints::here(|| format!("{}: answered, not saved", verb.word()));
                    let elapsed = clock::instant().saturating_duration_since(asked).min(most);
                    let elapsed = TimeDelta::from_std(elapsed).unwrap_or(TimeDelta::zero());
                    Answered { subject, answer, elapsed }
                })
                .boxed_local(),
        )
    }

    /// How long a question is asked for at most: what goes beyond was waiting for its turn.
    fn budget(&self, order: &Order, subject: Subject, intent: &Intent) -> Duration {
        let line = order.lines.iter().find(|line| subject == Subject::Line(line.no));
        let contract = line.and_then(|line| self.lift.contract(&line.ticket.operator));
        contract.map_or(Duration::MAX, |contract| match intent.verb {
            Verb::Check => contract.check_deadline,
            Verb::Issue | Verb::Find | Verb::Cancel => contract.issue_deadline,
            Verb::Open
            | Verb::Capture
            | Verb::Reverse
            | Verb::Credit
            | Verb::History
            | Verb::Status
            | Verb::Latest => Duration::MAX,
        })
    }

    fn ask_lift(
        &self,
        order: &Order,
        line: &Line,
        intent: &Intent,
        may_write: MayWrite,
    ) -> LocalBoxFuture<'static, Answer> {
        let lift = self.lift.clone();
        let operator = line.ticket.operator.clone();
        let reference = line.reference.clone();
        match intent.verb {
            Verb::Check => {
                let account = order.account_id;
                let card = line.ticket.card_number.clone();
                async move {
                    Answer::Line(LineAnswer::Check(
                        lift.check(&operator, account, card, may_write).await,
                    ))
                }
                .boxed_local()
            }
            Verb::Issue => {
                let ticket = ticket_order(order, line);
                async move {
                    Answer::Line(LineAnswer::Issue(lift.issue(&operator, ticket, may_write).await))
                }
                .boxed_local()
            }
            Verb::Find => async move {
                Answer::Line(LineAnswer::Find(lift.find(&operator, reference, may_write).await))
            }
            .boxed_local(),
            Verb::Cancel => {
                let booking = intent.booking.clone();
                async move {
                    let outcome = match booking {
                        Some(booking) => lift.cancel(&operator, booking, may_write).await,
                        None => Outcome::NotSent("no booking to cancel".to_owned()),
                    };
                    Answer::Line(LineAnswer::Cancel(outcome))
                }
                .boxed_local()
            }
            // never in a line's intent: nothing left us
            Verb::Open
            | Verb::Capture
            | Verb::Reverse
            | Verb::Credit
            | Verb::History
            | Verb::Status
            | Verb::Latest => async { Answer::Line(LineAnswer::AskerDied) }.boxed_local(),
        }
    }

    fn ask_payment(
        &self,
        order: &Order,
        row: &Payment,
        intent: &Intent,
        may_write: MayWrite,
    ) -> LocalBoxFuture<'static, Answer> {
        let desk = self.payment.clone();
        let tid = row.tid.clone().unwrap_or_default();
        let amount = intent.amount;
        match intent.verb {
            Verb::Open => {
                let page = self.page_order(order, row);
                async move { Answer::Payment(PaymentAnswer::Open(desk.open(page, may_write).await)) }.boxed_local()
            }
            Verb::Capture => async move {
                let outcome = desk.move_money(MoneyMove::Capture(tid, amount), may_write).await;
                Answer::Payment(PaymentAnswer::Capture(outcome))
            }
            .boxed_local(),
            Verb::Reverse => async move {
                let outcome = desk.move_money(MoneyMove::Reverse(tid), may_write).await;
                Answer::Payment(PaymentAnswer::Reverse(outcome))
            }
            .boxed_local(),
            Verb::Credit => async move {
                let amount =
                    if amount == 0 { CreditAmount::Full } else { CreditAmount::Part(amount) };
                let outcome = desk.move_money(MoneyMove::Credit(tid, amount), may_write).await;
                Answer::Payment(PaymentAnswer::Credit(outcome))
            }
            .boxed_local(),
            Verb::History => {
                async move { Answer::Payment(PaymentAnswer::History(desk.history(tid).await)) }
                    .boxed_local()
            }
            Verb::Status | Verb::Latest => {
                let own = row.tid.clone().filter(|_| intent.verb == Verb::Status);
                let key =
                    own.map_or_else(|| StatusKey::Page(row.reference.clone()), StatusKey::Tid);
                async move { Answer::Payment(PaymentAnswer::Status(desk.payment_status(key).await)) }.boxed_local()
            }
            // never in a payment's intent: nothing left us
            Verb::Check | Verb::Issue | Verb::Find | Verb::Cancel => {
                async { Answer::Payment(PaymentAnswer::AskerDied) }.boxed_local()
            }
        }
    }

    fn page_order(&self, order: &Order, row: &Payment) -> PageOrder {
        let public = &self.public_url;
        PageOrder {
            reference: row.reference.clone(),
            amount: order.total,
            currency: order.currency.clone(),
            description: format!("Lift tickets, order {}", order.number),
            language: "en".to_owned(),
            confirmation_url: confirmation_url(public, &row.secret),
            return_url: order
                .return_url
                .clone()
                .unwrap_or_else(|| format!("{public}/orders/{}", order.id)),
        }
    }

    /// Whether this replica may still write, to be asked before the first byte: not any more once
    /// its lease was over.
    #[must_use]
    pub fn may_write(&self) -> MayWrite {
        may_write(&self.replica.lease())
    }
}

fn may_write(lease: &Lease) -> MayWrite {
    let lease = lease.clone();
    Arc::new(move || lease.holds())
}

fn ticket_order(order: &Order, line: &Line) -> TicketOrder {
    TicketOrder {
        reference: line.reference.clone(),
        placed_at: order.placed_at,
        card: line.ticket.card_number.clone(),
        holder: line.ticket.holder(),
        product_code: line.ticket.product_code.clone(),
        category_code: line.ticket.category_code.clone(),
        first_day: line.ticket.valid_from,
        last_day: line.ticket.valid_to,
        from_time: line.ticket.from_time,
        price: line.price,
    }
}
