//! `starjack import` and `starjack refresh`: what is sold and where, brought in from files or asked
//! of the suppliers. Shown first, taken with `--take`, whole or not at all.

mod areas;
mod file;
mod operators;
mod refresh;

pub use areas::{AreaFile, areas};
pub use operators::{OperatorFiles, operators};
pub use refresh::{RefreshArgs, refresh};
