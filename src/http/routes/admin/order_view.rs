//! An order as the people see it who have to mend it.

use chrono::{DateTime, Utc};
use serde::Serialize;
use uuid::Uuid;

use super::audit::AuditEntryView;
use super::suppliers::{ProviderView, SupplierView};
use crate::actors::cases::Case;
use crate::actors::order::Past;
use crate::actors::order::rules::record::{Line, Mark, Order, Payment};
use crate::actors::order::store::admin_queries::{Claim, Step};
use crate::http::middleware::language::Reader;
use crate::http::routes::order_view::OrderView;
use crate::http::{Problem, State};
use crate::money::Money;

/// All that is known of an order.
#[derive(Serialize, utoipa::ToSchema)]
pub struct AdminOrder {
    /// As its customer sees it.
    order: OrderView,
    account_id: Uuid,
    /// Where it stands, also while staff is needed.
    #[schema(example = "undoing")]
    state: &'static str,
    /// Raised by every commit.
    version: i64,
    /// The replica that drives it.
    driver: Uuid,
    /// When it wants to be looked at again; `null` at rest.
    #[schema(required)]
    next_at: Option<DateTime<Utc>>,
    /// When waiting must end.
    ends_by: DateTime<Utc>,
    /// What staff is or was needed for, oldest first.
    needs_attention: Vec<Attention>,
    lines: Vec<AdminLine>,
    payments: Vec<AdminPayment>,
    /// What was asked, newest first, 200 at most.
    steps: Vec<StepView>,
    /// What callbacks claimed; claims are not believed.
    callbacks: Vec<ClaimView>,
    /// Every transition, oldest first.
    events: Vec<EventView>,
    /// What staff must close besides.
    cases: Vec<CaseView>,
    /// What admins did to it, newest first.
    audit_entries: Vec<AuditEntryView>,
}

/// Why staff is needed.
#[derive(Serialize, utoipa::ToSchema)]
pub struct Attention {
    /// The line, when it is one.
    #[schema(required)]
    line: Option<i32>,
    /// The payment, when it is one.
    #[schema(required)]
    payment: Option<i32>,
    since: DateTime<Utc>,
    /// A stable slug.
    #[schema(example = "in_doubt_too_long")]
    reason: String,
    /// Whether staff has taken the row as it is.
    accepted: bool,
}

/// A line of an order behind the scenes.
#[derive(Serialize, utoipa::ToSchema)]
pub struct AdminLine {
    no: i32,
    /// Our key at the operator's system.
    reference: String,
    state: &'static str,
    /// Whether whatever was booked for it must go.
    voiding: bool,
    attempts: i32,
    /// Not to be asked about before.
    #[schema(required)]
    ask_at: Option<DateTime<Utc>>,
    #[schema(required)]
    doubt_since: Option<DateTime<Utc>>,
    /// What the operator's system says right now.
    supplier: SupplierView,
}

/// A payment behind the scenes.
#[derive(Serialize, utoipa::ToSchema)]
pub struct AdminPayment {
    no: i32,
    /// The page's reference.
    reference: String,
    /// The provider's id, once it has given one.
    #[schema(required)]
    tid: Option<String>,
    state: &'static str,
    /// Whether it is the order's own.
    wanted: bool,
    amount: Money,
    captured: Money,
    returned: Money,
    /// How much of that went back by bank transfer.
    transferred: Money,
    /// Goes back by bank transfer.
    owed: Money,
    /// Of three, ever.
    status_calls: i32,
    attempts: i32,
    /// Not to be asked about before.
    #[schema(required)]
    ask_at: Option<DateTime<Utc>>,
    #[schema(required)]
    doubt_since: Option<DateTime<Utc>>,
    /// Which move of money is in doubt.
    #[schema(required)]
    doubt: Option<&'static str>,
    /// What the provider's books say right now; `null` before it has given an id.
    #[schema(required)]
    provider: Option<ProviderView>,
}

/// A question of an order, and what came of it.
#[derive(Serialize, utoipa::ToSchema)]
pub struct StepView {
    #[schema(required)]
    line: Option<i32>,
    #[schema(required)]
    payment: Option<i32>,
    verb: String,
    reference: String,
    /// The sum that a move of money meant, in minor units; 0 means all.
    #[schema(required)]
    amount_cents: Option<i64>,
    asked_at: DateTime<Utc>,
    #[schema(required)]
    answered_at: Option<DateTime<Utc>>,
    /// `done`, `refused`, `not_sent`, `pending` or `unknown`; `null` while nothing is known.
    #[schema(required)]
    outcome: Option<String>,
    #[schema(required)]
    detail: Option<String>,
}

/// A claim that came by callback.
#[derive(Serialize, utoipa::ToSchema)]
pub struct ClaimView {
    tid: String,
    status: String,
    amount_cents: i64,
    reference: String,
    received_at: DateTime<Utc>,
}

/// A transition.
#[derive(Serialize, utoipa::ToSchema)]
pub struct EventView {
    at: DateTime<Utc>,
    state: String,
    /// Why, as a slug.
    #[schema(required)]
    detail: Option<String>,
}

/// What staff must close.
#[derive(Serialize, utoipa::ToSchema)]
pub struct CaseView {
    id: Uuid,
    kind: String,
    detail: String,
    opened_at: DateTime<Utc>,
    #[schema(required)]
    closed_at: Option<DateTime<Utc>>,
}

/// What was read of an order besides itself.
pub struct Known {
    pub(super) questions: Vec<Step>,
    pub(super) claims: Vec<Claim>,
    pub(super) cases: Vec<Case>,
    pub(super) events: Vec<Past>,
    pub(super) audit_entries: Vec<AuditEntryView>,
    pub(super) reader: Reader,
}

impl AdminOrder {
    /// Shows an order with what its suppliers said, each in the order of lines and payments.
    ///
    /// # Errors
    /// The database's.
    pub async fn new(
        state: &State,
        order: Order,
        (suppliers, providers): (Vec<SupplierView>, Vec<Option<ProviderView>>),
        known: Known,
    ) -> Result<Self, Problem> {
        let lines =
            order.lines.iter().zip(suppliers).map(|(line, supplier)| line_view(line, supplier));
        let payments = order
            .payments
            .iter()
            .zip(providers)
            .map(|(row, provider)| payment_view(&order, row, provider));
        Ok(Self {
            account_id: order.account_id,
            state: order.state.word(),
            version: order.version,
            driver: order.driver,
            next_at: order.next_at,
            ends_by: order.ends_by,
            needs_attention: marks(&order),
            lines: lines.collect(),
            payments: payments.collect(),
            steps: known.questions.into_iter().map(StepView::from).collect(),
            callbacks: known.claims.into_iter().map(ClaimView::from).collect(),
            events: known.events.into_iter().map(EventView::from).collect(),
            cases: known.cases.into_iter().map(CaseView::from).collect(),
            audit_entries: known.audit_entries,
            order: OrderView::read(order, state, known.reader).await?,
        })
    }
}

fn marks(order: &Order) -> Vec<Attention> {
    let view = |line, payment, mark: &Mark| Attention {
        line,
        payment,
        since: mark.since,
        reason: mark.reason.clone(),
        accepted: mark.accepted,
    };
    let lines = order
        .lines
        .iter()
        .filter_map(|row| Some(view(Some(row.no), None, row.attention.as_ref()?)));
    let payments = order
        .payments
        .iter()
        .filter_map(|row| Some(view(None, Some(row.no), row.attention.as_ref()?)));
    let mut all: Vec<_> = lines.chain(payments).collect();
    all.sort_by_key(|mark| mark.since);
    all
}

fn line_view(line: &Line, supplier: SupplierView) -> AdminLine {
    AdminLine {
        no: line.no,
        reference: line.reference.to_string(),
        state: line.state.word(),
        voiding: line.voiding,
        attempts: line.attempts,
        ask_at: line.ask_at,
        doubt_since: line.doubt_since,
        supplier,
    }
}

fn payment_view(order: &Order, row: &Payment, provider: Option<ProviderView>) -> AdminPayment {
    let money = |amount| Money { amount, currency: row.currency.clone() };
    AdminPayment {
        no: row.no,
        reference: row.reference.to_string(),
        tid: row.tid.clone(),
        state: row.state.word(),
        wanted: order.wanted == Some(row.no),
        amount: money(row.amount),
        captured: money(row.captured),
        returned: money(row.returned),
        transferred: money(row.transferred),
        owed: money(row.owed),
        status_calls: row.status_calls,
        attempts: row.attempts,
        ask_at: row.ask_at,
        doubt_since: row.doubt_since,
        doubt: row.doubt.map(|doubt| doubt.verb.word()),
        provider,
    }
}

impl From<Step> for StepView {
    fn from(step: Step) -> Self {
        let Step {
            line_no,
            payment_no,
            verb,
            reference,
            amount_cents,
            asked_at,
            answered_at,
            outcome,
            detail,
        } = step;
        let line = line_no;
        let payment = payment_no;
        Self {
            line,
            payment,
            verb,
            reference,
            amount_cents,
            asked_at,
            answered_at,
            outcome,
            detail,
        }
    }
}

impl From<Claim> for ClaimView {
    fn from(claim: Claim) -> Self {
        let Claim { tid, status, amount_cents, reference, received_at } = claim;
        Self { tid, status, amount_cents, reference, received_at }
    }
}

impl From<Past> for EventView {
    fn from(past: Past) -> Self {
        let Past { at, state, detail, .. } = past;
        Self { at, state, detail }
    }
}

impl From<Case> for CaseView {
    fn from(case: Case) -> Self {
        let Case { id, kind, detail, opened_at, closed, .. } = case;
        Self { id, kind, detail, opened_at, closed_at: closed.map(|closed| closed.at) }
    }
}
