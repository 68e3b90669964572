//! Pages and transactions.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};
use uuid::Uuid;

use super::history::{State, Transaction};
use super::mdxi::Basket;
use crate::clock::stamp;

/// Source: docs.mpay24.com, redirect integration: 30 minutes for the whole page.
const PAGE_LIFE: TimeDelta = TimeDelta::minutes(30);
const PAGES_MAX: usize = 1_000_000;
const FIRST_MPAY_TID: u64 = 2_000_001;

/// A fresh simulator never gives an id that an earlier one gave: shops keep them for ever.
fn first_mpay_tid(now: DateTime<Utc>) -> u64 {
    FIRST_MPAY_TID + u64::try_from(now.timestamp_millis()).unwrap_or_default()
}
/// Callbacks logged a transaction.
const CALLBACKS_MAX: usize = 1_000;

/// A hosted payment page.
#[derive(Clone, Debug)]
pub(crate) struct Page {
    pub(crate) basket: Basket,
    opened_at: DateTime<Utc>,
    closed: bool,
}

/// What a payer does.
#[derive(Clone, Debug)]
pub(crate) struct Attempt {
    pub(crate) state: State,
    pub(crate) cents: u32,
    pub(crate) currency: String,
    pub(crate) p_type: String,
    pub(crate) brand: String,
    pub(crate) error: Option<(u32, &'static str)>,
}

/// All pages and transactions of the merchant.
#[derive(Debug, Default)]
pub(crate) struct Book {
    pages: HashMap<String, Page>,
    pages_by_tid: HashMap<String, Vec<String>>,
    pub(crate) transactions: BTreeMap<u64, Transaction>,
    by_tid: HashMap<String, Vec<u64>>,
}

impl Book {
    /// Opens a page and gives its 32 hexadecimal digits; nothing when the book is full.
    pub(crate) fn open(&mut self, basket: Basket, now: DateTime<Utc>) -> Option<String> {
        if self.pages.len() >= PAGES_MAX {
            return None;
        }
        let id = Uuid::new_v4().simple().to_string();
        self.pages_by_tid.entry(basket.tid.clone()).or_default().push(id.clone());
        self.pages.insert(id.clone(), Page { basket, opened_at: now, closed: false });
        Some(id)
    }

    /// A page by its id, or the latest of a tid.
    pub(crate) fn page(&self, name: &str) -> Option<(String, &Page)> {
        let id = if self.pages.contains_key(name) {
            name
        } else {
            self.pages_by_tid.get(name)?.last()?
        };
        self.pages.get(id).map(|page| (id.to_owned(), page))
    }

    /// A page that can still be paid; the error says why it cannot.
    pub(crate) fn payable(
        &self,
        name: &str,
        now: DateTime<Utc>,
    ) -> Result<(String, &Page), &'static str> {
        match self.page(name) {
            None => Err("no such page"),
            Some((_, page)) if page.closed => Err("the page is closed"),
            Some((_, page)) if now - page.opened_at >= PAGE_LIFE => Err("the page has expired"),
            Some(found) => Ok(found),
        }
    }

    /// Makes a transaction of an attempt; anything but an error closes the page.
    pub(crate) fn attempt(
        &mut self,
        page_id: &str,
        attempt: Attempt,
        now: DateTime<Utc>,
    ) -> Option<&Transaction> {
        let page = self.pages.get_mut(page_id)?;
        page.closed = attempt.state != State::Error;
        let mpay_tid = self
            .transactions
            .last_key_value()
            .map_or_else(|| first_mpay_tid(now), |(last, _)| last + 1);
        let mut transaction = Transaction {
            mpay_tid,
            page: page_id.to_owned(),
            tid: page.basket.tid.clone(),
            state: attempt.state,
            cents: attempt.cents,
            currency: attempt.currency,
            p_type: attempt.p_type,
            brand: attempt.brand,
            cleared: if attempt.state == State::Billed { attempt.cents } else { 0 },
            credited: 0,
            charged_back: 0,
            lapsed: false,
            history: Vec::new(),
            status_calls: 0,
            callbacks: Vec::new(),
        };
        transaction.step(attempt.state, attempt.cents, now);
        if let Some(step) = transaction.history.last_mut() {
            step.error = attempt.error;
        }
        self.by_tid.entry(transaction.tid.clone()).or_default().push(mpay_tid);
        Some(self.transactions.entry(mpay_tid).or_insert(transaction))
    }

    /// The most recent transaction of a tid.
    pub(crate) fn latest(&self, tid: &str) -> Option<u64> {
        self.by_tid.get(tid)?.last().copied()
    }

    /// What happens outside the interface: the bank decides, a reservation lapses, the payer claims
    /// back.
    pub(crate) fn happen(
        &mut self,
        mpay_tid: u64,
        event: &str,
        now: DateTime<Utc>,
    ) -> Result<&Transaction, String> {
        let transaction = self.transactions.get_mut(&mpay_tid).ok_or("no such transaction")?;
        let cents = transaction.cents;
        match (event, transaction.state) {
            ("bill", State::Suspended | State::Reserved | State::Error) => {
                transaction.cleared = cents;
                transaction.step(State::Billed, cents, now);
            }
            // a person at the provider's portal takes the rest of what was reserved
            ("bill", State::Billed) if transaction.cleared < cents => {
                let rest = cents - transaction.cleared;
                transaction.cleared = cents;
                transaction.step(State::Billed, rest, now);
            }
            ("fail", State::Suspended | State::Reserved) => {
                transaction.step(State::Error, cents, now)
            }
            // a person at the provider's portal
            ("credit", State::Billed) => transaction
                .credit(None, None, now)
                .map_err(|_code| "the payment method takes nothing back".to_owned())?,
            ("lapse", State::Reserved) => transaction.lapsed = true,
            ("charge_back", State::Billed | State::Credited) => {
                let left = transaction.cleared - transaction.credited;
                transaction.charged_back = left;
                transaction.step(State::BilledReversal, left, now);
            }
            (_, state) => {
                return Err(format!("{event} does not fit a transaction that is {}", state.name()));
            }
        }
        Ok(transaction)
    }

    /// Writes down what became of a callback.
    pub(crate) fn log_callback(&mut self, mpay_tid: u64, entry: Value) {
        if let Some(transaction) = self.transactions.get_mut(&mpay_tid)
            && transaction.callbacks.len() < CALLBACKS_MAX
        {
            transaction.callbacks.push(entry);
        }
    }

    /// Every page, for the control side.
    pub(crate) fn pages(&self) -> Vec<Value> {
        let page = |(id, page): (&String, &Page)| {
            json!({ "page": id, "tid": page.basket.tid, "amount": page.basket.cents, "currency": page.basket.currency,
                "opened_at": stamp(page.opened_at), "closed": page.closed })
        };
        self.pages.iter().map(page).collect()
    }
}
