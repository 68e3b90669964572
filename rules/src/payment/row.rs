//! One transaction at the payment provider.

use super::claim::{Claim, ClaimKind};
use super::doubt::MoneyDoubt;
use crate::ids::{OrderNumber, Reference};
use crate::intent::Intent;
use crate::lifecycle::{PaymentState, payment_may};
use crate::money::Cents;
use crate::record::{Mark, Moment, Order};

/// One transaction at the payment provider, or a page that has none yet.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Payment {
    /// From 1 within the order.
    pub no: i32,
    /// The page it came from, from 1.
    pub page_no: i32,
    /// The page's reference.
    pub reference: Reference,
    /// The page's secret; stands only in the confirmation URL.
    pub secret: String,
    /// The page's address once it is open.
    pub url: Option<String>,
    /// The provider's id; empty until the first transaction is seen.
    pub tid: Option<String>,
    /// Where it stands.
    pub state: PaymentState,
    /// What is reserved or billed by the provider's word.
    pub amount: Cents,
    /// In this currency.
    pub currency: String,
    /// What was taken.
    pub captured: Cents,
    /// What went back, by whatever way.
    pub returned: Cents,
    /// How much of that a person sent by bank transfer, of which the provider knows nothing.
    pub transferred: Cents,
    /// What must go back by bank transfer.
    pub owed: Cents,
    /// When the page was asked for.
    pub opened_at: Moment,
    /// When it can no longer be paid.
    pub page_ends_at: Moment,
    /// Since when it is to go back, wholly or in part.
    pub back_since: Option<Moment>,
    /// When it was seen reserved.
    pub reserved_at: Option<Moment>,
    /// How often its status was asked, as far as the provider may count it: at most three times,
    /// ever.
    pub status_calls: i32,
    /// What is to be found out about it.
    pub claim: Option<Claim>,
    /// Whether its page was not opened by us, as far as we know: it may have been, after the backup
    /// that was restored.
    pub sought: bool,
    /// Attempts since the last success.
    pub attempts: i32,
    /// Clear noes to a reverse or credit that history does not explain.
    pub refusals: i32,
    /// Not to be asked about before.
    pub ask_at: Option<Moment>,
    /// From when on the history's silence counts.
    pub settles_at: Option<Moment>,
    /// Since when it has been in doubt.
    pub doubt_since: Option<Moment>,
    /// What is in doubt.
    pub doubt: Option<MoneyDoubt>,
    /// Since when and why staff is needed.
    pub attention: Option<Mark>,
    /// The intent that is open.
    pub open: Option<Intent>,
}

impl Payment {
    /// Enters a state that the table allows; anything else is left alone and answered with `false`.
    pub fn enter(&mut self, state: PaymentState) -> bool {
        let allowed = payment_may(self.state, state);
        if allowed {
            self.state = state;
            self.attempts = 0;
            self.ask_at = None;
        }
        allowed
    }

    /// The payer's bank took the money back: what was still to be given back is not any more.
    pub fn charge_back(&mut self) {
        if self.enter(PaymentState::ChargedBack) {
            (self.owed, self.claim) = (0, None);
            (self.doubt, self.doubt_since, self.settles_at, self.attention) =
                (None, None, None, None);
        }
    }

    /// What was taken and neither went back nor is owed.
    #[must_use]
    pub fn held(&self) -> Cents {
        self.captured - self.returned - self.owed
    }

    /// Takes what the provider's history says that it credited in all; beside it went what staff
    /// sent by bank transfer. Of what is more than we knew, `ours` were asked for by us; beyond
    /// that it was credited at the provider's portal, and no longer has to be sent by bank
    /// transfer. It never takes anything back: answers whether more went back than we knew.
    pub fn take_credited(&mut self, credited: Cents, ours: Cents) -> bool {
        let more = (credited + self.transferred - self.returned).max(0);
        self.returned += more;
        self.owed -= self.owed.min((more - ours).max(0));
        more > 0
    }

    /// Notes what is to be found out; what says less than what is looked for already changes
    /// nothing. Answers whether it is new.
    pub fn look_for(&mut self, kind: ClaimKind, now: Moment) -> bool {
        let is_new = self.claim.is_none_or(|claim| claim.kind < kind);
        if is_new {
            (self.claim, self.ask_at, self.attempts) = (Some(Claim { kind, since: now }), None, 0);
        }
        is_new
    }

    /// Ends the search for whatever was said; what says more than `kind` is still looked for.
    pub fn found(&mut self, kind: ClaimKind) {
        if self.claim.is_some_and(|claim| claim.kind <= kind) {
            self.claim = None;
        }
    }

    /// Whether two status calls are left.
    pub(super) fn may_be_asked_twice(&self) -> bool {
        self.status_calls + 1 < super::STATUS_CALLS
    }

    /// Whether nothing of the payer's is held or reserved, and nothing can be any more unless the
    /// provider says so.
    #[must_use]
    pub fn is_gone(&self) -> bool {
        match self.state {
            PaymentState::Returned
            | PaymentState::Reversed
            | PaymentState::Lapsed
            | PaymentState::Failed
            | PaymentState::Closed
            | PaymentState::ChargedBack => true,
            PaymentState::Opened
            | PaymentState::Suspended
            | PaymentState::Reserved
            | PaymentState::Billed => false,
        }
    }

    /// How much of what it pays for is there: what is reserved, or was taken and neither went back
    /// nor is due to.
    #[must_use]
    pub fn covers(&self) -> Cents {
        match self.state {
            PaymentState::Reserved => self.amount,
            PaymentState::Billed => self.held(),
            PaymentState::Opened
            | PaymentState::Suspended
            | PaymentState::Returned
            | PaymentState::Reversed
            | PaymentState::Lapsed
            | PaymentState::Failed
            | PaymentState::Closed
            | PaymentState::ChargedBack => 0,
        }
    }

    /// Whether its page may stand although nobody knows its address.
    #[must_use]
    pub fn is_lost(&self) -> bool {
        self.url.is_none()
            && self.open.is_none()
            && self.ask_at.is_some_and(|at| at >= self.page_ends_at)
    }

    /// Whether a payer can still pay its page.
    #[must_use]
    pub fn can_be_paid(&self, now: Moment) -> bool {
        self.url.is_some()
            && now < self.page_ends_at
            && matches!(self.state, PaymentState::Opened | PaymentState::Failed)
    }

    /// Whether its page may have been opened after a backup, and nobody has found it.
    #[must_use]
    pub fn never_stood(&self) -> bool {
        self.sought && self.url.is_none() && self.tid.is_none()
    }

    /// A page to be opened: its number and page number, its life.
    #[must_use]
    pub fn page(
        order: &Order,
        (no, page_no): (i32, i32),
        opened_at: Moment,
        page_ends_at: Moment,
    ) -> Self {
        Self::page_of((&order.number, &order.currency), (no, page_no), opened_at, page_ends_at)
    }

    /// A page of the order with this number, to be paid in this currency.
    #[must_use]
    pub fn page_of(
        (number, currency): (&OrderNumber, &str),
        (no, page_no): (i32, i32),
        opened_at: Moment,
        page_ends_at: Moment,
    ) -> Self {
        Self {
            no,
            page_no,
            reference: number.page(page_no),
            secret: String::new(),
            url: None,
            tid: None,
            state: PaymentState::Opened,
            amount: 0,
            currency: currency.to_owned(),
            captured: Cents::default(),
            returned: Cents::default(),
            transferred: Cents::default(),
            owed: Cents::default(),
            back_since: None,
            opened_at,
            page_ends_at,
            reserved_at: None,
            status_calls: 0,
            claim: None,
            sought: false,
            attempts: 0,
            refusals: 0,
            ask_at: None,
            settles_at: None,
            doubt_since: None,
            doubt: None,
            attention: None,
            open: None,
        }
    }

    /// A further transaction on the same page: calls by the page's reference count for it, too.
    pub(crate) fn further(&self) -> Self {
        Self {
            state: PaymentState::Opened,
            amount: 0,
            captured: 0,
            returned: 0,
            transferred: 0,
            owed: 0,
            back_since: None,
            reserved_at: None,
            claim: None,
            attempts: 0,
            refusals: 0,
            ask_at: None,
            settles_at: None,
            doubt_since: None,
            doubt: None,
            attention: None,
            open: None,
            ..self.clone()
        }
    }
}
