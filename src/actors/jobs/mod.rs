//! What is not an order's own step: letters and documents, written in the commit they follow from and worked off later.

pub mod store;
