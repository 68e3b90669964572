//! How long answers take, counted per verb in buckets that a monitoring system can add up.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// Upper bounds of the buckets, in milliseconds; what takes longer is in no bucket but counted.
pub const BOUNDS_MS: [u64; 11] = [10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000, 30_000];

/// The answers to one kind of question since the process began; waiting for a turn does not count.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answers {
    /// What was asked, one of few words.
    pub verb: &'static str,
    /// How many took at most as long as each of [`BOUNDS_MS`] and longer than the one before.
    pub buckets: [u64; BOUNDS_MS.len()],
    /// How many there were.
    pub count: u64,
    /// How many of them said that the outside is broken, or were none at all.
    pub failed: u64,
    /// The sum of their times.
    pub total: Duration,
}

/// The answers of one actor, in the order in which their verbs were first asked.
#[derive(Debug, Default)]
pub(super) struct Tally(Mutex<Vec<Answers>>);

impl Tally {
    pub(super) fn count(&self, verb: &'static str, took: Duration, failed: bool) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let index = all.iter().position(|answers| answers.verb == verb).unwrap_or_else(|| {
            all.push(Answers { verb, ..Answers::default() });
            all.len() - 1
        });
        if let Some(answers) = all.get_mut(index) {
            let bound = BOUNDS_MS.iter().position(|bound| took <= Duration::from_millis(*bound));
            if let Some(bucket) = bound.and_then(|bound| answers.buckets.get_mut(bound)) {
                *bucket += 1;
            }
            answers.count += 1;
            answers.failed += u64::from(failed);
            answers.total += took;
        }
    }

    pub(super) fn read(&self) -> Vec<Answers> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_in_the_first_bucket_that_holds_it_and_a_very_late_one_in_none() {
        let tally = Tally::default();
        for (milliseconds, failed) in [(10, false), (11, false), (30_001, true)] {
            tally.count("find", Duration::from_millis(milliseconds), failed);
        }
        tally.count("issue", Duration::ZERO, false);
        let all = tally.read();
        let find = &all[0];
        assert_eq!((find.verb, find.count, find.failed), ("find", 3, 1));
        assert_eq!(find.buckets[..3], [1, 1, 0]);
        assert_eq!(find.buckets.iter().sum::<u64>(), 2);
        assert_eq!(find.total, Duration::from_millis(30_022));
        assert_eq!((all[1].verb, all[1].buckets[0]), ("issue", 1));
    }
}
