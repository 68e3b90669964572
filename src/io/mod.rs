//! The I/O runtime: the only owner of connections to the database and to Redis.
//!
//! Connections belong to the runtime that opened them: a wedged opener would hang its neighbours'
//! queries. So the pool lives on a runtime of its own that runs no other code, and a transaction is
//! one task there from begin to commit. Every store goes through [`Io`], and so does
//! `redis/link.rs`.

mod error;
#[cfg(test)]
mod tests;

use std::panic::Location;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures_util::future::BoxFuture;
use sea_orm::sqlx::sqlite::{SqliteJournalMode, SqliteSynchronous};
use sea_orm::{
    ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DatabaseTransaction, DbBackend,
    DbErr, SqliteTransactionMode, Statement, TransactionOptions, TransactionTrait,
};
use starjack_migration::Schema;
use tokio::runtime::Runtime;
use tokio::sync::Semaphore;

use crate::clock::{self, Deadline};
use crate::failpoints;
use crate::timeline::Timeline;

pub use error::IoError;

/// Longest wait for one piece of database work, queueing for a connection included.
const WORK_DEADLINE: Duration = Duration::from_secs(30);

/// What stands between an asker and the database of a simulation.
pub trait SimulatedFaults: Send + Sync {
    /// Takes as long as the way to the database, or back from it; false where the connection is
    /// lost on it.
    fn arrives(&self) -> BoxFuture<'static, bool>;
}

/// The way to the database; cheap to clone, usable from every thread.
#[derive(Clone)]
pub struct Io {
    inner: Arc<Inner>,
    /// On which timeline its PostgreSQL cluster was at the first connection.
    pub timeline: Timeline,
}

struct Inner {
    runtime: Option<Runtime>,
    db: DatabaseConnection,
    commits: Arc<AtomicU64>,
    /// SQLite has one writer: waiting here is fair, waiting for its file lock is not.
    writer: Option<Arc<Semaphore>>,
    simulated_faults: Option<Arc<dyn SimulatedFaults>>,
}

impl Io {
    /// Starts the runtime and connects; `url` begins with `sqlite:` or `postgres:`, `connections`
    /// bounds the pool.
    ///
    /// # Errors
    /// `Unsafe` when PostgreSQL runs without `fsync`, `Database` when it cannot be reached.
    pub async fn start(url: &str, connections: u32) -> Result<Self, IoError> {
        Self::start_in(url, connections, None).await
    }

    /// The same in a simulation: work is done on the thread that asks for it, after the simulated
    /// faults let it through.
    ///
    /// # Errors
    /// As [`Io::start`].
    pub async fn start_in(
        url: &str,
        connections: u32,
        simulated_faults: Option<Arc<dyn SimulatedFaults>>,
    ) -> Result<Self, IoError> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .thread_name("io")
            .enable_all()
            .build()
            .map_err(|error| IoError::Unsafe(format!("no I/O runtime: {error}")))?;
        let timeline = Timeline::default();
        let options = connect_options(url, connections, &timeline);
        let opened = runtime.spawn(async move {
            let db = Database::connect(options).await?;
            refuse_unsafe(&db).await?;
            Ok::<_, IoError>(db)
        });
        match opened.await.unwrap_or(Err(IoError::Late)) {
            Ok(db) => {
                let one_writer = db.get_database_backend() == DbBackend::Sqlite;
                let writer = one_writer.then(|| Arc::new(Semaphore::new(1)));
                let inner = Inner {
                    runtime: Some(runtime),
                    db,
                    commits: Arc::default(),
                    writer,
                    simulated_faults,
                };
                Ok(Self { inner: Arc::new(inner), timeline })
            }
            Err(error) => {
                runtime.shutdown_background();
                Err(error)
            }
        }
    }

    /// Runs reads on the I/O runtime.
    ///
    /// # Errors
    /// What the work answers; `Late` after 30 s.
    pub async fn read<T, E, F>(&self, work: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<IoError> + From<DbErr> + Send + 'static,
        F: for<'c> FnOnce(&'c DatabaseConnection) -> BoxFuture<'c, Result<T, E>> + Send + 'static,
    {
        let db = self.inner.db.clone();
        self.spawn(async move { work(&db).await }).await
    }

    /// Runs one transaction on the I/O runtime, committed when the work answers `Ok`, rolled back
    /// otherwise. The asker may go away: what has begun ends by itself, what still waits for the
    /// only writer is not begun.
    ///
    /// # Errors
    /// What the work answers; `Late` after 30 s (then the commit may or may not have happened).
    #[track_caller]
    pub fn write<T, E, F>(&self, work: F) -> impl Future<Output = Result<T, E>>
    where
        T: Send + 'static,
        E: From<IoError> + From<DbErr> + Send + 'static,
        F: for<'t> FnOnce(&'t DatabaseTransaction) -> BoxFuture<'t, Result<T, E>> + Send + 'static,
    {
        let db = self.inner.db.clone();
        let writer = self.inner.writer.clone();
        let commits = Arc::clone(&self.inner.commits);
        let place = Location::caller();
        let asker = Arc::new(());
        let waits = Arc::downgrade(&asker);
        let work = self.spawn(async move {
            // waited for here, because an asker's thread may be blocked when its turn has come
            let _turn = match &writer {
                Some(writer) => Some(writer.acquire().await.map_err(|_closed| IoError::Late)?),
                None => None,
            };
            if waits.strong_count() == 0 {
                return Err(IoError::Late.into());
            }
            let transaction = db
                .begin_with_options(TransactionOptions {
                    sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
                    ..TransactionOptions::default()
                })
                .await?;
            match work(&transaction).await {
                Ok(value) => {
                    failpoints::here(|| format!("{}: before commit", failpoints::place(place)));
                    transaction.commit().await?;
                    failpoints::here(|| format!("{}: after commit", failpoints::place(place)));
                    commits.fetch_add(1, Ordering::Relaxed);
                    Ok(value)
                }
                Err(error) => {
                    if let Err(rollback) = transaction.rollback().await {
                        tracing::warn!(error = %rollback, "rollback failed");
                    }
                    Err(error)
                }
            }
        });
        async move {
            let done = work.await;
            drop(asker);
            done
        }
    }

    /// Whether the database is PostgreSQL, where rows can be locked and replicas can share it.
    #[must_use]
    pub fn is_postgres(&self) -> bool {
        self.inner.db.get_database_backend() == DbBackend::Postgres
    }

    /// How many transactions were committed since the start.
    #[must_use]
    pub fn commits(&self) -> u64 {
        self.inner.commits.load(Ordering::Relaxed)
    }

    /// Open connections, and how many of them nobody uses at the moment.
    #[must_use]
    pub fn connections(&self) -> (u32, usize) {
        if self.is_postgres() {
            let pool = self.inner.db.get_postgres_connection_pool();
            (pool.size(), pool.num_idle())
        } else {
            let pool = self.inner.db.get_sqlite_connection_pool();
            (pool.size(), pool.num_idle())
        }
    }

    /// Asks the database for nothing; it answers or it does not.
    ///
    /// # Errors
    /// `Late` after 30 s; the database's.
    pub async fn ping(&self) -> Result<(), IoError> {
        self.read(|db| Box::pin(async move { Ok::<_, IoError>(db.ping().await?) })).await
    }

    /// Brings the schema up to date; twice changes nothing, and replicas that start together take
    /// turns.
    ///
    /// # Errors
    /// The migration that did not go through.
    pub async fn migrate(&self) -> Result<(), IoError> {
        let schema = self.read(|db| {
            Box::pin(async move { Ok::<_, IoError>(starjack_migration::bring_up(db).await?) })
        });
        if schema.await? == Schema::Newer {
            tracing::warn!(
                "a newer version has expanded the schema; this one goes on with what it knows"
            );
        }
        Ok(())
    }

    /// Keeps work that is none of the database's on the I/O runtime until it ends by itself, or the
    /// runtime does.
    pub(crate) fn keep(&self, work: impl Future<Output = ()> + Send + 'static) {
        if let Some(runtime) = &self.inner.runtime {
            runtime.spawn(work);
        }
    }

    /// Runs work that is none of the database's on the I/O runtime; `None` when it is not done by
    /// `deadline`.
    pub(crate) async fn outside<T: Send + 'static>(
        &self,
        deadline: Deadline,
        work: impl Future<Output = T> + Send + 'static,
    ) -> Option<T> {
        let runtime = self.inner.runtime.as_ref()?;
        // timed there too: an asker that is wedged or gone leaves nothing behind
        let task = runtime.spawn(clock::timeout_at(deadline, work));
        clock::timeout_at(deadline, task).await.ok()?.ok()?.ok()
    }

    async fn spawn<T, E>(
        &self,
        work: impl Future<Output = Result<T, E>> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<IoError> + Send + 'static,
    {
        let Some(runtime) = &self.inner.runtime else {
            return Err(IoError::Late.into());
        };
        if let Some(faults) = &self.inner.simulated_faults {
            let done = if faults.arrives().await {
                runtime.block_on(work)
            } else {
                Err(IoError::Late.into())
            };
            return if faults.arrives().await { done } else { Err(IoError::Late.into()) };
        }
        let task = runtime.spawn(work);
        match clock::timeout_at(Deadline::after(WORK_DEADLINE), task).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(join)) => {
                tracing::error!(
                    event = "server.fault",
                    panicked = join.is_panic(),
                    "database work did not end by itself"
                );
                Err(IoError::Late.into())
            }
            Err(_elapsed) => Err(IoError::Late.into()),
        }
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

fn connect_options(url: &str, connections: u32, timeline: &Timeline) -> ConnectOptions {
    let mut options = ConnectOptions::new(url);
    options
        .max_connections(connections)
        .acquire_timeout(Duration::from_secs(10))
        .connect_timeout(Duration::from_secs(10))
        .sqlx_logging(false)
        .map_sqlx_sqlite_opts(|sqlite| {
            sqlite
                .create_if_missing(true)
                .foreign_keys(true)
                .journal_mode(SqliteJournalMode::Wal)
                .synchronous(SqliteSynchronous::Full)
                .busy_timeout(Duration::from_secs(10))
        });
    if url.starts_with("postgres") {
        options.statement_timeout(Duration::from_secs(20));
        timeline.guard(&mut options);
    }
    options
}

/// A database that may forget a commit may sell a ticket twice.
async fn refuse_unsafe(db: &DatabaseConnection) -> Result<(), IoError> {
    if db.get_database_backend() != DbBackend::Postgres {
        return Ok(());
    }
    for setting in ["fsync", "synchronous_commit", "full_page_writes"] {
        let row = db
            .query_one_raw(Statement::from_string(DbBackend::Postgres, format!("SHOW {setting}")))
            .await?;
        let value: String = row.map_or(Ok(String::new()), |row| row.try_get_by_index(0))?;
        if value == "off" {
            return Err(IoError::Unsafe(format!(
                "PostgreSQL runs with {setting}=off; switch it on"
            )));
        }
    }
    Ok(())
}
