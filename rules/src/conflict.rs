//! Which answers still count when somebody else wrote the order in between.

use uuid::Uuid;

use crate::advance::{Answer, Answered, abandoned};
use crate::intent::Subject;
use crate::payment::PaymentAnswer;
use crate::port::Outcome;
use crate::record::{Order, open_intents};

/// What is to be taken by an order that somebody else wrote in between: answers to intents that
/// still stand, and the death of whoever asked those that are not in flight here. They may have
/// left, so they must not be asked as if they were new.
pub fn still_meant(
    fresh: &Order,
    in_flight: &[(Subject, Uuid)],
    answers: Vec<Answered>,
) -> Vec<Answered> {
    let (ours, others): (Vec<_>, Vec<_>) = open_intents(fresh)
        .into_iter()
        .partition(|(subject, open)| in_flight.contains(&(*subject, open.id)));
    let is_ours = |subject| ours.iter().any(|(ours, _)| *ours == subject);
    let is_others = |subject| others.iter().any(|(others, _)| *others == subject);
    let kept = answers.into_iter().filter(|answered| is_ours(answered.subject));
    kept.chain(abandoned(fresh).into_iter().filter(|died| is_others(died.subject))).collect()
}

/// The same answers, but for what was seen of a transaction: it is another order's, so nothing is
/// known of ours.
pub fn disbelieved(answers: Vec<Answered>) -> Vec<Answered> {
    let unknown = |mut answered: Answered| {
        if let Answer::Payment(PaymentAnswer::Status(Outcome::Done(Some(_)))) = &answered.answer {
            let why = "the transaction belongs to another order".to_owned();
            answered.answer = Answer::Payment(PaymentAnswer::Status(Outcome::Unknown(why)));
        }
        answered
    };
    answers.into_iter().map(unknown).collect()
}
