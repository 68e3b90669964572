//! The only folder that knows everyone: database, suppliers, actors, HTTP, in that order; and how they end.

mod end;
mod files;
mod orders;
mod parts;
mod restored;
mod shelf;
mod start;

pub use end::End;
pub use parts::contract;
pub use restored::{Lost, restored};
pub use start::App;
