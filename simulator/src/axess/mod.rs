//! Axess DCI4WTP as far as loading a ticket onto a keycard needs it.
//!
//! `login`'s members, the namespaces and the WCF house style are public; the other operations are
//! `Unproven:`, our own proposal in the same style. What this server wants, exactly:
//! - `POST /DCI4WTP/DCI4WTPService.svc/soap`, `Content-Type: text/xml`,
//!   `SOAPAction: "http://teamaxess.com/IAxDCI4WTP/<operation>"`.
//! - The wrapper `<operation>` and its one parameter `i_ct<Operation>Req` (`i_ctLoginReq`,
//!   `i_ctCheckWTPNoReq`, …) in `http://teamaxess.com/`, members in the `AxWebServices` namespace
//!   in alphabetical order, numbers as decimals; an array is its member repeated (`ACTTICKET`,
//!   `ACTTICKET`), without an element around it.
//! - Answers are `<operation>Response/<operation>Result` with alphabetical members. Business errors
//!   are HTTP 200 with `NERRORNO` other than 0; only what is no request at all is a SOAP fault.
//! - Every request but `login` carries a session (-2001 when it is unknown or an hour old).
//! - The operator's own list (`goods`) says which `<pool>/<ticket type>` and person types there are
//!   and how long a ticket is valid; what is not there is refused with -6541. `getpools`,
//!   `gettickettypes`, `getpersontypes` and `gettariff` read it out; prices are listed, not
//!   enforced.
mod book;
mod lists;
mod number;
mod requests;
mod service;
mod sessions;
mod shapes;
mod start;

pub use number::sample_wtp_number;
pub use start::AxessAccess;
pub(crate) use start::SUPPLIER;
