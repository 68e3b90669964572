//! A payment at the model's provider, and how it shows it.

use super::*;

/// How long the provider's books may be behind its own report.
pub(super) const LAG: TimeDelta = TimeDelta::minutes(5);

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Transaction {
    pub(super) page: String,
    pub(super) reserved: bool,
    /// An attempt that failed, or a reservation that did.
    pub(super) failed: bool,
    /// Waits for its bank.
    pub(super) suspended: bool,
    pub(super) amount: i64,
    pub(super) captured: i64,
    pub(super) credited: i64,
    /// How much of that at the provider's portal.
    pub(super) at_portal: i64,
    pub(super) creditable: bool,
    /// No credit to its card is accepted any more.
    pub(super) closed_card: bool,
    /// What went back by bank transfer: the provider knows nothing of it.
    pub(super) transferred: i64,
    /// What the payer's bank took back.
    pub(super) charged_back: i64,
    /// Whether the provider has reported that it was billed, and that it was charged back; or never
    /// does.
    pub(super) told_billed: bool,
    pub(super) told_charge_back: bool,
    /// From when on its books show what they do not show yet.
    pub(super) shown_at: Moment,
    /// How often its status was asked.
    pub(super) calls: u8,
}

impl Transaction {
    pub(super) fn of(page: &str, amount: i64, reserved: bool) -> Self {
        Self {
            page: page.to_owned(),
            reserved,
            failed: false,
            suspended: false,
            amount,
            captured: if reserved { 0 } else { amount },
            credited: 0,
            at_portal: 0,
            creditable: true,
            closed_card: false,
            transferred: 0,
            charged_back: 0,
            told_billed: reserved,
            told_charge_back: false,
            shown_at: Moment::MIN_UTC,
            calls: 0,
        }
    }

    pub(super) fn failed(page: &str, amount: i64) -> Self {
        Self { failed: true, captured: 0, told_billed: true, ..Self::of(page, amount, false) }
    }

    pub(super) fn suspended(page: &str, amount: i64) -> Self {
        Self { suspended: true, captured: 0, told_billed: true, ..Self::of(page, amount, false) }
    }

    /// What a callback says: a charge-back, or that the money was taken.
    pub(super) fn reported(&self, index: usize, state: ObservedState) -> Callback {
        let status = if state == ObservedState::ChargedBack { "BILLED_REVERSAL" } else { "BILLED" };
        Callback {
            tid: index.to_string(),
            reference: self.page.clone(),
            secret: String::new(),
            status: status.to_owned(),
            state,
            amount: self.amount,
            currency: "EUR".into(),
        }
    }

    /// How a status call, or the list, shows it: always with the amount that was paid, whatever
    /// became of it. `None` where the books are behind.
    pub(super) fn observed(&self, index: usize, now: Moment) -> Option<Observed> {
        let shown = now >= self.shown_at;
        let state = match (self.reserved, self.captured) {
            _ if self.failed => ObservedState::Failed,
            _ if self.suspended => ObservedState::Suspended,
            (true, _) => ObservedState::Reserved,
            _ if self.charged_back > 0 && shown => ObservedState::ChargedBack,
            (false, 0) => ObservedState::Reversed,
            _ if self.credited > 0 => ObservedState::Credited,
            (false, _) if !shown && self.charged_back == 0 => return None,
            (false, _) => ObservedState::Billed,
        };
        let tid = index.to_string();
        let reference = self.page.clone();
        Some(Observed { tid, reference, state, amount: self.amount, currency: "EUR".into() })
    }

    pub(super) fn history(&self, now: Moment) -> History {
        if now < self.shown_at && self.charged_back == 0 {
            return History::default();
        }
        History {
            captured: self.captured,
            credited: self.credited,
            charged_back: if now < self.shown_at { 0 } else { self.charged_back },
            reversed: !self.reserved && !self.failed && !self.suspended && self.captured == 0,
        }
    }
}
