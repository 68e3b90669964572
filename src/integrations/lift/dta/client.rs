//! One function per endpoint of DTA.

use secrecy::ExposeSecret;

use super::catalog::INVENTORY;
use super::config::Config;
use super::wire::{self, Block, BookedOrder, GetOrders, Identification, NewOrder};
use crate::integrations::Permit;
use crate::integrations::client::{Client, SendError};
use crate::integrations::soap::{self, Element, Fault, SoapError, Tag};

/// Why a call has no result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum CallError {
    /// Provably nothing was done.
    NotSent(String),
    /// DTA's own fault code.
    Fault(String),
    /// No answer, or one that is not in the document.
    Unknown(String),
}

impl From<SendError> for CallError {
    fn from(error: SendError) -> Self {
        match error {
            SendError::NotSent(why) => Self::NotSent(why),
            SendError::Unknown(why) => Self::Unknown(why),
        }
    }
}

impl From<SoapError> for CallError {
    fn from(error: SoapError) -> Self {
        let text = error.to_string();
        match error {
            SoapError::Unauthorized(_) => Self::NotSent(text),
            SoapError::Fault(fault) => dta_code(&fault).map_or(Self::Unknown(text), Self::Fault),
            SoapError::NotXml { .. } | SoapError::Broken { .. } | SoapError::NotSoap(_) => {
                Self::Unknown(text)
            }
        }
    }
}

/// The `OrderService` of one contract, and its `InventoryService`.
pub(super) struct OrderService {
    client: Client,
    header: Tag,
}

impl OrderService {
    pub(super) fn new(client: Client, config: &Config) -> Self {
        let [client_name, user_name, password] =
            [&config.client_name, &config.user_name, &config.password]
                .map(|secret| secret.expose_secret());
        Self { client, header: wire::authentication(client_name, user_name, password) }
    }

    /// Answers the report, `OK` when the card is accepted. Harmless to repeat.
    pub(super) async fn check_identification(
        &self,
        card: &Identification,
        permit: &Permit,
    ) -> Result<String, CallError> {
        let call = Tag::new("ord:CheckIdentification").child(card.tag());
        let answer = self.call("CheckIdentification", call, permit).await?;
        answer
            .text_of("Report")
            .map(str::to_owned)
            .ok_or_else(|| contradiction("CheckIdentification"))
    }

    /// Books. `Unproven:` a known `ExternalOrderId` with the same content is answered with its
    /// first answer.
    pub(super) async fn create_order(
        &self,
        order: &NewOrder,
        permit: &Permit,
    ) -> Result<BookedOrder, CallError> {
        let answer = self
            .call("CreateOrder", Tag::new("ord:CreateOrder").child(order.tag()), permit)
            .await?;
        BookedOrder::read(&answer).ok_or_else(|| contradiction("CreateOrder"))
    }

    /// The order and its states. Harmless to repeat.
    pub(super) async fn get_order(
        &self,
        order_id: &str,
        permit: &Permit,
    ) -> Result<BookedOrder, CallError> {
        let answer = self
            .call("GetOrder", Tag::new("ord:GetOrder").text("ord:OrderId", order_id), permit)
            .await?;
        answer.child("Order").and_then(BookedOrder::read).ok_or_else(|| contradiction("GetOrder"))
    }

    /// Every order under our reference, oldest first. Harmless to repeat.
    pub(super) async fn get_orders_by_external_id(
        &self,
        external_order_id: &str,
        permit: &Permit,
    ) -> Result<Vec<BookedOrder>, CallError> {
        let call =
            Tag::new("ord:GetOrdersByExternalId").text("ord:ExternalOrderId", external_order_id);
        let answer = self.call("GetOrdersByExternalId", call, permit).await?;
        let orders =
            answer.child("Orders").ok_or_else(|| contradiction("GetOrdersByExternalId"))?;
        let read =
            |order| BookedOrder::read(order).ok_or_else(|| contradiction("GetOrdersByExternalId"));
        orders.children("Order").map(read).collect()
    }

    /// A block of the orders of a span. Harmless to repeat.
    pub(super) async fn get_orders(
        &self,
        span: &GetOrders,
        permit: &Permit,
    ) -> Result<Block, CallError> {
        let answer = self.call("GetOrders", span.tag(), permit).await?;
        answer.child("Orders").map(Block::read).ok_or_else(|| contradiction("GetOrders"))
    }

    /// Cancels a whole order. A second time is the fault `AlreadyCanceled`.
    pub(super) async fn cancel_order(
        &self,
        order_id: &str,
        permit: &Permit,
    ) -> Result<(), CallError> {
        let answer = self
            .call("CancelOrder", Tag::new("ord:CancelOrder").text("ord:OrderId", order_id), permit)
            .await?;
        if answer.text_of("OriginalOrderId") == Some(order_id) {
            Ok(())
        } else {
            Err(contradiction("CancelOrder"))
        }
    }

    /// All that a catalogue holds. Harmless to repeat.
    pub(super) async fn get_catalog(
        &self,
        catalog_id: &str,
        permit: &Permit,
    ) -> Result<Element, CallError> {
        let call =
            Tag::new("inv:GetCatalog").prefix("inv", INVENTORY).text("inv:CatalogId", catalog_id);
        let mut answer =
            self.send(("/InventoryService", INVENTORY), "GetCatalog", call, permit).await?;
        let whole = answer.children.pop().filter(|catalog| catalog.is(INVENTORY, "Catalog"));
        whole.filter(|_| answer.children.is_empty()).ok_or_else(|| contradiction("GetCatalog"))
    }

    async fn call(
        &self,
        operation: &str,
        call: Tag,
        permit: &Permit,
    ) -> Result<Element, CallError> {
        self.send(
            ("/OrderService", wire::ORDER),
            operation,
            call.prefix("ord", wire::ORDER),
            permit,
        )
        .await
    }

    async fn send(
        &self,
        (service, namespace): (&str, &str),
        operation: &str,
        call: Tag,
        permit: &Permit,
    ) -> Result<Element, CallError> {
        let envelope = soap::envelope(std::slice::from_ref(&self.header), call);
        let request = soap::post(service, &format!("{namespace}/{operation}"), envelope);
        let content = soap::read(&self.client.send(request, permit).await?)?;
        let expected = content.is(namespace, &format!("{operation}Response"));
        if expected { Ok(content) } else { Err(contradiction(operation)) }
    }
}

/// The code in a fault's `DtaFault`; a fault of the envelope alone has none.
fn dta_code(fault: &Fault) -> Option<String> {
    fault.detail.as_ref()?.child("DtaFault")?.text_of("Code").map(str::to_owned)
}

/// The answer is not in the document, which a person has to look at.
pub(super) fn contradiction(operation: &str) -> CallError {
    tracing::warn!(operation, "the supplier's answer contradicts its document");
    CallError::Unknown(format!("the answer to {operation} contradicts its document"))
}
