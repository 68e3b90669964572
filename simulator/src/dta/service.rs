//! The wire of one DTA contract: authenticate, check the shape, ask the book, answer.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, TimeDelta};
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use serde::Deserialize;
use serde_json::{Value, json};

use super::book::{Book, Terms};
use super::catalog::catalog;
use super::content::Content;
use super::refusal::{Refusal, fault, is_report};
use super::shapes::{self, INVENTORY, ORDER, SOAP_HEADER, number};
use super::start::{DtaAccess, SUPPLIER};
use crate::clock::{Clock, stamp};
use crate::control::{body, deed_of, done, gate, unknown};
use crate::deed::Deed;
use crate::faults::Bent;
use crate::goods::{Goods, Shelf};
use crate::http::{Answer, Asked};
use crate::shape::{self, Member};
use crate::soap::{self, Opened};
use crate::supplier::{Service, Supplier};
use crate::xml::{Element, leaf, node};

const SERVICES: &str = "/dta/webservice/sc/v10/services/";

/// One operator's contract.
pub(crate) struct Dta {
    shelf: Shelf,
    access: DtaAccess,
    clock: Arc<Clock>,
    step_ms: AtomicU32,
    book: Mutex<Book>,
}

impl Dta {
    pub(crate) fn new(
        goods: &'static Goods,
        access: DtaAccess,
        clock: Arc<Clock>,
        step_ms: u32,
    ) -> Self {
        let step_ms = AtomicU32::new(step_ms);
        Self { shelf: Shelf::new(goods), access, clock, step_ms, book: Mutex::default() }
    }

    /// From now on new orders take this long from `PENDING` to `BOOKED`, and again to
    /// `BOOKED_AND_TRANSFERRED`.
    pub(crate) fn set_step(&self, step_ms: u32) {
        self.step_ms.store(step_ms, Ordering::SeqCst);
    }

    /// A gate pass; the error says why the gate stays closed.
    pub(crate) fn pass_gate(&self, order_id: &str) -> Result<(), String> {
        self.book().pass_gate(order_id, self.clock.now())
    }

    /// What people at the operator's own desk do to a booking, unseen by any interface; the error
    /// says why not.
    pub(crate) fn at_the_desk(&self, order_id: &str, deed: &Deed) -> Result<(), String> {
        self.book().at_the_desk(order_id, deed, self.clock.now())
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn authenticate(&self, opened: Opened<'_>) -> Result<(), Refusal> {
        let failed = |says: &str| Refusal::new("AuthenticationFailed", says);
        let header = opened.header.and_then(|header| header.child("AuthenticationHeader"));
        let header = header.ok_or_else(|| failed("no AuthenticationHeader"))?;
        if header.namespace != SOAP_HEADER {
            return Err(failed("AuthenticationHeader is in the wrong namespace"));
        }
        shape::check(header, SOAP_HEADER, shapes::AUTHENTICATION).map_err(|says| failed(&says))?;
        let given = ["ClientName", "UserName", "Password"].map(|name| header.text_of(name));
        let right = [&self.access.client_name, &self.access.user_name, &self.access.password];
        if given == right.map(String::as_str) { Ok(()) } else { Err(failed("wrong credentials")) }
    }

    fn call(&self, call: &Element, bent: Bent) -> Result<String, Refusal> {
        match call.name.as_str() {
            "GetCatalog" if call.text_of("CatalogId") == self.shelf.goods.catalog_id => {
                Ok(catalog(&self.shelf))
            }
            "GetCatalog" => {
                Err(Refusal::new("UnknownCatalog", "CatalogId is not that of this operator"))
            }
            "CheckIdentification" => Ok(leaf("Report", report(call))),
            "CreateOrder" => self.create(call, bent),
            "GetOrder" => Ok(self.book().get(call.text_of("OrderId"))?.shown(self.clock.now())),
            "GetOrdersByExternalId" => {
                Ok(node("Orders", &self.find(call.text_of("ExternalOrderId"), bent)))
            }
            "GetOrders" => Ok(node("Orders", &self.list(call)?)),
            _ => self.cancel(call.text_of("OrderId")),
        }
    }

    fn create(&self, call: &Element, bent: Bent) -> Result<String, Refusal> {
        let order = call.child("Order").ok_or_else(|| Refusal::new("InternalError", "no Order"))?;
        let content = Content::read(order, &self.shelf)?;
        let terms = Terms {
            order_date: order.text_of("OrderDate"),
            now: self.clock.now(),
            step: TimeDelta::milliseconds(i64::from(self.step_ms.load(Ordering::SeqCst))),
            no_dedup: bent.no_dedup,
        };
        Ok(self.book().create(content, terms)?.receipt())
    }

    fn find(&self, reference: &str, bent: Bent) -> String {
        if bent.find_nothing {
            return String::new();
        }
        let now = self.clock.now();
        self.book().find(reference).map(|order| order.shown(now)).collect()
    }

    fn list(&self, call: &Element) -> Result<String, Refusal> {
        let instant = |name| DateTime::parse_from_rfc3339(call.text_of(name)).map(|at| at.to_utc());
        let unreadable = |_| Refusal::new("InternalError", "From and To need their offset");
        let from = instant("From").map_err(unreadable)?;
        let to = instant("To").map_err(unreadable)?;
        let rows = |name| call.text_of(name).parse().unwrap_or_default();
        let (first, block, now): (usize, usize, _) =
            (rows("FirstRow"), rows("BlockSize"), self.clock.now());
        let book = self.book();
        let of_span = book.orders().filter(|order| (from..to).contains(&order.asked_at));
        Ok(of_span.skip(first).take(block).map(|order| order.shown(now)).collect())
    }

    fn cancel(&self, order_id: &str) -> Result<String, Refusal> {
        let mut book = self.book();
        let canceled = book.cancel(order_id, self.clock.now())?;
        Ok(leaf("OriginalOrderId", order_id)
            + &leaf("CancelationOrderId", &canceled.id)
            + &leaf("CancelationSystemDate", stamp(canceled.at))
            + &leaf("ExecutionId", &canceled.execution))
    }
}

fn report(call: &Element) -> &'static str {
    match call.child("Identification").map(number) {
        Some(number) if !number.is_known_type() => "UNKNOWN_MEDIUM",
        Some(number) if number.is_right() => "OK",
        Some(_) | None => "INVALID_LUHN",
    }
}

fn shape_of(operation: &str) -> Option<&'static [Member]> {
    match operation {
        "CheckIdentification" => Some(shapes::CHECK_IDENTIFICATION),
        "CreateOrder" => Some(shapes::CREATE_ORDER),
        "GetOrder" => Some(shapes::GET_ORDER),
        "GetOrdersByExternalId" => Some(shapes::GET_ORDERS_BY_EXTERNAL_ID),
        "GetOrders" => Some(shapes::GET_ORDERS),
        "CancelOrder" => Some(shapes::CANCEL_ORDER),
        "GetCatalog" => Some(shapes::GET_CATALOG),
        _ => None,
    }
}

/// Opens the envelope and checks everything that needs neither memory nor credentials.
fn opened(asked: &Asked) -> Result<Opened<'_>, String> {
    let opened = soap::open(asked)?;
    let call = opened.call;
    let members =
        shape_of(&call.name).ok_or_else(|| format!("{} is not an operation of DTA", call.name))?;
    let (service, namespace) = place_of(&call.name);
    if call.namespace != namespace || !asked.path.ends_with(service) {
        let at = format!("'{}' at {}", call.namespace, asked.path);
        return Err(format!(
            "{} is in namespace {at}, expected '{namespace}' at {service}",
            call.name
        ));
    }
    if soap::action(asked) != format!("{namespace}/{}", call.name) {
        return Err(format!("SOAPAction must be \"{namespace}/{}\"", call.name));
    }
    shape::check(call, namespace, members)?;
    Ok(opened)
}

/// The service of an operation and its namespace.
fn place_of(operation: &str) -> (&'static str, &'static str) {
    if operation == "GetCatalog" {
        ("InventoryService", INVENTORY)
    } else {
        ("OrderService", ORDER)
    }
}

fn reply(operation: &str, inner: &str) -> Answer {
    let (_, namespace) = place_of(operation);
    soap::answer(&format!(
        "<{operation}Response xmlns=\"{namespace}\">{inner}</{operation}Response>"
    ))
}

impl Service for Dta {
    fn supplier(&self) -> &'static Supplier {
        &SUPPLIER
    }

    fn shelf(&self) -> Option<&Shelf> {
        Some(&self.shelf)
    }

    fn operation<'a>(&self, asked: &'a Asked) -> Option<&'a str> {
        soap::operation(asked)
    }

    fn execute(&self, asked: &Asked, bent: Bent) -> Answer {
        let service = asked.path.strip_prefix(SERVICES).filter(|name| *name == "InventoryService");
        let path = format!("{SERVICES}{}", service.unwrap_or("OrderService"));
        if let Some(answer) = soap::misplaced(asked, &path) {
            return answer;
        }
        let opened = match opened(asked) {
            Ok(opened) => opened,
            Err(says) => return soap::fault("Client", &says, ""),
        };
        match self.authenticate(opened).and_then(|()| self.call(opened.call, bent)) {
            Ok(inner) => reply(&opened.call.name, &inner),
            Err(refusal) => refusal.answer(),
        }
    }

    fn refuse(&self, asked: &Asked, code: Option<&str>) -> Answer {
        let operation = self.operation(asked).unwrap_or_default();
        let usual = match operation {
            "CheckIdentification" => "NOT_COMPATIBLE",
            "CancelOrder" => "TicketUsed",
            "GetOrder" | "GetOrdersByExternalId" | "GetOrders" => "UnknownOrder",
            "GetCatalog" => "ServiceUnavailable",
            _ => "MediumNotCompatible",
        };
        let code = code.unwrap_or(usual);
        if is_report(code) {
            reply(operation, &leaf("Report", code))
        } else {
            fault(code, "refused by a fault")
        }
    }

    fn control<'a>(
        &'a self,
        asked: &'a Asked,
        path: &'a [&'a str],
    ) -> BoxFuture<'a, Result<Answer, Answer>> {
        std::future::ready(self.controlled(asked, path)).boxed()
    }

    fn ledger(&self) -> Vec<Value> {
        let now = self.clock.now();
        let operator = self.shelf.operator();
        self.book().orders().flat_map(|order| order.entries(&operator, now)).collect()
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Booking {
    step_ms: u32,
}

impl Dta {
    /// The operator's gates, its desk, and how fast it books.
    fn controlled(&self, asked: &Asked, path: &[&str]) -> Result<Answer, Answer> {
        match (asked.method.as_str(), path) {
            ("PUT", ["booking"]) => {
                let step_ms = body::<Booking>(asked)?.step_ms;
                self.set_step(step_ms);
                Ok(Answer::json(200, &json!({ "step_ms": step_ms })))
            }
            ("POST", ["orders", order, "use"]) => gate(self.pass_gate(order)),
            ("POST", ["orders", order, deed]) => {
                done(self.at_the_desk(order, &deed_of(deed, asked)?))
            }
            _ => Err(unknown(asked)),
        }
    }
}
