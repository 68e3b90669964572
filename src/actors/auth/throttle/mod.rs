//! Who may try how often: counted before the attempt, taken back after a success.
//!
//! Each rule has a table of its own in bounded memory, so that events of one rule never push out
//! those of another. What is refused is counted nowhere: whoever is at a limit changes no other
//! count. These are a replica's own counts, which need nobody else; `together` adds those of the
//! others, and `kept` those of an earlier process.

mod kept;

pub use kept::COUNTS_EVERY;

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::desk::digest;
use crate::clock;

/// How many keys a rule remembers, about 200 bytes each.
const REMEMBERED: usize = 20_000;

/// What is counted: at most `limit` events of a key in a `window`, which begins with the first of
/// them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Rule {
    pub(super) name: &'static str,
    pub(super) limit: u32,
    pub(super) window: Duration,
}

/// Whom or what a rule counts: a digest, so that no address of anybody is kept.
pub(super) type Key = [u8; 32];

/// One event under one rule.
pub(super) type Event = (Rule, Key);

/// Why an event was not counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    /// Whose limit was reached.
    pub(super) rule: Rule,
    /// Until one more may come.
    pub(super) wait: Duration,
}

/// The counts of every rule.
pub(super) struct Counts {
    capacity: usize,
    tables: Mutex<Tables>,
}

type Tables = HashMap<Cow<'static, str>, Table>;

/// The counts of one rule, and in which order they end: those at the limit apart, which are never
/// pushed out.
#[derive(Default)]
struct Table {
    limit: u32,
    counts: HashMap<Key, Count>,
    open: BTreeSet<(Instant, Key)>,
    full: BTreeSet<(Instant, Key)>,
    /// Events that were refused since this process began.
    refused: u64,
}

#[derive(Clone, Copy)]
struct Count {
    ends: Instant,
    events: u32,
}

impl Default for Counts {
    fn default() -> Self {
        Self { capacity: REMEMBERED, tables: Mutex::default() }
    }
}

impl Counts {
    /// Counts an event under all these rules, or under none: the first whose limit is reached
    /// answers.
    pub(super) fn count(&self, events: &[Event]) -> Result<(), Refusal> {
        self.count_at(events, clock::instant())
    }

    /// Counts an event under those rules whose limit is not reached, and answers which these are.
    pub(super) fn count_where_room(&self, events: &[Event]) -> Vec<Event> {
        events.iter().copied().filter(|event| self.count(&[*event]).is_ok()).collect()
    }

    /// How often these events were counted here.
    pub(super) fn own(&self, events: &[Event]) -> Vec<u32> {
        let tables = self.lock();
        let own = |(rule, key): &Event| Some(tables.get(rule.name)?.counts.get(key)?.events);
        events.iter().map(|event| own(event).unwrap_or_default()).collect()
    }

    /// Notes that an event was refused because of what other replicas have counted.
    pub(super) fn refused_by_others(&self, rule: Rule, wait: Duration) -> Refusal {
        self.lock().entry(rule.name.into()).or_default().refused += 1;
        Refusal { rule, wait }
    }

    /// Takes events back that were counted.
    pub(super) fn take_back(&self, events: &[Event]) {
        let mut tables = self.lock();
        for (rule, key) in events {
            if let Some(table) = tables.get_mut(rule.name) {
                table.take_back(*key);
            }
        }
    }

    /// Forgets all events of a key, as after a success.
    pub(super) fn forget(&self, (rule, key): Event) {
        if let Some(table) = self.lock().get_mut(rule.name) {
            table.remove(key);
        }
    }

    /// How often which rule has refused an event since this process began.
    pub(super) fn refused(&self) -> Vec<(Cow<'static, str>, u64)> {
        let mut refused: Vec<_> =
            self.lock().iter().map(|(name, table)| (name.clone(), table.refused)).collect();
        refused.sort_unstable();
        refused
    }

    /// How many keys are remembered.
    #[cfg(test)]
    pub(super) fn remembered(&self) -> usize {
        self.lock().values().map(|table| table.counts.len()).sum()
    }

    fn count_at(&self, events: &[Event], now: Instant) -> Result<(), Refusal> {
        let mut tables = self.lock();
        for (rule, key) in events {
            let table = tables.entry(rule.name.into()).or_default();
            table.expire(now);
            if let Some(ends) = table.refuses(*rule, *key, self.capacity) {
                table.refused += 1;
                return Err(Refusal { rule: *rule, wait: ends.saturating_duration_since(now) });
            }
        }
        for (rule, key) in events {
            tables.entry(rule.name.into()).or_default().add(*rule, *key, self.capacity, now);
        }
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, Tables> {
        self.tables.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Table {
    /// Until when no event of the key is taken; also where a new key has no room, because each that
    /// is remembered is at its limit.
    fn refuses(&self, rule: Rule, key: Key, capacity: usize) -> Option<Instant> {
        match self.counts.get(&key) {
            Some(count) => (count.events >= rule.limit).then_some(count.ends),
            None if self.counts.len() >= capacity && self.open.is_empty() => {
                self.full.first().map(|(ends, _)| *ends)
            }
            None => None,
        }
    }

    fn add(&mut self, rule: Rule, key: Key, capacity: usize, now: Instant) {
        let known = self.remove(key);
        if known.is_none() && self.counts.len() >= capacity {
            self.push_out();
        }
        let count = known.unwrap_or(Count { ends: now + rule.window, events: 0 });
        self.limit = rule.limit;
        self.insert(key, Count { events: count.events + 1, ..count });
    }

    fn take_back(&mut self, key: Key) {
        if let Some(count) = self.remove(key)
            && count.events > 1
        {
            self.insert(key, Count { events: count.events - 1, ..count });
        }
    }

    /// Forgets the one of those below their limit that ends first.
    fn push_out(&mut self) {
        if let Some((_, key)) = self.open.pop_first() {
            self.counts.remove(&key);
        }
    }

    fn insert(&mut self, key: Key, count: Count) {
        let ends = if count.events >= self.limit { &mut self.full } else { &mut self.open };
        ends.insert((count.ends, key));
        self.counts.insert(key, count);
    }

    fn remove(&mut self, key: Key) -> Option<Count> {
        let count = self.counts.remove(&key)?;
        self.open.remove(&(count.ends, key));
        self.full.remove(&(count.ends, key));
        Some(count)
    }

    fn expire(&mut self, now: Instant) {
        for ends in [&mut self.open, &mut self.full] {
            while let Some((_, key)) = ends.first().copied().filter(|(end, _)| *end <= now) {
                ends.pop_first();
                self.counts.remove(&key);
            }
        }
    }
}

/// The key of one or more words.
pub(super) fn key(parts: &[&str]) -> Key {
    digest(&parts.join("\0"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULE: Rule = Rule { name: "a", limit: 2, window: Duration::from_secs(900) };
    const ONCE: Rule = Rule { name: "once", limit: 1, ..RULE };

    fn small() -> Counts {
        Counts { capacity: 3, tables: Mutex::default() }
    }

    #[test]
    fn a_key_waits_once_it_is_at_the_limit_until_the_window_is_over() {
        let counts = Counts::default();
        let start = clock::instant();
        let at = |key: u8, second| {
            counts.count_at(&[(RULE, [key; 32])], start + Duration::from_secs(second))
        };
        assert_eq!((at(1, 0), at(1, 50)), (Ok(()), Ok(())));
        assert_eq!(at(1, 100), Err(Refusal { rule: RULE, wait: Duration::from_secs(800) }));
        assert_eq!(at(2, 100), Ok(()), "another key");
        assert_eq!(
            counts.count_at(&[(Rule { name: "b", ..RULE }, [1; 32])], start),
            Ok(()),
            "another rule"
        );
        assert_eq!((at(1, 900), at(1, 901)), (Ok(()), Ok(())), "a new window");
        assert!(at(1, 902).is_err());
    }

    #[test]
    fn what_one_rule_refuses_no_other_counts() {
        let counts = Counts::default();
        let network = (ONCE, [1; 32]);
        let account = (RULE, [2; 32]);
        assert_eq!(counts.count(&[network, account]), Ok(()));
        for _ in 0..100 {
            assert_eq!(counts.count(&[account, network]).unwrap_err().rule, ONCE);
        }
        assert_eq!(counts.count(&[account]), Ok(()), "the refused ones were counted");
        assert!(counts.count(&[account]).is_err());
        assert!(counts.count_where_room(&[account, network]).is_empty());
    }

    #[test]
    fn a_success_takes_its_own_attempt_back_or_forgets_all() {
        let counts = Counts::default();
        let event = (RULE, [1; 32]);
        for _ in 0..5 {
            assert_eq!(counts.count(&[event]), Ok(()));
            counts.take_back(&[event]);
        }
        assert!(
            counts.lock()[RULE.name].counts.is_empty(),
            "what was taken back is not remembered"
        );
        assert_eq!((counts.count(&[event]), counts.count(&[event])), (Ok(()), Ok(())));
        assert!(counts.count(&[event]).is_err());
        counts.take_back(&[event]);
        assert_eq!(counts.count(&[event]), Ok(()));
        counts.forget(event);
        assert_eq!((counts.count(&[event]), counts.count(&[event])), (Ok(()), Ok(())));
    }

    #[test]
    fn no_flood_of_keys_pushes_out_one_that_is_at_its_limit() {
        let counts = small();
        let start = clock::instant();
        let at = |key: u8, second| {
            counts.count_at(&[(RULE, [key; 32])], start + Duration::from_secs(second))
        };
        assert_eq!((at(1, 0), at(1, 0)), (Ok(()), Ok(())));
        for key in 2..200 {
            assert_eq!(at(key, 1), Ok(()));
        }
        assert_eq!(counts.lock()[RULE.name].counts.len(), 3, "memory is bounded");
        assert!(at(1, 2).is_err());
        assert_eq!(at(199, 2), Ok(()), "the youngest is remembered");
        assert!(at(199, 2).is_err());
    }

    #[test]
    fn where_all_are_at_their_limit_a_new_key_waits_for_the_first_to_end() {
        let counts = small();
        let start = clock::instant();
        let at = |key: u8, second| {
            counts.count_at(&[(ONCE, [key; 32])], start + Duration::from_secs(second))
        };
        assert_eq!([at(1, 0), at(2, 10), at(3, 20)], [Ok(()); 3]);
        assert_eq!(at(4, 30).unwrap_err().wait, Duration::from_secs(870));
        assert_eq!(at(4, 900), Ok(()));
        assert!(at(2, 900).is_err());
    }
}
