//! What became of the questions to the victim.

use starjack::actors::supervision::Failure;
use starjack::clock::{self, Deadline};
use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// How many questions that did not begin are watched for a while longer.
const WATCHED: usize = 4096;

#[derive(Default)]
pub(super) struct Tally {
    sent: u64,
    answered: u64,
    unknown: u64,
    not_begun: u64,
    /// How long after their deadlines questions were answered, in microseconds.
    late_us: Vec<u32>,
    /// The latest that did not begin: they must not do so later.
    refused: VecDeque<Arc<AtomicBool>>,
}

impl Tally {
    /// Takes note of an answer; `begun` says whether the handler saw the question. True when it was
    /// refused.
    pub(super) fn take(
        &mut self,
        answer: Result<i64, Failure>,
        begun: Arc<AtomicBool>,
        deadline: Deadline,
    ) -> bool {
        let late = clock::since(deadline.moment()).as_micros();
        self.late_us.push(u32::try_from(late).unwrap_or(u32::MAX));
        self.sent += 1;
        match answer {
            Ok(_) => {
                self.answered += 1;
                assert!(begun.load(Ordering::SeqCst), "a question was answered by nobody");
                false
            }
            // a fault in the shell can take a question that has begun away from its handler
            Err(failure) if failure.begun => {
                self.unknown += 1;
                false
            }
            Err(_) => {
                self.not_begun += 1;
                self.refused.push_back(begun);
                if self.refused.len() > WATCHED {
                    self.refused.pop_front().iter().for_each(Self::check_refused);
                }
                true
            }
        }
    }

    /// Both together.
    pub(super) fn and(mut self, other: Self) -> Self {
        self.sent += other.sent;
        self.answered += other.answered;
        self.unknown += other.unknown;
        self.not_begun += other.not_begun;
        self.late_us.extend(other.late_us);
        self.refused.extend(other.refused);
        self
    }

    /// How many questions a handler saw.
    pub(super) fn begun(&self) -> u64 {
        self.answered + self.unknown
    }

    /// At rest: everything adds up, also with what the actor itself has counted, and all kinds of
    /// ends were seen.
    pub(super) fn check(&self, processed: u64) {
        self.refused.iter().for_each(Self::check_refused);
        assert_eq!(self.answered + self.unknown + self.not_begun, self.sent);
        assert_eq!(
            self.begun(),
            processed,
            "begun, as the askers were told and as the actor counted"
        );
        assert!(
            self.answered > 0 && self.unknown > 0 && self.not_begun > 0,
            "the soak did not reach what it should"
        );
    }

    fn check_refused(begun: &Arc<AtomicBool>) {
        assert!(
            !begun.load(Ordering::SeqCst),
            "a question began, and its asker was told that it did not"
        );
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { sent, answered, unknown, not_begun, .. } = self;
        let mut late = self.late_us.clone();
        late.sort_unstable();
        let in_time = late.partition_point(|late| *late == 0);
        let rank = |permille: usize| {
            late.get((late.len() * permille).div_ceil(1000).max(1) - 1).map_or(0, |us| us / 1000)
        };
        write!(
            f,
            "{sent} sent: {answered} answered, {unknown} unknown, {not_begun} not begun; {in_time} before their deadline, "
        )?;
        write!(f, "late by p99 {} p99.9 {} max {} ms", rank(990), rank(999), rank(1000))
    }
}
