//! An order's intents in the database, to and from the record, and how they were answered.

use sea_orm::{ActiveValue::Set, DbErr};
use starjack_entity::order_step;

use super::rows::unreadable;
use crate::actors::order::rules::advance::{Answer, Answered};
use crate::actors::order::rules::intent::{Intent, Subject, Verb};
use crate::actors::order::rules::line::LineAnswer;
use crate::actors::order::rules::payment::PaymentAnswer;
use crate::actors::order::rules::record::Order;
use crate::integrations::Outcome;
use crate::integrations::lift::Booking;

/// The intent of an unanswered step's row, and whose it is.
pub(in crate::actors::order) fn intent_of(
    row: order_step::Model,
) -> Result<(Subject, Intent), DbErr> {
    let subject = match (row.line_no, row.payment_no) {
        (Some(no), _) => Subject::Line(no),
        (None, Some(no)) => Subject::Payment(no),
        (None, None) => return Err(unreadable("order_step", "no subject")),
    };
    let booking =
        row.booking_handle.map(|handle| Booking { handle, ticket_reference: String::new() });
    let intent = Intent {
        id: row.id,
        verb: Verb::of(&row.verb).ok_or_else(|| unreadable("order_step.verb", &row.verb))?,
        booking,
        amount: row.amount_cents.unwrap_or_default(),
        asked_at: row.asked_at.to_utc(),
    };
    Ok((subject, intent))
}

/// The row of a new intent.
pub(in crate::actors::order) fn step_row(
    order: &Order,
    subject: Subject,
    intent: &Intent,
) -> order_step::ActiveModel {
    let (line_no, payment_no, reference) = match subject {
        Subject::Line(no) => (
            Some(no),
            None,
            order.lines.iter().find(|line| line.no == no).map(|line| line.reference.to_string()),
        ),
        Subject::Payment(no) => (
            None,
            Some(no),
            order.payments.iter().find(|row| row.no == no).map(|row| row.reference.to_string()),
        ),
    };
    order_step::ActiveModel {
        id: Set(intent.id),
        order_id: Set(order.id),
        line_no: Set(line_no),
        payment_no: Set(payment_no),
        verb: Set(intent.verb.word().to_owned()),
        reference: Set(reference.unwrap_or_default()),
        booking_handle: Set(intent.booking.as_ref().map(|booking| booking.handle.clone())),
        amount_cents: Set(Some(intent.amount)),
        asked_at: Set(intent.asked_at.into()),
        answered_at: Set(None),
        outcome: Set(None),
        detail: Set(None),
    }
}

/// The words of an answer in its row.
pub(in crate::actors::order) fn outcome_words(
    answered: &Answered,
) -> (&'static str, Option<String>) {
    match &answered.answer {
        Answer::Line(answer) => match answer {
            LineAnswer::Check(outcome) => words(outcome),
            LineAnswer::Issue(outcome) => words(outcome),
            LineAnswer::Find(outcome) => words(outcome),
            LineAnswer::Cancel(outcome) => words(outcome),
            LineAnswer::AskerDied => ("unknown", Some("asker died".into())),
        },
        Answer::Payment(answer) => match answer {
            PaymentAnswer::Open(outcome) => words(outcome),
            PaymentAnswer::Capture(outcome)
            | PaymentAnswer::Reverse(outcome)
            | PaymentAnswer::Credit(outcome) => words(outcome),
            PaymentAnswer::History(outcome) => words(outcome),
            PaymentAnswer::Status(outcome) => words(outcome),
            PaymentAnswer::AskerDied => ("unknown", Some("asker died".into())),
        },
    }
}

fn words<T>(outcome: &Outcome<T>) -> (&'static str, Option<String>) {
    match outcome {
        Outcome::Done(_) => ("done", None),
        Outcome::Refused(refusal) => {
            ("refused", Some(format!("{}:{}", refusal.kind.slug(), refusal.code)))
        }
        Outcome::NotSent(why) => ("not_sent", Some(why.clone())),
        Outcome::Pending { .. } => ("pending", None),
        Outcome::Unknown(why) => ("unknown", Some(why.clone())),
    }
}
