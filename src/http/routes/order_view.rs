//! An order as its customer sees it.

use std::collections::HashMap;

use chrono::{DateTime, NaiveDate, Utc};
use serde::Serialize;
use uuid::Uuid;

use crate::actors::invoice::{InvoiceNumber, numbers_of_orders};
use crate::actors::liftoperator::catalogue::{Catalogue, Text};
use crate::actors::mail::reasons;
use crate::actors::order::rules::lifecycle::OrderState;
use crate::actors::order::rules::record::{Line, Order, Payment, Ticket};
use crate::actors::order::{Past, returnable_until};
use crate::clock;
use crate::http::middleware::language::Reader;
use crate::http::middleware::problem::Problem;
use crate::http::state::State;
use crate::io::IoError;
use crate::language::Language;
use crate::money::Money;
use crate::typed;

/// An order.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = Order)]
pub struct OrderView {
    /// Its name in addresses.
    id: Uuid,
    /// Its name for people.
    number: String,
    /// `placed`, `paying`, `authorised`, `issued`, `captured`, `finished`, `rejected`, `undoing` or
    /// `undone`; `stuck` while a person of ours has to look at it.
    #[schema(example = "paying")]
    state: &'static str,
    placed_at: DateTime<Utc>,
    /// Sum of all lines, gross.
    total: Money,
    /// Why it was rejected or undone.
    #[schema(required)]
    reason: Option<ReasonView>,
    lines: Vec<LineView>,
    payment: PaymentView,
    /// Empty until something was charged.
    invoices: Vec<InvoiceLink>,
    /// Every transition, oldest first.
    history: Vec<HistoryEntry>,
}

/// One ticket of an order.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = OrderLine)]
pub struct LineView {
    /// From 1.
    no: i32,
    /// `wanted`, `asked`, `doubtful`, `issued`, `refused` or `voided`.
    #[schema(example = "issued")]
    state: &'static str,
    /// The operator's key.
    operator: String,
    /// The area's own name; `null` when it is not sold any more.
    #[schema(required)]
    operator_name: Option<String>,
    /// The product's key.
    product: String,
    #[schema(required)]
    product_name: Option<Text>,
    /// The person category's key.
    category: String,
    holder: HolderView,
    card_id: Uuid,
    /// The last four signs of the card's number.
    #[schema(example = "****4643")]
    card: String,
    /// First day, in the operator's time zone.
    valid_from: NaiveDate,
    /// Last day, inclusive.
    valid_to: NaiveDate,
    /// Gross.
    price: Money,
    /// What to name at the ticket desk, once the ticket is on its card.
    #[schema(required)]
    ticket_reference: Option<String>,
    /// Until when its ticket may be given back; `null` when it is not taken back, or on its way or
    /// gone already.
    #[schema(required)]
    return_until: Option<DateTime<Utc>>,
    /// Whether its ticket is being given back: it becomes `voided`, unless it was used.
    returning: bool,
    /// Why it was refused, or why its ticket was not taken back.
    #[schema(required)]
    reason: Option<ReasonView>,
}

/// Who skis.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = HolderOfLine)]
pub struct HolderView {
    first_name: String,
    last_name: String,
    birth_date: NaiveDate,
}

/// Why something did not come about.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = Reason)]
pub struct ReasonView {
    /// A stable slug that programs may compare.
    #[schema(example = "card_full")]
    code: String,
    /// The same in words that say what can be done about it: in the language of `Accept-Language`,
    /// else the account's.
    text: String,
}

/// How the order is paid.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = OrderPayment)]
pub struct PaymentView {
    /// `opened`, `suspended`, `reserved`, `billed`, `returned`, `reversed`, `lapsed`, `failed`,
    /// `closed` or `charged_back`; `null` before the first payment page.
    #[schema(required, example = "opened")]
    state: Option<&'static str>,
    /// Where to pay; `null` while there is nothing to pay.
    #[schema(required)]
    page_url: Option<String>,
}

/// An invoice of an order.
#[derive(Serialize, utoipa::ToSchema)]
pub struct InvoiceLink {
    number: String,
    /// Where its PDF is, on this server.
    url: String,
}

/// One transition.
#[derive(Serialize, utoipa::ToSchema)]
pub struct HistoryEntry {
    at: DateTime<Utc>,
    /// The state that was entered.
    state: String,
}

impl OrderView {
    /// Reads what belongs to an order and shows it.
    ///
    /// # Errors
    /// The database's.
    pub async fn read(order: Order, state: &State, reader: Reader) -> Result<Self, Problem> {
        Self::read_all(vec![order], state, reader).await?.pop().ok_or_else(Problem::internal)
    }

    /// The same of several orders, with as many queries as for one.
    ///
    /// # Errors
    /// The database's.
    pub async fn read_all(
        orders: Vec<Order>,
        state: &State,
        reader: Reader,
    ) -> Result<Vec<Self>, Problem> {
        let versions = orders.iter().map(|order| (order.id, order.version)).collect();
        let histories = state.orders.store().histories(versions).await?;
        let invoices = invoices_of(state, orders.iter().map(|order| order.id).collect()).await?;
        let language = if orders.iter().any(says_why) {
            reader.language(state).await?
        } else {
            Language::default()
        };
        let catalogue = state.counter.catalogue();
        let view = |order: &Order| {
            let history = histories.get(&order.id).map_or(&[][..], Vec::as_slice);
            Self::new(order, (history, invoices.get(&order.id)), &catalogue, language)
        };
        Ok(orders.iter().map(view).collect())
    }

    /// An order that is being placed.
    #[must_use]
    pub fn placed(order: &Order, catalogue: &Catalogue) -> Self {
        let placed = Past {
            mark: (1, 1),
            at: order.placed_at,
            state: OrderState::Placed.word().to_owned(),
            detail: None,
        };
        Self::new(order, (&[placed], None), catalogue, Language::default())
    }

    fn new(
        order: &Order,
        (history, invoice): (&[Past], Option<&InvoiceNumber>),
        catalogue: &Catalogue,
        language: Language,
    ) -> Self {
        let money = |amount| Money { amount, currency: order.currency.clone() };
        let link = |number: &InvoiceNumber| InvoiceLink {
            number: number.to_string(),
            url: format!("/api/v1/orders/{}/invoices/{number}", order.id),
        };
        Self {
            id: order.id,
            number: order.number.to_string(),
            state: word(order),
            placed_at: order.placed_at,
            total: money(order.total),
            reason: order.refusal.as_deref().map(|reason| explain(reason, language)),
            lines: order
                .lines
                .iter()
                .map(|line| line_view(line, money(line.price), catalogue, language))
                .collect(),
            payment: payment_view(order),
            invoices: invoice.map(link).into_iter().collect(),
            history: history
                .iter()
                .map(|past| HistoryEntry { at: past.at, state: past.state.clone() })
                .collect(),
        }
    }
}

/// The state's word, `stuck` while staff is needed.
#[must_use]
pub fn word(order: &Order) -> &'static str {
    if order.needs_staff() { "stuck" } else { order.state.word() }
}

async fn invoices_of(
    state: &State,
    ids: Vec<Uuid>,
) -> Result<HashMap<Uuid, InvoiceNumber>, IoError> {
    let found = state.io.read(move |db| {
        Box::pin(async move { Ok::<_, IoError>(numbers_of_orders(db, &ids).await?) })
    });
    found.await
}

/// Whether there is something to explain in the reader's language.
fn says_why(order: &Order) -> bool {
    order.refusal.is_some() || order.lines.iter().any(|line| line.refusal.is_some())
}

fn line_view(line: &Line, price: Money, catalogue: &Catalogue, language: Language) -> LineView {
    let Ticket { operator, product, category, .. } = &line.ticket;
    let area = catalogue.operator(operator);
    LineView {
        no: line.no,
        state: line.state.word(),
        operator: operator.clone(),
        operator_name: area.map(|area| area.name.clone()),
        product: product.clone(),
        product_name: area
            .and_then(|area| area.product(product))
            .map(|product| product.name.clone()),
        category: category.clone(),
        holder: HolderView {
            first_name: line.ticket.holder_first_name.clone(),
            last_name: line.ticket.holder_last_name.clone(),
            birth_date: line.ticket.holder_birth_date,
        },
        card_id: line.ticket.card_id,
        card: typed::masked(&line.ticket.card_number),
        valid_from: line.ticket.valid_from,
        valid_to: line.ticket.valid_to,
        price,
        ticket_reference: line.booking.as_ref().map(|booking| booking.ticket_reference.clone()),
        return_until: returnable_until(line),
        returning: line.is_leaving(),
        reason: line.refusal.as_ref().map(|refusal| explain(refusal.kind.slug(), language)),
    }
}

/// The order's own payment once it has one, else the page that can be paid, else the newest
/// attempt.
fn payment_view(order: &Order) -> PaymentView {
    let now = clock::now();
    let payable = |row: &&Payment| order.state == OrderState::Paying && row.can_be_paid(now);
    let rows = || order.payments.iter();
    let own = rows().find(|row| Some(row.no) == order.wanted);
    let stood = || rows().rfind(|row| !row.never_stood()).or_else(|| rows().last());
    let shown = own.or_else(|| rows().rfind(payable)).or_else(stood);
    PaymentView {
        state: shown.map(|row| row.state.word()),
        page_url: shown.filter(payable).and_then(|row| row.url.clone()),
    }
}

fn explain(reason: &str, language: Language) -> ReasonView {
    let clause = reasons::sentence(reason).into_one(language);
    let mut signs = clause.chars();
    let first = signs.next().map(char::to_uppercase).into_iter().flatten();
    let text = first.chain(signs).chain(['.']).collect();
    ReasonView { code: reasons::code(reason).to_owned(), text }
}
