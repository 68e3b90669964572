//! The rules of a line that has to be looked up before anything else happens to it: after a restore
//! the backup may not know what was booked, voided or returned; and whoever was booking a lost
//! ticket again may have died over it. Pure.

use super::intent::{Intent, Verb};
use super::lifecycle::{LineState, OrderState};
use super::line::LineCase;
use super::protection::Protection;
use crate::port::Outcome;
use crate::port::lift::{Found, FoundState};

impl LineCase<'_> {
    /// Asks what stands under the reference once nothing can be under way any more.
    pub(crate) fn look_it_up(&mut self) {
        match self.line.settles_at.filter(|at| *at > self.now) {
            Some(at) => self.line.ask_at = Some(at),
            None => self.intend(Verb::Find),
        }
    }

    /// Somebody was booking the ticket again, and nobody knows how that ended: whatever stands then
    /// is the line's.
    pub(crate) fn settle_foreign_issue(&mut self) {
        if self.rules.keeps(Protection::SettleEveryIntent) {
            let settles_at = self.now + self.line.terms.settle;
            (self.line.settles_at, self.line.ask_at) = (Some(settles_at), Some(settles_at));
        }
    }

    /// What stands under the reference of a line that was lost sight of.
    pub(crate) fn looked_up(&mut self, intent: &Intent, outcome: Outcome<Vec<Found>>) {
        match outcome {
            Outcome::Done(_) if !self.has_settled(intent) => {
                self.line.ask_at = self.line.settles_at
            }
            Outcome::Done(all) => {
                let voided = !all.is_empty();
                let standing: Vec<_> =
                    all.into_iter().filter(|found| found.state != FoundState::Cancelled).collect();
                match (self.line.state, standing.is_empty()) {
                    (LineState::Issued, false) => self.stands(standing),
                    (LineState::Issued, true) => self.does_not_stand(),
                    (_, false) => self.was_booked(standing),
                    (_, true) if voided => self.was_voided(),
                    // never booked: it goes on as if nothing had been
                    (_, true) => {
                        (self.line.settles_at, self.line.ask_at, self.line.attempts) =
                            (None, None, 0)
                    }
                }
            }
            Outcome::Pending { ask_after } => self.pause_for(ask_after),
            Outcome::Refused(_) | Outcome::NotSent(_) | Outcome::Unknown(_) => self.pause(),
        }
    }

    /// After the backup it was booked: it is in doubt like any other booking of which nobody knows
    /// the answer.
    fn was_booked(&mut self, standing: Vec<Found>) {
        self.be_doubtful();
        if self.line.voiding {
            self.void_found(standing);
        } else {
            self.keep_one(standing);
        }
    }

    /// After the backup it was booked and voided.
    fn was_voided(&mut self) {
        self.line.enter(LineState::Asked);
        self.line.enter(LineState::Voided);
    }

    /// A line that may have been booked is as one that was asked for and not answered.
    pub(crate) fn be_doubtful(&mut self) {
        let settles_at = self.line.settles_at;
        self.line.enter(LineState::Asked);
        self.line.enter(LineState::Doubtful);
        (self.line.settles_at, self.line.doubt_since) = (settles_at, Some(self.now));
    }

    /// Of several bookings one stays; where the ticket is to go, none.
    fn stands(&mut self, standing: Vec<Found>) {
        let voiding = self.line.voiding;
        let used = standing.iter().position(|found| found.state == FoundState::Used);
        let live = |found: &&Found| found.state == FoundState::Live;
        let kept = used.or_else(|| standing.iter().position(|found| live(&found)));
        let extra = standing
            .iter()
            .enumerate()
            .find(|(at, found)| live(found) && (voiding || Some(*at) != kept));
        if let Some((_, extra)) = extra {
            self.intend_cancel(Some(extra.booking.clone()));
        } else if standing.iter().any(|found| found.state == FoundState::Pending) {
            self.pause();
        } else if voiding {
            // only used ones are left, and a cancellation is refused as it would be of any other
            // line
            (self.line.settles_at, self.line.ask_at) = (None, None);
        } else if let Some(kept) = kept {
            self.line.booking = Some(standing[kept].booking.clone());
            (self.line.settles_at, self.line.ask_at, self.line.attempts) = (None, None, 0);
        }
    }

    /// Of an order that has not ended, it was voided or returned after the backup. Of a finished
    /// one it is lost still, and reconciliation goes on with it.
    fn does_not_stand(&mut self) {
        if self.line.voiding || self.order != OrderState::Finished {
            self.line.enter(LineState::Voided);
        } else {
            (self.line.settles_at, self.line.ask_at, self.line.attempts) = (None, None, 0);
        }
    }
}
