//! What Redis is asked. Each question is one step for Redis and names one key, so that it means the same on a cluster.

use std::time::Duration;

use ::redis::{Cmd, FromRedisValue, cmd};
use uuid::Uuid;

use super::link::{Away, Redis};

/// Counts, and lets the first count of a span begin it; one step for Redis, so no count is without an end.
const COUNT: &str = "local count = redis.call('INCR', KEYS[1])
if redis.call('PTTL', KEYS[1]) < 0 then redis.call('PEXPIRE', KEYS[1], ARGV[1]) end
return {count, redis.call('PTTL', KEYS[1])}";

/// Gives the lease to whoever has it already or to the first who asks, for so many milliseconds from now.
const LEASE: &str = "local holder = redis.call('GET', KEYS[1])
if holder and holder ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1";

/// Ends a lease, if it is still the asker's.
const RELEASE: &str = "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end
return 0";

/// Takes the next of turns that are so many microseconds apart, not before that many from now, unless it would be later than
/// that: then none is taken.
const TURN: &str = "local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local every, earliest, most = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local turn = math.max(tonumber(redis.call('GET', KEYS[1]) or '0'), now + earliest)
if turn - now > most then return -1 end
local left = math.ceil((turn - now + every) / 1000)
redis.call('SET', KEYS[1], string.format('%.0f', turn + every), 'PX', left)
return turn - now";

/// How often something was counted in its span, this time included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counted {
    /// 1 for the first.
    pub count: u64,
    /// When the span is over and counting begins anew.
    pub ends_in: Duration,
}

/// A turn among all replicas.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// It comes after this time, and is taken.
    In(Duration),
    /// It would come too late, and is not taken.
    TooLate,
}

impl Redis {
    /// Counts `what` once more in its span, which its first count begins.
    ///
    /// # Errors
    /// `Away`, after 200 ms at the latest; it may have been counted all the same.
    pub async fn count(&self, what: &str, span: Duration) -> Result<Counted, Away> {
        let (count, ends_in_ms): (u64, u64) = self.run(COUNT, what, &[milliseconds(span)]).await?;
        Ok(Counted { count, ends_in: Duration::from_millis(ends_in_ms) })
    }

    /// Takes or renews the lease `what` for `holder`; whether it has it now. Lost when Redis forgets: whoever holds a lease
    /// writes only where the database says the same.
    ///
    /// # Errors
    /// `Away`; the lease may have been taken all the same.
    pub async fn lease(&self, what: &str, holder: Uuid, span: Duration) -> Result<bool, Away> {
        let taken: u8 = self.run(LEASE, what, &[holder.to_string(), milliseconds(span)]).await?;
        Ok(taken == 1)
    }

    /// Gives the lease back, if it is still the holder's.
    ///
    /// # Errors
    /// `Away`; the lease then ends by itself.
    pub async fn release(&self, what: &str, holder: Uuid) -> Result<(), Away> {
        self.run::<u8>(RELEASE, what, &[holder.to_string()]).await.map(drop)
    }

    /// Takes the next turn of `what`, `earliest` from now at the earliest and `most` from now at the latest: turns come at
    /// distances of `every`, for all replicas together.
    ///
    /// # Errors
    /// `Away`; a turn may have been taken all the same.
    pub async fn turn(
        &self,
        what: &str,
        every: Duration,
        (earliest, most): (Duration, Duration),
    ) -> Result<Turn, Away> {
        let microseconds = |span: Duration| span.as_micros().min(u128::from(u32::MAX)).to_string();
        let wait_us: i64 =
            self.run(TURN, what, &[microseconds(every), microseconds(earliest), microseconds(most)]).await?;
        Ok(u64::try_from(wait_us).map_or(Turn::TooLate, |wait| Turn::In(Duration::from_micros(wait))))
    }

    /// Keeps a text under `what` for `span`.
    ///
    /// # Errors
    /// `Away`; it may be kept all the same.
    pub async fn put(&self, what: &str, text: String, span: Duration) -> Result<(), Away> {
        self.ask(what, |key| {
            let mut command = cmd("SET");
            command.arg(key).arg(text).arg("PX").arg(milliseconds(span));
            command
        })
        .await
    }

    /// The text under `what`, while there is one.
    ///
    /// # Errors
    /// `Away`.
    pub async fn get(&self, what: &str) -> Result<Option<String>, Away> {
        self.ask(what, |key| {
            let mut command = cmd("GET");
            command.arg(key);
            command
        })
        .await
    }

    async fn run<T: FromRedisValue + Send + 'static>(
        &self,
        script: &'static str,
        what: &str,
        words: &[String],
    ) -> Result<T, Away> {
        self.ask(what, |key| {
            let mut command = cmd("EVAL");
            command.arg(script).arg(1).arg(key).arg(words);
            command
        })
        .await
    }

    async fn ask<T: FromRedisValue + Send + 'static>(
        &self,
        what: &str,
        command: impl FnOnce(String) -> Cmd,
    ) -> Result<T, Away> {
        let inner = self.0.as_ref().ok_or(Away)?;
        inner.ask(command(format!("{}:{what}", inner.prefix))).await
    }
}

fn milliseconds(span: Duration) -> String {
    span.as_millis().max(1).to_string()
}
