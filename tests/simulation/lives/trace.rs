//! What happened, moment by moment: two lives of one seed have the same.

use std::sync::{Arc, Mutex};

use super::time::Time;

/// Clones are the same trace.
#[derive(Clone)]
pub(crate) struct Trace {
    time: Time,
    lines: Arc<Mutex<Vec<String>>>,
}

impl Trace {
    pub(crate) fn new(time: Time) -> Self {
        Self { time, lines: Arc::default() }
    }

    pub(crate) fn note(&self, what: impl Fn() -> String) {
        let line = format!("{:>10.4} {}", self.time.passed().as_secs_f64(), what());
        self.lines.lock().unwrap().push(line);
    }

    pub(crate) fn lines(&self) -> Vec<String> {
        self.lines.lock().unwrap().clone()
    }
}
