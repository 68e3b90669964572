//! Who watches which order, and the bell that tells them that it moved: rung by the commit that
//! wrote the transition.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use uuid::Uuid;

use super::Store;
use crate::clock;

/// How often the database is asked for the orders that are watched here and driven by another
/// replica.
const LOOK: Duration = Duration::from_secs(2);
/// Most orders that one look asks for.
const MOST: usize = 500;

/// The notifications of the orders that somebody watches; cheap to clone. There are at most as many
/// as watchers.
#[derive(Clone, Debug, Default)]
pub struct Notifications(Arc<Mutex<HashMap<Uuid, watch::Sender<i64>>>>);

/// Somebody watches an order, until it is dropped.
#[derive(Debug)]
pub struct Watching {
    id: Uuid,
    notifications: Notifications,
    heard: watch::Receiver<i64>,
}

impl Notifications {
    /// Watches an order from now on.
    #[must_use]
    pub fn watch(&self, id: Uuid) -> Watching {
        let heard = self.lock().entry(id).or_insert_with(|| watch::Sender::new(0)).subscribe();
        Watching { id, notifications: self.clone(), heard }
    }

    /// Tells those who watch an order that it has come to `version`. Twice, or out of order, tells
    /// nothing more.
    pub(in crate::actors::order) fn ring(&self, id: Uuid, version: i64) {
        if let Some(bell) = self.lock().get(&id) {
            bell.send_if_modified(|known| {
                let is_news = version > *known;
                *known = version.max(*known);
                is_news
            });
        }
    }

    /// The orders that somebody watches.
    #[must_use]
    pub fn watched(&self) -> Vec<Uuid> {
        self.lock().keys().copied().collect()
    }

    /// Looks at the database for ever: what another replica commits rings no bell here. One look
    /// serves all who watch.
    pub async fn listen(&self, store: &Store) {
        loop {
            clock::sleep(LOOK).await;
            for ids in self.watched().chunks(MOST) {
                match store.versions(ids.to_vec()).await {
                    Ok(versions) => {
                        versions.into_iter().for_each(|(id, version)| self.ring(id, version))
                    }
                    Err(error) => tracing::warn!(%error, "watched orders could not be looked at"),
                }
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Uuid, watch::Sender<i64>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Watching {
    /// Waits until the order has moved since the last time, or since it is watched. May be dropped
    /// while it waits.
    pub async fn moved(&mut self) {
        if self.heard.changed().await.is_err() {
            // the bell hangs for as long as somebody watches
            std::future::pending::<()>().await;
        }
    }
}

impl Drop for Watching {
    fn drop(&mut self) {
        let mut notifications = self.notifications.lock();
        if notifications.get(&self.id).is_some_and(|bell| bell.receiver_count() <= 1) {
            notifications.remove(&self.id);
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    #[test]
    fn a_bell_rings_once_for_each_version_and_hangs_only_while_somebody_watches() {
        let notifications = Notifications::default();
        let id = Uuid::new_v4();
        notifications.ring(id, 1);
        let mut anna = notifications.watch(id);
        let ben = notifications.watch(id);
        assert!(anna.moved().now_or_never().is_none(), "nothing since it is watched");
        notifications.ring(id, 3);
        notifications.ring(id, 2);
        assert!(anna.moved().now_or_never().is_some());
        assert!(anna.moved().now_or_never().is_none(), "an older version is no news");
        drop(anna);
        assert_eq!(notifications.watched(), [id]);
        drop(ben);
        assert!(notifications.watched().is_empty());
    }
}
