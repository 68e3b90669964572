//! The port, verb by verb: check, ask, translate.

use std::rc::Rc;

use futures_util::FutureExt;
use futures_util::future::LocalBoxFuture;
use tracing::error;

use super::client::Endpoint;
use super::config::Config;
use super::wire::{self, Ask, Operation};
use super::{mdxi, translate};
use crate::integrations::payment::{
    CreditAmount, History, Observed, OpenPayments, OpenedPage, PageOrder, PaymentProvider,
    StatusKey,
};
use crate::integrations::{Outcome, Permit};
use crate::money::Cents;

/// Builds the client of one merchant for one incarnation; opens no connection.
///
/// # Errors
/// Endpoint, merchant and `test` do not belong together, or there is no TLS configuration.
pub(crate) fn connect(config: &Config) -> anyhow::Result<Rc<dyn PaymentProvider>> {
    Ok(Rc::new(Mpay24 { endpoint: Endpoint::new(config)?, merchant: config.merchant_id }))
}

/// One merchant at mPAY24.
struct Mpay24 {
    endpoint: Endpoint,
    merchant: u32,
}

impl Mpay24 {
    /// Asks for something to be done to transaction `tid`, unless the request would be a mistake of
    /// ours.
    async fn act(
        &self,
        operation: Operation,
        tid: &str,
        ask: Result<Ask, &'static str>,
        permit: &Permit,
    ) -> Outcome<()> {
        match ask {
            Ok(ask) => {
                self.endpoint
                    .ask(ask, permit, |answer| translate::moved(operation, tid, &answer))
                    .await
            }
            Err(why) => mistake(operation, why),
        }
    }
}

impl PaymentProvider for Mpay24 {
    fn open_page(
        &self,
        page: PageOrder,
        permit: Permit,
    ) -> LocalBoxFuture<'_, Outcome<OpenedPage>> {
        async move {
            match mdxi::order(&page) {
                Ok(mdxi) => {
                    self.endpoint
                        .ask(wire::select_payment(self.merchant, mdxi), &permit, translate::opened)
                        .await
                }
                Err(mdxi::Unorderable(why)) => mistake(Operation::SelectPayment, why),
            }
        }
        .boxed_local()
    }

    fn capture(
        &self,
        tid: String,
        amount: Cents,
        permit: Permit,
    ) -> LocalBoxFuture<'_, Outcome<()>> {
        async move {
            let ask = checked(&tid)
                .and_then(|()| positive(amount))
                .map(|amount| wire::manual_clear(self.merchant, &tid, amount));
            self.act(Operation::ManualClear, &tid, ask, &permit).await
        }
        .boxed_local()
    }

    fn reverse(&self, tid: String, permit: Permit) -> LocalBoxFuture<'_, Outcome<()>> {
        async move {
            let ask = checked(&tid).map(|()| wire::manual_reverse(self.merchant, &tid));
            self.act(Operation::ManualReverse, &tid, ask, &permit).await
        }
        .boxed_local()
    }

    fn credit(
        &self,
        tid: String,
        amount: CreditAmount,
        permit: Permit,
    ) -> LocalBoxFuture<'_, Outcome<()>> {
        async move {
            let part = match amount {
                CreditAmount::Full => Ok(None),
                CreditAmount::Part(part) => positive(part).map(Some),
            };
            let ask =
                checked(&tid).and(part).map(|part| wire::manual_credit(self.merchant, &tid, part));
            self.act(Operation::ManualCredit, &tid, ask, &permit).await
        }
        .boxed_local()
    }

    fn history(&self, tid: String, permit: Permit) -> LocalBoxFuture<'_, Outcome<History>> {
        async move {
            match checked(&tid) {
                Ok(()) => {
                    let ask = wire::transaction_history(self.merchant, &tid);
                    self.endpoint.ask(ask, &permit, |answer| translate::history(&answer)).await
                }
                Err(why) => mistake(Operation::TransactionHistory, why),
            }
        }
        .boxed_local()
    }

    fn list_open(
        &self,
        begin: u32,
        size: u32,
        permit: Permit,
    ) -> LocalBoxFuture<'_, Outcome<OpenPayments>> {
        async move {
            let ask =
                wire::list_not_cleared(self.merchant, begin, size.clamp(1, wire::LARGEST_LIST));
            self.endpoint.ask(ask, &permit, |answer| translate::listed(&answer)).await
        }
        .boxed_local()
    }

    fn status(
        &self,
        key: StatusKey,
        permit: Permit,
    ) -> LocalBoxFuture<'_, Outcome<Option<Observed>>> {
        async move {
            let ask = match &key {
                StatusKey::Tid(tid) => {
                    checked(tid).map(|()| wire::transaction_status(self.merchant, tid))
                }
                StatusKey::Page(reference) => {
                    Ok(wire::page_status(self.merchant, reference.as_str()))
                }
            };
            match ask {
                Ok(ask) => {
                    self.endpoint.ask(ask, &permit, |answer| translate::status(&key, &answer)).await
                }
                Err(why) => mistake(Operation::TransactionStatus, why),
            }
        }
        .boxed_local()
    }
}

/// A request that must not leave us. It is no refusal: the provider was never asked.
fn mistake<T>(operation: Operation, why: &str) -> Outcome<T> {
    error!(
        supplier = "mpay24",
        operation = operation.name(),
        why,
        "a request to the payment provider would be wrong"
    );
    Outcome::NotSent(format!("{}: {why}", operation.name()))
}

fn checked(tid: &str) -> Result<(), &'static str> {
    if translate::is_tid(tid) { Ok(()) } else { Err("the transaction id is not a number") }
}

/// An amount of 0 would be read as "all".
fn positive(amount: Cents) -> Result<u32, &'static str> {
    match u32::try_from(amount) {
        Ok(amount) if amount > 0 => Ok(amount),
        Ok(_) | Err(_) => Err("the amount is not between 0.01 and 42949672.95"),
    }
}
