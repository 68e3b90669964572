//! When a contract was asked what, whatever became of it: so that a pace can be counted where it is
//! felt.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

/// As many of a contract's newest questions are kept.
const KEPT: usize = 5_000;

/// The questions of one contract.
#[derive(Debug, Default)]
pub(crate) struct Questions(Mutex<VecDeque<(DateTime<Utc>, String)>>);

impl Questions {
    /// Notes a question at the moment it came.
    pub(crate) fn note(&self, at: DateTime<Utc>, operation: &str) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() == KEPT {
            kept.pop_front();
        }
        kept.push_back((at, operation.to_owned()));
    }

    /// The questions, oldest first, with the milliseconds since 1970 at which they came.
    pub(crate) fn list(&self) -> Value {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.iter()
            .map(
                |(at, operation)| json!({ "at_ms": at.timestamp_millis(), "operation": operation }),
            )
            .collect()
    }
}
