//! Counts that outlive the process: where no Redis keeps them, the database does, sealed, because a
//! key is a digest that says to whoever can guess it whom it counts.
//!
//! Written every few seconds when they changed, by each replica over the others': several without
//! Redis each know of an earlier process what one of them counted.

use std::borrow::Cow;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD as BASE64;
use chrono::TimeDelta;
use secrecy::ExposeSecret as _;
use serde::{Deserialize, Serialize};

use super::{Count, Counts, Key};
use crate::actors::auth::desk::Desk;
use crate::actors::auth::{Error, seal, store};
use crate::actors::fleet::Runs;
use crate::clock;
use crate::redis::Link;

/// How often it is looked whether they changed.
pub const COUNTS_EVERY: Duration = Duration::from_secs(5);
/// Most keys that are kept, those at their limit first.
const MOST: usize = 5_000;
/// Longest window of a limit: no count outlives it, whatever the clock was when it was written.
const LONGEST: Duration = Duration::from_secs(60 * 60);
/// Under which name they are kept, and for what they are sealed.
const NAME: &str = "limits";

/// One key's count, as it is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Kept {
    rule: Cow<'static, str>,
    limit: u32,
    key: String,
    events: u32,
    /// In seconds since 1970.
    ends: i64,
}

impl Kept {
    fn is_full(&self) -> bool {
        self.events >= self.limit
    }

    /// Whether both say the same, whenever they were read.
    fn says(&self, other: &Self) -> bool {
        (&self.rule, &self.key, self.events) == (&other.rule, &other.key, other.events)
    }
}

impl Desk {
    /// Keeps counts for ever.
    pub async fn keep_counts(&self, runs: &Runs) {
        let mut kept = Vec::new();
        loop {
            clock::sleep(COUNTS_EVERY).await;
            match runs.watch(self.keep_counts_once(&kept)).await {
                Ok(now) => kept = now,
                Err(error) => {
                    tracing::warn!(%error, "what was counted against limits could not be kept")
                }
            }
        }
    }

    async fn keep_counts_once(&self, before: &[Kept]) -> Result<Vec<Kept>, Error> {
        if self.inner.redis.link() != Link::Off {
            return Ok(Vec::new());
        }
        let kept = self.inner.counts.to_keep();
        let is_same = kept.len() == before.len()
            && kept.iter().zip(before).all(|(one, other)| one.says(other));
        if is_same {
            return Ok(kept);
        }
        let plain = serde_json::to_vec(&kept).map_err(|_error| Error::Fault("what was counted"))?;
        let sealed = seal::seal(self.inner.secret.expose_secret(), NAME, NAME, plain);
        let sealed = sealed.ok_or(Error::Fault("the seal of what was counted"))?;
        let write = self.inner.io.write(move |tx| {
            Box::pin(async move { Ok::<_, Error>(store::write_kept(tx, NAME, sealed).await?) })
        });
        write.await?;
        Ok(kept)
    }

    /// Counts on from where an earlier process ended; what cannot be read is left out, as after a
    /// new secret.
    ///
    /// # Errors
    /// The database's.
    pub(in crate::actors::auth) async fn recall_counts(&self) -> Result<(), Error> {
        if self.inner.redis.link() != Link::Off {
            return Ok(());
        }
        let read = self
            .inner
            .io
            .read(|db| Box::pin(async move { Ok::<_, Error>(store::kept(db, NAME).await?) }));
        let sealed = read.await?;
        let plain = sealed
            .and_then(|sealed| seal::open(self.inner.secret.expose_secret(), NAME, NAME, &sealed));
        let kept = plain.and_then(|plain| serde_json::from_slice(&plain).ok()).unwrap_or_default();
        self.inner.counts.recall(kept);
        Ok(())
    }
}

impl Counts {
    /// What there is of keys that are on their way to their limit, a quarter of it or more: in the
    /// order of rules and keys.
    fn to_keep(&self) -> Vec<Kept> {
        let now = clock::now();
        let instant = clock::instant();
        let mut all = Vec::new();
        for (rule, table) in self.lock().iter() {
            let near = table
                .counts
                .iter()
                .filter(|(_, count)| count.events * 4 >= table.limit && count.ends > instant);
            all.extend(near.map(|(key, count)| Kept {
                rule: rule.clone(),
                limit: table.limit,
                key: BASE64.encode(key),
                events: count.events,
                ends: (now + count.ends.saturating_duration_since(instant)).timestamp(),
            }));
        }
        all.sort_by(|one, other| {
            (other.is_full(), &one.rule, &one.key).cmp(&(one.is_full(), &other.rule, &other.key))
        });
        all.truncate(MOST);
        all
    }

    /// Remembers what was kept; a key that is known stays as it is.
    fn recall(&self, kept: Vec<Kept>) {
        let now = clock::now().timestamp();
        let instant = clock::instant();
        let mut tables = self.lock();
        for Kept { rule, limit, key, events, ends } in kept {
            let key = BASE64.decode(key).ok().and_then(|key| Key::try_from(key).ok());
            let left = TimeDelta::seconds(ends - now).to_std().ok().map(|left| left.min(LONGEST));
            let table = tables.entry(rule).or_default();
            table.limit = limit;
            if let Some((key, left)) = key.zip(left)
                && table.counts.len() < self.capacity
                && !table.counts.contains_key(&key)
            {
                table.insert(key, Count { ends: instant + left, events });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use super::*;
    use crate::actors::auth::Pair;
    use crate::actors::auth::tests::{ANNA, PASSWORD, SECRET, settings, two_replicas};
    use crate::redis::Redis;

    async fn log_in(desk: &Desk, password: &str, from: &str) -> Result<Pair, Error> {
        let from: Option<IpAddr> = Some(from.parse().unwrap());
        desk.log_in(ANNA, password.to_owned().into(), from).await
    }

    #[tokio::test]
    async fn who_is_at_a_limit_is_there_still_after_a_restart_without_redis() {
        let (_folder, before, _other) = two_replicas().await;
        let restarted = async || {
            Desk::open(before.inner.io.clone(), Redis::off(), SECRET.to_vec().into(), settings())
                .await
                .unwrap()
        };
        for _ in 0..9 {
            assert!(matches!(
                log_in(&before, "wrong horse", "192.0.2.7").await,
                Err(Error::WrongPassword)
            ));
        }
        let kept = before.keep_counts_once(&[]).await.unwrap();
        let after = restarted().await;
        assert!(
            matches!(log_in(&after, "wrong horse", "192.0.2.7").await, Err(Error::WrongPassword)),
            "the tenth"
        );
        after.keep_counts_once(&kept).await.unwrap();
        let last = restarted().await;
        assert!(matches!(log_in(&last, PASSWORD, "192.0.2.7").await, Err(Error::Throttled(_))));
        assert!(log_in(&last, PASSWORD, "198.51.100.7").await.is_ok());

        let read = before
            .inner
            .io
            .read(|db| Box::pin(async move { Ok::<_, Error>(store::kept(db, NAME).await?) }));
        let sealed = read.await.unwrap().unwrap();
        assert!(
            !sealed.contains("pair"),
            "a digest says to whoever can guess it whom it counts: {sealed}"
        );
    }

    #[test]
    fn what_is_far_from_its_limit_or_over_is_not_kept() {
        let counts = Counts::default();
        let rule = super::super::Rule { name: "a", limit: 8, window: Duration::from_secs(60) };
        counts.count(&[(rule, [1; 32])]).unwrap();
        assert_eq!(counts.to_keep(), []);
        counts.count(&[(rule, [1; 32])]).unwrap();
        let kept = counts.to_keep();
        assert_eq!((kept.len(), kept[0].events), (1, 2));
        let later = Counts::default();
        later.recall(vec![Kept { ends: clock::now().timestamp() - 1, ..kept[0].clone() }]);
        assert_eq!(later.remembered(), 0);
        // written while the clock was a day ahead
        later.recall(vec![Kept { ends: clock::now().timestamp() + 86_400, ..kept[0].clone() }]);
        assert_eq!(later.remembered(), 1);
        assert!(later.to_keep()[0].ends <= clock::now().timestamp() + 3_600);
    }
}
