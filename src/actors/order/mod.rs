//! An order's way, top to bottom: [`lifecycle`] holds the tables, [`advance`](mod@advance) walks them, `drive` asks and saves.

pub mod advance;
pub mod intent;
pub mod lifecycle;
pub mod lines;
#[cfg(test)]
mod model;
pub mod observe;
pub mod payments;
pub mod record;
mod rows;
pub mod rules;
pub mod store;
