//! SOAP 1.1 as every supplier of ours speaks it: [`Tag`] writes an envelope, [`read`] takes an
//! answer apart.
//!
//! What is written is escaped exactly once. What is read is bounded in size, depth and in what its
//! tree costs, carries no document type and no entity of its own, and is checked by namespace. A
//! page that is not XML at all (a proxy's or a log-in's HTML) is an error of its own and never
//! reaches the parser.
//!
//! Source: W3C Note "Simple Object Access Protocol (SOAP) 1.1", sections 4 (envelope), 4.4 (fault)
//! and 6.1 (HTTP).

mod answer;
mod element;
mod parse;
mod tag;
#[cfg(test)]
mod tests;
mod tree;

pub use answer::{Fault, SoapError, post, read};
pub use element::Element;
pub use parse::{ParseError, parse};
pub use tag::{Tag, envelope};

/// The namespace of SOAP 1.1's envelope.
pub const ENVELOPE: &str = "http://schemas.xmlsoap.org/soap/envelope/";
/// The namespace of `xsi:type` and `xsi:nil`.
pub const INSTANCE: &str = "http://www.w3.org/2001/XMLSchema-instance";
