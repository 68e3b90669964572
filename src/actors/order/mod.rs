//! An order's way, top to bottom: [`lifecycle`] holds the tables, [`advance`](mod@advance) walks them, `drive` asks and saves.

pub mod advance;
mod bells;
mod bookkeeping;
mod card_days;
pub mod cases;
mod desk;
pub mod drive;
pub mod effects;
pub mod intent;
pub mod lifecycle;
pub mod lines;
pub mod look;
mod mended;
#[cfg(test)]
mod model;
mod moments;
pub mod observe;
pub mod payments;
pub mod person;
mod place;
mod placing;
pub mod record;
mod restored;
mod rows;
pub mod rules;
mod save;
mod schedule;
mod settling;
mod shelf;
mod step_rows;
pub mod steps;
pub mod store;
mod stuck;
mod transitions;
mod watch;

pub use bells::{Bells, Watching};
pub use bookkeeping::CloseError;
pub use desk::{ChangeError, Desk};
pub use mended::Again;
pub use person::{Obstacle, Wish};
pub use place::{NewLine, NewOrder, PlaceError, Placed};
pub use restored::{RestoreError, Restored, Times as RestoreTimes, restored};
pub use shelf::{Past, Remembered, forget_texts};
pub use store::Store;
