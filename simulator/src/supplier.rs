//! Who is simulated, and what the simulator needs to know of each to start and bend it.

use std::fmt;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use crate::control::unknown;
use crate::faults::{Bent, Concern, Kind, Order, WAIT_MAX_MS};
use crate::goods::Shelf;
use crate::http::{Answer, Asked};
use crate::start::Builder;

/// The operation name of the page that a payer sees.
pub(crate) const PAYMENT_PAGE: &str = "PaymentPage";

/// Everybody who is simulated: a folder each, and a line here.
pub(crate) const SUPPLIERS: [&Supplier; 4] = [
    &crate::dta::SUPPLIER,
    &crate::axess::SUPPLIER,
    &crate::mpay24::SUPPLIER,
    &crate::mailgun::SUPPLIER,
];

/// Somebody who is simulated.
pub(crate) struct Supplier {
    /// As ledger, faults and endpoints name it.
    pub(crate) name: &'static str,
    /// The operations simulated, as faults name them.
    pub(crate) operations: &'static [&'static str],
    /// The operation that books under our reference.
    pub(crate) booking: Option<&'static str>,
    /// The operation that finds by our reference.
    pub(crate) find: Option<&'static str>,
    /// Whether it calls back.
    pub(crate) calls_back: bool,
    /// Whether it refuses an operation, if one is named, with such a code.
    pub(crate) refusal_fits: fn(Option<&str>, &Value) -> bool,
    /// Opens the ports of its contracts.
    pub(crate) start: fn(&mut Builder<'_>) -> anyhow::Result<()>,
}

impl fmt::Debug for Supplier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

impl PartialEq for Supplier {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Supplier {
    /// Whoever has this name.
    pub(crate) fn named(name: &str) -> Option<&'static Self> {
        SUPPLIERS.into_iter().find(|supplier| supplier.name == name)
    }
}

impl<'de> Deserialize<'de> for &'static Supplier {
    fn deserialize<D: Deserializer<'de>>(source: D) -> Result<Self, D::Error> {
        let name = String::deserialize(source)?;
        Supplier::named(&name).ok_or_else(|| {
            let known = SUPPLIERS.map(|supplier| supplier.name).join(", ");
            D::Error::custom(format!("unknown supplier `{name}`, there are {known}"))
        })
    }
}

/// One contract at one supplier, behind a port of its own.
pub(crate) trait Service: Send + Sync + 'static {
    fn supplier(&self) -> &'static Supplier;

    /// What the operator of a lift contract sells.
    fn shelf(&self) -> Option<&Shelf> {
        None
    }

    /// The operator of a lift contract.
    fn operator(&self) -> Option<&str> {
        self.shelf().map(|shelf| shelf.goods.operator)
    }

    /// What is asked for, as faults name it; nothing when the request is not an operation.
    fn operation<'a>(&self, asked: &'a Asked) -> Option<&'a str>;

    /// Does what is asked. Asking twice does it twice, except where the supplier itself remembers.
    fn execute(&self, asked: &Asked, bent: Bent) -> Answer;

    /// The supplier's own refusal, without doing anything; `code` is one that
    /// `Supplier::refusal_fits` accepts.
    fn refuse(&self, asked: &Asked, code: Option<&str>) -> Answer;

    /// Everything that really happened here.
    fn ledger(&self) -> Vec<Value>;

    /// What people at gates, desks and pages do here, seen by no interface; `path` follows the
    /// supplier's name, and the operator's where there is one.
    fn control<'a>(
        &'a self,
        asked: &'a Asked,
        _path: &'a [&'a str],
    ) -> BoxFuture<'a, Result<Answer, Answer>> {
        std::future::ready(Err(unknown(asked))).boxed()
    }
}

/// Says why an order for a fault does not fit, if it does not.
pub(crate) fn check(order: &Order, operators: &[&str]) -> Result<(), String> {
    let supplier = order.supplier;
    let lift = supplier.booking.is_some();
    match order.operator.as_deref() {
        Some(_) if !lift => return Err(format!("{} has no operators", supplier.name)),
        Some(operator) if !operators.contains(&operator) => {
            return Err(format!("{} has no contract with operator {operator}", supplier.name));
        }
        Some(_) | None => {}
    }
    let operations = supplier.operations;
    if let Some(operation) =
        order.operation.as_deref().filter(|operation| !operations.contains(operation))
    {
        return Err(format!(
            "{} has no operation {operation}; it has {}",
            supplier.name,
            operations.join(", ")
        ));
    }
    if order.times == Some(0) {
        return Err("times must be at least 1; leave it out for \"until deleted\"".to_owned());
    }
    place(order)?;
    value(order)
}

/// Whether the fault can happen at this supplier and operation.
fn place(order: &Order) -> Result<(), String> {
    let only =
        |operation: Option<&'static str>, what: &str| match (operation, order.operation.as_deref())
        {
            (None, _) => Err(format!("{what} exists at dta and axess only")),
            (Some(fitting), Some(named)) if named != fitting => {
                Err(format!("{what} concerns {fitting}, not {named}"))
            }
            (Some(_), _) => Ok(()),
        };
    let named = order.operation.is_some();
    match order.fault.concern() {
        Concern::Booking => only(order.supplier.booking, "no_dedup"),
        Concern::Finding => only(order.supplier.find, "find_nothing"),
        Concern::Callback if !order.supplier.calls_back => {
            let name = order.supplier.name;
            Err(format!("duplicate, reorder and drop concern callbacks, and {name} sends none"))
        }
        Concern::Callback if named => {
            Err("callbacks belong to no operation: leave operation out".to_owned())
        }
        Concern::Port if named => {
            Err("a closed port knows no operations: leave operation out".to_owned())
        }
        Concern::Wire
            if order.fault == Kind::BusinessError
                && order.operation.as_deref() == Some(PAYMENT_PAGE) =>
        {
            Err("the payment page has no refusal of its own: use /control/mpay24/pages".to_owned())
        }
        Concern::Delay | Concern::Wire | Concern::Callback | Concern::Port => Ok(()),
    }
}

/// Whether the value is there, or absent, as the fault wants it.
fn value(order: &Order) -> Result<(), String> {
    let number = order.value.as_ref().and_then(Value::as_u64);
    let within = |least: u64, most: u64, needed: bool| match (&order.value, number) {
        (None, _) if !needed => Ok(()),
        (_, Some(number)) if (least..=most).contains(&number) => Ok(()),
        _ => Err(format!("value must be a whole number from {least} to {most}")),
    };
    match order.fault {
        Kind::DelayMs | Kind::Late => within(0, WAIT_MAX_MS, true),
        Kind::HttpStatus => within(200, 599, true),
        Kind::RefuseConnection | Kind::Reorder => within(1, WAIT_MAX_MS, false),
        Kind::Duplicate => within(2, 20, false),
        Kind::BusinessError => match &order.value {
            Some(code) if !(order.supplier.refusal_fits)(order.operation.as_deref(), code) => {
                Err(format!("{code} is not a refusal of {}", order.supplier.name))
            }
            Some(_) | None => Ok(()),
        },
        Kind::Hang | Kind::ResetBefore | Kind::ResetAfter | Kind::Garbage | Kind::Truncate => {
            nothing(order)
        }
        Kind::Drop | Kind::NoDedup | Kind::FindNothing => nothing(order),
    }
}

fn nothing(order: &Order) -> Result<(), String> {
    if order.value.is_none() { Ok(()) } else { Err("this fault takes no value".to_owned()) }
}
