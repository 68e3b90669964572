//! Counts what should not happen often, per key, in bounded memory.

use std::collections::HashMap;
use std::hash::Hash;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// A count per key that starts anew when its window is over. Each replica counts for itself.
pub(super) struct Throttle<K> {
    limit: u32,
    window: Duration,
    capacity: usize,
    counts: Mutex<HashMap<K, Count>>,
}

#[derive(Clone, Copy)]
struct Count {
    since: Instant,
    events: u32,
}

impl<K: Hash + Eq + Clone> Throttle<K> {
    /// At most `limit` events in `window`, for `capacity` keys; beyond them the oldest key is forgotten.
    pub(super) fn new(limit: u32, window: Duration, capacity: usize) -> Self {
        Self { limit, window, capacity, counts: Mutex::default() }
    }

    /// How long the key has to wait, if it is over the limit.
    pub(super) fn wait(&self, key: &K, now: Instant) -> Option<Duration> {
        let counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.get(key).filter(|count| count.events >= self.limit)?;
        let left = (count.since + self.window).saturating_duration_since(now);
        (!left.is_zero()).then_some(left)
    }

    /// Counts one event.
    pub(super) fn record(&self, key: K, now: Instant) {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        if counts.len() >= self.capacity && !counts.contains_key(&key) {
            self.make_room(&mut counts, now);
        }
        let count = counts.entry(key).or_insert(Count { since: now, events: 0 });
        if now.saturating_duration_since(count.since) >= self.window {
            *count = Count { since: now, events: 0 };
        }
        count.events = count.events.saturating_add(1);
    }

    /// Forgets a key, as after a success.
    pub(super) fn forget(&self, key: &K) {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner).remove(key);
    }

    fn make_room(&self, counts: &mut HashMap<K, Count>, now: Instant) {
        counts.retain(|_, count| now.saturating_duration_since(count.since) < self.window);
        if counts.len() >= self.capacity {
            let oldest = counts.iter().min_by_key(|(_, count)| count.since).map(|(key, _)| key.clone());
            if let Some(oldest) = oldest {
                counts.remove(&oldest);
            }
        }
    }
}

/// What one household or company is likely to ask from: an IPv4 address, the first 64 bits of IPv6.
pub(super) fn neighbourhood(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(v4) => v4.into(),
        IpAddr::V6(v6) => IpAddr::V6((u128::from(v6) & (u128::MAX << 64)).into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock;

    const WINDOW: Duration = Duration::from_secs(900);

    #[test]
    fn a_key_waits_once_it_is_at_the_limit_until_the_window_is_over() {
        let (throttle, start) = (Throttle::new(2, WINDOW, 10), clock::instant());
        throttle.record("a", start);
        assert_eq!(throttle.wait(&"a", start), None);
        throttle.record("a", start + Duration::from_secs(100));
        assert_eq!(throttle.wait(&"a", start + Duration::from_secs(100)), Some(Duration::from_secs(800)));
        assert_eq!(throttle.wait(&"b", start), None);
        assert_eq!(throttle.wait(&"a", start + WINDOW), None);
        throttle.record("a", start + WINDOW);
        assert_eq!(throttle.wait(&"a", start + WINDOW), None);
    }

    #[test]
    fn a_success_forgets_the_failures_before_it() {
        let (throttle, start) = (Throttle::new(1, WINDOW, 10), clock::instant());
        throttle.record("a", start);
        assert!(throttle.wait(&"a", start).is_some());
        throttle.forget(&"a");
        assert_eq!(throttle.wait(&"a", start), None);
    }

    #[test]
    fn memory_is_bounded_and_the_oldest_key_goes_first() {
        let (throttle, start) = (Throttle::new(1, WINDOW, 3), clock::instant());
        for (key, second) in [(1, 0), (2, 1), (3, 2), (4, 3)] {
            throttle.record(key, start + Duration::from_secs(second));
        }
        let now = start + Duration::from_secs(3);
        assert_eq!(throttle.counts.lock().unwrap().len(), 3);
        assert_eq!(throttle.wait(&1, now), None);
        assert!(throttle.wait(&2, now).is_some() && throttle.wait(&4, now).is_some());
    }

    #[test]
    fn neighbours_in_one_ipv6_prefix_ask_from_one_place() {
        let of = |text: &str| neighbourhood(text.parse().unwrap());
        assert_eq!(of("2001:db8::1"), of("2001:db8::2"));
        assert_ne!(of("2001:db8::1"), of("2001:db8:0:1::1"));
        assert_ne!(of("192.0.2.1"), of("192.0.2.2"));
        assert_eq!(of("::ffff:192.0.2.1"), of("192.0.2.1"));
    }
}
