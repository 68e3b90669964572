//! The one connection to Redis, and whether it answers.
//!
//! It lives on the I/O runtime, for connections belong to the runtime that opened them. A keeper
//! there opens it, looks every half second whether it still answers, and opens another when it does
//! not. A command has 200 ms; one that comes late gives the connection up, so that in an outage
//! only the commands in flight wait at all: everyone after them hears at once that Redis is away.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;

use ::redis::{Cmd, FromRedisValue, RedisError, cmd};
use serde::Serialize;
use tokio::sync::{Semaphore, broadcast, watch};
use uuid::Uuid;

use super::address::{Address, Connection, NoAddress, Settings};
use super::pubsub;
use crate::clock::{self, Deadline};
use crate::io::Io;

/// Longest wait for an answer, the way there and back included.
pub(super) const PATIENCE: Duration = Duration::from_millis(200);
/// Longest wait for a new connection.
pub(super) const OPENING: Duration = Duration::from_secs(2);
/// The pause between two looks of the keeper.
pub(super) const LOOK: Duration = Duration::from_millis(500);
/// How many commands may be under way at the same time; for a further one Redis is away.
pub(super) const UNDER_WAY: usize = 256;
/// What Redis says where a key holds another kind of value than is asked for.
const WRONG_TYPE: &str = "WRONGTYPE";
/// How much news may wait for a listener that is slow; what does not fit is lost to it.
const NEWS: usize = 1024;

/// The way to Redis; cheap to clone, usable from every thread.
#[derive(Clone)]
pub struct Redis(pub(super) Option<Arc<Inner>>);

pub(super) struct Inner {
    pub(super) io: Io,
    pub(super) address: Address,
    pub(super) prefix: String,
    /// Whose own news are not told to itself.
    pub(super) own: Uuid,
    /// The connection that answered last.
    pub(super) connection: watch::Sender<Option<Arc<Connection>>>,
    pub(super) heard: broadcast::Sender<String>,
    places: Semaphore,
    /// How many replicas share it, as the database says.
    pub(super) replicas: AtomicU32,
    answered: AtomicU64,
    away: AtomicU64,
    took_us: AtomicU64,
}

/// Redis did not answer in time, or not at all, or there is none: go on without.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("Redis is away")]
pub struct Away;

/// Whether Redis answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = RedisState)]
pub enum Link {
    /// None is configured.
    Off,
    /// It answered last time.
    Up,
    /// It did not; this replica counts for itself.
    Down,
}

/// How the talk with Redis goes, since the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Talk {
    /// Commands that were answered.
    pub answered: u64,
    /// Commands for which Redis was away.
    pub away: u64,
    /// How long the last answer took, in microseconds.
    pub took_us: u64,
}

impl Redis {
    /// No Redis: it is always away.
    #[must_use]
    pub fn off() -> Self {
        Self(None)
    }

    /// Begins to keep a connection on the I/O runtime and returns at once; without settings there
    /// is none.
    ///
    /// # Errors
    /// The address cannot be one.
    pub fn start(io: &Io, settings: Option<&Settings>) -> Result<Self, NoAddress> {
        let Some(settings) = settings else { return Ok(Self::off()) };
        let inner = Arc::new(Inner {
            io: io.clone(),
            address: settings.address()?,
            prefix: settings.prefix.clone(),
            own: Uuid::new_v4(),
            connection: watch::Sender::new(None),
            heard: broadcast::Sender::new(NEWS),
            places: Semaphore::new(UNDER_WAY),
            replicas: AtomicU32::new(1),
            answered: AtomicU64::new(0),
            away: AtomicU64::new(0),
            took_us: AtomicU64::new(0),
        });
        io.keep(keep(Arc::downgrade(&inner)));
        io.keep(pubsub::keep(Arc::downgrade(&inner)));
        Ok(Self(Some(inner)))
    }

    /// Whether Redis answered last time, without asking it.
    #[must_use]
    pub fn link(&self) -> Link {
        match &self.0 {
            None => Link::Off,
            Some(inner) if inner.connection.borrow().is_some() => Link::Up,
            Some(_) => Link::Down,
        }
    }

    /// How the talk with it goes.
    #[must_use]
    pub fn talk(&self) -> Talk {
        let read = |figure: &AtomicU64| figure.load(Ordering::Relaxed);
        let talk = |inner: &Arc<Inner>| Talk {
            answered: read(&inner.answered),
            away: read(&inner.away),
            took_us: read(&inner.took_us),
        };
        self.0.as_ref().map(talk).unwrap_or_default()
    }
}

/// Why a command was not answered well.
enum Failed {
    /// Nothing of ours stands under its key: only this question has no answer, or one key would
    /// keep the connection away.
    Value,
    /// Whatever else it was, another connection may do better.
    Connection,
}

impl Connection {
    async fn ask<T: FromRedisValue>(self, command: Cmd) -> Result<T, RedisError> {
        match self {
            Self::One(mut connection) => command.query_async(&mut connection).await,
            Self::Cluster(mut connection) => command.query_async(&mut connection).await,
        }
    }
}

impl Inner {
    /// Asks one thing. Whatever does not answer well and in time is given up, and the keeper looks
    /// for another.
    pub(super) async fn ask<T: FromRedisValue + Send + 'static>(
        &self,
        command: Cmd,
    ) -> Result<T, Away> {
        let asked = clock::instant();
        let answer = self.try_to_ask(command).await;
        let figure = if answer.is_ok() { &self.answered } else { &self.away };
        figure.fetch_add(1, Ordering::Relaxed);
        if answer.is_ok() {
            let took_us = u64::try_from(clock::since(asked).as_micros()).unwrap_or(u64::MAX);
            self.took_us.store(took_us, Ordering::Relaxed);
        }
        answer
    }

    async fn try_to_ask<T: FromRedisValue + Send + 'static>(
        &self,
        command: Cmd,
    ) -> Result<T, Away> {
        let connection = self.connection.borrow().clone().ok_or(Away)?;
        let _place = self.places.try_acquire().map_err(|_taken| Away)?;
        let asked = Connection::clone(&connection);
        match self.on_time(PATIENCE, asked.ask(command)).await {
            Ok(answer) => Ok(answer),
            Err(Failed::Value) => Err(Away),
            Err(Failed::Connection) => {
                self.give_up(&connection);
                Err(Away)
            }
        }
    }

    /// Opens a connection that answers.
    async fn open(self: &Arc<Self>) -> Result<(), Away> {
        let inner = Arc::clone(self);
        let opened = self.on_time(OPENING, async move {
            let connection = inner.address.connect().await?;
            connection.clone().ask::<()>(cmd("PING")).await?;
            Ok(connection)
        });
        let connection = opened.await.map_err(|_failed| Away)?;
        self.connection.send_replace(Some(Arc::new(connection)));
        tracing::info!("Redis answers");
        Ok(())
    }

    async fn on_time<T: Send + 'static>(
        &self,
        patience: Duration,
        work: impl Future<Output = Result<T, RedisError>> + Send + 'static,
    ) -> Result<T, Failed> {
        match self.io.outside(Deadline::after(patience), work).await {
            Some(Ok(answer)) => Ok(answer),
            Some(Err(error)) => {
                tracing::debug!(%error, "Redis did not do it");
                Err(if error.code() == Some(WRONG_TYPE) {
                    Failed::Value
                } else {
                    Failed::Connection
                })
            }
            None => Err(Failed::Connection),
        }
    }

    /// Gives a connection up, unless it has been replaced meanwhile.
    fn give_up(&self, connection: &Arc<Connection>) {
        let given_up = self.connection.send_if_modified(|current| {
            let is_current =
                current.as_ref().is_some_and(|current| Arc::ptr_eq(current, connection));
            if is_current {
                *current = None;
            }
            is_current
        });
        if given_up {
            tracing::warn!("Redis is away; this replica counts for itself");
        }
    }
}

/// Looks after the connection for as long as anybody may ask for it.
async fn keep(redis: Weak<Inner>) {
    let mut is_first = true;
    while let Some(inner) = redis.upgrade() {
        let is_open = inner.connection.borrow().is_some();
        let looked = if is_open { inner.ask::<()>(cmd("PING")).await } else { inner.open().await };
        if looked.is_err() && is_first {
            tracing::warn!("Redis is not there yet; this replica counts for itself");
        }
        is_first = false;
        drop(inner);
        clock::sleep(LOOK).await;
    }
}
