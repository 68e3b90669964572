//! Sessions: opened by a login, ended by a logout or by age.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};

/// Sessions open at once; the oldest gives way.
const SESSIONS_MAX: usize = 10_000;
const FIRST: i64 = 700_001;

/// The open sessions of one contract.
#[derive(Debug)]
pub(crate) struct Sessions {
    opened: BTreeMap<i64, DateTime<Utc>>,
    next: i64,
    life: TimeDelta,
}

impl Sessions {
    pub(crate) const fn new(life: TimeDelta) -> Self {
        Self { opened: BTreeMap::new(), next: FIRST, life }
    }

    pub(crate) fn open(&mut self, now: DateTime<Utc>) -> i64 {
        if self.opened.len() >= SESSIONS_MAX {
            self.opened.pop_first();
        }
        self.next += 1;
        self.opened.insert(self.next, now);
        self.next
    }

    /// Whether the session is open; its age counts from the login.
    pub(crate) fn is_open(&self, session: i64, now: DateTime<Utc>) -> bool {
        self.opened.get(&session).is_some_and(|opened| now - *opened < self.life)
    }

    pub(crate) fn close(&mut self, session: i64) {
        self.opened.remove(&session);
    }
}
