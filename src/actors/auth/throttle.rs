//! Who may try how often: counted before the attempt, taken back after a success.
//!
//! A log-in is counted thrice: for this account from this network, for this network, and for this account from
//! anywhere. The last two never stop a network from which the account was logged in before, so that whoever attacks an
//! account from elsewhere does not lock its owner out; strangers are slowed down to one attempt a pause then.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use futures_util::future::{BoxFuture, ready};
use tokio::time::Instant;

use super::desk::digest;
use crate::clock;

const QUARTER_HOUR: Duration = Duration::from_secs(15 * 60);

/// Failed log-ins of one account from one network.
pub(super) const PAIR: Rule = Rule { name: "pair", limit: 10, window: QUARTER_HOUR };

/// Failed log-ins from one network, whatever the account.
pub(super) const NETWORK: Rule = Rule { name: "network", limit: 100, window: QUARTER_HOUR };

/// Failed log-ins of one account from anywhere, before strangers are slowed down.
pub(super) const ACCOUNT: Rule = Rule { name: "account", limit: 50, window: QUARTER_HOUR };

/// How fast strangers may go on then.
pub(super) const STRANGERS: Rule = Rule { name: "strangers", limit: 1, window: Duration::from_secs(10) };

/// Letters with a code to one address: with five tries each, a guesser is right 25 times in a million windows.
pub(super) const LETTERS: Rule = Rule { name: "letters", limit: 5, window: QUARTER_HOUR };

/// Wishes for a new password, and codes typed for one, from one network.
pub(super) const RESETS: Rule = Rule { name: "resets", limit: 40, window: QUARTER_HOUR };

/// Old passwords typed wrong by one who is logged in.
pub(super) const OLD_PASSWORDS: Rule = Rule { name: "old passwords", limit: 10, window: QUARTER_HOUR };

/// How many keys are remembered, about 100 bytes each; more than passwords can be checked in the longest window.
const REMEMBERED: usize = 40_000;

/// What is counted: at most `limit` events of a key in a `window`, which begins with the first of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Rule {
    pub(super) name: &'static str,
    pub(super) limit: u32,
    pub(super) window: Duration,
}

/// Whom or what a rule counts: a digest, so that no address of anybody is kept.
pub(super) type Key = [u8; 32];

/// Whoever counts. Replicas may share one; this build's counts for its own process.
pub(super) trait Counter: Send + Sync {
    /// Counts one event, or answers how long the key has to wait because its limit is reached.
    fn count(&self, rule: Rule, key: Key) -> BoxFuture<'_, Option<Duration>>;

    /// Takes one event back.
    fn uncount(&self, rule: Rule, key: Key) -> BoxFuture<'_, ()>;

    /// Forgets a key, as after a success.
    fn forget(&self, rule: Rule, key: Key) -> BoxFuture<'_, ()>;
}

/// Counts in this process, in bounded memory: beyond `capacity` keys the oldest one is forgotten.
pub(super) struct InMemory {
    capacity: usize,
    counts: Mutex<HashMap<(&'static str, Key), Count>>,
}

#[derive(Clone, Copy)]
struct Count {
    since: Instant,
    ends: Instant,
    events: u32,
}

impl Default for InMemory {
    fn default() -> Self {
        Self { capacity: REMEMBERED, counts: Mutex::default() }
    }
}

impl InMemory {
    fn count_at(&self, rule: Rule, key: Key, now: Instant) -> Option<Duration> {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (rule.name, key);
        if counts.len() >= self.capacity && !counts.contains_key(&key) {
            make_room(&mut counts, self.capacity, now);
        }
        let fresh = Count { since: now, ends: now + rule.window, events: 0 };
        let count = counts.entry(key).or_insert(fresh);
        if now >= count.ends {
            *count = fresh;
        }
        if count.events >= rule.limit {
            return Some(count.ends.saturating_duration_since(now));
        }
        count.events += 1;
        None
    }
}

fn make_room(counts: &mut HashMap<(&'static str, Key), Count>, capacity: usize, now: Instant) {
    counts.retain(|_, count| now < count.ends);
    if counts.len() >= capacity {
        let oldest = counts.iter().min_by_key(|(_, count)| count.since).map(|(key, _)| *key);
        if let Some(oldest) = oldest {
            counts.remove(&oldest);
        }
    }
}

impl Counter for InMemory {
    fn count(&self, rule: Rule, key: Key) -> BoxFuture<'_, Option<Duration>> {
        Box::pin(ready(self.count_at(rule, key, clock::instant())))
    }

    fn uncount(&self, rule: Rule, key: Key) -> BoxFuture<'_, ()> {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = counts.get_mut(&(rule.name, key)) {
            count.events = count.events.saturating_sub(1);
        }
        Box::pin(ready(()))
    }

    fn forget(&self, rule: Rule, key: Key) -> BoxFuture<'_, ()> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner).remove(&(rule.name, key));
        Box::pin(ready(()))
    }
}

/// The key of one or more words.
pub(super) fn key(parts: &[&str]) -> Key {
    digest(&parts.join("\0"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULE: Rule = Rule { name: "a", limit: 2, window: QUARTER_HOUR };

    #[test]
    fn a_key_waits_once_it_is_at_the_limit_until_the_window_is_over() {
        let (counter, start) = (InMemory::default(), clock::instant());
        let at = |key: u8, seconds| counter.count_at(RULE, [key; 32], start + Duration::from_secs(seconds));
        assert_eq!((at(1, 0), at(1, 50)), (None, None));
        assert_eq!(at(1, 100), Some(Duration::from_secs(800)));
        assert_eq!(at(2, 100), None, "another key");
        let other = Rule { name: "b", ..RULE };
        assert_eq!(counter.count_at(other, [1; 32], start), None, "another rule");
        assert_eq!((at(1, 900), at(1, 901)), (None, None), "a new window");
        assert!(at(1, 902).is_some());
    }

    #[tokio::test]
    async fn a_success_takes_its_own_attempt_back_or_forgets_all() {
        let (counter, key) = (InMemory::default(), [1; 32]);
        for _ in 0..5 {
            assert_eq!(counter.count(RULE, key).await, None);
            counter.uncount(RULE, key).await;
        }
        assert_eq!(counter.count(RULE, key).await, None);
        assert_eq!(counter.count(RULE, key).await, None);
        assert!(counter.count(RULE, key).await.is_some());
        counter.forget(RULE, key).await;
        assert_eq!(counter.count(RULE, key).await, None);
    }

    #[test]
    fn memory_is_bounded_and_the_oldest_key_goes_first() {
        let (counter, start) = (InMemory { capacity: 3, counts: Mutex::default() }, clock::instant());
        let once = Rule { limit: 1, ..RULE };
        for (no, second) in [(1, 0), (2, 1), (3, 2), (4, 3)] {
            assert_eq!(counter.count_at(once, [no; 32], start + Duration::from_secs(second)), None);
        }
        let now = start + Duration::from_secs(3);
        assert_eq!(counter.counts.lock().unwrap().len(), 3);
        assert!(counter.count_at(once, [2; 32], now).is_some() && counter.count_at(once, [4; 32], now).is_some());
        assert_eq!(counter.count_at(once, [1; 32], now), None);
    }
}
