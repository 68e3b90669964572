//! The outward face: JSON under `/api/v1`, described by `/api/openapi.json`, failures as
//! `application/problem+json`.
//!
//! A request passes `middleware` and arrives at a function of `routes`; `operations` is the
//! listener for those who run it.

mod handles;
pub mod middleware;
pub mod openapi;
pub mod operations;
pub mod routes;
pub mod server;
pub mod state;
pub mod store;
pub mod unknown_callers;

#[cfg(test)]
mod fixture;
#[cfg(test)]
mod shop_tests;
#[cfg(test)]
mod tests;

pub use handles::{Handles, Offered};
pub use middleware::connection::Patience;
pub use middleware::door::Door;
pub use middleware::problem::Problem;
pub use middleware::session::{Admin, Customer};
pub use server::{Limits, app, serve};
pub use state::State;
