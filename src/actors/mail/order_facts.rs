//! What an e-mail about an order says, in the words of a skier.

use serde::Serialize;

use super::reasons::{code, sentence};
use super::store::{LineRow, OrderRows, PaymentRow};
use crate::integrations::RefusalKind;
use crate::language::Language;
use crate::money::Cents;
use crate::typed;

/// What the catalogue knows of a ticket, in one language.
#[derive(Clone, Debug)]
pub struct Described {
    /// Its name, for example `Season pass, Adult, Sölden`.
    pub title: String,
    /// Which right of withdrawal its buyer has; `None` when the catalogue does not have it any
    /// more.
    pub withdrawal: Option<String>,
}

/// Describes a ticket in one language, from the slugs of operator, product and category.
pub type Describe = Box<dyn Fn(Language, [&str; 3]) -> Described>;

/// A title from the slugs alone, for example `Day ticket, adult, Solden`.
#[must_use]
pub fn plain_title([operator, product, category]: [&str; 3]) -> String {
    let words = |slug: &str| slug.replace(['_', '-'], " ");
    format!("{}, {}, {}", capital(&words(product)), words(category), capital(&words(operator)))
}

/// What the templates of order e-mails see.
#[derive(Serialize)]
pub(super) struct OrderFacts {
    /// How the customer is greeted.
    name: String,
    number: String,
    /// Path of the order's page.
    path: String,
    issued: Vec<Ticket>,
    /// Lines without a ticket.
    without: Vec<Ticket>,
    /// What the issued tickets cost.
    charged: String,
    /// Which rights of withdrawal the buyer of the issued tickets has.
    withdrawals: Vec<Withdrawal>,
    /// Why the order ended without tickets.
    reason: String,
    money: Money,
    /// Whether that is the order's own payment, not one too many.
    own: bool,
    /// The number of the invoice.
    invoice: Option<String>,
    /// Whether its document travels with the e-mail.
    pub(super) attached: bool,
}

#[derive(Serialize)]
struct Ticket {
    title: String,
    days: String,
    holder: String,
    /// The last digits of the card.
    card: String,
    price: String,
    /// Whether the lift company said no.
    refused: bool,
    reason: String,
}

/// A right of withdrawal, as the law wants it in writing once it was bought.
#[derive(Serialize)]
struct Withdrawal {
    text: String,
    /// The tickets that it is about; none when it is about all.
    tickets: Vec<String>,
}

/// What became of money; amounts with their currency, `None` for nothing.
#[derive(Serialize)]
struct Money {
    /// Went back to where it came from.
    returned: Option<String>,
    /// Goes back by bank transfer.
    owed: Option<String>,
    /// Was only reserved and never taken.
    released: Option<String>,
}

/// What the templates of an e-mail about one returned ticket see.
#[derive(Serialize)]
pub(super) struct ReturnFacts {
    name: String,
    number: String,
    path: String,
    ticket: Ticket,
    /// Whether it stays sold.
    kept: bool,
    /// Because it was used at a gate.
    used: bool,
    /// Whether it cost anything.
    paid: bool,
}

impl ReturnFacts {
    /// The facts of line `no`; `None` when there is none.
    pub(super) fn of(rows: &OrderRows, no: i32, kept: bool, describe: &Describe) -> Option<Self> {
        let order = &rows.order;
        let language = Language::stored(&rows.account.language);
        let line = rows.lines.iter().find(|line| line.no == no)?;
        Some(Self {
            name: greeted(language, &rows.account.first_name, &rows.account.last_name),
            number: order.number.clone(),
            path: format!("/orders/{}", order.id),
            ticket: Ticket::of(line, language, &order.currency, describe),
            kept,
            used: line
                .refusal
                .as_deref()
                .is_some_and(|refusal| code(refusal) == RefusalKind::TicketUsed.slug()),
            paid: line.price_cents > 0,
        })
    }
}

impl OrderFacts {
    /// The facts of `rows`; the money told of is that of payment `payment_no`, or of the order's
    /// own payment.
    pub(super) fn of(rows: &OrderRows, payment_no: Option<i32>, describe: &Describe) -> Self {
        let order = &rows.order;
        let (issued, without): (Vec<_>, Vec<_>) =
            rows.lines.iter().partition(|line| is(&line.state, "issued"));
        let language = Language::stored(&rows.account.language);
        let ticket = |line: &LineRow| Ticket::of(line, language, &order.currency, describe);
        let told = payment_no.or(order.wanted_payment);
        let payment = rows.payments.iter().find(|payment| Some(payment.no) == told);
        Self {
            name: greeted(language, &rows.account.first_name, &rows.account.last_name),
            number: order.number.clone(),
            path: format!("/orders/{}", order.id),
            charged: language
                .amount(&order.currency, issued.iter().map(|line| line.price_cents).sum()),
            withdrawals: withdrawals(&issued, language, describe),
            issued: issued.into_iter().map(ticket).collect(),
            without: without.into_iter().map(ticket).collect(),
            reason: reason(language, order.refusal.as_deref().unwrap_or_default()),
            money: payment.map_or(Money { returned: None, owed: None, released: None }, |row| {
                Money::of(row, language)
            }),
            own: told == order.wanted_payment,
            invoice: rows.invoice.as_ref().map(ToString::to_string),
            attached: false,
        }
    }
}

impl Ticket {
    fn of(line: &LineRow, language: Language, currency: &str, describe: &Describe) -> Self {
        let refused = is(&line.state, "refused");
        let refusal = line.refusal.as_deref().filter(|_| refused);
        Self {
            title: describe(language, [&line.operator, &line.product, &line.category]).title,
            days: language.days(line.valid_from, line.valid_to, line.from_time),
            holder: typed::full_name(&line.holder_first_name, &line.holder_last_name),
            card: typed::last_four(&line.card_number),
            price: language.amount(currency, line.price_cents),
            refused,
            reason: reason(language, refusal.unwrap_or("not_issued")),
        }
    }
}

impl Money {
    fn of(row: &PaymentRow, language: Language) -> Self {
        let some = |cents: Cents| (cents > 0).then(|| language.amount(&row.currency, cents));
        let never_taken = is(&row.state, "reversed") || is(&row.state, "lapsed");
        Self {
            returned: some(row.returned_cents),
            owed: some(row.owed_cents),
            released: some(row.amount_cents).filter(|_| never_taken),
        }
    }
}

/// The distinct rights of the tickets, in their order; with their names only where they differ.
fn withdrawals(issued: &[&LineRow], language: Language, describe: &Describe) -> Vec<Withdrawal> {
    let mut rights: Vec<Withdrawal> = Vec::new();
    for line in issued {
        let Described { title, withdrawal } =
            describe(language, [&line.operator, &line.product, &line.category]);
        let Some(text) = withdrawal else { continue };
        match rights.iter_mut().find(|right| right.text == text) {
            Some(right) if right.tickets.contains(&title) => {}
            Some(right) => right.tickets.push(title),
            None => rights.push(Withdrawal { text, tickets: vec![title] }),
        }
    }
    if let [only] = rights.as_mut_slice() {
        only.tickets.clear();
    }
    rights
}

/// Whether a stored state is `name`.
fn is(state: &str, name: &str) -> bool {
    state.eq_ignore_ascii_case(name)
}

/// How a person is greeted: in German by the whole name, in English by the first, or by the only
/// one.
pub(super) fn greeted(language: Language, first: &str, last: &str) -> String {
    match language {
        Language::En if !first.is_empty() => first.to_owned(),
        Language::De | Language::En => typed::full_name(first, last),
    }
}

fn reason(language: Language, refusal: &str) -> String {
    sentence(refusal).into_one(language).into_owned()
}

fn capital(text: &str) -> String {
    let mut rest = text.chars();
    rest.next().map(|first| first.to_uppercase().chain(rest).collect()).unwrap_or_default()
}
