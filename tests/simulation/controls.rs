//! Each rule switched off is caught: this proves that a clean slate can be missed.

use std::time::Duration;

use chrono::TimeDelta;
use starjack::actors::order::rules::intent::Verb;
use starjack::actors::order::rules::lifecycle::OrderState;
use starjack::actors::order::rules::limits::Rules;
use starjack::actors::order::rules::protection::Protection;
use starjack::actors::order::rules::record::OnRefusal;

use super::faults::{Fault, Strike};
use super::incarnation::Setting;
use super::invariants::Invariant;
use super::story::{Deed, Story};
use super::world::{PATIENCE, World};

/// How long a world without a rule may go wrong.
const ENOUGH: Duration = Duration::from_secs(4);

/// Lives the story with every rule on, which must end clean, and with one off, which must break
/// `invariant`.
async fn caught(setting: Setting, story: Story, off: Protection, invariant: Invariant) {
    let mut world = World::new(setting.clone(), &story).await;
    let wrong = world.live(&story, PATIENCE).await;
    assert!(wrong.is_empty(), "with every rule on: {wrong:#?}");
    let rules = Rules { off: Some(off), ..setting.rules.clone() };
    let mut world = World::new(Setting { rules, ..setting }, &story).await;
    let wrong = world.live(&story, ENOUGH).await;
    assert!(
        wrong.iter().any(|violation| violation.invariant == invariant),
        "{off:?} breaks no {invariant:?}: {wrong:#?}"
    );
}

/// The first line's issue suffers this.
fn issue(fault: Fault) -> Strike {
    Strike::new(OrderState::Authorised, Verb::Issue, fault).of_line(1)
}

#[actix_rt::test]
async fn issuing_again_without_looking_first_is_caught() {
    let story = Story::new(OnRefusal::Undo).with(issue(Fault::DoneUnanswered));
    let off = Protection::FindFirst;
    caught(Setting::new(false), story, off, Invariant::OneTicket).await;
}

#[actix_rt::test]
async fn believing_that_there_is_none_before_requests_have_settled_is_caught() {
    let settle = Duration::from_secs(2);
    let setting = Setting { settle, ..Setting::new(false) };
    let story = Story::new(OnRefusal::Undo).with(issue(Fault::Late).late(Duration::from_secs(1)));
    let off = Protection::InFlightLimit;
    caught(setting, story, off, Invariant::OneTicket).await;
}

#[actix_rt::test]
async fn leaving_a_reference_unburnt_is_caught() {
    let late = issue(Fault::Late).after(Duration::from_millis(150)).late(Duration::from_secs(1));
    let story = Story {
        patience: Some(Duration::from_millis(100)),
        ..Story::new(OnRefusal::Undo).with(late)
    };
    let off = Protection::BurnReference;
    caught(Setting::new(true), story, off, Invariant::Tickets).await;
}

#[actix_rt::test]
async fn keeping_every_payment_is_caught() {
    let story = Story::new(OnRefusal::Undo).then(Deed::reserved(OrderState::Finished));
    let off = Protection::OnePayment;
    caught(Setting::new(false), story, off, Invariant::Reserved).await;
}

#[actix_rt::test]
async fn taking_the_total_whatever_was_issued_is_caught() {
    let story = Story::new(OnRefusal::Keep).refusing(2);
    let off = Protection::CaptureIssuedOnly;
    caught(Setting::new(false), story, off, Invariant::Money).await;
}

#[actix_rt::test]
async fn crediting_again_without_reading_the_books_is_caught() {
    let story = Story::new(OnRefusal::Keep).billed().refusing(2);
    let story = story.with(Strike::new(OrderState::Issued, Verb::Credit, Fault::DoneUnanswered));
    let off = Protection::HistoryFirst;
    let rules = Rules { payment_settle: TimeDelta::milliseconds(80), ..Setting::new(false).rules };
    caught(Setting { rules, ..Setting::new(false) }, story, off, Invariant::Money).await;
}
