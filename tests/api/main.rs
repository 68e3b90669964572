//! The shop from outside, through its API alone: the real binary, real sockets; on both databases
//! where that matters.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot go on says so"
)]
#![expect(clippy::print_stderr, reason = "a failed test shows the server's log")]
#![expect(clippy::cognitive_complexity, reason = "each assertion counts as a branch of its own")]
#![expect(clippy::allow_attributes, reason = "each test crate uses its own part of the support")]

#[path = "../support/mod.rs"]
#[allow(
    dead_code,
    unused_imports,
    unused_macros,
    reason = "each test crate uses its own part of the support"
)]
mod support;

mod actors_steered;
mod areas_imported;
mod books;
mod cancelling;
mod card_days;
mod cards_refused;
mod children_for_free;
mod every_area;
mod every_kind;
mod families;
mod front_door;
mod hostile;
mod importing;
mod in_german;
mod jobs_redriven;
mod keys_rotated;
mod lines_refused;
mod looked_into;
mod lying_supplier;
mod mended_by_hand;
mod offers_refused;
mod operators_down;
mod paying_twice;
mod payment_cases;
mod payment_declined;
mod placing_again;
mod privacy;
mod process;
mod purchase;
mod refreshing;
mod returns;
mod sessions;
mod stuck_seen;
mod todays_sale;
mod walk;
mod watched;
mod witness;
