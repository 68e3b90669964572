//! Redis, for what replicas count together. It may be slow, emptied or gone at any moment: nothing in it decides what the
//! database does not also decide, and no request fails for it.
//!
//! One connection lives on the I/O runtime, for connections belong to the runtime that opened them. A keeper there opens
//! it, looks every half second whether it still answers, and opens another when it does not. A command has 200 ms; one
//! that comes late gives the connection up, so that in an outage only the commands in flight wait at all: everyone
//! after them hears at once that Redis is away.

use std::sync::{Arc, Weak};
use std::time::Duration;

use ::redis::aio::MultiplexedConnection;
use ::redis::{AsyncConnectionConfig, Client, Cmd, FromRedisValue, RedisError, cmd};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use tokio::sync::{Semaphore, watch};

use crate::clock::{self, Deadline};
use crate::io::Io;

/// Longest wait for an answer, the way there and back included.
const PATIENCE: Duration = Duration::from_millis(200);
/// Longest wait for a new connection.
const OPENING: Duration = Duration::from_secs(2);
/// The pause between two looks of the keeper.
const LOOK: Duration = Duration::from_millis(500);
/// How many commands may be under way at the same time; for a further one Redis is away.
const UNDER_WAY: usize = 256;

/// Counts, and lets the first count of a span begin it; one step for Redis, so no count is without an end.
const COUNT: &str = "local count = redis.call('INCR', KEYS[1])
if redis.call('PTTL', KEYS[1]) < 0 then redis.call('PEXPIRE', KEYS[1], ARGV[1]) end
return {count, redis.call('PTTL', KEYS[1])}";

/// Where Redis is; a section of the configuration.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// `redis://user:password@host:6379/0`; may hold a password, so it is never printed. TLS is not built in.
    pub url: SecretString,
    /// What all our keys begin with: the same on every replica of a fleet, another for each fleet.
    #[serde(default = "own_name")]
    pub prefix: String,
}

fn own_name() -> String {
    "starjack".to_owned()
}

/// The way to Redis; cheap to clone, usable from every thread.
#[derive(Clone)]
pub struct Redis(Option<Arc<Inner>>);

struct Inner {
    io: Io,
    client: Client,
    prefix: String,
    /// The connection that answered last.
    connection: watch::Sender<Option<Arc<MultiplexedConnection>>>,
    places: Semaphore,
}

/// Redis did not answer in time, or not at all, or there is none: go on without.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("Redis is away")]
pub struct Away;

/// An address that is none.
#[derive(Debug, thiserror::Error)]
#[error("redis.url is not an address such as redis://user:password@host:6379/0; TLS (rediss:) is not built in")]
pub struct NoAddress;

/// How often something was counted in its span, this time included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counted {
    /// 1 for the first.
    pub count: u64,
    /// When the span is over and counting begins anew.
    pub ends_in: Duration,
}

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

impl Settings {
    /// Looks whether the address can be one, without asking it.
    ///
    /// # Errors
    /// It cannot.
    pub fn check(&self) -> Result<(), NoAddress> {
        self.client().map(|_client| ())
    }

    fn client(&self) -> Result<Client, NoAddress> {
        // the cause would repeat the address
        Client::open(self.url.expose_secret()).map_err(|_cause| NoAddress)
    }
}

impl Redis {
    /// No Redis: it is always away.
    #[must_use]
    pub fn off() -> Self {
        Self(None)
    }

    /// Begins to keep a connection on the I/O runtime and returns at once; without settings there is none.
    ///
    /// # Errors
    /// The address cannot be one.
    pub fn start(io: &Io, settings: Option<&Settings>) -> Result<Self, NoAddress> {
        let Some(settings) = settings else { return Ok(Self::off()) };
        let inner = Arc::new(Inner {
            io: io.clone(),
            client: settings.client()?,
            prefix: settings.prefix.clone(),
            connection: watch::Sender::new(None),
            places: Semaphore::new(UNDER_WAY),
        });
        io.keep(keep(Arc::downgrade(&inner)));
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

    /// Counts `what` once more in its span, which its first count begins.
    ///
    /// # Errors
    /// `Away`, after 200 ms at the latest; it may have been counted all the same.
    pub async fn count(&self, what: &str, span: Duration) -> Result<Counted, Away> {
        let inner = self.0.as_ref().ok_or(Away)?;
        let mut command = cmd("EVAL");
        command.arg(COUNT).arg(1).arg(format!("{}:{what}", inner.prefix));
        command.arg(u64::try_from(span.as_millis()).unwrap_or(u64::MAX));
        let (count, ends_in_ms): (u64, u64) = inner.ask(command).await?;
        Ok(Counted { count, ends_in: Duration::from_millis(ends_in_ms) })
    }
}

impl Inner {
    /// Asks one thing. Whatever does not answer well and in time is given up, and the keeper looks for another.
    async fn ask<T: FromRedisValue + Send + 'static>(&self, command: Cmd) -> Result<T, Away> {
        let connection = self.connection.borrow().clone().ok_or(Away)?;
        let _place = self.places.try_acquire().map_err(|_taken| Away)?;
        let mut asked = MultiplexedConnection::clone(&connection);
        let work = async move { command.query_async(&mut asked).await };
        self.on_time(PATIENCE, work).await.inspect_err(|_away| self.give_up(&connection))
    }

    /// Opens a connection that answers.
    async fn open(&self) -> Result<(), Away> {
        let client = self.client.clone();
        let settings = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(OPENING))
            .set_response_timeout(Some(PATIENCE))
            .set_concurrency_limit(UNDER_WAY);
        let opened = self.on_time(OPENING, async move {
            let mut connection = client.get_multiplexed_async_connection_with_config(&settings).await?;
            cmd("PING").query_async::<()>(&mut connection).await?;
            Ok(connection)
        });
        let connection = opened.await?;
        self.connection.send_replace(Some(Arc::new(connection)));
        tracing::info!("Redis answers");
        Ok(())
    }

    async fn on_time<T: Send + 'static>(
        &self,
        patience: Duration,
        work: impl Future<Output = Result<T, RedisError>> + Send + 'static,
    ) -> Result<T, Away> {
        match self.io.outside(Deadline::after(patience), work).await {
            Some(Ok(answer)) => Ok(answer),
            Some(Err(error)) => {
                tracing::debug!(%error, "Redis did not do it");
                Err(Away)
            }
            None => Err(Away),
        }
    }

    /// Gives a connection up, unless it has been replaced meanwhile.
    fn give_up(&self, connection: &Arc<MultiplexedConnection>) {
        let given_up = self.connection.send_if_modified(|current| {
            let is_current = current.as_ref().is_some_and(|current| Arc::ptr_eq(current, connection));
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
        let looked = if is_open { inner.ask(cmd("PING")).await } else { inner.open().await };
        if looked.is_err() && is_first {
            tracing::warn!("Redis is not there yet; this replica counts for itself");
        }
        is_first = false;
        drop(inner);
        clock::sleep(LOOK).await;
    }
}
