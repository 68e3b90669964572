//! An order as DTA keeps it, and how answers and the ledger show it.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};
use uuid::Uuid;

use super::content::{Content, Item};
use super::number::Number;
use crate::clock::stamp;
use crate::xml::{leaf, node};

/// A booked order.
#[derive(Clone, Debug)]
pub(crate) struct Order {
    pub(crate) id: String,
    confirmation: String,
    execution: String,
    order_date: String,
    pub(crate) content: Content,
    lines: Vec<Line>,
    pub(crate) asked_at: DateTime<Utc>,
    step: TimeDelta,
    /// Lost by its own supplier, as after a restored backup.
    pub(crate) forgotten: bool,
    pub(crate) canceled: Option<Cancelation>,
    pub(crate) used_at: Option<DateTime<Utc>>,
}

#[derive(Clone, Debug)]
struct Line {
    id: String,
    ticket: String,
    permission: String,
    permission_serial: u64,
}

/// The order that cancels an order.
#[derive(Clone, Debug)]
pub(crate) struct Cancelation {
    pub(crate) id: String,
    pub(crate) execution: String,
    pub(crate) at: DateTime<Utc>,
}

fn money(cents: i64, currency: &str) -> String {
    leaf("Amount", format!("{}.{:02}", cents / 100, cents % 100)) + &leaf("CurrencyCode", currency)
}

fn guid() -> String {
    Uuid::new_v4().to_string()
}

impl Cancelation {
    pub(crate) fn new(at: DateTime<Utc>) -> Self {
        Self { id: guid(), execution: guid(), at }
    }
}

impl Order {
    /// Books `content`; `serial` is the first permission's serial number.
    pub(crate) fn book(
        content: Content,
        order_date: &str,
        asked_at: DateTime<Utc>,
        step: TimeDelta,
        serial: u64,
    ) -> Self {
        let lines = (serial..).zip(&content.items);
        let lines = lines.map(|(permission_serial, _)| Line {
            id: guid(),
            ticket: guid(),
            permission: guid(),
            permission_serial,
        });
        Self {
            lines: lines.collect(),
            id: guid(),
            confirmation: Uuid::new_v4().simple().to_string()[..8].to_ascii_uppercase(),
            execution: guid(),
            order_date: order_date.to_owned(),
            content,
            asked_at,
            step,
            forgotten: false,
            canceled: None,
            used_at: None,
        }
    }

    pub(crate) fn order_date(&self) -> &str {
        &self.order_date
    }

    /// One of `PENDING`, `RESERVED`, `BOOKED`, `BOOKED_AND_TRANSFERRED`, `CANCELED`,
    /// `CANCELED_AND_TRANSFERRED`.
    pub(crate) fn sales_status(&self, now: DateTime<Utc>) -> &'static str {
        if let Some(canceled) = &self.canceled {
            return if now - canceled.at < self.step {
                "CANCELED"
            } else {
                "CANCELED_AND_TRANSFERRED"
            };
        }
        match now - self.asked_at {
            _ if self.content.is_reservation => "RESERVED",
            passed if passed < self.step => "PENDING",
            passed if passed < self.step * 2 => "BOOKED",
            _ => "BOOKED_AND_TRANSFERRED",
        }
    }

    const fn permission_status(&self) -> &'static str {
        match (&self.canceled, self.used_at) {
            (Some(_), _) => "Canceled",
            (None, Some(_)) => "Used",
            (None, None) => "Issued",
        }
    }

    /// The members of a `CreateOrderResponse`.
    pub(crate) fn receipt(&self) -> String {
        let items = self.lines.iter().zip(&self.content.items).map(|(line, item)| {
            let ticket = node("TicketItem", &(line.ticket_members() + &validity(item)));
            node("OrderItem", &(leaf("OrderItemId", &line.id) + &node("TicketItems", &ticket)))
        });
        leaf("OrderId", &self.id)
            + &leaf("ConfirmationNumber", &self.confirmation)
            + &leaf("ExecutionId", &self.execution)
            + &node("OrderItems", &items.collect::<String>())
    }

    /// The `Order` of `GetOrder` and `GetOrdersByExternalId`.
    pub(crate) fn shown(&self, now: DateTime<Utc>) -> String {
        let items = self
            .lines
            .iter()
            .zip(&self.content.items)
            .map(|(line, item)| self.shown_item(line, item, now));
        let inner = leaf("OrderId", &self.id)
            + &leaf("ExternalOrderId", &self.content.reference)
            + &leaf("ConfirmationNumber", &self.confirmation)
            + &leaf("OrderDate", &self.order_date)
            + &leaf("IsReservation", self.content.is_reservation)
            + &node("OrderItems", &items.collect::<String>())
            + &node("TotalPrice", &money(self.content.total_cents, &self.content.currency));
        node("Order", &inner)
    }

    fn shown_item(&self, line: &Line, item: &Item, now: DateTime<Utc>) -> String {
        let card = item.card.as_ref().map(|card| {
            let inner = leaf("ChipId", &card.chip)
                + &leaf("SerialNumber", &card.serial)
                + &leaf("LuhnNumber", &card.luhn);
            node("Identification", &inner)
        });
        let ticket = line.ticket_members()
            + &leaf("PermissionStatus", self.permission_status())
            + &validity(item)
            + &card.unwrap_or_default();
        let inner = leaf("OrderItemId", &line.id)
            + &leaf("ItemNumber", &item.number)
            + &leaf("ProductId", &item.product)
            + &leaf("ConsumerCategoryId", &item.category)
            + &leaf("Quantity", 1)
            + &leaf("SalesStatus", self.sales_status(now))
            + &leaf("ValidFrom", &item.valid_from)
            + &node("UnitPrice", &money(item.unit_price_cents, &item.currency))
            + &node("TicketItems", &node("TicketItem", &ticket));
        node("OrderItem", &inner)
    }

    /// The ledger's entries, one an item.
    pub(crate) fn entries<'a>(
        &'a self,
        operator: &'a str,
        now: DateTime<Utc>,
    ) -> impl Iterator<Item = Value> + 'a {
        let booked_at = self.asked_at + self.step;
        let booked = booked_at <= self.canceled.as_ref().map_or(now, |canceled| canceled.at);
        self.lines.iter().zip(&self.content.items).map(move |(line, item)| {
            let holder = item.holder.as_ref().or(self.content.contact.as_ref());
            json!({
                "operator": operator, "order_id": self.id, "confirmation_number": self.confirmation,
                "reference": self.content.reference, "item": item.number,
                "chip": item.card.as_ref().map(Number::printed),
                "product": item.product, "category": item.category,
                "valid_from": item.valid_from, "valid_to": item.valid_to, "depot": item.depot,
                "holder": holder.map(|holder| holder.iter().cloned().collect::<std::collections::BTreeMap<_, _>>()),
                "unit_price_cents": item.unit_price_cents, "currency": item.currency,
                "permission_serial_number": line.permission_serial.to_string(),
                "status": self.status(), "sales_status": self.sales_status(now),
                "asked_at": stamp(self.asked_at), "booked_at": booked.then(|| stamp(booked_at)),
                "canceled_at": self.canceled.as_ref().map(|canceled| stamp(canceled.at)),
                "used_at": self.used_at.map(stamp),
            })
        })
    }

    const fn status(&self) -> &'static str {
        match (&self.canceled, self.used_at) {
            (Some(_), _) => "canceled",
            (None, Some(_)) => "used",
            (None, None) => "live",
        }
    }
}

impl Line {
    fn ticket_members(&self) -> String {
        leaf("TicketItemId", &self.ticket)
            + &leaf("PermissionId", &self.permission)
            + &leaf("PermissionSerialNumber", self.permission_serial)
    }
}

fn validity(item: &Item) -> String {
    leaf("ValidFrom", &item.valid_from) + &leaf("ValidTo", &item.valid_to)
}
