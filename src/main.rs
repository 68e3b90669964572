//! starjack
fn main() {}
