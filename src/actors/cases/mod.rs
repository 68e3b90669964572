//! Cases: what staff must close, such as money to send by bank transfer or a difference that
//! reconciliation found.
//!
//! Whoever finds one opens it in the transaction that it follows from, so that there is no case
//! without its cause and no cause without its case. A case has a key of its own: what is opened
//! under a known key is the same case, open or closed. Money that is due is closed by the order
//! desk, which books the transfer; what was agreed to, by whoever carried it out; everything else
//! by somebody's word.
//!
//! Asks: nobody.

mod desk;
pub mod store;

pub use desk::{CloseError, Desk};
pub use starjack_rules::effects::{CaseKind, Closing};
pub use store::opened::{Opening, Waiting};
pub use store::shown::{Case, CaseQuery, Closed};
