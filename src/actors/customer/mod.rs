//! What customers may do with what is theirs: delete their account, and take along all that is
//! stored about them. And what is forgotten of people once nobody needs it any more.
//!
//! What the law wants kept stays: orders without their holders, payments, and invoices as they were
//! issued.
//!
//! Asks: auth, fleet, order.

mod deletion;
mod retention;
mod store;

pub use deletion::{DeleteError, delete_account};
pub use retention::{KEEP_HOLDERS, erase_old};
pub use store::export::export;
