//! Every supplier as a strict local server with faults and a ledger of what really happened.
//!
//! The simulator is the witness of the tests: it shares no wire type with the shop, so the same
//! mistake on both sides cannot cancel out, and its ledger says what was booked, charged and sent,
//! however the answers got lost. Each contract has a port of its own; one more, the control side,
//! orders faults, plays the payer and shows the ledger.
//!
//! Suppliers' rules that no public document proves are marked `Unproven:` beside the code that
//! enforces them.
mod access;
mod axess;
mod clock;
mod control;
mod courier;
mod deed;
mod dta;
mod endpoint;
mod faults;
mod goods;
mod http;
mod mailgun;
mod mpay24;
mod multipart;
mod questions;
mod server;
mod shape;
mod soap;
mod socket;
mod start;
mod supplier;
mod tasks;
mod world;
mod xml;

pub use access::Endpoints;
pub use axess::{AxessAccess, sample_wtp_number};
pub use dta::{DtaAccess, sample_dta_number};
pub use mailgun::MailgunAccess;
pub use mpay24::Mpay24Access;
pub use start::{Config, Contract, Simulator, Vendor, start};
