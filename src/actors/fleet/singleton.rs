//! Singleton tasks: what one replica does for all, such as reading the list of open payments.
//!
//! The database alone says who: each holder takes a new token, says every other second that it does
//! the task, and every write of a singleton task looks, in its own transaction, whether its token
//! is still the newest. So a replica that was paused writes nothing any more, whatever it believes.
//! A singleton task is taken from a replica that is dead, as orders are, and from one that lives
//! and does not do it. Redis carries requests to do it now and nothing else: whoever writes there
//! can neither take a singleton task nor keep it from being done.

use std::collections::BTreeMap;
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use sea_orm::DatabaseTransaction;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::broadcast::{FleetEvent, Listener};
use super::replica::Replica;
use super::store::{self, Standing};
use crate::clock;
use crate::io::{Io, IoError};

/// How often a holder looks for requests and at its token, and how often others try to become the
/// holder.
const LOOK: Duration = Duration::from_secs(1);
/// How many looks lie between two beats: it may be silent for three times as long.
const LOOKS_A_BEAT: u32 = 2;

/// The singletons of this replica; cheap to clone.
#[derive(Clone)]
pub struct SingletonTasks {
    io: Io,
    replica: Replica,
    /// Once cancelled, singletons are given back and none is taken.
    draining: CancellationToken,
    known: Arc<Mutex<BTreeMap<&'static str, Option<i64>>>>,
}

/// A singleton task that this replica has; cheap to clone.
#[derive(Clone)]
pub struct Held {
    fence: Fence,
    requested: Arc<Notify>,
}

/// What every write of a singleton task is checked by; cheap to clone.
#[derive(Clone, Debug)]
pub struct Fence {
    name: &'static str,
    token: i64,
    lost: CancellationToken,
}

impl Fence {
    pub(super) fn new(name: &'static str, token: i64, lost: CancellationToken) -> Self {
        Self { name, token, lost }
    }

    /// Whether a write has found that somebody else has the task.
    #[must_use]
    pub fn is_lost(&self) -> bool {
        self.lost.is_cancelled()
    }

    /// Looks whether the task is still this replica's. To be called in the transaction that writes:
    /// nobody else takes the singleton task before it ends.
    ///
    /// # Errors
    /// `Fenced` when somebody else has it now: the transaction is to be rolled back.
    pub async fn check(&self, tx: &DatabaseTransaction) -> Result<(), IoError> {
        if store::is_newest(tx, self.name, self.token).await? {
            return Ok(());
        }
        self.lost.cancel();
        Err(IoError::Fenced)
    }
}

impl Held {
    /// What its writes are checked by.
    #[must_use]
    pub fn fence(&self) -> Fence {
        self.fence.clone()
    }

    /// Waits until somebody asks that the task is done now. May be dropped while it waits; several
    /// requests are one.
    pub async fn requested(&self) {
        self.requested.notified().await;
    }
}

/// Why a replica does a singleton task no more.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Ended {
    Lost,
    Draining,
}

impl SingletonTasks {
    /// No singleton task yet.
    #[must_use]
    pub fn new(io: Io, replica: Replica, draining: CancellationToken) -> Self {
        Self { io, replica, draining, known: Arc::default() }
    }

    /// Does `work` while this replica has the task, from its beginning each time it gets it, and
    /// `otherwise` while it has it not; each is dropped where it stands when that changes. `work`
    /// that ends is begun again. Runs for ever.
    pub async fn keep<W, O>(
        &self,
        name: &'static str,
        work: impl Fn(Held) -> W,
        otherwise: impl Fn() -> O,
    ) where
        W: Future<Output = ()>,
        O: Future<Output = ()>,
    {
        let mut news = self.replica.broadcast.listen();
        loop {
            self.note(name, None);
            let standing = tokio::select! {
                standing = self.win(name) => standing,
                () = again_and_again(&otherwise) => continue,
                () = self.draining.cancelled() => return std::future::pending().await,
            };
            let token = standing.token;
            self.note(name, Some(token));
            let held = Held {
                fence: Fence::new(name, token, CancellationToken::new()),
                requested: Arc::default(),
            };
            let working = again_and_again(|| work(held.clone()));
            let ended = self.ended(working, self.until_lost(&held, standing, &mut news)).await;
            self.lay_down(name, token, ended).await;
        }
    }

    async fn lay_down(&self, name: &'static str, token: i64, ended: Ended) {
        match ended {
            Ended::Draining => self.give_back(name, token).await,
            Ended::Lost => tracing::warn!(task = name, token, "this replica has lost the task"),
        }
    }

    async fn ended(
        &self,
        working: impl Future<Output = ()>,
        lost: impl Future<Output = ()>,
    ) -> Ended {
        tokio::select! {
            () = working => Ended::Lost,
            () = lost => Ended::Lost,
            () = self.draining.cancelled() => Ended::Draining,
        }
    }

    /// Requests that whoever has the task does it now. What is requested while nobody has it is
    /// done by whoever gets it.
    ///
    /// # Errors
    /// The database's: the holder may have been told all the same.
    pub async fn request(&self, name: &'static str) -> Result<(), IoError> {
        self.replica.broadcast.publish(&FleetEvent::RunNow(name.to_owned()));
        store::request(&self.io, name).await
    }

    /// The singletons that there are, and under which token this replica has them.
    #[must_use]
    pub fn known(&self) -> Vec<(&'static str, Option<i64>)> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.iter().map(|(name, token)| (*name, *token)).collect()
    }

    fn note(&self, name: &'static str, token: Option<i64>) {
        if let Some(token) = token {
            tracing::info!(task = name, token, "this replica has the task");
        }
        self.known.lock().unwrap_or_else(PoisonError::into_inner).insert(name, token);
    }

    /// Waits until the task is this replica's.
    async fn win(&self, name: &'static str) -> Standing {
        loop {
            match self.try_to_take(name).await {
                Ok(Some(standing)) => return standing,
                Ok(None) => {}
                Err(error) => {
                    tracing::warn!(%error, task = name, "it is not known who has the task")
                }
            }
            clock::sleep(LOOK).await;
        }
    }

    async fn try_to_take(&self, name: &'static str) -> Result<Option<Standing>, IoError> {
        if !self.replica.is_alive() {
            return Ok(None);
        }
        store::take(&self.io, name, self.replica.incarnation).await
    }

    /// How the task stands, and at every other look that this replica does it; where one process
    /// owns the database there is nobody to tell.
    async fn look(
        &self,
        name: &'static str,
        token: i64,
        looks: u32,
    ) -> Result<Option<Standing>, IoError> {
        if self.io.is_postgres() && looks.is_multiple_of(LOOKS_A_BEAT) {
            store::beat(&self.io, name, token).await
        } else {
            store::standing(&self.io, name).await
        }
    }

    /// Says that the task is done and hands on requests until somebody else has the task.
    async fn until_lost(&self, held: &Held, mut standing: Standing, news: &mut Listener) {
        let Fence { name, token, lost } = &held.fence;
        let mut look = pin!(clock::sleep(LOOK));
        let mut looks = 0_u32;
        loop {
            tokio::select! {
                () = lost.cancelled() => return,
                () = until_requested(news, name) => held.requested.notify_one(),
                () = &mut look => {
                    look.set(clock::sleep(LOOK));
                    looks = looks.wrapping_add(1);
                    match self.look(name, *token, looks).await {
                        Ok(Some(now)) if now.token == *token => {
                            if now.wishes != standing.wishes {
                                held.requested.notify_one();
                            }
                            standing = now;
                        }
                        Ok(_others) => return,
                        // whatever is written is checked all the same
                        Err(error) => tracing::warn!(%error, task = name, "it is not known who has the task"),
                    }
                }
            }
        }
    }

    async fn give_back(&self, name: &'static str, token: i64) {
        let row = store::release(&self.io, name, token).await;
        // what could not be given back ends by itself
        tracing::info!(task = name, token, row = row.is_ok(), "this replica gives the task back");
    }
}

async fn until_requested(news: &mut Listener, name: &str) {
    while news.next().await != FleetEvent::RunNow(name.to_owned()) {}
}

async fn again_and_again<F: Future<Output = ()>>(work: impl Fn() -> F) {
    loop {
        work().await;
        clock::sleep(LOOK).await;
    }
}
