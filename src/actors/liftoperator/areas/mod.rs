//! Ski areas of a map: where they are, whether sold here or not. Facts only; what is sold is the
//! catalogue's.
//!
//! `map_file` reads a file of OpenSkiMap feature by feature, `plan` finds which areas are known
//! already, `store` keeps them and lists them.

mod coordinates;
mod map_file;
mod plan;
mod store;

pub use map_file::{MapFile, Skipped, read};
pub use plan::{AreaError, Change, Plan, Tie};
pub use store::{Area, Page, list, preview, take};

/// Who is to be named wherever areas are shown.
/// Source: <https://openskimap.org/?about>, the licence of the data.
pub const ATTRIBUTION: &str = "© OpenStreetMap contributors, openskimap.org; ODbL 1.0, https://opendatacommons.org/licenses/odbl/1-0/";
