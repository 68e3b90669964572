//! What really happened at the suppliers, by order.

use serde_json::Value;

/// The simulator's ledger at one moment.
#[derive(Clone, Debug)]
pub(crate) struct Ledger(pub(crate) Value);

/// A ticket at a lift supplier, whatever became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Booking {
    /// `dta` or `axess`.
    pub(crate) supplier: &'static str,
    pub(crate) operator: String,
    /// Our reference: `<order number>-<line>`.
    pub(crate) reference: String,
    /// The card's number as it is printed.
    pub(crate) card: String,
    /// The first day, `2026-12-19`.
    pub(crate) day: String,
    /// The moment from which on it is valid, as the supplier was told it: a day at Axess.
    pub(crate) begins: String,
    /// The last day, inclusive.
    pub(crate) until: String,
    /// The supplier's code of the product.
    pub(crate) product: String,
    /// The supplier's code of the person category.
    pub(crate) category: String,
    /// Its price in cents, as the supplier was told it.
    pub(crate) cents: i64,
    /// `live`, `used` or `canceled`.
    pub(crate) status: String,
    /// What names it at its supplier's control calls.
    pub(crate) id: String,
}

impl Booking {
    /// Whether it opens gates.
    pub(crate) fn is_live(&self) -> bool {
        self.status != "canceled"
    }
}

impl Ledger {
    /// The same beside what open cases name: money that goes back by bank transfer, by its order's
    /// number.
    pub(crate) fn with_cases(mut self, open: &Value) -> Self {
        for case in open["items"].as_array().unwrap().iter().filter(|case| case["kind"] == "owed") {
            let due = &mut self.0["due_by_hand"][case["order_number"].as_str().unwrap()];
            *due = (due.as_i64().unwrap_or(0) + case["amount"]["amount"].as_i64().unwrap()).into();
        }
        self
    }

    /// Everything at one supplier.
    pub(crate) fn of(&self, supplier: &str) -> &[Value] {
        self.0[supplier].as_array().unwrap()
    }

    /// Every booking at every gate.
    pub(crate) fn bookings(&self) -> Vec<Booking> {
        let dta = self
            .of("dta")
            .iter()
            .map(|entry| booking("dta", entry, ["chip", "order_id", "unit_price_cents"]));
        dta.chain(
            self.of("axess")
                .iter()
                .map(|entry| booking("axess", entry, ["wtp_no", "journal_no", "price_cents"])),
        )
        .collect()
    }

    /// The bookings of one order, by its number.
    pub(crate) fn bookings_of(&self, number: &str) -> Vec<Booking> {
        let prefix = format!("{number}-");
        self.bookings()
            .into_iter()
            .filter(|booking| booking.reference.starts_with(&prefix))
            .collect()
    }

    /// The payments of one order, by its number.
    pub(crate) fn payments_of(&self, number: &str) -> Vec<&Value> {
        let prefix = format!("{number}-P");
        self.of("mpay24").iter().filter(|entry| text(entry, "tid").starts_with(&prefix)).collect()
    }

    /// Captured less credited and less what payers' banks took back of one order, in cents.
    pub(crate) fn held(&self, number: &str) -> i64 {
        self.sum(number, "cleared")
            - self.sum(number, "credited")
            - self.sum(number, "charged_back")
    }

    /// The sum of an amount of all payments of one order, in cents.
    pub(crate) fn sum(&self, number: &str, amount: &str) -> i64 {
        self.payments_of(number)
            .iter()
            .map(|entry| entry[amount].as_i64().unwrap_or_default())
            .sum()
    }

    /// E-mails that name `words` in their subject.
    pub(crate) fn emails_about(&self, words: &str) -> Vec<&Value> {
        self.of("mailgun").iter().filter(|mail| text(mail, "subject").contains(words)).collect()
    }

    /// E-mails to an address.
    pub(crate) fn emails_to(&self, email: &str) -> Vec<&Value> {
        let is_for =
            |mail: &&Value| mail["to"].as_array().into_iter().flatten().any(|to| names(to, email));
        self.of("mailgun").iter().filter(is_for).collect()
    }
}

fn booking(supplier: &'static str, entry: &Value, [card, id, cents]: [&str; 3]) -> Booking {
    Booking {
        supplier,
        operator: text(entry, "operator"),
        reference: text(entry, "reference"),
        card: text(entry, card),
        day: text(entry, "valid_from").chars().take(10).collect(),
        begins: text(entry, "valid_from"),
        until: text(entry, "valid_to").chars().take(10).collect(),
        product: text(entry, "product"),
        category: text(entry, "category"),
        cents: entry[cents].as_i64().unwrap_or_default(),
        status: text(entry, "status"),
        id: text(entry, id),
    }
}

fn names(to: &Value, email: &str) -> bool {
    to.as_str().is_some_and(|to| to == email || to.ends_with(&format!("<{email}>")))
}

fn text(entry: &Value, field: &str) -> String {
    match &entry[field] {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other @ (Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_)) => {
            other.to_string()
        }
    }
}
