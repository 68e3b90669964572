//! The rules of a line whose ticket must go: in an undo, because it was given up, or because it is returned. Pure.

use std::time::Duration;

use chrono::Days;

use super::lifecycle::{LineState, OrderState};
use super::lines::LineCase;
use super::record::Mark;
use crate::integrations::lift::{Booking, Found, FoundState};
use crate::integrations::{Outcome, Refusal, RefusalKind};

/// After so many days it is over in every zone, too.
const DAYS_OF_ZONES: Days = Days::new(1);

impl LineCase<'_> {
    pub(super) fn withdraw_found(&mut self, standing: Vec<Found>) {
        if let Some(live) = standing.iter().find(|found| found.state == FoundState::Live) {
            self.intend_cancel(Some(live.booking.clone()));
        } else if standing.iter().any(|found| found.state == FoundState::Pending) {
            self.is_still_pending(None);
        } else if let Some(used) = standing.into_iter().find(|found| found.state == FoundState::Used) {
            self.used(Some(used.booking));
        }
    }

    /// A booking that is not final when its ticket's last day is over opens no gate any more: nobody waits for it.
    pub(super) fn is_still_pending(&mut self, pause: Option<Duration>) {
        if self.line.withdrawing && self.now.date_naive() > self.line.ticket.valid_to + DAYS_OF_ZONES {
            tracing::error!(alert = true, reference = %self.line.reference, "a booking never became final");
            self.line.enter(LineState::Withdrawn);
        } else if let Some(pause) = pause {
            self.pause_for(pause);
        } else {
            self.pause();
        }
    }

    pub(super) fn cancelled(&mut self, outcome: Outcome<()>) {
        match outcome {
            Outcome::Done(()) if self.line.state == LineState::Issued => {
                self.line.enter(LineState::Withdrawn);
            }
            // one of several is gone: look again before anything else
            Outcome::Done(()) => self.line.ask_at = None,
            Outcome::Refused(refusal)
                if refusal.kind == RefusalKind::TicketUsed && (self.line.withdrawing || self.is_kept()) =>
            {
                self.used(None);
            }
            Outcome::Refused(_) | Outcome::Pending { .. } | Outcome::NotSent(_) | Outcome::Unknown(_)
                if self.is_kept() =>
            {
                self.look_once_settled();
            }
            Outcome::Refused(refusal) => {
                Mark::set(&mut self.line.person, refusal.kind.slug(), self.now);
                self.wait_long();
            }
            Outcome::Pending { ask_after } => self.pause_for(ask_after),
            Outcome::NotSent(_) | Outcome::Unknown(_) => self.pause(),
        }
    }

    /// Whoever cancelled died: asked again, unless a person has ended the return meanwhile.
    pub(super) fn canceller_died(&mut self) {
        if self.is_kept() {
            self.look_once_settled();
        } else {
            self.line.ask_at = None;
        }
    }

    /// Asks whether the ticket of an ended return stands, once no cancellation of it can be under way any more.
    pub(super) fn look_after_kept(&mut self) -> bool {
        match self.line.settles_at {
            Some(at) if at > self.now => self.line.ask_at = Some(at),
            Some(_) => return true,
            None => {}
        }
        false
    }

    /// What stands under the reference of a sold ticket whose return was ended.
    pub(super) fn stood(&mut self, outcome: Outcome<Vec<Found>>) {
        if !self.is_kept() || self.line.settles_at.is_none() {
            // it is returned anew
            return;
        }
        match outcome {
            Outcome::Done(all) if all.iter().any(|found| found.state == FoundState::Used) => self.used(None),
            Outcome::Done(all) if all.iter().any(|found| found.state == FoundState::Live) => self.keep(None),
            Outcome::Done(all) if all.iter().all(|found| found.state == FoundState::Cancelled) => {
                self.line.enter(LineState::Withdrawn);
            }
            Outcome::Pending { ask_after } => self.pause_for(ask_after),
            Outcome::Done(_) | Outcome::Refused(_) | Outcome::NotSent(_) | Outcome::Unknown(_) => self.pause(),
        }
    }

    /// A used ticket is never undone by itself. Where the customer keeps what was issued, the line that was given up is as
    /// good as issued: it was wanted, booked and skied with, so it is kept and paid. So is one whose return was asked for.
    /// In an undo a person decides.
    fn used(&mut self, booking: Option<Booking>) {
        match (self.order, self.line.state, booking) {
            (OrderState::Finished, LineState::Issued, _) if self.line.doubt_since.is_some() => {
                self.keep(Some(Refusal { kind: RefusalKind::TicketUsed, code: String::new() }));
            }
            (OrderState::Authorised, LineState::Issued, _) => {
                (self.line.withdrawing, self.line.person, self.line.ask_at) = (false, None, None);
            }
            (OrderState::Authorised, _, Some(booking)) => {
                self.line.withdrawing = false;
                self.book(booking);
            }
            (OrderState::Authorised, _, None) => self.pause(),
            (
                OrderState::Placed
                | OrderState::Paying
                | OrderState::Issued
                | OrderState::Captured
                | OrderState::Finished
                | OrderState::Rejected
                | OrderState::Undoing
                | OrderState::Undone,
                ..,
            ) => {
                Mark::set(&mut self.line.person, RefusalKind::TicketUsed.slug(), self.now);
                self.wait_long();
            }
        }
    }

    /// The ticket stays sold, and nobody has to look after its return any more.
    fn keep(&mut self, refusal: Option<Refusal>) {
        let line = &mut *self.line;
        (line.withdrawing, line.refusal, line.attempts) = (false, refusal, 0);
        (line.person, line.doubt_since, line.settles_at, line.ask_at) = (None, None, None, None);
    }

    fn is_kept(&self) -> bool {
        self.line.state == LineState::Issued && !self.line.withdrawing
    }

    fn look_once_settled(&mut self) {
        let at = self.now + self.line.terms.settle;
        (self.line.settles_at, self.line.ask_at) = (Some(at), Some(at));
    }
}
