//! Which replica incarnation this process is, and until when it may write orders.
//!
//! On PostgreSQL each incarnation renews its row every two seconds and may write until six seconds after the last renewal,
//! by the database's clock; on SQLite the data folder is locked by one process, so every other incarnation is dead.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use sea_orm::{ConnectionTrait, DatabaseTransaction, DbBackend, DbErr, Statement};
use tokio::time::Instant;
use uuid::Uuid;

use crate::clock;
use crate::ids;
use crate::io::{Io, IoError};

/// How far ahead a renewal reaches.
const ALIVE_SECONDS: u64 = 6;
/// How often it is renewed.
const RENEWAL: Duration = Duration::from_secs(2);

/// This incarnation and its lease; cheap to clone.
#[derive(Clone)]
pub struct Replica {
    /// Its id in `orders.driver`.
    pub incarnation: Uuid,
    started: Instant,
    /// Milliseconds after `started` until which it may write; `u64::MAX` where nobody else can.
    alive_until_ms: Arc<AtomicU64>,
    io: Io,
}

impl Replica {
    /// Announces a new incarnation.
    ///
    /// # Errors
    /// The database's.
    pub async fn announce(io: Io) -> Result<Self, IoError> {
        let replica =
            Self { incarnation: ids::new_id(), started: clock::instant(), alive_until_ms: Arc::default(), io };
        if replica.io.is_postgres() {
            replica.renew().await?;
        } else {
            replica.alive_until_ms.store(u64::MAX, Ordering::Release);
        }
        Ok(replica)
    }

    /// Whether this incarnation may still write orders, by the monotonic clock.
    #[must_use]
    pub fn is_alive(&self) -> bool {
        self.since_start() < self.alive_until_ms.load(Ordering::Acquire)
    }

    /// Renews the lease for ever; where nobody else can write there is nothing to renew.
    pub async fn run(&self) {
        if !self.io.is_postgres() {
            return std::future::pending().await;
        }
        loop {
            clock::sleep(RENEWAL).await;
            if let Err(error) = self.renew().await {
                tracing::warn!(%error, "the replica's lease could not be renewed");
            }
        }
    }

    /// Takes over the orders whose driver is dead: raises their version, so that a driver that is not quite dead loses.
    /// Answers how many.
    ///
    /// # Errors
    /// The database's.
    pub async fn take_over(&self) -> Result<u64, IoError> {
        let (incarnation, postgres) = (self.incarnation, self.io.is_postgres());
        self.io
            .write(move |tx| {
                Box::pin(async move {
                    let statement = if postgres {
                        Statement::from_sql_and_values(
                            DbBackend::Postgres,
                            "UPDATE orders SET driver = $1, version = version + 1 WHERE next_at IS NOT NULL AND driver <> $1 \
                             AND NOT EXISTS (SELECT 1 FROM replica WHERE incarnation = orders.driver AND alive_until > clock_timestamp())",
                            [incarnation.into()],
                        )
                    } else {
                        Statement::from_sql_and_values(
                            DbBackend::Sqlite,
                            "UPDATE orders SET driver = $1, version = version + 1 WHERE next_at IS NOT NULL AND driver <> $1",
                            [incarnation.into()],
                        )
                    };
                    Ok::<_, IoError>(tx.execute_raw(statement).await?.rows_affected())
                })
            })
            .await
    }

    async fn renew(&self) -> Result<(), IoError> {
        let (incarnation, asked) = (self.incarnation, self.since_start());
        self.io
            .write(move |tx| {
                Box::pin(async move {
                    let sql = format!(
                        "INSERT INTO replica (incarnation, started_at, alive_until) \
                         VALUES ($1, clock_timestamp(), clock_timestamp() + interval '{ALIVE_SECONDS} seconds') \
                         ON CONFLICT (incarnation) DO UPDATE SET alive_until = excluded.alive_until"
                    );
                    tx.execute_raw(Statement::from_sql_and_values(DbBackend::Postgres, sql, [incarnation.into()]))
                        .await?;
                    Ok::<_, IoError>(())
                })
            })
            .await?;
        // counted from before the question, so that our own clock gives up first
        self.alive_until_ms.store(asked + ALIVE_SECONDS * 1000, Ordering::Release);
        Ok(())
    }

    fn since_start(&self) -> u64 {
        u64::try_from(clock::instant().saturating_duration_since(self.started).as_millis()).unwrap_or(u64::MAX)
    }
}

/// Whether any incarnation is alive; none begins to live until the transaction ends. On SQLite the data folder's lock says so.
///
/// # Errors
/// The database's.
pub async fn is_anybody_alive(tx: &DatabaseTransaction) -> Result<bool, DbErr> {
    if tx.get_database_backend() != DbBackend::Postgres {
        return Ok(false);
    }
    tx.execute_unprepared("LOCK TABLE replica IN EXCLUSIVE MODE").await?;
    let sql = "SELECT EXISTS (SELECT 1 FROM replica WHERE alive_until > clock_timestamp())";
    let row = tx.query_one_raw(Statement::from_string(DbBackend::Postgres, sql)).await?;
    row.map_or(Ok(false), |row| row.try_get_by_index(0))
}
