//! The only folder that knows everyone: database, suppliers, actors, HTTP, in that order; and how
//! they end.

mod catalogue_sync;
mod contracts;
mod files;
mod forgetting;
mod lanes;
mod names;
mod orders;
mod restored;
mod services;
mod shutdown;
mod start;

pub use contracts::contract;
pub use restored::{Lost, restored};
pub use shutdown::End;
pub use start::App;
