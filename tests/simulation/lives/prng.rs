//! Random numbers that are the same for the same seed.

use std::sync::{Arc, Mutex};
use std::time::Duration;

/// A generator; clones draw from the same stream.
#[derive(Clone)]
pub(crate) struct Prng(Arc<Mutex<u64>>);

impl Prng {
    pub(crate) fn new(seed: u64) -> Self {
        Self(Arc::new(Mutex::new(seed.wrapping_mul(0x2545_f491_4f6c_dd1d))))
    }

    /// From 0, below `sides`.
    pub(crate) fn below(&self, sides: u64) -> u64 {
        // splitmix64
        let mut state = self.0.lock().unwrap();
        *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = *state;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (bits ^ (bits >> 31)) % sides
    }

    /// True in so many of a hundred.
    pub(crate) fn percent(&self, percent: u64) -> bool {
        self.below(100) < percent
    }

    pub(crate) fn one<T: Copy>(&self, of: &[T]) -> T {
        of[usize::try_from(self.below(of.len().try_into().unwrap())).unwrap()]
    }

    /// Between the two, in milliseconds.
    pub(crate) fn millis(&self, from: u64, to: u64) -> Duration {
        // a few microseconds more, so that two things seldom happen at one moment
        Duration::from_micros(1000 * from + self.below(1000 * (to - from)))
    }

    /// Prng of their own, for somebody whose throws must not change those of the others.
    pub(crate) fn another(&self) -> Self {
        Self(Arc::new(Mutex::new(self.below(u64::MAX))))
    }
}
