//! What an answer about one payment means. Pure.

use chrono::TimeDelta;

use super::ask::PaymentCase;
use crate::intent::{Intent, Verb};
use crate::lifecycle::PaymentState;
use crate::money::Cents;
use crate::port::payment::{History, Observed, OpenedPage};
use crate::port::{Outcome, RefusalKind};
use crate::protection::Protection;
use crate::record::{DoubtCause, Mark, MoneyDoubt};

/// What came back for an intent of a payment.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum PaymentAnswer {
    /// To opening its page.
    Open(Outcome<OpenedPage>),
    /// To a capture.
    Capture(Outcome<()>),
    /// To a reverse.
    Reverse(Outcome<()>),
    /// To a credit.
    Credit(Outcome<()>),
    /// To reading its history.
    History(Outcome<History>),
    /// To a status call; the observation itself is taken by the order.
    Status(Outcome<Option<Observed>>),
    /// The asker died before it saved an answer.
    AskerDied,
}

impl PaymentCase<'_> {
    /// Takes what came back for the intent that was open.
    pub fn answer(&mut self, intent: &Intent, answer: PaymentAnswer) {
        match answer {
            PaymentAnswer::Open(outcome) => self.opened(outcome),
            PaymentAnswer::Capture(outcome) => self.captured(intent, outcome),
            PaymentAnswer::Reverse(outcome) => self.reversed(outcome),
            PaymentAnswer::Credit(outcome) => self.credited(intent, outcome),
            PaymentAnswer::History(outcome) => self.history(intent, outcome),
            PaymentAnswer::Status(outcome) if intent.verb == Verb::Latest => self.latest(&outcome),
            PaymentAnswer::Status(outcome) => self.status(&outcome),
            PaymentAnswer::AskerDied => self.asker_died(intent),
        }
    }

    fn opened(&mut self, outcome: Outcome<OpenedPage>) {
        match outcome {
            Outcome::Done(page) => {
                self.payment.url = Some(page.url);
                self.payment.attempts = 0;
                self.payment.ask_at = None;
            }
            Outcome::Refused(_) => {
                self.payment.enter(PaymentState::Closed);
            }
            Outcome::NotSent(_) => self.pause(),
            Outcome::Pending { .. } | Outcome::Unknown(_) => self.lose_page(),
        }
    }

    fn captured(&mut self, intent: &Intent, outcome: Outcome<()>) {
        match outcome {
            Outcome::Done(()) => self.bill(intent.amount),
            // the order goes on to undo; the row still holds its reservation
            Outcome::Refused(_) => {}
            Outcome::NotSent(_) => self.pause(),
            Outcome::Pending { .. } | Outcome::Unknown(_) => {
                self.doubt(intent, DoubtCause::Unanswered);
                self.pause();
            }
        }
    }

    fn reversed(&mut self, outcome: Outcome<()>) {
        let intent = Intent::new(Verb::Reverse, self.now);
        match outcome {
            Outcome::Done(()) => {
                self.payment.enter(PaymentState::Reversed);
                self.clear_doubt();
            }
            Outcome::NotSent(_) => self.pause(),
            Outcome::Refused(_) => self.doubt(&intent, DoubtCause::Refused),
            Outcome::Pending { .. } | Outcome::Unknown(_) => {
                self.doubt(&intent, DoubtCause::Unanswered)
            }
        }
    }

    fn credited(&mut self, intent: &Intent, outcome: Outcome<()>) {
        match outcome {
            Outcome::Done(()) => {
                let paid_back =
                    if intent.amount == 0 { self.payment.captured } else { intent.amount };
                self.payment.returned += paid_back;
                self.payment.refusals = 0;
                self.clear_doubt();
                self.end_if_returned();
            }
            Outcome::NotSent(_) => self.pause(),
            Outcome::Refused(refusal) if refusal.kind == RefusalKind::NotCreditable => {
                // a bank that took the money back is told so too
                let verb = Verb::Credit;
                let amount = intent.amount;
                let why = DoubtCause::NotCreditable;
                self.payment.doubt = Some(MoneyDoubt { verb, amount, why });
            }
            Outcome::Refused(_) => self.doubt(intent, DoubtCause::Refused),
            Outcome::Pending { .. } | Outcome::Unknown(_)
                if !self.rules.keeps(Protection::HistoryFirst) =>
            {
                self.pause()
            }
            Outcome::Pending { .. } | Outcome::Unknown(_) => {
                self.doubt(intent, DoubtCause::Unanswered)
            }
        }
    }

    /// The page may stand and nobody knows where: it is looked after when its life is over; a
    /// further page gets a new reference.
    pub(super) fn lose_page(&mut self) {
        self.payment.ask_at = Some(self.payment.page_ends_at);
    }

    fn asker_died(&mut self, intent: &Intent) {
        match intent.verb {
            Verb::Capture | Verb::Reverse | Verb::Credit => {
                self.doubt(intent, DoubtCause::AskerDied)
            }
            Verb::Open => self.lose_page(),
            Verb::Status | Verb::History | Verb::Latest => self.ask_anew(),
            Verb::Check | Verb::Issue | Verb::Find | Verb::Cancel => {}
        }
    }

    /// A look whose asker died is asked again; that of a page whose end was seen already must stay
    /// one.
    fn ask_anew(&mut self) {
        self.payment.ask_at = (self.payment.state == PaymentState::Closed).then_some(self.now);
    }

    /// Asked again, but not forgotten: only a success ends what needs staff, since when, and how
    /// often it was asked.
    pub(super) fn end_doubt_of_no_answer(&mut self) {
        (self.payment.doubt, self.payment.settles_at, self.payment.ask_at) = (None, None, None);
    }

    pub(super) fn bill(&mut self, amount: Cents) {
        self.payment.enter(PaymentState::Billed);
        self.payment.captured = amount;
        self.payment.amount = amount;
        self.clear_doubt();
    }

    pub(super) fn end_if_returned(&mut self) {
        if self.payment.held() <= 0 && self.payment.owed == 0 && self.payment.returned > 0 {
            self.payment.enter(PaymentState::Returned);
        }
    }

    fn doubt(&mut self, intent: &Intent, why: DoubtCause) {
        self.payment.doubt = Some(MoneyDoubt { verb: intent.verb, amount: intent.amount, why });
        self.payment.doubt_since.get_or_insert(self.now);
        let settles_at = self.now + self.rules.payment_settle;
        self.payment.settles_at = Some(settles_at);
        self.payment.ask_at = if intent.verb == Verb::Capture { None } else { Some(settles_at) };
    }

    pub(super) fn clear_doubt(&mut self) {
        self.payment.doubt = None;
        (self.payment.settles_at, self.payment.doubt_since, self.payment.attention) =
            (None, None, None);
        self.payment.ask_at = None;
        self.payment.attempts = 0;
    }

    pub(super) fn mark(&mut self, reason: &str) {
        Mark::set(&mut self.payment.attention, reason, self.now);
    }

    pub(super) fn pause(&mut self) {
        self.payment.attempts += 1;
        self.payment.ask_at = Some(self.now + self.rules.pause_after(self.payment.attempts));
    }

    /// The limit of pauses at least, and longer the longer it is waited.
    pub(super) fn wait_long(&mut self) {
        self.payment.attempts += 1;
        let pause = self.rules.pause_after(self.payment.attempts).max(self.rules.pause_limit);
        self.payment.ask_at = Some(self.now + pause.max(TimeDelta::milliseconds(1)));
    }
}
