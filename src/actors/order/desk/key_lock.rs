//! Which orders are being placed in this process: a second request under one key waits for the
//! first.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;
use uuid::Uuid;

use crate::clock::{self, Deadline};

/// Account and idempotency key.
type Key = (Uuid, String);

/// The keys that are being placed; clones share them.
#[derive(Clone, Default)]
pub(in crate::actors::order) struct KeyLocks(Arc<Mutex<HashMap<Key, watch::Receiver<()>>>>);

/// The right to place under a key; ends when it is dropped.
pub(in crate::actors::order) struct KeyLock {
    key_locks: KeyLocks,
    key: Key,
    /// Says nothing, but its end wakes all who wait.
    _end: watch::Sender<()>,
}

impl KeyLocks {
    /// Waits until nobody else places under the key; `None` once the deadline has passed.
    pub(in crate::actors::order) async fn lock(
        &self,
        account_id: Uuid,
        key: &str,
        deadline: Deadline,
    ) -> Option<KeyLock> {
        let key = (account_id, key.to_owned());
        loop {
            let mut other = match self.begin(&key) {
                Ok(turn) => return Some(turn),
                Err(other) => other,
            };
            let _ended = clock::timeout_at(deadline, other.changed()).await.ok()?;
        }
    }

    fn begin(&self, key: &Key) -> Result<KeyLock, watch::Receiver<()>> {
        let mut keys = self.keys();
        if let Some(other) = keys.get(key) {
            return Err(other.clone());
        }
        let (end, ended) = watch::channel(());
        keys.insert(key.clone(), ended);
        Ok(KeyLock { key_locks: self.clone(), key: key.clone(), _end: end })
    }

    fn keys(&self) -> MutexGuard<'_, HashMap<Key, watch::Receiver<()>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for KeyLock {
    fn drop(&mut self) {
        self.key_locks.keys().remove(&self.key);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use futures_util::FutureExt;

    use super::*;

    #[tokio::test]
    async fn a_second_one_waits_for_the_end_of_the_first_but_not_for_ever() {
        let key_locks = KeyLocks::default();
        let account = Uuid::from_u128(1);
        let soon = || Deadline::after(Duration::from_millis(30));
        let late = || Deadline::after(Duration::from_secs(20));
        let first = key_locks.lock(account, "a", late()).await.unwrap();
        assert!(
            key_locks.lock(account, "b", late()).now_or_never().flatten().is_some(),
            "another key"
        );
        assert!(
            key_locks.lock(Uuid::from_u128(2), "a", late()).now_or_never().flatten().is_some(),
            "another account"
        );
        assert!(key_locks.lock(account, "a", soon()).await.is_none());

        let mut second = Box::pin(key_locks.lock(account, "a", late()));
        assert!(second.as_mut().now_or_never().is_none());
        drop(first);
        let second = second.await;
        assert!(second.is_some() && key_locks.lock(account, "a", soon()).await.is_none());
        drop(second);
        assert!(key_locks.keys().is_empty());
    }
}
