//! The SQL of cases.

pub mod opened;
pub mod shown;
