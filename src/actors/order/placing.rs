//! Which orders are being placed in this process: a second request under one key waits for the first.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;
use uuid::Uuid;

use crate::clock::{self, Deadline};

/// Account and idempotency key.
type Key = (Uuid, String);

/// The keys that are being placed; clones share them.
#[derive(Clone, Default)]
pub(super) struct Placing(Arc<Mutex<HashMap<Key, watch::Receiver<()>>>>);

/// The right to place under a key; ends when it is dropped.
pub(super) struct Turn {
    placing: Placing,
    key: Key,
    /// Says nothing, but its end wakes all who wait.
    _end: watch::Sender<()>,
}

impl Placing {
    /// Waits until nobody else places under the key; `None` once the deadline has passed.
    pub(super) async fn turn(&self, account_id: Uuid, key: &str, deadline: Deadline) -> Option<Turn> {
        let key = (account_id, key.to_owned());
        loop {
            let mut other = match self.begin(&key) {
                Ok(turn) => return Some(turn),
                Err(other) => other,
            };
            let _ended = clock::timeout_at(deadline, other.changed()).await.ok()?;
        }
    }

    fn begin(&self, key: &Key) -> Result<Turn, watch::Receiver<()>> {
        let mut keys = self.keys();
        if let Some(other) = keys.get(key) {
            return Err(other.clone());
        }
        let (end, ended) = watch::channel(());
        keys.insert(key.clone(), ended);
        Ok(Turn { placing: self.clone(), key: key.clone(), _end: end })
    }

    fn keys(&self) -> MutexGuard<'_, HashMap<Key, watch::Receiver<()>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.placing.keys().remove(&self.key);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use futures_util::FutureExt;

    use super::*;

    #[tokio::test]
    async fn a_second_one_waits_for_the_end_of_the_first_but_not_for_ever() {
        let placing = Placing::default();
        let account = Uuid::from_u128(1);
        let soon = || Deadline::after(Duration::from_millis(30));
        let late = || Deadline::after(Duration::from_secs(20));
        let first = placing.turn(account, "a", late()).await.unwrap();
        assert!(placing.turn(account, "b", late()).now_or_never().flatten().is_some(), "another key");
        assert!(placing.turn(Uuid::from_u128(2), "a", late()).now_or_never().flatten().is_some(), "another account");
        assert!(placing.turn(account, "a", soon()).await.is_none());

        let mut second = Box::pin(placing.turn(account, "a", late()));
        assert!(second.as_mut().now_or_never().is_none());
        drop(first);
        let second = second.await;
        assert!(second.is_some() && placing.turn(account, "a", soon()).await.is_none());
        drop(second);
        assert!(placing.keys().is_empty());
    }
}
