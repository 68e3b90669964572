//! The gates: some tickets are used as soon as they stand, some later, and some while they are
//! being cancelled.

use std::rc::Rc;

use starjack::clock;

use super::prng::Prng;
use super::workload::Town;

/// Opens for some of the bookings, each once, until the day is over.
pub(super) async fn gates(town: Rc<Town>, prng: Prng) {
    let mut seen = 0;
    while !town.is_evening() {
        clock::sleep(prng.millis(200, 800)).await;
        let booked = town.books.open().tickets.len();
        for no in seen..booked {
            if prng.percent(50) {
                town.inbox.begin(ski(Rc::clone(&town), prng.another(), no));
            }
        }
        seen = booked;
    }
}

async fn ski(town: Rc<Town>, prng: Prng, no: usize) {
    clock::sleep(prng.millis(0, prng.one(&[500, 5000, 60_000, 600_000]))).await;
    let opened = !town.is_evening() && town.books.open().open_gate(no);
    town.trace.note(|| format!("a gate opens for booking {no} {opened}"));
}
