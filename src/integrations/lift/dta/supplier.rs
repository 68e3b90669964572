//! The port, answered by DTA.

use std::rc::Rc;

use chrono::NaiveDate;
use futures_util::FutureExt;
use futures_util::future::LocalBoxFuture;

use super::client::{OrderService, contradiction};
use super::config::Config;
use super::{card, catalog, translate};
use crate::ids::Reference;
use crate::integrations::client::Client;
use crate::integrations::lift::{
    Booking, Capabilities, CheckedCard, Contract, Found, LiftSupplier, PriceList, SoldPage,
    SupplierKind, TicketOrder, Wanted,
};
use crate::integrations::soap::Element;
use crate::integrations::{Outcome, Permit, RateLimiter};

/// SKIDATA DTA in the list of suppliers.
pub const KIND: SupplierKind = SupplierKind { key: "dta", connect, parse_card: card::parse };

fn connect(contract: &Contract, pace: Option<RateLimiter>) -> anyhow::Result<Rc<dyn LiftSupplier>> {
    let config = Config::read(contract)?;
    let service = OrderService::new(Client::new(&contract.endpoint)?.paced(pace), &config);
    Ok(Rc::new(Dta { service, config }))
}

struct Dta {
    service: OrderService,
    config: Config,
}

impl LiftSupplier for Dta {
    fn capabilities(&self) -> Capabilities {
        Capabilities { dedups_reference: self.config.dedups_reference }
    }

    fn check(&self, card: String, permit: Permit) -> LocalBoxFuture<'_, Outcome<CheckedCard>> {
        async move {
            let Some(card) = card::identification(&card) else {
                return Outcome::NotSent(NOT_NORMAL.into());
            };
            match self.service.check_identification(&card, &permit).await {
                Ok(report) => translate::report(&report),
                Err(error) => translate::read_failed(error),
            }
        }
        .boxed_local()
    }

    /// Where the contract dedups, a repeated question must learn whether the first booking has
    /// become final, so the order's state is asked for at once.
    fn issue(&self, order: TicketOrder, permit: Permit) -> LocalBoxFuture<'_, Outcome<Booking>> {
        async move {
            let Some(order) = translate::new_order(&order, self.config.time_zone) else {
                return Outcome::NotSent(NOT_NORMAL.into());
            };
            let created = match self.service.create_order(&order, &permit).await {
                Ok(created) => created,
                Err(error) => return translate::create_failed(error),
            };
            let known = match self.config.dedups_reference {
                true => self.service.get_order(&created.order_id, &permit).await.unwrap_or(created),
                false => created,
            };
            translate::issued(&known, self.config.booked_suffices)
        }
        .boxed_local()
    }

    fn find(
        &self,
        reference: Reference,
        permit: Permit,
    ) -> LocalBoxFuture<'_, Outcome<Vec<Found>>> {
        async move {
            match self.service.get_orders_by_external_id(reference.as_str(), &permit).await {
                Ok(orders) => translate::found(&orders, self.config.booked_suffices),
                Err(error) => translate::read_failed(error),
            }
        }
        .boxed_local()
    }

    fn cancel(&self, booking: Booking, permit: Permit) -> LocalBoxFuture<'_, Outcome<()>> {
        async move {
            let Some(order_id) = translate::order_id(&booking) else {
                return Outcome::NotSent("the booking's handle is not one of ours".into());
            };
            match self.service.cancel_order(order_id, &permit).await {
                Ok(()) => Outcome::Done(()),
                Err(error) => translate::cancel_failed(error),
            }
        }
        .boxed_local()
    }

    fn list(
        &self,
        day: NaiveDate,
        after: Option<String>,
        permit: Permit,
    ) -> LocalBoxFuture<'_, Outcome<SoldPage>> {
        async move {
            let Some(span) = translate::span(day, after.as_deref(), self.config.time_zone) else {
                return Outcome::NotSent(NOT_NORMAL.into());
            };
            match self.service.get_orders(&span, &permit).await {
                Ok(block) => {
                    Outcome::Done(translate::sold(&span, block, self.config.booked_suffices))
                }
                Err(error) => translate::read_failed(error),
            }
        }
        .boxed_local()
    }

    fn catalogue(&self, wanted: Wanted, permit: Permit) -> LocalBoxFuture<'_, Outcome<PriceList>> {
        async move {
            let Some(catalog_id) = &self.config.catalog_id else {
                return Outcome::NotSent("the contract lacks the setting catalog_id".into());
            };
            let read = |catalog: Element| {
                catalog::goods(&catalog, &wanted, self.config.time_zone)
                    .ok_or_else(|| contradiction("GetCatalog"))
            };
            match self.service.get_catalog(catalog_id, &permit).await.and_then(read) {
                Ok(goods) => Outcome::Done(goods),
                Err(error) => translate::read_failed(error),
            }
        }
        .boxed_local()
    }
}

const NOT_NORMAL: &str = "the card's number or the day is not in its normal form";
