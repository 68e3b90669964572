//! The only folder that knows everyone: database, suppliers, actors, HTTP, in that order; and how
//! they end.

mod catalogue_sync;
mod files;
mod orders;
mod parts;
mod restored;
mod shutdown;
mod start;

pub use parts::contract;
pub use restored::{Lost, restored};
pub use shutdown::End;
pub use start::App;
