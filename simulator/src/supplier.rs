//! The suppliers by name, and what the simulator needs to know of each to bend it.

use serde::Deserialize;
use serde_json::Value;

use crate::faults::{Bent, Concern, Kind, Order, WAIT_MAX_MS};
use crate::http::{Answer, Asked};

/// The operation name of the page that a payer sees.
pub(crate) const PAYMENT_PAGE: &str = "PaymentPage";

/// Who is simulated.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Supplier {
    Dta,
    Axess,
    Mpay24,
    Mailgun,
}

/// One contract at one supplier, behind a port of its own.
pub(crate) trait Service: Send + Sync + 'static {
    fn supplier(&self) -> Supplier;

    /// The operator of a lift contract.
    fn operator(&self) -> Option<&str> {
        None
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
}

impl Supplier {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Dta => "dta",
            Self::Axess => "axess",
            Self::Mpay24 => "mpay24",
            Self::Mailgun => "mailgun",
        }
    }

    /// The operations simulated, as faults name them.
    pub(crate) const fn operations(self) -> &'static [&'static str] {
        match self {
            Self::Dta => &[
                "CheckIdentification",
                "CreateOrder",
                "GetOrder",
                "GetOrdersByExternalId",
                "GetOrders",
                "CancelOrder",
                "GetCatalog",
            ],
            Self::Axess => &[
                "login",
                "logout",
                "checkWTPNo",
                "issueTicket",
                "getTicketByExtOrder",
                "getSalesList",
                "cancelTicket",
                "getTicketStatus",
                "getpools",
                "gettickettypes",
                "getpersontypes",
                "gettariff",
            ],
            Self::Mpay24 => &[
                "SelectPayment",
                "ManualClear",
                "ManualReverse",
                "ManualCredit",
                "TransactionHistory",
                "ListNotCleared",
                "TransactionStatus",
                PAYMENT_PAGE,
            ],
            Self::Mailgun => &["messages"],
        }
    }

    /// The operation that books under our reference.
    pub(crate) const fn booking(self) -> Option<&'static str> {
        match self {
            Self::Dta => Some("CreateOrder"),
            Self::Axess => Some("issueTicket"),
            Self::Mpay24 | Self::Mailgun => None,
        }
    }

    /// The operation that finds by our reference.
    pub(crate) const fn find(self) -> Option<&'static str> {
        match self {
            Self::Dta => Some("GetOrdersByExternalId"),
            Self::Axess => Some("getTicketByExtOrder"),
            Self::Mpay24 | Self::Mailgun => None,
        }
    }

    fn refusal_fits(self, operation: Option<&str>, value: &Value) -> bool {
        match self {
            Self::Dta => value.as_str().is_some_and(|code| crate::dta::is_refusal(operation, code)),
            Self::Axess => value.as_i64().is_some_and(|number| number != 0),
            Self::Mpay24 => value.as_str().is_some_and(crate::mpay24::is_return_code),
            Self::Mailgun => value.as_u64().is_some_and(|status| (400..500).contains(&status)),
        }
    }
}

/// Says why an order for a fault does not fit, if it does not.
pub(crate) fn check(order: &Order, operators: &[&str]) -> Result<(), String> {
    let supplier = order.supplier;
    let lift = supplier.booking().is_some();
    match order.operator.as_deref() {
        Some(_) if !lift => return Err(format!("{} has no operators", supplier.name())),
        Some(operator) if !operators.contains(&operator) => {
            return Err(format!("{} has no contract with operator {operator}", supplier.name()));
        }
        Some(_) | None => {}
    }
    let operations = supplier.operations();
    if let Some(operation) =
        order.operation.as_deref().filter(|operation| !operations.contains(operation))
    {
        return Err(format!(
            "{} has no operation {operation}; it has {}",
            supplier.name(),
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
        Concern::Booking => only(order.supplier.booking(), "no_dedup"),
        Concern::Finding => only(order.supplier.find(), "find_nothing"),
        Concern::Callback if order.supplier != Supplier::Mpay24 => {
            Err("duplicate, reorder and drop concern mpay24's callbacks".to_owned())
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
            Some(code) if !order.supplier.refusal_fits(order.operation.as_deref(), code) => {
                Err(format!("{code} is not a refusal of {}", order.supplier.name()))
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
