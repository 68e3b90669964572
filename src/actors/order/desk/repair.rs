//! What makes an order and the outside agree again once a person has agreed to it. Ended orders
//! never reopen: their rows follow what is true, their tickets keep their references, and money
//! moves by the rules of every other payment.

use std::sync::Arc;
use std::time::Duration;

use uuid::Uuid;

use super::{ChangeError, Desk};
use crate::actors::order::rules::advance::{Answer, Answered, Effects, Event, apply_history};
use crate::actors::order::rules::intent::{Intent, Subject, Verb};
use crate::actors::order::rules::lifecycle::{LineState, OrderState};
use crate::actors::order::rules::line::LineAnswer;
use crate::actors::order::rules::record::{ClaimKind, Line, Moment, Order};
use crate::actors::order::rules::returns::is_booked_again;
use crate::actors::order::store::Saved;
use crate::clock;
use crate::integrations::Outcome;
use crate::integrations::lift::{Booking, FoundState};
use crate::io::IoError;
use crate::money::Cents;

/// How a ticket that was lost at its operator was booked again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Again {
    /// It stands there: booked now, or found.
    Stands,
    /// It is not known yet, or a question may still be under way: try again after this pause.
    Later(Duration, String),
    /// The operator does not book it.
    Refused(String),
}

/// Pause after an operator that could not be asked.
const PAUSE: Duration = Duration::from_secs(2);
/// Among so many of the newest questions the last time is looked for that the ticket was asked for.
const QUESTIONS: u64 = 200;

impl Desk {
    /// Lets an order read the provider's books about one of its payments; twice is once.
    ///
    /// # Errors
    /// `Unknown` when there is no such payment.
    pub async fn look_again(&self, id: Uuid, payment: i32) -> Result<(), ChangeError> {
        let look = move |order: &mut Order| {
            let row = order.payment_mut(payment).ok_or(ChangeError::Unknown)?;
            let now = clock::now();
            if !row.look_for(ClaimKind::Look, now) {
                return Ok(None);
            }
            order.next_at = Some(now);
            Ok(Some(Effects::default()))
        };
        self.change(id, look).await.map(drop)
    }

    /// Writes down that the provider gave back `credited` in all, some of it without us; twice is
    /// once. Its e-mail is in the same commit.
    ///
    /// # Errors
    /// `Unknown` when there is no such payment.
    pub async fn book_credit(
        &self,
        id: Uuid,
        payment: i32,
        credited: Cents,
    ) -> Result<(), ChangeError> {
        let rules = Arc::clone(&self.driver.rules);
        self.change(id, move |order| {
            Ok(apply_history(order, payment, credited, clock::now(), &rules))
        })
        .await
        .map(drop)
    }

    /// Takes a line out of a finished order: its price goes back as any other money does. Twice is
    /// once.
    ///
    /// # Errors
    /// `TooLate` when the order is not finished, or its line was not sold.
    pub async fn give_back_line(&self, id: Uuid, no: i32) -> Result<(), ChangeError> {
        let give_back = move |order: &mut Order| {
            if order.state != OrderState::Finished {
                return Err(ChangeError::TooLate(order.state.word()));
            }
            let line = order.line_mut(no).ok_or(ChangeError::Unknown)?;
            if is_booked_again(line) {
                return Err(ChangeError::Io(IoError::Late));
            }
            match line.state {
                LineState::Voided => return Ok(None),
                LineState::Issued => line.enter(LineState::Voided),
                other @ (LineState::Wanted
                | LineState::Asked
                | LineState::Doubtful
                | LineState::Refused) => {
                    return Err(ChangeError::TooLate(other.word()));
                }
            };
            order.next_at = Some(clock::now());
            let detail = Some(format!("line_{no}_given_back"));
            let told = Event { state: order.state, detail };
            Ok(Some(Effects { freed: vec![no], events: vec![told], ..Effects::default() }))
        };
        self.change(id, give_back).await.map(drop)
    }

    /// Keeps in mind which booking a sold ticket stands as; twice is once. One that is going back
    /// stays as it is.
    ///
    /// # Errors
    /// `Unknown` when there is no such line.
    pub async fn keep_booking(
        &self,
        id: Uuid,
        no: i32,
        booking: Booking,
    ) -> Result<(), ChangeError> {
        let keep = move |order: &mut Order| {
            let line = order.line_mut(no).ok_or(ChangeError::Unknown)?;
            if !line.is_kept() || line.booking.as_ref() == Some(&booking) {
                return Ok(None);
            }
            line.booking = Some(booking.clone());
            Ok(Some(Effects::default()))
        };
        self.change(id, keep).await.map(drop)
    }

    /// Books a sold ticket once more under its own reference, where the operator has lost it: found
    /// first, and only after the longest life of an earlier question; its intent is committed
    /// before it is asked.
    ///
    /// # Errors
    /// `TooLate` when the line is not sold any more, `Unknown` when there is none; the database's.
    pub async fn issue_again(&self, id: Uuid, no: i32) -> Result<Again, ChangeError> {
        // of before the looks: whoever asks or pauses meanwhile makes the commit below lose, or the
        // permit end
        let lease = self.driver.outside.replica.lease();
        let order = self.driver.store.load(id).await?.ok_or(ChangeError::Unknown)?;
        let line = sold_line(&order, no)?;
        let asked = self.driver.store.questions(id, QUESTIONS).await?;
        let is_issue = |step: &&crate::actors::order::store::admin_queries::Step| {
            step.line_no == Some(no) && step.verb == Verb::Issue.word()
        };
        let longest = self.driver.outside.lift.longest_issue(&line.ticket.operator);
        // what was written by another clock than ours counts from when ours began
        let (now, since) = self.driver.outside.replica.clock.look();
        let over_at = |step: &crate::actors::order::store::admin_queries::Step| {
            step.answered_at.map_or_else(|| step.asked_at.max(since) + longest, |at| at.max(since))
        };
        let settles_at =
            asked.iter().filter(is_issue).map(|step| over_at(step) + line.terms.settle).max();
        if let Some(wait) =
            settles_at.and_then(|at| (at - now).to_std().ok()).filter(|wait| !wait.is_zero())
        {
            return Ok(Again::Later(wait, "an earlier question may still be under way".to_owned()));
        }
        let may_write = self.driver.outside.may_write();
        match self
            .driver
            .outside
            .lift
            .find(&line.ticket.operator, line.reference.clone(), may_write)
            .await
        {
            Outcome::Done(found)
                if found.iter().any(|found| found.state != FoundState::Cancelled) =>
            {
                return Ok(Again::Stands);
            }
            Outcome::Done(_) => {}
            other @ (Outcome::Refused(_)
            | Outcome::NotSent(_)
            | Outcome::Pending { .. }
            | Outcome::Unknown(_)) => {
                return Ok(Again::Later(PAUSE, other.why()));
            }
        }
        let (order, intent) = self.intend_again(order, no).await?;
        let subject = Subject::Line(no);
        let asking = self
            .driver
            .outside
            .ask(&order, subject, &intent, &lease)
            .ok_or(ChangeError::Unknown)?;
        let answered = asking.await;
        self.take_again(id, no, (intent.id, answered)).await
    }

    /// Commits to asking: the version of the order that was looked at lets one asker through.
    async fn intend_again(&self, order: Order, no: i32) -> Result<(Order, Intent), ChangeError> {
        let mut after = order.clone();
        let line = after.line_mut(no).ok_or(ChangeError::Unknown)?;
        let mut effects = Effects::default();
        // whoever asked it before is gone, and what it asked has settled
        if let Some(open) = line.open.take() {
            let answer = Answer::Line(LineAnswer::AskerDied);
            let answered =
                Answered { subject: Subject::Line(no), answer, elapsed: chrono::TimeDelta::zero() };
            effects.answered.push((open.id, answered));
        }
        line.open = Some(Intent::new(Verb::Issue, clock::now()));
        crate::actors::order::engine::driver::sign(&mut after);
        let intent =
            after.line_mut(no).and_then(|line| line.open.clone()).ok_or(ChangeError::Unknown)?;
        match self.driver.store.save(&order, &mut after, &effects).await? {
            Saved::Done => Ok((after, intent)),
            Saved::Lost | Saved::Taken | Saved::DayTaken(_) => Err(ChangeError::Io(IoError::Late)),
        }
    }

    async fn take_again(
        &self,
        id: Uuid,
        no: i32,
        answered: (Uuid, Answered),
    ) -> Result<Again, ChangeError> {
        let again = match &answered.1.answer {
            Answer::Line(LineAnswer::Issue(Outcome::Done(_))) => Again::Stands,
            Answer::Line(LineAnswer::Issue(outcome @ Outcome::Refused(_))) => {
                Again::Refused(outcome.why())
            }
            Answer::Line(LineAnswer::Issue(outcome)) => Again::Later(PAUSE, outcome.why()),
            Answer::Line(_) | Answer::Payment(_) => {
                Again::Later(PAUSE, "another question was answered".to_owned())
            }
        };
        let take = move |order: &mut Order| {
            let line = order.line_mut(no).ok_or(ChangeError::Unknown)?;
            if line.open.as_ref().is_some_and(|open| open.id == answered.0) {
                line.open = None;
            }
            booked_again(line, &answered.1.answer, clock::now());
            order.next_at = Some(clock::now());
            Ok(Some(Effects { answered: vec![answered.clone()], ..Effects::default() }))
        };
        self.change(id, take).await.map(|_order| again)
    }
}

/// What came of booking a lost ticket again. Without a clear answer the line is looked up before
/// anything else happens to it.
pub(in crate::actors::order) fn booked_again(line: &mut Line, answer: &Answer, now: Moment) {
    let Answer::Line(LineAnswer::Issue(outcome)) = answer else { return };
    match outcome {
        Outcome::Done(booking) => {
            line.booking = Some(booking.clone());
            if line.is_sought() {
                (line.settles_at, line.ask_at) = (None, None);
            }
        }
        Outcome::Pending { .. } | Outcome::Unknown(_) if line.is_kept() => {
            let settles_at = now + line.terms.settle;
            (line.settles_at, line.ask_at) = (Some(settles_at), Some(settles_at));
        }
        Outcome::Refused(_)
        | Outcome::NotSent(_)
        | Outcome::Pending { .. }
        | Outcome::Unknown(_) => {}
    }
}

fn sold_line(order: &Order, no: i32) -> Result<&Line, ChangeError> {
    let line = order.lines.iter().find(|line| line.no == no).ok_or(ChangeError::Unknown)?;
    match (order.state, line.state) {
        // it is being returned
        (OrderState::Finished, LineState::Issued) if line.is_going() => {
            Err(ChangeError::TooLate(LineState::Voided.word()))
        }
        (OrderState::Finished, LineState::Issued) => Ok(line),
        (OrderState::Finished, state) => Err(ChangeError::TooLate(state.word())),
        (state, _) => Err(ChangeError::TooLate(state.word())),
    }
}
