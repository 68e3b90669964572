//! The rules of a line whose ticket must go: in an undo, because it was given up, or because it is
//! returned. Pure.

use std::time::Duration;

use chrono::Days;

use super::lifecycle::{LineState, OrderState};
use super::line::LineCase;
use super::record::Mark;
use super::standing::Standing;
use crate::port::lift::{Booking, Found, FoundState};
use crate::port::{Outcome, Refusal, RefusalKind};

/// The supplier's code of a ticket that could not be voided and was let go.
pub(crate) const LET_GO: &str = "let_go";

/// After so many days it is over in every zone, too.
const DAYS_OF_ZONES: Days = Days::new(1);

impl LineCase<'_> {
    pub(crate) fn void_found(&mut self, standing: Vec<Found>) {
        if let Some(live) = standing.iter().find(|found| found.state == FoundState::Live) {
            self.intend_cancel(Some(live.booking.clone()));
        } else if standing.iter().any(|found| found.state == FoundState::Pending) {
            self.is_still_pending(None);
        } else if let Some(used) =
            standing.into_iter().find(|found| found.state == FoundState::Used)
        {
            self.used(Some(used.booking));
        }
    }

    /// A booking that is not final when its ticket's last day is over opens no gate any more:
    /// nobody waits for it.
    pub(crate) fn is_still_pending(&mut self, pause: Option<Duration>) {
        if self.line.voiding && self.now.date_naive() > self.line.ticket.valid_to + DAYS_OF_ZONES {
            tracing::error!(event = "ticket.never_final", alert = true, reference = %self.line.reference, "a booking never became final");
            self.line.enter(LineState::Voided);
        } else if let Some(pause) = pause {
            self.pause_for(pause);
        } else {
            self.pause();
        }
    }

    pub(crate) fn cancelled(&mut self, outcome: Outcome<()>) {
        match outcome {
            // staff let go of it meanwhile
            _ if !matches!(self.line.state, LineState::Doubtful | LineState::Issued) => {}
            // an extra booking of it went, or the one that was known: what is left is looked up
            Outcome::Done(()) if self.line.is_sought() => self.line.ask_at = None,
            Outcome::Done(()) if self.line.state == LineState::Issued => {
                self.line.enter(LineState::Voided);
            }
            _ if self.line.is_sought() => self.pause(),
            // one of several is gone: look again before anything else
            Outcome::Done(()) => self.line.ask_at = None,
            Outcome::Refused(refusal)
                if refusal.kind == RefusalKind::TicketUsed
                    && (self.line.voiding || self.line.is_kept()) =>
            {
                self.used(None);
            }
            Outcome::Refused(_)
            | Outcome::Pending { .. }
            | Outcome::NotSent(_)
            | Outcome::Unknown(_)
                if self.line.is_kept() =>
            {
                self.look_once_settled();
            }
            Outcome::Refused(refusal) => self.refuses_to_go(refusal.kind),
            Outcome::Pending { ask_after } => self.pause_for(ask_after),
            Outcome::NotSent(_) | Outcome::Unknown(_) => self.pause(),
        }
    }

    /// Whoever cancelled died: asked again, unless a person has ended the return meanwhile.
    pub(crate) fn canceller_died(&mut self) {
        if self.line.is_kept() {
            self.look_once_settled();
        } else {
            self.line.ask_at = None;
        }
    }

    /// Asks whether the ticket of an ended return stands, once no cancellation of it can be under
    /// way any more.
    pub(crate) fn look_after_kept(&mut self) -> bool {
        match self.line.settles_at {
            Some(at) if at > self.now => self.line.ask_at = Some(at),
            Some(_) => return true,
            None => {}
        }
        false
    }

    /// What stands under the reference of a sold ticket whose return was ended.
    pub(crate) fn stood(&mut self, outcome: Outcome<Vec<Found>>) {
        if !self.line.is_kept() || self.line.settles_at.is_none() {
            // it is returned anew
            return;
        }
        match outcome {
            Outcome::Done(all) if all.iter().any(|found| found.state == FoundState::Used) => {
                self.used(None)
            }
            Outcome::Done(all) if all.iter().any(|found| found.state == FoundState::Live) => {
                self.keep(None)
            }
            Outcome::Done(all) if all.iter().all(|found| found.state == FoundState::Cancelled) => {
                self.line.enter(LineState::Voided);
            }
            Outcome::Pending { ask_after } => self.pause_for(ask_after),
            Outcome::Done(_) | Outcome::Refused(_) | Outcome::NotSent(_) | Outcome::Unknown(_) => {
                self.pause()
            }
        }
    }

    /// A used ticket is never undone by itself. Where the customer keeps what was issued, the line
    /// that was given up is as good as issued: it was wanted, booked and skied with, so it is kept
    /// and paid. So is one whose return was asked for. In an undo staff decides.
    fn used(&mut self, booking: Option<Booking>) {
        let was_returned =
            matches!(self.line.standing(), Standing::Returning | Standing::ReturnEnded);
        match (self.order, self.line.state, booking) {
            (OrderState::Finished, LineState::Issued, _) if was_returned => {
                self.keep(Some(Refusal { kind: RefusalKind::TicketUsed, code: String::new() }));
            }
            (OrderState::Authorised, LineState::Issued, _) => {
                (self.line.voiding, self.line.attention, self.line.ask_at) = (false, None, None);
            }
            (OrderState::Authorised, _, Some(booking)) => {
                self.line.voiding = false;
                self.book(booking);
            }
            (OrderState::Authorised, _, None) => self.pause(),
            // staff keeps it meanwhile
            (OrderState::Undoing, LineState::Issued, _) if self.line.is_kept() => {}
            // the order has ended without it, and nothing can be taken for it any more: a case says
            // so, and nobody asks again
            (OrderState::Finished, LineState::Doubtful, booking) => {
                self.line.booking = booking.or(self.line.booking.take());
                self.let_go(RefusalKind::TicketUsed);
            }
            (_, LineState::Doubtful, Some(booking)) => {
                self.line.booking = Some(booking);
                // staff decides once nothing else can be booked any more
                match self.line.settles_at.filter(|at| *at > self.now) {
                    Some(at) => self.line.ask_at = Some(at),
                    None => self.refuses_to_go(RefusalKind::TicketUsed),
                }
            }
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
                self.refuses_to_go(RefusalKind::TicketUsed);
            }
        }
    }

    /// A clear no to a cancellation: staff decides, and meanwhile it is asked again after growing
    /// pauses.
    fn refuses_to_go(&mut self, why: RefusalKind) {
        Mark::set(&mut self.line.attention, why.slug(), self.now);
        self.wait_long();
    }

    /// The ticket stays where it is, and the order goes on without it.
    pub(crate) fn let_go(&mut self, why: RefusalKind) {
        if self.line.enter(LineState::Voided) {
            self.line.refusal = Some(Refusal { kind: why, code: LET_GO.to_owned() });
        }
    }

    /// The ticket stays sold, and nobody has to look after its return any more.
    fn keep(&mut self, refusal: Option<Refusal>) {
        let line = &mut *self.line;
        (line.voiding, line.refusal, line.attempts) = (false, refusal, 0);
        (line.attention, line.doubt_since, line.settles_at, line.ask_at) = (None, None, None, None);
    }

    fn look_once_settled(&mut self) {
        let at = self.now + self.line.terms.settle;
        (self.line.settles_at, self.line.ask_at) = (Some(at), Some(at));
    }
}
