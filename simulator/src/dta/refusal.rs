//! DTA's ways to say no.

use crate::http::Answer;
use crate::soap;
use crate::xml::leaf;

use super::shapes::COMMON;

/// The codes of a `DtaFault`. `Unproven:` nothing public; ours.
const CODES: [&str; 18] = [
    "AuthenticationFailed",
    "UnknownCatalog",
    "UnknownProduct",
    "ProductNotActive",
    "ConsumerCategoryNotAllowed",
    "ValidityNotAllowed",
    "PriceMismatch",
    "ContactRequired",
    "PhotoRequired",
    "InvalidIdentification",
    "MediumNotCompatible",
    "MediumFull",
    "DuplicateOrder",
    "UnknownOrder",
    "TicketUsed",
    "AlreadyCanceled",
    "ServiceUnavailable",
    "InternalError",
];
/// What `CheckIdentification` reports instead of `OK`.
const REPORTS: [&str; 4] = ["INVALID_LUHN", "UNKNOWN_MEDIUM", "BLOCKED", "NOT_COMPATIBLE"];

/// A refusal with its code and words.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) code: &'static str,
    pub(crate) says: String,
}

impl Refusal {
    pub(crate) fn new(code: &'static str, says: impl Into<String>) -> Self {
        Self { code, says: says.into() }
    }

    /// The SOAP fault, HTTP 500.
    pub(crate) fn answer(&self) -> Answer {
        fault(self.code, &self.says)
    }
}

/// Whether `business_error` may have this value at DTA; a report is one of `CheckIdentification`
/// only.
pub(crate) fn is_refusal(operation: Option<&str>, code: &str) -> bool {
    CODES.contains(&code) || (is_report(code) && operation == Some("CheckIdentification"))
}

/// Whether it is a report of `CheckIdentification`.
pub(crate) fn is_report(code: &str) -> bool {
    REPORTS.contains(&code)
}

/// A fault with a `DtaFault` of this code.
pub(crate) fn fault(code: &str, says: &str) -> Answer {
    let side =
        if matches!(code, "ServiceUnavailable" | "InternalError") { "Server" } else { "Client" };
    let inner = leaf("Code", code) + &leaf("Message", says);
    soap::fault(side, says, &format!("<DtaFault xmlns=\"{COMMON}\">{inner}</DtaFault>"))
}
