//! The services: each is a function that takes what all share and adds its own parts to the
//! server.
//!
//! A new one is a file here and a line in [`ALL`]. What it adds is found by whoever walks the
//! lists: handlers by the type of its handle, admins by its tasks, `/status` by its supplier, the
//! thread of jobs by its lane. One that can be switched off adds nothing while its section is
//! absent; its routes take an [`crate::http::Offered`] and answer 404 then.

mod cases;
mod customers;
mod documents;
mod emails;
mod reconciliation;
mod upkeep;

use super::forgetting::Forgetting;
use super::lanes::Lane;
use super::start::{Core, Ground};
use crate::http::Handles;

/// Every service, in the order of their start.
const ALL: [fn(&Shared<'_>, &mut Parts); 6] = [
    documents::start,
    emails::start,
    cases::start,
    reconciliation::start,
    customers::start,
    upkeep::start,
];

/// What services may use: the ground of everything, and the desks that sell.
pub(super) struct Shared<'a> {
    pub(super) ground: &'a Ground,
    pub(super) core: &'a Core,
}

/// What services add to the server.
#[derive(Default)]
pub(super) struct Parts {
    /// What handlers reach, and whose state `/status` tells.
    pub(super) handles: Handles,
    /// Lanes of jobs.
    pub(super) lanes: Vec<Lane>,
    /// What is forgotten once it is old.
    pub(super) forgettings: Vec<Forgetting>,
}

/// Starts every service.
pub(super) fn start(shared: &Shared<'_>) -> Parts {
    let mut parts = Parts::default();
    for start in ALL {
        start(shared, &mut parts);
    }
    parts
}
