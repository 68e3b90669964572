//! An order's way, from its placing to its end.
//!
//! ```text
//! desk      commands of customers and staff: place, cancel, return, repair, book a transfer
//!   │
//! engine    the loop: the next order that is due, its committed intents sent, the answers applied
//!   │
//! store     all SQL of orders: saved whole, lists, idempotency keys, days of cards
//!   │
//! rules     what may follow from what; pure, a crate of its own: `rules/`
//! ```
//!
//! A room uses those below it and none above. In `rules`, `lifecycle` holds the tables of states
//! and `advance` walks them; `model` tries every interleaving of them.
//!
//! Asks: cases, fleet, liftoperator, payment, invoice, jobs, mail, supervision.

pub mod desk;
pub mod engine;
pub mod store;

pub use desk::{Again, ChangeError, Desk, NewLine, NewOrder, PlaceError};
pub use rules::account_limits::AccountLimits;
pub use rules::returns::{NoReturn, ReturnRequest, Returner, returnable_until};
pub use rules::staff_command::{Obstacle, StaffCommand};
pub use starjack_rules as rules;
pub use store::{
    Filter, Marks, Notifications, Past, Placed, Remembered, RestoreError, RestoreTimes, Restored,
    Store, Watching, forget_texts, restored,
};
