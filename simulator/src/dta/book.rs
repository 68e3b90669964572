//! The order book of one contract: what was booked, by id and by our reference.

use std::collections::HashMap;

use chrono::{DateTime, TimeDelta, Utc};

use super::content::Content;
use super::orders::{Cancelation, Order};
use super::refusal::Refusal;
use crate::deed::Deed;

/// Orders one contract keeps; beyond them it is unavailable.
const ORDERS_MAX: usize = 1_000_000;

#[derive(Debug, Default)]
pub(crate) struct Book {
    orders: Vec<Order>,
    by_id: HashMap<String, usize>,
    by_reference: HashMap<String, Vec<usize>>,
    serial: u64,
}

/// When and how a booking is made.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Terms<'a> {
    pub(crate) order_date: &'a str,
    pub(crate) now: DateTime<Utc>,
    pub(crate) step: TimeDelta,
    /// A fault: a known reference is booked again.
    pub(crate) no_dedup: bool,
}

impl Book {
    /// Books, or answers a known reference with its first order when the content is the same.
    pub(crate) fn create(&mut self, content: Content, terms: Terms<'_>) -> Result<&Order, Refusal> {
        let known =
            self.by_reference.get(&content.reference).and_then(|places| places.first()).copied();
        if let Some(place) = known.filter(|_| !terms.no_dedup) {
            return match self.orders.get(place) {
                Some(first) if first.content == content => Ok(first),
                Some(_) | None => {
                    Err(Refusal::new("DuplicateOrder", "ExternalOrderId is used by another order"))
                }
            };
        }
        if self.orders.len() >= ORDERS_MAX {
            return Err(Refusal::new("ServiceUnavailable", "the simulator's order book is full"));
        }
        self.serial += 100;
        let order = Order::book(content, terms.order_date, terms.now, terms.step, self.serial);
        let place = self.orders.len();
        self.by_id.insert(order.id.clone(), place);
        self.by_reference.entry(order.content.reference.clone()).or_default().push(place);
        Ok(self.orders.push_mut(order))
    }

    pub(crate) fn get(&self, id: &str) -> Result<&Order, Refusal> {
        self.by_id.get(id).and_then(|place| self.orders.get(*place)).ok_or_else(unknown)
    }

    /// Every order under our reference, oldest first.
    pub(crate) fn find(&self, reference: &str) -> impl Iterator<Item = &Order> {
        self.by_reference
            .get(reference)
            .into_iter()
            .flatten()
            .filter_map(|place| self.orders.get(*place))
    }

    /// Cancels once; never after the first gate pass.
    pub(crate) fn cancel(&mut self, id: &str, now: DateTime<Utc>) -> Result<&Cancelation, Refusal> {
        let order = self.get_mut(id)?;
        if order.canceled.is_some() {
            return Err(Refusal::new("AlreadyCanceled", "the order is already canceled"));
        }
        if order.used_at.is_some() {
            return Err(Refusal::new("TicketUsed", "the ticket has passed a gate"));
        }
        Ok(order.canceled.insert(Cancelation::new(now)))
    }

    /// A gate pass: the ticket counts as used from now on.
    pub(crate) fn pass_gate(&mut self, id: &str, now: DateTime<Utc>) -> Result<(), String> {
        let order = self.get_mut(id).map_err(|refusal| refusal.says)?;
        if order.canceled.is_some() || order.sales_status(now) == "PENDING" {
            return Err(format!("the gate stays closed: the order is {}", order.sales_status(now)));
        }
        order.used_at.get_or_insert(now);
        Ok(())
    }

    pub(crate) fn orders(&self) -> impl Iterator<Item = &Order> {
        self.orders.iter().filter(|order| !order.forgotten)
    }

    /// What people at the operator's own desk do.
    pub(crate) fn at_the_desk(
        &mut self,
        id: &str,
        deed: &Deed,
        now: DateTime<Utc>,
    ) -> Result<(), String> {
        let order = self.get_mut(id).map_err(|refusal| refusal.says)?;
        match deed {
            Deed::Cancel => drop(order.canceled.get_or_insert_with(|| Cancelation::new(now))),
            Deed::Revive => order.canceled = None,
            Deed::Reprice(cents) => {
                order.content.total_cents = *cents;
                order.content.items.iter_mut().for_each(|item| item.unit_price_cents = *cents);
            }
            Deed::Forget => {
                order.forgotten = true;
                let reference = order.content.reference.clone();
                let place = self.by_id.remove(id);
                self.by_reference
                    .entry(reference)
                    .or_default()
                    .retain(|known| Some(*known) != place);
            }
            Deed::Copy(reference) => {
                let mut content = order.content.clone();
                content.reference = reference.clone().unwrap_or(content.reference);
                let order_date = order.order_date().to_owned();
                let terms =
                    Terms { order_date: &order_date, now, step: TimeDelta::zero(), no_dedup: true };
                self.create(content, terms).map_err(|refusal| refusal.says)?;
            }
        }
        Ok(())
    }

    fn get_mut(&mut self, id: &str) -> Result<&mut Order, Refusal> {
        self.by_id.get(id).and_then(|place| self.orders.get_mut(*place)).ok_or_else(unknown)
    }
}

fn unknown() -> Refusal {
    Refusal::new("UnknownOrder", "no order has this id")
}
