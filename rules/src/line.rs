//! The rules of one line: what is asked next, and what an answer means. Pure.

use chrono::TimeDelta;

use super::intent::{Intent, Verb};
use super::lifecycle::{LineState, OrderState};
use super::limits::Rules;
use super::protection::Protection;
use super::record::{Line, Moment};
use super::standing::Standing;
use crate::port::lift::{Booking, CheckedCard, Found, FoundState};
use crate::port::{Outcome, Refusal, RefusalKind};

/// What came back for an intent of a line.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum LineAnswer {
    /// To a check.
    Check(Outcome<CheckedCard>),
    /// To an issue.
    Issue(Outcome<Booking>),
    /// To a find.
    Find(Outcome<Vec<Found>>),
    /// To a cancel.
    Cancel(Outcome<()>),
    /// The asker died before it saved an answer.
    AskerDied,
}

impl LineAnswer {
    /// Whether nothing was asked: waiting for a turn, or behind a breaker, costs no patience.
    fn never_left(&self) -> bool {
        match self {
            Self::Check(outcome) => matches!(outcome, Outcome::NotSent(_)),
            Self::Issue(outcome) => matches!(outcome, Outcome::NotSent(_)),
            Self::Find(outcome) => matches!(outcome, Outcome::NotSent(_)),
            Self::Cancel(outcome) => matches!(outcome, Outcome::NotSent(_)),
            Self::AskerDied => false,
        }
    }
}

/// Whether the money for what is issued and still to be issued is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Paid {
    /// It is, or none is due.
    Yes,
    /// It is being looked up.
    NotKnown,
    /// It is not.
    No,
}

/// A line with the circumstances that its rules look at.
pub struct LineCase<'a> {
    /// The line.
    pub line: &'a mut Line,
    /// Its order's state.
    pub order: OrderState,
    /// Whether its money is there.
    pub paid: Paid,
    /// The moment of the decision.
    pub now: Moment,
    /// The times and limits.
    pub rules: &'a Rules,
}

impl LineCase<'_> {
    /// What the line asks now, if anything; commits to it as its open intent.
    pub fn ask(&mut self) {
        if self.line.open.is_some() || self.line.ask_at.is_some_and(|at| at > self.now) {
            return;
        }
        match self.line.standing() {
            Standing::Sought => self.look_it_up(),
            Standing::Wanted if self.order == OrderState::Placed && !self.line.checked => {
                self.intend(Verb::Check)
            }
            Standing::Asked => match self.paid {
                Paid::Yes => self.intend(Verb::Issue),
                Paid::NotKnown => {}
                Paid::No => {
                    self.refuse(Refusal { kind: RefusalKind::PaymentDeclined, code: String::new() })
                }
            },
            // nothing is open and nothing is in doubt, so provably nothing ever left us
            Standing::Dropped => {
                self.line.enter(LineState::Voided);
            }
            Standing::Doubtful => self.ask_in_doubt(false),
            Standing::DoubtfulVoiding => self.ask_in_doubt(true),
            Standing::Voiding | Standing::Returning => {
                self.intend_cancel(self.line.booking.clone())
            }
            Standing::ReturnEnded if self.look_after_kept() => self.intend(Verb::Find),
            Standing::Wanted | Standing::Sold | Standing::ReturnEnded | Standing::Over => {}
        }
    }

    /// Takes what came back for the intent that was open; `elapsed` is how long it was asked for.
    pub fn answer(&mut self, intent: &Intent, answer: LineAnswer, elapsed: TimeDelta) {
        if !self.line.voiding && !answer.never_left() {
            self.line.asked_ms += elapsed.num_milliseconds();
        }
        match answer {
            LineAnswer::Check(outcome) => self.checked(outcome),
            LineAnswer::Issue(outcome) => self.issued(intent, outcome),
            LineAnswer::Find(outcome) => self.found(intent, outcome),
            LineAnswer::Cancel(outcome) => self.cancelled(outcome),
            LineAnswer::AskerDied => match intent.verb {
                Verb::Issue if self.line.state == LineState::Issued => self.settle_foreign_issue(),
                Verb::Issue => self.doubt(None),
                Verb::Check | Verb::Find => self.line.ask_at = None,
                Verb::Cancel => self.canceller_died(),
                Verb::Open
                | Verb::Capture
                | Verb::Reverse
                | Verb::Credit
                | Verb::History
                | Verb::Status
                | Verb::Latest => {}
            },
        }
    }

    /// Whether the line asked for longer than its contract's patience.
    #[must_use]
    pub fn is_out_of_patience(&self) -> bool {
        matches!(self.line.state, LineState::Asked | LineState::Doubtful)
            && TimeDelta::milliseconds(self.line.asked_ms) >= self.line.terms.patience
    }

    fn ask_in_doubt(&mut self, voiding: bool) {
        if !self.rules.keeps(Protection::BurnReference) && voiding {
            self.line.enter(LineState::Voided);
        } else if self.paid == Paid::NotKnown && !voiding {
            // a question that may book waits for the answer about the money
        } else if self.paid == Paid::No && !voiding && self.line.terms.dedups {
            // asking would book what is not paid: what may stand is voided
            self.line.voiding = true;
        } else if self.line.terms.dedups || (!self.rules.keeps(Protection::FindFirst) && !voiding) {
            self.intend(Verb::Issue);
        } else {
            self.intend(Verb::Find);
        }
    }

    fn checked(&mut self, outcome: Outcome<CheckedCard>) {
        match outcome {
            Outcome::Done(_) => {
                self.line.checked = true;
                self.line.attempts = 0;
                self.line.ask_at = None;
            }
            Outcome::Refused(refusal) => self.refuse(refusal),
            Outcome::Pending { ask_after } => self.pause_for(ask_after),
            Outcome::NotSent(_) | Outcome::Unknown(_) => self.pause(),
        }
    }

    fn issued(&mut self, intent: &Intent, outcome: Outcome<Booking>) {
        match outcome {
            Outcome::Done(booking) => self.book(booking),
            Outcome::Refused(refusal) if self.line.state == LineState::Asked => {
                self.refuse(refusal)
            }
            Outcome::Refused(refusal) => {
                self.line.refusal = Some(refusal);
                self.found_none(intent);
            }
            Outcome::NotSent(_) => self.pause(),
            Outcome::Pending { ask_after } => self.doubt(Some(ask_after)),
            Outcome::Unknown(_) => self.doubt(None),
        }
    }

    fn found(&mut self, intent: &Intent, outcome: Outcome<Vec<Found>>) {
        match outcome {
            outcome if self.line.is_sought() => self.looked_up(intent, outcome),
            outcome if self.line.state == LineState::Issued => self.stood(outcome),
            _ if self.line.state != LineState::Doubtful => {}
            Outcome::Done(all) => {
                let voided = !all.is_empty();
                let standing: Vec<_> =
                    all.into_iter().filter(|found| found.state != FoundState::Cancelled).collect();
                if standing.is_empty() && voided {
                    self.found_voided(intent);
                } else if standing.is_empty() {
                    self.found_none(intent);
                } else if self.line.voiding {
                    self.void_found(standing);
                } else {
                    self.keep_one(standing);
                }
            }
            Outcome::Pending { ask_after } => self.is_still_pending(Some(ask_after)),
            Outcome::Refused(_) | Outcome::NotSent(_) | Outcome::Unknown(_) => self.pause(),
        }
    }

    /// Nothing stands under the reference, as far as this question could see.
    fn found_none(&mut self, intent: &Intent) {
        if !self.has_settled(intent) {
            self.line.ask_at = self.line.settles_at;
        } else if self.line.voiding {
            self.line.enter(LineState::Voided);
        } else if intent.verb == Verb::Issue || self.paid == Paid::No {
            // a deduplicating supplier said no to a reference of which nothing can be under way any
            // more
            self.line.enter(LineState::Refused);
        } else if self.paid == Paid::NotKnown {
            self.pause();
        } else {
            self.intend(Verb::Issue);
        }
    }

    /// It was booked, and voided by somebody who is not this order: whoever did it had a reason,
    /// and it is not booked once more.
    fn found_voided(&mut self, intent: &Intent) {
        if self.has_settled(intent) {
            self.line.enter(LineState::Voided);
        } else {
            self.line.ask_at = self.line.settles_at;
        }
    }

    /// Whether nothing was under way any more when it was asked.
    pub(crate) fn has_settled(&self, intent: &Intent) -> bool {
        self.line.settles_at.is_none_or(|at| intent.asked_at >= at)
            || !self.rules.keeps(Protection::InFlightLimit)
    }

    /// Keeps the used or else the oldest booking; every other one is cancelled before the line
    /// counts as issued.
    pub(crate) fn keep_one(&mut self, mut standing: Vec<Found>) {
        let keep = standing.iter().position(|found| found.state == FoundState::Used).unwrap_or(0);
        let kept = standing.remove(keep);
        let more_come = kept.state == FoundState::Pending
            || standing.iter().any(|found| found.state == FoundState::Pending);
        if let Some(extra) = standing.into_iter().find(|found| found.state != FoundState::Pending) {
            tracing::error!(event = "ticket.booked_twice", alert = true, reference = %self.line.reference, "several bookings under one reference");
            self.intend_cancel(Some(extra.booking));
        } else if more_come {
            // a second booking that is not final yet would outlive the line's decision
            self.pause();
        } else {
            self.book(kept.booking);
        }
    }

    pub(crate) fn book(&mut self, booking: Booking) {
        if self.line.enter(LineState::Issued) {
            self.line.booking = Some(booking);
            self.line.refusal = None;
        }
    }

    fn refuse(&mut self, refusal: Refusal) {
        if self.line.enter(LineState::Refused) {
            self.line.refusal = Some(refusal);
        }
    }

    /// A request of unknown fate may be under way from now until it has settled.
    fn doubt(&mut self, pending: Option<std::time::Duration>) {
        if self.line.state == LineState::Asked {
            self.line.enter(LineState::Doubtful);
        }
        if self.line.state != LineState::Doubtful {
            return;
        }
        let settles_at = self.now + self.line.terms.settle;
        self.line.settles_at = Some(settles_at);
        self.line.doubt_since.get_or_insert(self.now);
        let may_ask_now = self.line.terms.dedups
            || !self.rules.keeps(Protection::InFlightLimit)
            || !self.rules.keeps(Protection::FindFirst);
        match pending {
            Some(ask_after) => self.is_still_pending(Some(ask_after)),
            None if may_ask_now => self.pause(),
            None => self.line.ask_at = Some(settles_at),
        }
    }

    pub(crate) fn pause(&mut self) {
        self.line.attempts += 1;
        self.line.ask_at = Some(self.now + self.rules.pause_after(self.line.attempts));
    }

    pub(crate) fn pause_for(&mut self, pause: std::time::Duration) {
        self.line.attempts += 1;
        let pause = TimeDelta::from_std(pause).unwrap_or(self.rules.pause_limit);
        let pause = pause.clamp(TimeDelta::milliseconds(1), TimeDelta::minutes(1));
        // what never becomes final is asked about as seldom as what never answers
        let grown = self.rules.pause_after(self.line.attempts);
        self.line.ask_at =
            Some(self.now + if grown > self.rules.pause_limit { grown.max(pause) } else { pause });
    }

    /// The limit of pauses at least, and longer the longer it is waited.
    pub(crate) fn wait_long(&mut self) {
        self.line.attempts += 1;
        let pause = self.rules.pause_after(self.line.attempts).max(self.rules.pause_limit);
        self.line.ask_at = Some(self.now + pause);
    }

    pub(crate) fn intend(&mut self, verb: Verb) {
        self.line.open = Some(Intent::new(verb, self.now));
    }

    pub(crate) fn intend_cancel(&mut self, booking: Option<Booking>) {
        self.line.open = Some(Intent { booking, ..Intent::new(Verb::Cancel, self.now) });
    }
}
