//! `starjack import`: what is sold and where, brought in from files. Shown first, taken with `--take`, whole or not at all.

mod areas;
mod file;
mod operators;

pub use areas::{AreaFile, areas};
pub use operators::{OperatorFiles, operators};
