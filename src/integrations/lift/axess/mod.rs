//! Axess DCI4WTP over SOAP 1.1: a logged-in shop sells a ticket onto the card that a WTP number
//! names.
//!
//! Public are `login`, four reads, the namespaces, the house style of the service's family (members
//! in alphabetical order, every number a decimal, business errors as `NERRORNO` with HTTP 200) and
//! the error numbers. `Unproven:` `gettickettypes`, `getpersontypes`, `checkWTPNo`, `issueTicket`,
//! `getTicketByExtOrder`, `cancelTicket` and `getTicketStatus` are our own proposal in the same
//! style; none of them was ever sent to a real Axess. No sandbox is public.
//!
//! Quirks:
//! - The session stands inside the request and lives an hour; the incarnation keeps one and renews
//!   it before. Where the server forgot it, its answer says so before anything was done: one log-in
//!   and one repeat follow.
//! - Members out of their order are dropped in silence, so all are written in alphabetical order.
//! - An error of the family -65xx after a cancellation proves nothing; the ticket's status does.
//!
//! Credentials: `soap_user_name`, `soap_password`, `user_name`, `password`. Settings: `project_no`,
//! `profile_no`, `country_code` (three letters, `AUT` otherwise). A product's code is
//! `<pool>/<ticket type>`, a category's the number of the person type. The endpoint is the whole
//! address, `…/DCI4WTP/DCI4WTPService.svc/soap`.
//!
//! Source: a public WTP client (`Darylbab/asl_Sync`, read 2026-11-23) and the WSDL of the sister
//! service DCI4CRM.

mod card;
mod client;
mod config;
mod lists;
mod session;
mod supplier;
#[cfg(test)]
mod tests;
mod translate;
mod wire;

pub use supplier::KIND;
