//! mPAY24: the hosted payment page, the SOAP interface ETP 1.5 around it, and the confirmation
//! callbacks.
//!
//! `POST /app/bin/etpproxy_v15` with HTTP Basic `u<merchant>`; wrapper in the ETP namespace, all
//! children in none; any content type and `SOAPAction`, as the real one. Breaches of the schema are
//! faults (HTTP 500), everything else is `status` and `returnCode`. Source: docs.mpay24.com and
//! mPAY24's own client libraries, read 2026-11-23.
//!
//! `Unproven:` what no document says and is a choice here: a fourth `TransactionStatus` is
//! `ACCESS_DENIED`; several partial credits are possible; PRICE of a callback is the amount of its
//! step; suspended transactions are listed with `tStatus` `SUSPENDED`; a callback is sent once
//! whatever it is answered; a suspended payment closes its page.
mod book;
mod callbacks;
mod codes;
mod history;
mod mdxi;
mod operations;
mod page;
mod payer;
mod service;
mod shapes;
mod start;

pub use start::Mpay24Access;
pub(crate) use start::SUPPLIER;
