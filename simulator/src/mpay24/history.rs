//! A transaction and its states.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use super::codes::{
    ALREADY_PROCESSED, CLEARING_LIMIT_EXCEEDED, CREDIT_LIMIT_EXCEEDED, Code, EXTERNAL_ERROR,
    NOT_FOUND, OPERATION_NOT_SUPPORTED, TRANSACTION_ALREADY_CLEARED,
};
use crate::clock::stamp;

/// How long a reservation can be captured. Source: docs.mpay24.com, payment systems (cards: usually
/// 14 days).
const RESERVATION_LIFE: TimeDelta = TimeDelta::days(14);
/// Methods without reservation whose money cannot be returned by the interface.
const NOT_CREDITABLE: [&str; 5] = ["EPS", "SOFORT", "GIROPAY", "PSC", "IDEAL"];

/// Where the money is. Source: docs.mpay24.com, transaction states, read 2026-11-23.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    Reserved,
    Billed,
    Reversed,
    Credited,
    Suspended,
    Error,
    BilledReversal,
}

impl State {
    /// As callbacks, history and ledger say it.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Reserved => "RESERVED",
            Self::Billed => "BILLED",
            Self::Reversed => "REVERSED",
            Self::Credited => "CREDITED",
            Self::Suspended => "SUSPENDED",
            Self::Error => "ERROR",
            Self::BilledReversal => "BILLED_REVERSAL",
        }
    }

    /// As `tStatus` says it, which has fewer words.
    pub(crate) const fn t_status(self) -> &'static str {
        match self {
            Self::Error => "FAILED",
            Self::BilledReversal => "BILLED",
            Self::Reserved | Self::Billed | Self::Reversed | Self::Credited | Self::Suspended => {
                self.name()
            }
        }
    }
}

/// One state reached.
#[derive(Clone, Debug)]
pub(crate) struct Step {
    pub(crate) id: u64,
    pub(crate) parent: Option<u64>,
    pub(crate) state: State,
    pub(crate) cents: u32,
    pub(crate) at: DateTime<Utc>,
    pub(crate) error: Option<(u32, &'static str)>,
}

/// One attempt to pay, the only thing that mPAY24's own id names.
#[derive(Clone, Debug)]
pub(crate) struct Transaction {
    pub(crate) mpay_tid: u64,
    pub(crate) page: String,
    pub(crate) tid: String,
    pub(crate) state: State,
    pub(crate) cents: u32,
    pub(crate) currency: String,
    pub(crate) p_type: String,
    pub(crate) brand: String,
    pub(crate) cleared: u32,
    pub(crate) credited: u32,
    /// What the payer's bank took back.
    pub(crate) charged_back: u32,
    pub(crate) lapsed: bool,
    pub(crate) history: Vec<Step>,
    pub(crate) status_calls: u32,
    pub(crate) callbacks: Vec<Value>,
}

impl Transaction {
    /// Goes to `state` with an amount of `cents`.
    pub(crate) fn step(&mut self, state: State, cents: u32, at: DateTime<Utc>) {
        let parent = self.history.last().map(|step| step.id);
        let id = self.mpay_tid * 100 + self.history.len() as u64 + 1;
        self.state = state;
        self.history.push(Step { id, parent, state, cents, at, error: None });
    }

    /// The amount of the last step.
    pub(crate) fn last_cents(&self) -> u32 {
        self.history.last().map_or(self.cents, |step| step.cents)
    }

    /// Captures once, at most what is reserved; 0 or nothing is everything.
    pub(crate) fn capture(&mut self, cents: Option<u32>, at: DateTime<Utc>) -> Result<(), Code> {
        let cents = cents.filter(|cents| *cents > 0).unwrap_or(self.cents);
        let reserved_at =
            self.history.iter().find(|step| step.state == State::Reserved).map(|step| step.at);
        match self.state {
            State::Billed | State::Credited => Err(TRANSACTION_ALREADY_CLEARED),
            State::Reversed | State::Suspended | State::Error | State::BilledReversal => {
                Err(ALREADY_PROCESSED)
            }
            State::Reserved if cents > self.cents => Err(CLEARING_LIMIT_EXCEEDED),
            State::Reserved
                if self.lapsed || reserved_at.is_none_or(|then| at - then >= RESERVATION_LIFE) =>
            {
                Err(EXTERNAL_ERROR)
            }
            State::Reserved => {
                self.cleared = cents;
                self.step(State::Billed, cents, at);
                Ok(())
            }
        }
    }

    /// Gives a reservation back, whole and for good.
    pub(crate) fn reverse(&mut self, at: DateTime<Utc>) -> Result<(), Code> {
        match self.state {
            State::Reserved => {
                self.step(State::Reversed, self.cents, at);
                Ok(())
            }
            State::Billed | State::Credited => Err(TRANSACTION_ALREADY_CLEARED),
            State::Reversed | State::Suspended | State::Error | State::BilledReversal => {
                Err(ALREADY_PROCESSED)
            }
        }
    }

    /// Returns captured money, never more than is left of it; 0 or nothing is all that is left.
    pub(crate) fn credit(
        &mut self,
        state_id: Option<u64>,
        cents: Option<u32>,
        at: DateTime<Utc>,
    ) -> Result<(), Code> {
        let billed =
            |id: u64| self.history.iter().any(|step| step.id == id && step.state == State::Billed);
        if state_id.is_some_and(|id| !billed(id)) {
            return Err(NOT_FOUND);
        }
        if !matches!(self.state, State::Billed | State::Credited)
            || NOT_CREDITABLE.contains(&self.p_type.as_str())
        {
            return Err(OPERATION_NOT_SUPPORTED);
        }
        let left = self.cleared - self.credited;
        let cents = cents.filter(|cents| *cents > 0).unwrap_or(left);
        if cents == 0 || cents > left {
            return Err(CREDIT_LIMIT_EXCEEDED);
        }
        self.credited += cents;
        self.step(State::Credited, cents, at);
        Ok(())
    }

    pub(crate) fn entry(&self) -> Value {
        let history = self.history.iter();
        let history = history
            .map(|step| json!({ "state_id": step.id, "state": step.state.name(), "amount": step.cents, "at": stamp(step.at) }));
        json!({
            "mpay_tid": self.mpay_tid, "tid": self.tid, "page": self.page, "state": self.state.name(),
            "amount": self.cents, "currency": self.currency, "p_type": self.p_type, "brand": self.brand,
            "cleared": self.cleared, "credited": self.credited, "charged_back": self.charged_back, "lapsed": self.lapsed,
            "history": history.collect::<Vec<_>>(), "status_calls": self.status_calls, "callbacks": self.callbacks,
        })
    }
}
