//! One transaction at the payment provider.

use super::doubt::MoneyDoubt;
use crate::actors::order::intent::Intent;
use crate::actors::order::lifecycle::{PaymentState, payment_may};
use crate::actors::order::record::{Mark, Moment, Order};
use crate::ids::{OrderNumber, Reference};
use crate::money::Cents;

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
    /// How often its status was asked: at most three times, ever.
    pub status_calls: i32,
    /// A claim wants to be confirmed by a status call.
    pub pull: bool,
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
    /// Since when and why a person is needed.
    pub person: Option<Mark>,
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
            (self.owed, self.pull) = (0, false);
            (self.doubt, self.doubt_since, self.settles_at, self.person) = (None, None, None, None);
        }
    }

    /// What was taken and neither went back nor is owed.
    #[must_use]
    pub fn held(&self) -> Cents {
        self.captured - self.returned - self.owed
    }

    /// Takes what the provider itself says that it gave back in all; beside it went what a person sent by bank transfer.
    /// It never takes anything back: answers whether more went back than we knew.
    pub fn take_credited(&mut self, credited: Cents) -> bool {
        let returned = credited + self.transferred;
        let more = returned > self.returned;
        self.returned = self.returned.max(returned);
        more
    }

    /// Whether its page may stand although nobody knows its address.
    #[must_use]
    pub fn is_lost(&self) -> bool {
        self.url.is_none() && self.open.is_none() && self.ask_at.is_some_and(|at| at >= self.page_ends_at)
    }

    /// Whether a payer can still pay its page.
    #[must_use]
    pub fn can_be_paid(&self, now: Moment) -> bool {
        self.url.is_some()
            && now < self.page_ends_at
            && matches!(self.state, PaymentState::Opened | PaymentState::Failed)
    }

    /// Whether its page was looked for at the provider, who knew of no payment, and nobody has its address: as far as anybody
    /// can tell it was never paid, and may never have stood.
    #[must_use]
    pub fn never_stood(&self) -> bool {
        let was_answered = self.status_calls > 0 && !self.pull && self.person.is_none();
        self.url.is_none() && self.tid.is_none() && self.open.is_none() && was_answered
    }

    /// A page to be opened: its number and page number, its life.
    #[must_use]
    pub fn page(order: &Order, (no, page_no): (i32, i32), opened_at: Moment, page_ends_at: Moment) -> Self {
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
            pull: false,
            attempts: 0,
            refusals: 0,
            ask_at: None,
            settles_at: None,
            doubt_since: None,
            doubt: None,
            person: None,
            open: None,
        }
    }

    /// A further transaction on the same page.
    pub(in crate::actors::order) fn further(&self) -> Self {
        Self {
            state: PaymentState::Opened,
            amount: 0,
            captured: 0,
            returned: 0,
            transferred: 0,
            owed: 0,
            back_since: None,
            reserved_at: None,
            status_calls: 0,
            pull: false,
            attempts: 0,
            refusals: 0,
            ask_at: None,
            settles_at: None,
            doubt_since: None,
            doubt: None,
            person: None,
            open: None,
            ..self.clone()
        }
    }
}
