//! The sessions that ended lately: their access tokens would still count by themselves.

use std::collections::HashMap;
use std::sync::{PoisonError, RwLock};

use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

/// How long an ended session is remembered: longer than an access token counts, clocks that differ
/// included.
pub(super) const REMEMBERED: TimeDelta = TimeDelta::seconds(660);

/// Which sessions ended, and when; as many as end in eleven minutes.
#[derive(Default)]
pub(super) struct RevokedSessions(RwLock<HashMap<Uuid, DateTime<Utc>>>);

impl RevokedSessions {
    pub(super) fn contains(&self, session: Uuid) -> bool {
        self.0.read().unwrap_or_else(PoisonError::into_inner).contains_key(&session)
    }

    /// Adds sessions that ended, and forgets those whose tokens are too old to count.
    pub(super) fn add(
        &self,
        ended: impl IntoIterator<Item = (Uuid, DateTime<Utc>)>,
        now: DateTime<Utc>,
    ) {
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        known.extend(ended);
        known.retain(|_, at| *at + REMEMBERED > now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock;

    #[test]
    fn an_ended_session_is_remembered_for_as_long_as_its_tokens_live() {
        let ended = RevokedSessions::default();
        let now = clock::now();
        let old = Uuid::from_u128(1);
        let young = Uuid::from_u128(2);
        ended.add([(old, now - REMEMBERED), (young, now)], now);
        assert!(!ended.contains(old) && ended.contains(young));
        ended.add([], now + REMEMBERED);
        assert!(!ended.contains(young));
    }
}
