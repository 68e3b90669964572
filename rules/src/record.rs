//! An order as it is loaded and saved whole: the row, its lines, its payments and the intents that
//! are open.

use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta, Utc};
use uuid::Uuid;

use super::intent::{Intent, Subject};
use super::lifecycle::{LineState, OrderState, line_may};
pub use super::payment::{Claim, ClaimKind, DoubtCause, MoneyDoubt, Payment};
use crate::ids::{OrderNumber, Reference};
use crate::money::Cents;
use crate::port::Refusal;
use crate::port::lift::{Booking, Holder};

/// A moment of the wall clock.
pub type Moment = DateTime<Utc>;

/// What happens when one line of a basket is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum OnRefusal {
    /// Undo the whole basket.
    Undo,
    /// Keep what was issued.
    Keep,
}

/// An order, its lines and its payments.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Order {
    /// Its id outward.
    pub id: Uuid,
    /// Its number, from which every reference is made.
    pub number: OrderNumber,
    /// Whose it is.
    pub account_id: Uuid,
    /// Where it stands.
    pub state: OrderState,
    /// What the customer wants when a line is refused.
    pub on_refusal: OnRefusal,
    /// Sum of all lines.
    pub total: Cents,
    /// Three letters of ISO 4217.
    pub currency: String,
    /// The one payment that is the order's; final once set.
    pub wanted: Option<i32>,
    /// Raised by every commit.
    pub version: i64,
    /// The replica incarnation that may write it.
    pub driver: Uuid,
    /// When it wants to be looked at again; `None` when nothing is left to do.
    pub next_at: Option<Moment>,
    /// When it was placed.
    pub placed_at: Moment,
    /// When it entered its state.
    pub entered_at: Moment,
    /// When waiting must end: what is not issued by then is undone, what is not captured by then is
    /// marked.
    pub ends_by: Moment,
    /// Why it was rejected or undone, as a slug.
    pub refusal: Option<String>,
    /// Where the payer's browser goes afterwards.
    pub return_url: Option<String>,
    /// One ticket each.
    pub lines: Vec<Line>,
    /// One row per transaction at the provider.
    pub payments: Vec<Payment>,
}

/// One ticket of an order.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Line {
    /// From 1.
    pub no: i32,
    /// Our key for it at the supplier.
    pub reference: Reference,
    /// Where it stands.
    pub state: LineState,
    /// Whether its card was accepted.
    pub checked: bool,
    /// Whether whatever was booked for it must go.
    pub voiding: bool,
    /// Gross price.
    pub price: Cents,
    /// How it may be asked about.
    pub terms: Terms,
    /// Milliseconds spent asking.
    pub asked_ms: i64,
    /// Attempts since the last success.
    pub attempts: i32,
    /// Not to be asked about before.
    pub ask_at: Option<Moment>,
    /// From when on "there is none" counts.
    pub settles_at: Option<Moment>,
    /// Since when it has been in doubt.
    pub doubt_since: Option<Moment>,
    /// The supplier's no.
    pub refusal: Option<Refusal>,
    /// What the supplier booked.
    pub booking: Option<Booking>,
    /// Since when and why staff is needed.
    pub attention: Option<Mark>,
    /// The intent that is open.
    pub open: Option<Intent>,
    /// What was promised of its return.
    pub returns: ReturnTerms,
    /// Another order was found to have the card on such a day. Never stored: the commit that takes
    /// the days finds it anew.
    pub day_taken: bool,
    /// What is to be booked; never decides anything here.
    pub ticket: Ticket,
}

/// What was promised of a return when a ticket was sold.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct ReturnTerms {
    /// Until when its customer may return it; never when absent.
    pub ends: Option<Moment>,
    /// The family whose price it has; such tickets are returned together.
    pub family: Option<String>,
}

/// What is to be booked for a line.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Ticket {
    /// The operator's key.
    pub operator: String,
    /// Our product key.
    pub product: String,
    /// Our person category.
    pub category: String,
    /// The supplier's product code.
    pub product_code: String,
    /// The supplier's category code.
    pub category_code: String,
    /// First day of validity in the operator's zone.
    pub valid_from: NaiveDate,
    /// Last day of validity, inclusive.
    pub valid_to: NaiveDate,
    /// Local time of the first day from which on it is valid; the whole day when absent.
    pub from_time: Option<NaiveTime>,
    /// VAT in per mille.
    pub vat_permille: i32,
    /// The country whose tax that is: two letters of ISO 3166.
    pub vat_country: String,
    /// The card's id outward.
    pub card_id: Uuid,
    /// The card's number in its normal form.
    pub card_number: String,
    /// Given name of who skis.
    pub holder_first_name: String,
    /// Family name of who skis.
    pub holder_last_name: String,
    /// Birth date of who skis.
    pub holder_birth_date: NaiveDate,
}

impl Ticket {
    /// Who skis.
    #[must_use]
    pub fn holder(&self) -> Holder {
        Holder {
            first_name: self.holder_first_name.clone(),
            last_name: self.holder_last_name.clone(),
            birth_date: self.holder_birth_date,
        }
    }
}

/// How a line's contract may be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Terms {
    /// The supplier answers a known reference with its first answer.
    pub dedups: bool,
    /// Longest life of one request there.
    pub settle: TimeDelta,
    /// How long it is asked for in all.
    pub patience: TimeDelta,
}

/// A person is needed; not a state.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Mark {
    /// Since when.
    pub since: Moment,
    /// Why, as a slug.
    pub reason: String,
    /// Whether staff has taken the row as it is: nobody is needed for this reason any more.
    pub accepted: bool,
}

impl Mark {
    /// Marks a row, unless it is marked already; another reason than the one that was accepted
    /// needs staff anew.
    pub fn set(row: &mut Option<Self>, reason: &str, now: Moment) {
        if row.as_ref().is_none_or(|mark| mark.accepted && mark.reason != reason) {
            *row = Some(Self { since: now, reason: reason.to_owned(), accepted: false });
        }
    }

    /// The same for what grows overdue by time alone: a row that staff has accepted does not
    /// come up again.
    pub fn set_overdue(row: &mut Option<Self>, reason: &str, now: Moment) {
        if row.is_none() {
            Self::set(row, reason, now);
        }
    }
}

impl Line {
    /// Enters a state that the table allows; anything else is left alone and answered with `false`.
    pub fn enter(&mut self, state: LineState) -> bool {
        let allowed = line_may(self.state, state);
        if allowed {
            self.state = state;
            self.attempts = 0;
            self.ask_at = None;
            if state != LineState::Doubtful {
                (self.settles_at, self.doubt_since, self.attention) = (None, None, None);
            }
        }
        allowed
    }
}

impl Order {
    /// The sum of what was issued.
    #[must_use]
    pub fn issued_total(&self) -> Cents {
        let is_going = |line: &Line| line.voiding && self.state != OrderState::Finished;
        self.lines
            .iter()
            .filter(|line| line.state == LineState::Issued && !is_going(line))
            .map(|line| line.price)
            .sum()
    }

    /// Whether staff is needed for one of its rows.
    #[must_use]
    pub fn needs_staff(&self) -> bool {
        self.marks().any(|mark| !mark.accepted)
    }

    /// Every mark of its rows, accepted ones too.
    pub fn marks(&self) -> impl Iterator<Item = &Mark> {
        let lines = self.lines.iter().filter_map(|line| line.attention.as_ref());
        lines.chain(self.payments.iter().filter_map(|row| row.attention.as_ref()))
    }

    /// The same, to be changed.
    pub fn marks_mut(&mut self) -> impl Iterator<Item = &mut Mark> {
        let lines = self.lines.iter_mut().filter_map(|line| line.attention.as_mut());
        lines.chain(self.payments.iter_mut().filter_map(|row| row.attention.as_mut()))
    }

    /// The line with a number.
    pub fn line_mut(&mut self, no: i32) -> Option<&mut Line> {
        self.lines.iter_mut().find(|line| line.no == no)
    }

    /// The payment with a number.
    pub fn payment_mut(&mut self, no: i32) -> Option<&mut Payment> {
        self.payments.iter_mut().find(|payment| payment.no == no)
    }

    /// The intent that is open for a subject.
    pub fn open_mut(&mut self, subject: Subject) -> Option<&mut Option<Intent>> {
        match subject {
            Subject::Line(no) => self.line_mut(no).map(|line| &mut line.open),
            Subject::Payment(no) => self.payment_mut(no).map(|payment| &mut payment.open),
        }
    }
}

/// The open intents of an order.
#[must_use]
pub fn open_intents(order: &Order) -> Vec<(Subject, Intent)> {
    let lines =
        order.lines.iter().filter_map(|line| Some((Subject::Line(line.no), line.open.clone()?)));
    let payments =
        order.payments.iter().filter_map(|row| Some((Subject::Payment(row.no), row.open.clone()?)));
    lines.chain(payments).collect()
}
