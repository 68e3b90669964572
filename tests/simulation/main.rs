//! Orders in a world that misbehaves: the real loop, store, schedule and actors, with suppliers
//! that live in memory.
//!
//! `world` holds one database and one incarnation of the replica after another; `ledger` is the
//! outside's own books, which no crash touches, and so the witness; `ports` ask `faults` before
//! each answer what goes wrong. `rows` walks the order table: every question of every row, under
//! every fault that fits, must leave a clean slate.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot go on says so"
)]
#![expect(
    clippy::print_stdout,
    reason = "a seeded run says what it lived through, and a story what is not told yet"
)]

mod controls;
mod down;
mod faults;
mod held;
mod incarnation;
mod invariants;
mod ledger;
mod lives;
mod many;
mod money;
mod pages;
mod ports;
mod rows;
mod stories;
mod story;
mod twice;
mod world;
mod written;
