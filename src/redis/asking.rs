//! How Redis is asked, for turns and texts. Each question is one step for Redis and names keys of
//! one slot, so that it means the same on a cluster.
//!
//! Whoever can write to Redis can write anything there. So what cannot be ours counts as not there:
//! a value that is too long or no number, one that lies further ahead than anything of ours, one
//! without an end or with one that is too far away. Whatever is written has an end, and no answer
//! is longer than its asker says.

use std::time::Duration;

use ::redis::{Cmd, FromRedisValue, cmd};

use super::link::{Away, Inner, Redis};

/// Takes the next of turns that are so many microseconds apart, not before that many from now,
/// unless it would be later than that: then none is taken. A turn that is further ahead than any of
/// ours is none. While those who take them are apart none is taken either, and the first one
/// afterwards comes when theirs are over.
const TURN: &str = "local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local every, earliest, most, longest = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local size, told = redis.pcall('STRLEN', KEYS[1]), 0
if type(size) == 'number' and size <= 20 and redis.call('PTTL', KEYS[1]) >= 0 then
  told = tonumber(redis.call('GET', KEYS[1])) or 0
end
if not (told > 0 and told <= now + longest + every) then told = 0 end
local turn, apart = math.max(told, now + earliest), redis.call('PTTL', KEYS[2])
if apart > 0 and apart * 1000 <= longest then
  if turn > now then redis.call('SET', KEYS[1], string.format('%.0f', turn), 'PX', math.ceil((turn - now) / 1000)) end
  return {0, turn - now}
end
if turn - now > most then return {1, turn - now} end
local left = math.ceil((turn - now + every) / 1000)
redis.call('SET', KEYS[1], string.format('%.0f', turn + every), 'PX', left)
return {2, turn - now}";

/// Says once for all that turns are not taken together for so many milliseconds; an end that is too
/// far away is none.
const PART: &str = "local left = redis.call('PTTL', KEYS[1])
if left <= 0 or left * 1000 > tonumber(ARGV[2]) then redis.call('SET', KEYS[1], '1', 'PX', ARGV[1]) end
return 0";

/// No turn is taken that comes later than this.
const LONGEST_WAIT: Duration = Duration::from_secs(120);

/// A turn among all replicas.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// It comes after this time, and is taken.
    In(Duration),
    /// It would come only after this time, too late, and is not taken.
    TooLate(Duration),
    /// None is taken: one of the replicas has parted. Those that were taken are over after this
    /// time.
    Apart(Duration),
}

impl Redis {
    /// Takes the next turn of `what`, `earliest` from now at the earliest and `most` from now at
    /// the latest, but not more than two minutes: turns come at distances of `every`, for all
    /// replicas together.
    ///
    /// # Errors
    /// `Away`; a turn may have been taken all the same.
    pub async fn turn(
        &self,
        what: &str,
        every: Duration,
        (earliest, most): (Duration, Duration),
    ) -> Result<Turn, Away> {
        let spans = [every, earliest, most.min(LONGEST_WAIT), LONGEST_WAIT];
        let (kind, wait_us): (i64, u64) =
            self.run(TURN, &[what, &self.parting(what)], &spans.map(microseconds)).await?;
        let wait = Duration::from_micros(wait_us);
        Ok(match kind {
            0 => Turn::Apart(wait),
            1 => Turn::TooLate(wait),
            _ => Turn::In(wait),
        })
    }

    /// Tells all replicas that no turns of `what` are taken together for `span`, at most two
    /// minutes: each goes at its share. Told again before that, it ends when it would have ended.
    ///
    /// # Errors
    /// `Away`; they may know it all the same.
    pub async fn part(&self, what: &str, span: Duration) -> Result<(), Away> {
        let spans = [milliseconds(span.min(LONGEST_WAIT)), microseconds(LONGEST_WAIT)];
        self.run::<i64>(PART, &[&self.parting(what)], &spans).await.map(|_| ())
    }

    /// Where it is said that turns are not taken together: in the slot of the turns' own key.
    fn parting(&self, what: &str) -> String {
        let prefix = self.0.as_ref().map_or("", |inner| &inner.prefix);
        format!("{{{prefix}:{what}}}:apart")
    }

    /// Keeps a text under `what` for `span`.
    ///
    /// # Errors
    /// `Away`; it may be kept all the same.
    pub async fn put(&self, what: &str, text: String, span: Duration) -> Result<(), Away> {
        self.ask(&[what], |key| {
            let mut command = cmd("SET");
            command.arg(key).arg(text).arg("PX").arg(milliseconds(span));
            command
        })
        .await
    }

    /// The text under `what`, while there is one; none where it has more than `most` bytes.
    ///
    /// # Errors
    /// `Away`.
    pub async fn get(&self, what: &str, most: usize) -> Result<Option<String>, Away> {
        let bytes: Vec<u8> = self
            .ask(&[what], |key| {
                let mut command = cmd("GETRANGE");
                command.arg(key).arg(0).arg(most);
                command
            })
            .await?;
        Ok(String::from_utf8(bytes).ok().filter(|text| (1..=most).contains(&text.len())))
    }

    pub(super) async fn run<T: FromRedisValue + Send + 'static>(
        &self,
        script: &'static str,
        what: &[&str],
        words: &[String],
    ) -> Result<T, Away> {
        self.ask(what, |keys| {
            let mut command = cmd("EVAL");
            command.arg(script).arg(keys.len()).arg(keys).arg(words);
            command
        })
        .await
    }

    async fn ask<T: FromRedisValue + Send + 'static>(
        &self,
        what: &[&str],
        command: impl FnOnce(&[String]) -> Cmd,
    ) -> Result<T, Away> {
        let inner = self.0.as_ref().ok_or(Away)?;
        inner.ask(command(&inner.keys(what.iter().copied()))).await
    }

    /// Runs a script without waiting for it; lost while Redis is away.
    pub(super) fn run_later(&self, script: &'static str, what: &[String]) {
        let Some(inner) = self.0.clone().filter(|_| !what.is_empty()) else { return };
        let keys = inner.keys(what.iter().map(String::as_str));
        let mut command = cmd("EVAL");
        command.arg(script).arg(keys.len()).arg(keys);
        inner.io.clone().keep(async move {
            if inner.ask::<i64>(command).await.is_err() {
                tracing::debug!("Redis was not told; what it counted ends by itself");
            }
        });
    }
}

impl Inner {
    fn keys<'a>(&self, what: impl Iterator<Item = &'a str>) -> Vec<String> {
        what.map(|what| format!("{}:{what}", self.prefix)).collect()
    }
}

fn microseconds(span: Duration) -> String {
    span.as_micros().min(u128::from(u32::MAX)).to_string()
}

pub(super) fn milliseconds(span: Duration) -> String {
    span.as_millis().max(1).to_string()
}
