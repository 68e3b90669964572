//! How often an account may look up card numbers: numbers are guessable by machines, not by people.
//! Each replica counts for itself, and Redis, while it is there, counts for all of them.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;
use uuid::Uuid;

use crate::clock;
use crate::redis::{Limit, Redis};

/// The span in which look-ups are counted.
const WINDOW: Duration = Duration::from_secs(60);
/// Look-ups in one span.
const MOST: u32 = 30;
/// From this many accounts on, those whose span is over are forgotten.
const TIDY_AT: usize = 1_024;

/// The counts of all accounts.
pub(in crate::actors::liftoperator) struct LookUps {
    /// What counts without Redis: then a fleet of n replicas allows n times as many.
    own: OwnCounts,
    redis: Redis,
}

#[derive(Debug, Default)]
struct OwnCounts {
    accounts: Mutex<HashMap<Uuid, Span>>,
}

#[derive(Clone, Copy, Debug)]
struct Span {
    began: Instant,
    count: u32,
}

impl LookUps {
    pub(in crate::actors::liftoperator) fn new(redis: Redis) -> Self {
        Self { own: OwnCounts::default(), redis }
    }

    /// Counts one look-up, or answers how long the account must wait for its next.
    pub(in crate::actors::liftoperator) async fn count(
        &self,
        account: Uuid,
    ) -> Result<(), Duration> {
        // what this replica alone finds too many needs nobody else
        let own = self.own.count(account, clock::instant())?;
        let limit =
            Limit { key: format!("card-look-ups:{account}"), most: MOST, span: WINDOW, own };
        match self.redis.count(&[limit]).await {
            Ok(Some(reached)) => {
                self.own.take_back(account);
                Err(reached.wait)
            }
            Ok(None) | Err(_) => Ok(()),
        }
    }
}

impl OwnCounts {
    /// Counts one more, and answers how many that makes.
    fn count(&self, account: Uuid, now: Instant) -> Result<u32, Duration> {
        let mut accounts = self.accounts.lock().unwrap_or_else(PoisonError::into_inner);
        if accounts.len() >= TIDY_AT {
            accounts.retain(|_, span| now.saturating_duration_since(span.began) < WINDOW);
        }
        let span = accounts.entry(account).or_insert(Span { began: now, count: 0 });
        if now.saturating_duration_since(span.began) >= WINDOW {
            *span = Span { began: now, count: 0 };
        }
        if span.count >= MOST {
            return Err(WINDOW.saturating_sub(now.saturating_duration_since(span.began)));
        }
        span.count += 1;
        Ok(span.count)
    }

    fn take_back(&self, account: Uuid) {
        let mut accounts = self.accounts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(span) = accounts.get_mut(&account) {
            span.count = span.count.saturating_sub(1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_thirty_first_look_up_of_a_minute_waits_for_the_next() {
        let look_ups = OwnCounts::default();
        let account = Uuid::new_v4();
        let now = clock::instant();
        for count in 1..=30 {
            assert_eq!(look_ups.count(account, now), Ok(count));
        }
        let later = now + Duration::from_secs(20);
        assert_eq!(look_ups.count(account, later), Err(Duration::from_secs(40)));
        assert_eq!(look_ups.count(Uuid::new_v4(), later), Ok(1), "another account is not slowed");
        assert_eq!(look_ups.count(account, now + WINDOW), Ok(1));
    }

    #[test]
    fn accounts_that_do_not_come_back_are_forgotten() {
        let look_ups = OwnCounts::default();
        let now = clock::instant();
        for _ in 0..TIDY_AT {
            look_ups.count(Uuid::new_v4(), now).unwrap();
        }
        look_ups.count(Uuid::new_v4(), now + WINDOW).unwrap();
        assert_eq!(look_ups.accounts.lock().unwrap().len(), 1);
    }
}
