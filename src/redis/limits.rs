//! Limits that replicas share.
//!
//! Each replica also counts for itself, and what it finds too many needs nobody else: so no more
//! comes through than without Redis, whatever Redis says. What Redis says stops nobody who has had
//! less than half of the limit, divided by the number of replicas, at the replica that is asked: so
//! whoever writes to Redis takes half of a limit away and not more. All together let less than one
//! and a half times the limit through; a limit of one is each replica's own. A process that begins
//! anew knows by Redis what was counted before.

use std::sync::atomic::Ordering;
use std::time::Duration;

use super::asking::milliseconds;
use super::link::{Away, Redis};

/// Counts under all keys, each begun by its first count, or under none where one is at its limit
/// and may say no. Of each key come its span in milliseconds, its limit, and whether it may say no.
/// Answers which one said no, from 1 on, and how long.
const COUNT: &str = "local seen = {}
for index, key in ipairs(KEYS) do
  local span, most = tonumber(ARGV[3 * index - 2]), tonumber(ARGV[3 * index - 1])
  local left, size, count = redis.call('PTTL', key), redis.pcall('STRLEN', key), 0
  if left > 0 and left <= span and type(size) == 'number' and size <= 10 then
    count = tonumber(redis.call('GET', key)) or 0
  end
  if not (count > 0 and count <= 4294967295) then count, left = 0, span end
  if count >= most and ARGV[3 * index] == '1' then return {index, left} end
  seen[index] = {math.floor(count), left}
end
for index, key in ipairs(KEYS) do
  redis.call('SET', key, string.format('%.0f', seen[index][1] + 1), 'PX', seen[index][2])
end
return {0, 0}";

/// Takes one count back under each key; what is no count is left to its end.
const TAKE_BACK: &str = "for _, key in ipairs(KEYS) do
  local count = redis.pcall('DECR', key)
  if type(count) == 'number' and count <= 0 then redis.call('DEL', key) end
end
return 0";

/// Forgets keys.
const FORGET: &str = "for _, key in ipairs(KEYS) do redis.call('DEL', key) end
return 0";

/// What is counted under one key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limit {
    /// Whom or what it counts; those of one question are in one slot of a cluster.
    pub key: String,
    /// How many events it has room for.
    pub most: u32,
    /// In which span, begun by the first event.
    pub span: Duration,
    /// How many of them this replica has counted itself, the one that is asked about included; 0:
    /// it is counted in any case.
    pub own: u32,
}

/// A limit that has no room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reached {
    /// Its place among those that were asked about.
    pub index: usize,
    /// Until its span is over, at most the span itself.
    pub wait: Duration,
}

impl Redis {
    /// Counts one event under all these limits, or under none: the first that has no room and may
    /// refuse answers.
    ///
    /// # Errors
    /// `Away`, after 200 ms at the latest; it may have been counted all the same.
    pub async fn count(&self, limits: &[Limit]) -> Result<Option<Reached>, Away> {
        let keys: Vec<&str> = limits.iter().map(|limit| limit.key.as_str()).collect();
        let replicas = self.replicas();
        let words = limits.iter().flat_map(|limit| {
            let may_refuse = limit.own > share(limit.most, replicas);
            [milliseconds(limit.span), limit.most.to_string(), u8::from(may_refuse).to_string()]
        });
        let (number, left_ms): (usize, u64) =
            self.run(COUNT, &keys, &words.collect::<Vec<_>>()).await?;
        Ok(number.checked_sub(1).and_then(|index| {
            let span = limits.get(index)?.span;
            Some(Reached { index, wait: Duration::from_millis(left_ms).min(span) })
        }))
    }

    /// Takes an event back that was counted under these keys, without waiting; lost while Redis is
    /// away.
    pub fn take_back(&self, keys: &[String]) {
        self.run_later(TAKE_BACK, keys);
    }

    /// Forgets all that was counted under these keys, without waiting; lost while Redis is away.
    pub fn forget(&self, keys: &[String]) {
        self.run_later(FORGET, keys);
    }

    /// Takes note of how many replicas share this Redis, as the database says.
    pub fn count_replicas(&self, alive: u32) {
        if let Some(inner) = &self.0 {
            inner.replicas.store(alive.max(1), Ordering::Relaxed);
        }
    }

    fn replicas(&self) -> u32 {
        self.0.as_ref().map_or(1, |inner| inner.replicas.load(Ordering::Relaxed))
    }
}

/// What of a limit each of so many replicas allows whatever the others are said to have counted; at
/// least 1.
fn share(most: u32, replicas: u32) -> u32 {
    (most / replicas.saturating_mul(2).max(1)).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_redis_says_takes_at_most_half_of_a_limit_away() {
        for (most, replicas, least) in
            [(30, 1, 15), (30, 3, 5), (10, 3, 1), (100, 2, 25), (1, 1, 1), (3, 5, 1)]
        {
            assert_eq!(share(most, replicas), least, "{most} among {replicas}");
        }
    }
}
