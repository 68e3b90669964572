//! The port, answered by Axess.

use std::rc::Rc;

use chrono::NaiveDate;
use futures_util::FutureExt;
use futures_util::future::LocalBoxFuture;

use super::client::Service;
use super::config::Config;
use super::{card, lists, translate};
use crate::ids::Reference;
use crate::integrations::client::Client;
use crate::integrations::lift::{
    Booking, Capabilities, CheckedCard, Contract, Found, LiftSupplier, PriceList, SoldPage,
    SupplierKind, TicketOrder, Wanted,
};
use crate::integrations::{Outcome, Permit, RateLimiter};

/// Axess in the list of suppliers.
pub const KIND: SupplierKind = SupplierKind { key: "axess", connect, parse_card: card::parse };

fn connect(contract: &Contract, pace: Option<RateLimiter>) -> anyhow::Result<Rc<dyn LiftSupplier>> {
    let config = Config::read(contract)?;
    Ok(Rc::new(Axess {
        service: Service::new(Client::new(&contract.endpoint)?.paced(pace), config),
    }))
}

struct Axess {
    service: Service,
}

impl LiftSupplier for Axess {
    fn capabilities(&self) -> Capabilities {
        Capabilities { dedups_reference: self.service.config().dedups_reference }
    }

    fn check(&self, card: String, permit: Permit) -> LocalBoxFuture<'_, Outcome<CheckedCard>> {
        async move {
            let check = translate::check_wtp_no(card, self.service.config());
            translate::checked(self.service.check_wtp_no(&check, &permit).await)
        }
        .boxed_local()
    }

    fn issue(&self, order: TicketOrder, permit: Permit) -> LocalBoxFuture<'_, Outcome<Booking>> {
        async move {
            let Some(issue) = translate::issue_ticket(&order, self.service.config()) else {
                return Outcome::NotSent(
                    "the product's or the category's code is not one of this supplier".into(),
                );
            };
            translate::issued(self.service.issue_ticket(&issue, &permit).await)
        }
        .boxed_local()
    }

    fn find(
        &self,
        reference: Reference,
        permit: Permit,
    ) -> LocalBoxFuture<'_, Outcome<Vec<Found>>> {
        async move {
            let reply = self.service.ticket_by_ext_order(reference.as_str(), &permit).await;
            translate::found(&reference, reply)
        }
        .boxed_local()
    }

    fn cancel(&self, booking: Booking, permit: Permit) -> LocalBoxFuture<'_, Outcome<()>> {
        async move {
            let Some(key) = translate::key(&booking) else {
                return Outcome::NotSent("the booking's handle is not one of ours".into());
            };
            match translate::cancelled(self.service.cancel_ticket(key, &permit).await) {
                Ok(outcome) => outcome,
                Err(error_no) => {
                    translate::decided(error_no, self.service.ticket_status(key, &permit).await)
                }
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
            let Some(after) = after.map_or(Some(0), |journal_no| journal_no.parse().ok()) else {
                return Outcome::NotSent("the page's mark is not one of ours".into());
            };
            translate::sold(self.service.sales_list((&day.to_string(), after), &permit).await)
        }
        .boxed_local()
    }

    fn catalogue(&self, wanted: Wanted, permit: Permit) -> LocalBoxFuture<'_, Outcome<PriceList>> {
        async move {
            match lists::goods(&self.service, &wanted, &permit).await {
                Ok(goods) => Outcome::Done(goods),
                Err(error) => translate::failed(error),
            }
        }
        .boxed_local()
    }
}
