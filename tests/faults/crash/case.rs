//! One case: a story, and the moment at which the process is killed in it.

use std::collections::BTreeSet;
use std::fmt;
use std::time::Duration;

use chrono::{DateTime, Utc};
use serde_json::Value;
use starjack::clock::{self, Deadline};

use super::harness::{GoesOn, Harness, Setting};
use super::story::{NEEDS_A_PERSON, Story};
use crate::support::{Ledger, asked_too_often, new_key};

/// How long one case may take, its crash included: a lease runs out, a page ends, a post comes back
/// after a minute.
const PATIENCE: Duration = Duration::from_secs(150);
/// What a control run is to show.
pub(crate) const BOOKED_TWICE: &str = "2 live bookings";
/// How long a moment is waited for that belongs to no order's own way, such as the next look at the
/// jobs.
const BACKGROUND: Duration = Duration::from_secs(4);
const LOOK: Duration = Duration::from_millis(150);
const ENDS: [&str; 3] = ["finished", "rejected", "undone"];

/// A story, and where it is cut off; a rehearsal without a point only writes down what it reaches.
#[derive(Clone, Debug)]
pub(crate) struct Case {
    pub(crate) story: Story,
    /// The moment, and which time it comes.
    pub(crate) point: Option<(String, u32)>,
    pub(crate) goes_on: GoesOn,
    /// The moment comes only when a process starts: it is killed once by hand when the order is
    /// placed.
    pub(crate) while_starting: bool,
    /// We take the suppliers for deduplicating ones, which they are not: a control run, in which
    /// something is wrong at once.
    pub(crate) believes_in_dedup: bool,
}

/// What came of a case.
#[derive(Clone, Debug)]
pub(crate) struct Played {
    pub(crate) case: Case,
    /// The order's state at the end.
    pub(crate) end: String,
    /// Whether the process was killed where it was to be.
    pub(crate) killed: bool,
    pub(crate) reached: BTreeSet<String>,
    /// What must not be.
    pub(crate) violations: Vec<String>,
    pub(crate) took: Duration,
}

impl Case {
    pub(crate) fn setting(&self) -> Setting {
        Setting {
            goes_on: self.goes_on,
            short_pages: self.story.is_short(),
            believes_in_dedup: self.believes_in_dedup,
        }
    }

    /// Plays it in a world without other orders under way.
    pub(crate) async fn play(&self, harness: &mut Harness) -> Played {
        let begun = clock::instant();
        let placed_at = clock::now();
        let skier = harness.customer().await;
        let lines = harness.world.basket(&skier, &self.story.operators).await;
        harness.order_faults(&self.story.faults).await;
        harness.arm(self.point.as_ref().map(|(name, nth)| (&**name, *nth)));
        let key = new_key();
        let mut id = None;
        let mut payer = self.story.customer.begin();
        let mut by_hand = false;
        let deadline = Deadline::after(PATIENCE);
        let mut background = None;
        let mut end = "not placed".to_owned();
        let violations = loop {
            let person = harness.customer().await;
            if self.while_starting && id.is_some() && !by_hand {
                harness.world.kill_9();
                by_hand = true;
                continue;
            }
            if id.is_none() {
                let placed = person.try_place(&lines, self.story.on_refusal, &key).await;
                id = placed.ok().and_then(|answer| answer.json["id"].as_str().map(str::to_owned));
            }
            let order = match &id {
                Some(id) => person.client.try_get(&format!("/api/v1/orders/{id}")).await.ok(),
                None => None,
            };
            let order = order.filter(|answer| answer.status == 200).map(|answer| answer.json);
            let mut wrong = vec!["there is no order".to_owned()];
            if let Some(order) = &order {
                payer.act(&harness.world, &person, order).await;
                end = order["state"].as_str().unwrap().to_owned();
                wrong = self.wrong(harness, order, placed_at, payer.is_done()).await;
            }
            if wrong.is_empty() {
                // what belongs to no order comes by itself, or never
                let until = *background.get_or_insert_with(|| Deadline::after(BACKGROUND));
                if self.point.is_none() || harness.sprang() || until.is_over() {
                    break wrong;
                }
            }
            let ended_wrong = ENDS.contains(&&*end) && !self.story.ends.contains(&&*end);
            let shown =
                self.believes_in_dedup && wrong.iter().any(|wrong| wrong.contains(BOOKED_TWICE));
            if deadline.is_over() || ended_wrong || shown {
                break wrong;
            }
            clock::sleep(LOOK).await;
        };
        let killed = harness.sprang();
        let reached = harness.reached();
        harness.revive().await;
        Played { case: self.clone(), end, killed, reached, violations, took: begun.elapsed() }
    }

    /// Everything that is not as it must be at the end.
    async fn wrong(
        &self,
        harness: &Harness,
        order: &Value,
        placed_at: DateTime<Utc>,
        customer_is_done: bool,
    ) -> Vec<String> {
        let state = order["state"].as_str().unwrap();
        if state == NEEDS_A_PERSON && self.story.ends.contains(&state) {
            return Vec::new();
        }
        if !ENDS.contains(&state) {
            return vec![format!("the order is {state}: {order}")];
        }
        if !self.story.ends.contains(&state) {
            return vec![format!("it ended {state} instead of {:?}", self.story.ends)];
        }
        if !customer_is_done {
            return vec!["the customer has something left to do".to_owned()];
        }
        let ledger = harness.world.ledger().await;
        // the shop may be dead at this moment: then the next look tells
        let orders = match harness.all_orders().await {
            Ok(orders) => orders,
            Err(error) => return vec![error],
        };
        let mut wrong = harness.world.wrong(&orders, harness.base()).await;
        wrong.extend(once(order, &ledger));
        wrong.extend(asked_too_often(&harness.world.questions().await, placed_at));
        wrong
    }
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.point {
            Some((point, 1)) => write!(f, "{point}")?,
            Some((point, nth)) => write!(f, "{point} (time {nth})")?,
            None => write!(f, "rehearsal")?,
        }
        let story = &self.story;
        write!(
            f,
            " | {} | {} at {}",
            story.outcome.word(),
            story.name,
            story.operators.join(" and ")
        )
    }
}

impl Played {
    /// A case that could not be played to its end.
    pub(crate) fn broken(case: &Case, why: String) -> Self {
        let end = "broken off".to_owned();
        let reached = BTreeSet::new();
        Self {
            case: case.clone(),
            end,
            killed: false,
            reached,
            violations: vec![why],
            took: Duration::ZERO,
        }
    }
}

/// What counts what must be there exactly once: bookings ever made, e-mails told apart by their
/// Message-Id, invoices.
fn once(order: &Value, ledger: &Ledger) -> Vec<String> {
    let number = order["number"].as_str().unwrap();
    let mut wrong = Vec::new();
    for line in order["lines"].as_array().unwrap() {
        let reference = format!("{number}-{}", line["no"]);
        let ever =
            ledger.bookings().iter().filter(|booking| booking.reference == reference).count();
        if ever > 1 {
            wrong.push(format!("line {} was booked {ever} times", line["no"]));
        }
    }
    let emails = ledger.emails_about(number);
    let subject = |email: &Value| email["subject"].to_string();
    for email in &emails {
        let same = emails.iter().filter(|other| subject(other) == subject(email));
        let ids: BTreeSet<String> = same.map(|email| email["message_id"].to_string()).collect();
        if ids.len() != 1 {
            wrong.push(format!("{} was sent under {} Message-Ids", email["subject"], ids.len()));
        }
    }
    if order["state"] == "finished" && order["invoices"].as_array().unwrap().len() != 1 {
        wrong.push(format!("it has {} invoices", order["invoices"].as_array().unwrap().len()));
    }
    for payment in ledger.payments_of(number) {
        if payment["status_calls"].as_u64().unwrap() > 3 {
            wrong.push(format!("its state was asked for {} times", payment["status_calls"]));
        }
    }
    wrong
}
