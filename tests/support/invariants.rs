//! What must be true once nothing goes on any more, whatever was broken meanwhile.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::{DateTime, Utc};
use serde_json::Value;
use starjack::actors::order::rules::limits::MOST_A_DAY;
use starjack::clock::{self, Deadline};

use super::ledger::{Booking, Ledger};
use super::people::{ENDS, Person};
use super::sample::sample;
use super::world::{PATIENCE, World};

impl World {
    /// Waits until every order of every skier has ended, then until the suppliers' ledger agrees
    /// with what the shop says: a line has exactly one booking that opens gates when its order is
    /// finished and the line is issued, else none; the money held is the price of the issued lines;
    /// no reservation is left; each end was told in an e-mail.
    pub(crate) async fn clean_slate(&self) {
        self.clean_slate_within(PATIENCE).await;
    }

    /// The same for what may take longer, such as an e-mail whose sender was killed while it sent.
    pub(crate) async fn clean_slate_within(&self, patience: Duration) {
        let deadline = Deadline::after(patience);
        loop {
            let wrong = match self.all_orders().await {
                Ok(orders) => self.wrong(&orders, self.server.api()).await,
                Err(error) => vec![format!("the server does not answer: {error}")],
            };
            if wrong.is_empty() {
                return;
            }
            assert!(!deadline.is_over(), "after {patience:?} still:\n{}", wrong.join("\n"));
            // the ledger carries every e-mail with its documents: not to be read for nothing
            clock::sleep(Duration::from_millis(250)).await;
        }
    }

    /// Everything that is wrong with these orders: what is held is the price of what was sold and
    /// what the open cases name that are read at `base`, no cent more and none less.
    pub(crate) async fn wrong(&self, orders: &[(String, Value)], base: &str) -> Vec<String> {
        let have_ended =
            orders.iter().all(|(_, order)| ENDS.contains(&order["state"].as_str().unwrap()));
        if !have_ended {
            return check(orders, &self.ledger().await);
        }
        match self.open_cases(base).await {
            Ok(open) => check(orders, &self.ledger().await.with_cases(&open)),
            Err(error) => vec![format!("nobody tells what waits for staff: {error}")],
        }
    }

    /// Every order with the address of its skier.
    pub(crate) async fn all_orders(&self) -> Result<Vec<(String, Value)>, String> {
        let mut all = Vec::new();
        for skier in self.skiers() {
            let Person { email, .. } = &skier;
            all.extend(skier.orders().await?.into_iter().map(|order| (email.clone(), order)));
        }
        Ok(all)
    }
}

/// Says everything that is wrong.
pub(crate) fn check(orders: &[(String, Value)], ledger: &Ledger) -> Vec<String> {
    let mut wrong = check_known(orders, ledger);
    wrong.extend(strangers(orders, ledger));
    wrong
}

/// The same without what the shop does not know of.
pub(crate) fn check_known(orders: &[(String, Value)], ledger: &Ledger) -> Vec<String> {
    let mut wrong = Vec::new();
    for (email, order) in orders {
        let number = order["number"].as_str().unwrap();
        let state = order["state"].as_str().unwrap();
        if !ENDS.contains(&state) {
            wrong.push(format!("{number} is {state}"));
            continue;
        }
        let about = |says: String| format!("{number} is {state}, but {says}");
        wrong.extend(tickets(order, ledger).into_iter().map(about));
        wrong.extend(money(order, ledger).into_iter().map(about));
        wrong.extend(emails(order, email, ledger).into_iter().map(about));
    }
    wrong
}

fn lines(order: &Value) -> &[Value] {
    order["lines"].as_array().unwrap()
}

fn is_sold(order: &Value, line: &Value) -> bool {
    order["state"] == "finished" && line["state"] == "issued"
}

fn tickets(order: &Value, ledger: &Ledger) -> Vec<String> {
    let number = order["number"].as_str().unwrap();
    let bookings = ledger.bookings_of(number);
    let mut wrong = Vec::new();
    for line in lines(order) {
        let reference = format!("{number}-{}", line["no"]);
        let of_line = |booking: &&Booking| booking.is_live() && booking.reference == reference;
        let live: Vec<&Booking> = bookings.iter().filter(of_line).collect();
        let wanted = usize::from(is_sold(order, line));
        if live.len() != wanted {
            wrong.push(format!(
                "line {} is {} with {} live bookings: {live:?}",
                line["no"],
                line["state"],
                live.len()
            ));
        }
        for booking in live {
            let printed: String =
                booking.card.chars().filter(char::is_ascii_alphanumeric).collect();
            let shown = line["card"].as_str().unwrap().trim_start_matches('*');
            let fits = line["operator"] == booking.operator
                && line["valid_from"] == booking.day
                && line["valid_to"] == booking.until
                && line["price"]["amount"] == booking.cents
                && codes(line) == Some([booking.product.clone(), booking.category.clone()])
                && printed.ends_with(&shown.replace('-', ""));
            if !fits {
                wrong.push(format!("line {line} was booked as {booking:?}"));
            }
        }
    }
    wrong
}

fn money(order: &Value, ledger: &Ledger) -> Vec<String> {
    let number = order["number"].as_str().unwrap();
    let sold = lines(order).iter().filter(|line| is_sold(order, line));
    let wanted: i64 = sold.map(|line| line["price"]["amount"].as_i64().unwrap()).sum();
    let held = kept(ledger, number);
    let mut wrong = Vec::new();
    // what a payer's bank takes back changes no order that has ended
    let taken_back = ledger.sum(number, "charged_back");
    if held != wanted && (order["state"] != "finished" || held + taken_back != wanted) {
        wrong.push(format!("{held} cents are held for tickets of {wanted} cents"));
    }
    for payment in ledger.payments_of(number) {
        if payment["state"] == "RESERVED" && payment["lapsed"] == false {
            wrong.push(format!(
                "{} cents are still reserved by {}",
                payment["amount"], payment["tid"]
            ));
        }
    }
    wrong
}

/// What is held of an order and no open case names as due by hand.
fn kept(ledger: &Ledger, number: &str) -> i64 {
    ledger.held(number) - ledger.0["due_by_hand"][number].as_i64().unwrap_or(0)
}

fn emails(order: &Value, email: &str, ledger: &Ledger) -> Vec<String> {
    let number = order["number"].as_str().unwrap();
    let emails = ledger.emails_about(number);
    let mut wrong = Vec::new();
    if emails.is_empty() {
        wrong.push("no letter says so".to_owned());
    }
    if emails.iter().any(|mail| !ledger.emails_to(email).contains(mail)) {
        wrong.push(format!("a letter about it went to somebody else than {email}"));
    }
    let has_invoice = order["invoices"].as_array().is_some_and(|invoices| !invoices.is_empty());
    let charged = kept(ledger, number) > 0
        || (order["state"] == "finished" && ledger.sum(number, "charged_back") > 0);
    // what was sold and returned was invoiced all the same
    let returned =
        order["state"] == "finished" && lines(order).iter().any(|line| line["state"] == "voided");
    if has_invoice != charged && !(returned && has_invoice) {
        wrong.push(format!("charged: {charged}, invoiced: {has_invoice}"));
    }
    wrong
}

/// What was asked more often of one contract than one order may ask it on its first day. The lists
/// of the payment provider are read for all orders together.
pub(crate) fn asked_too_often(questions: &Value, since: DateTime<Utc>) -> Vec<String> {
    let mut often: BTreeMap<(&str, &str), i32> = BTreeMap::new();
    for (contract, questions) in questions.as_object().unwrap() {
        for question in questions.as_array().unwrap() {
            let operation = question["operation"].as_str().unwrap();
            let of_this_case = question["at_ms"].as_i64().unwrap() >= since.timestamp_millis();
            if of_this_case && !operation.starts_with("List") {
                *often.entry((contract, operation)).or_default() += 1;
            }
        }
    }
    let too_often = often.into_iter().filter(|(_, times)| *times > MOST_A_DAY);
    too_often
        .map(|((contract, operation), times)| {
            format!("{contract} was asked {operation} {times} times")
        })
        .collect()
}

/// Bookings and payments that belong to no order that the shop knows.
fn strangers(orders: &[(String, Value)], ledger: &Ledger) -> Vec<String> {
    let is_known = |reference: &str| {
        orders.iter().any(|(_, order)| {
            reference
                .strip_prefix(order["number"].as_str().unwrap())
                .is_some_and(|rest| rest.starts_with('-'))
        })
    };
    let tickets = ledger.bookings().into_iter().filter(Booking::is_live);
    let tickets = tickets
        .filter(|booking| !is_known(&booking.reference))
        .map(|booking| format!("nobody's {booking:?}"));
    let tid = |payment: &Value| payment["tid"].as_str().unwrap_or_default().to_owned();
    let payments = ledger.of("mpay24").iter().filter(|payment| !is_known(&tid(payment)));
    tickets.chain(payments.map(|payment| format!("nobody's payment {}", tid(payment)))).collect()
}

/// The supplier's codes of a line's product and category, from the sample catalogue.
fn codes(line: &Value) -> Option<[String; 2]> {
    // an operator that tests import; it sells what the one sells whose contract it has
    let key = line["operator"].as_str().map(|key| if key == "newland" { "stubai" } else { key })?;
    let operator = sample().operator(key)?;
    let product = operator.product(line["product"].as_str()?)?;
    Some([product.code.clone(), operator.category(line["category"].as_str()?)?.code.clone()])
}
