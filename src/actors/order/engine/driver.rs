//! The loop: load, advance, save, ask; until the order rests. Nothing is asked before its intent is
//! committed.

use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::dispatch::{Asking, Outside};
use crate::actors::order::rules::advance::{Answered, Effects, abandoned, advance};
use crate::actors::order::rules::conflict::{disbelieved, still_meant};
use crate::actors::order::rules::intent::Subject;
use crate::actors::order::rules::limits::Rules;
use crate::actors::order::rules::protection::Protection;
use crate::actors::order::rules::record::{Moment, Order, open_intents};
use crate::actors::order::store::{Saved, Store};
use crate::clock::{self, Deadline};
use crate::ids;
use crate::io::IoError;

/// Answers that come within this time of each other are saved in one commit.
const GATHER: Duration = Duration::from_millis(200);
/// A pause shorter than this is waited for in the loop; a longer one is the schedule's.
const SHORT: Duration = Duration::from_secs(2);

/// Drives orders; cheap to clone.
#[derive(Clone)]
pub struct Driver {
    /// Where orders are kept.
    pub store: Store,
    /// Whom they ask.
    pub outside: Outside,
    /// The times and limits.
    pub rules: Arc<Rules>,
    /// Cancelled when this replica drains: answers are saved, nothing new is asked.
    pub draining: CancellationToken,
}

/// How a drive ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Drove {
    /// Nothing to do before this moment.
    Until(Moment),
    /// Nothing to do any more.
    AtRest,
    /// Somebody else drives it.
    NotOurs,
    /// The database broke it off; nothing is lost.
    Failed,
}

impl Driver {
    /// Drives one order until it has to wait for longer than two seconds, or rests.
    /// Only one drive of an order may run in a process; a second process loses by the version.
    ///
    /// # Errors
    /// The database's: nothing is lost, the order is driven again later.
    pub async fn resume(&self, id: Uuid) -> Result<Drove, IoError> {
        let Some(order) = self.ours(id).await? else { return Ok(Drove::NotOurs) };
        let died = abandoned(&order);
        self.drive(order, died).await
    }

    /// Drives an order that was placed just now: its first intents are committed and nobody has
    /// asked them yet.
    ///
    /// # Errors
    /// As [`Driver::resume`].
    pub async fn begin(&self, order: Order) -> Result<Drove, IoError> {
        self.drive(order, Vec::new()).await
    }

    async fn drive(&self, mut order: Order, mut answers: Vec<Answered>) -> Result<Drove, IoError> {
        let id = order.id;
        let mut asking: FuturesUnordered<Asking> = FuturesUnordered::new();
        let mut in_flight: Vec<(Subject, Uuid)> = Vec::new();
        loop {
            // of before the commit: whoever takes the order over after it has ended this lease
            let lease = self.outside.replica.lease();
            match self.turn(&mut order, &answers).await? {
                Saved::Done => {}
                Saved::Lost => {
                    let Some(fresh) = self.ours(id).await? else { return Ok(Drove::NotOurs) };
                    answers = still_meant(&fresh, &in_flight, answers);
                    order = fresh;
                    continue;
                }
                // of two orders for one card and day it was the second to be paid: the same answers
                // mean something else now
                Saved::DayTaken(_) => continue,
                Saved::Taken => {
                    self.store.open_case_of_two_orders(&order).await?;
                    let Some(fresh) = self.ours(id).await? else { return Ok(Drove::NotOurs) };
                    answers = still_meant(&fresh, &in_flight, disbelieved(answers));
                    order = fresh;
                    continue;
                }
            }
            for answered in answers.drain(..) {
                in_flight.retain(|(subject, _)| *subject != answered.subject);
            }
            for (subject, intent) in open_intents(&order) {
                if !in_flight.iter().any(|(_, id)| *id == intent.id)
                    && let Some(question) = self.outside.ask(&order, subject, &intent, &lease)
                {
                    in_flight.push((subject, intent.id));
                    asking.push(question);
                }
            }
            if asking.is_empty() {
                if self.draining.is_cancelled() {
                    return Ok(Drove::NotOurs);
                }
                match order.next_at {
                    None => return Ok(Drove::AtRest),
                    Some(at)
                        if at - clock::now()
                            > chrono::TimeDelta::from_std(SHORT).unwrap_or_default() =>
                    {
                        return Ok(Drove::Until(at));
                    }
                    Some(at) => {
                        clock::sleep((at - clock::now()).to_std().unwrap_or_default()).await
                    }
                }
            } else {
                answers = gather(&mut asking).await;
            }
        }
    }

    async fn ours(&self, id: Uuid) -> Result<Option<Order>, IoError> {
        let order = self.store.load(id).await?;
        Ok(order.filter(|order| order.driver == self.outside.replica.incarnation))
    }

    /// One turn: what the answers mean, every transition that follows, the next intents; one
    /// commit.
    async fn turn(&self, order: &mut Order, answers: &[Answered]) -> Result<Saved, IoError> {
        let before = order.clone();
        let (now, since) = self.outside.replica.clock.look();
        let steady_since =
            Some(if !self.rules.keeps(Protection::SteadyClock) { Moment::MIN_UTC } else { since });
        let rules =
            Rules { asking: !self.draining.is_cancelled(), steady_since, ..(*self.rules).clone() };
        let effects = advance(order, answers, now, &rules);
        sign(order);
        if *order == before && effects == Effects::default() {
            return Ok(Saved::Done);
        }
        let mut saved = self.store.save(&before, order, &effects).await?;
        if let Saved::DayTaken(no) = saved {
            order.clone_from(&before);
            order.line_mut(no).into_iter().for_each(|line| line.day_taken = true);
        }
        if saved == Saved::Lost && !self.rules.keeps(Protection::VersionCheck) {
            let version =
                self.store.load(order.id).await?.map_or(before.version, |fresh| fresh.version);
            saved = self.store.save(&Order { version, ..before }, order, &effects).await?;
        }
        if saved == Saved::Done {
            for event in &effects.events {
                tracing::info!(order.id = %order.id, state = event.state.word(), detail = event.detail, "order moved");
            }
        }
        Ok(saved)
    }
}

/// The answer that comes first, and those that come soon after it.
async fn gather(asking: &mut FuturesUnordered<Asking>) -> Vec<Answered> {
    let mut answers: Vec<Answered> = asking.next().await.into_iter().collect();
    let deadline = Deadline::after(GATHER);
    while !asking.is_empty() {
        match clock::timeout_at(deadline, asking.next()).await {
            Ok(Some(answered)) => answers.push(answered),
            Ok(None) | Err(_) => break,
        }
    }
    answers
}

/// Gives every new intent its row's id and every new page its secret, before they are saved.
pub fn sign(order: &mut Order) {
    let lines = order.lines.iter_mut().map(|line| &mut line.open);
    let payments = order.payments.iter_mut().map(|row| &mut row.open);
    for intent in lines.chain(payments).flatten() {
        if intent.is_new() {
            intent.id = ids::new_id();
        }
    }
    for row in &mut order.payments {
        if row.secret.is_empty() {
            row.secret = ids::new_secret();
        }
    }
}
