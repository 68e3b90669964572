//! Which replica incarnation this process is, and until when it may write orders.
//!
//! On PostgreSQL each incarnation renews its row every two seconds and may write until six seconds
//! after the last renewal, by the database's clock; on SQLite the data folder is locked by one
//! process, so every other incarnation is dead. Whoever was paused for longer than that has lost
//! its orders, also when it renews the row afterwards: what it was about to write under the lease
//! of before is not sent.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use chrono::TimeDelta;
use sea_orm::{ConnectionTrait, DatabaseTransaction, DbBackend, DbErr, Statement};
use tokio::time::Instant;
use uuid::Uuid;

use super::broadcast::Broadcast;
use super::singleton::Fence;
use super::tasks::Runs;
use crate::clock::{self, Steady};
use crate::ids;
use crate::io::{Io, IoError};
use crate::redis::Redis;

/// How far ahead a renewal reaches.
const ALIVE_SECONDS: u64 = 6;
/// Most orders that are taken over in one commit; the next one follows in a second.
const AT_ONCE: u32 = 500;
/// How often it is renewed.
pub const RENEWAL: Duration = Duration::from_secs(2);

/// This incarnation and its lease; cheap to clone.
#[derive(Clone)]
pub struct Replica {
    /// Its id in `orders.driver`.
    pub incarnation: Uuid,
    /// What replicas tell each other.
    pub broadcast: Broadcast,
    /// Whether its wall clock goes evenly.
    pub clock: Steady,
    started: Instant,
    pub(super) shared: Arc<Shared>,
    io: Io,
}

#[derive(Debug, Default)]
pub(super) struct Shared {
    /// Milliseconds after the start until which it may write; `u64::MAX` where nobody else can.
    pub(super) alive_until_ms: AtomicU64,
    /// How often the lease was over before it was renewed.
    lapses: AtomicU64,
    /// How many replicas were alive at the last renewal.
    alive: AtomicU32,
    /// It has given its lease up and renews it no more.
    resigned: AtomicBool,
}

/// The lease as it was at one moment. Renewals keep it; once it was over, it never holds again, for
/// others may have taken over what was this replica's.
#[derive(Clone)]
pub struct Lease {
    replica: Replica,
    lapses: u64,
}

impl Lease {
    /// Whether nobody can have taken anything over since, by the monotonic clock.
    #[must_use]
    pub fn holds(&self) -> bool {
        // in this order: a renewal counts the lapse first
        self.replica.is_alive() && self.replica.lapses() == self.lapses
    }
}

impl Shared {
    /// Takes note of a renewal that was asked and answered at these milliseconds after the start.
    pub(super) fn renewed(&self, asked: u64, answered: u64) {
        let former = self.alive_until_ms.load(Ordering::Acquire);
        if former > 0 && answered >= former {
            // before the renewal is seen: nothing of before may be sent under it
            self.lapses.fetch_add(1, Ordering::AcqRel);
            tracing::warn!(
                "the lease was over before it was renewed: others may have taken this replica's orders over"
            );
        }
        // counted from before the question, so that our own clock gives up first
        self.alive_until_ms.store(asked + ALIVE_SECONDS * 1000, Ordering::Release);
    }
}

impl Replica {
    /// Announces a new incarnation that tells others nothing.
    ///
    /// # Errors
    /// The database's.
    pub async fn announce(io: Io) -> Result<Self, IoError> {
        Self::announce_among(io, Redis::off()).await
    }

    /// Announces a new incarnation to the others.
    ///
    /// # Errors
    /// The database's.
    pub async fn announce_among(io: Io, redis: Redis) -> Result<Self, IoError> {
        let incarnation = ids::new_id();
        let started = clock::instant();
        let broadcast = Broadcast::new(redis);
        let clock = Steady::begin();
        let replica = Self { incarnation, broadcast, clock, started, shared: Arc::default(), io };
        if replica.io.is_postgres() {
            replica.renew().await?;
        } else {
            replica.shared.alive.store(1, Ordering::Relaxed);
            replica.shared.alive_until_ms.store(u64::MAX, Ordering::Release);
        }
        Ok(replica)
    }

    /// Whether this incarnation may still write orders, by the monotonic clock.
    #[must_use]
    pub fn is_alive(&self) -> bool {
        // a renewal under way may come back after the resignation
        let resigned = self.shared.resigned.load(Ordering::Acquire);
        !resigned && self.since_start() < self.shared.alive_until_ms.load(Ordering::Acquire)
    }

    /// The lease of this moment; to be taken before the commit under whose version something is
    /// written.
    #[must_use]
    pub fn lease(&self) -> Lease {
        Lease { replica: self.clone(), lapses: self.lapses() }
    }

    /// How often the lease was over before it was renewed.
    #[must_use]
    pub fn lapses(&self) -> u64 {
        self.shared.lapses.load(Ordering::Acquire)
    }

    /// How many replicas were alive at the last renewal, this one included.
    #[must_use]
    pub fn alive(&self) -> u32 {
        self.shared.alive.load(Ordering::Relaxed)
    }

    /// The other replicas that are alive.
    ///
    /// # Errors
    /// The database's.
    pub async fn others(&self) -> Result<Vec<Uuid>, IoError> {
        let own = self.incarnation;
        let postgres = self.io.is_postgres();
        if !postgres {
            return Ok(Vec::new());
        }
        self.io
            .read(move |db| {
                Box::pin(async move {
                    let sql = "SELECT incarnation FROM replica WHERE alive_until > clock_timestamp() AND incarnation <> $1 \
                               ORDER BY incarnation";
                    let asked = Statement::from_sql_and_values(DbBackend::Postgres, sql, [own.into()]);
                    let rows = db.query_all_raw(asked).await?;
                    Ok(rows.iter().map(|row| row.try_get_by_index(0)).collect::<Result<_, _>>()?)
                })
            })
            .await
    }

    /// Forgets replicas that have been dead for a day.
    ///
    /// # Errors
    /// The database's; `Fenced` when another replica does this now.
    pub async fn forget_dead(&self, fence: Fence) -> Result<(), IoError> {
        if !self.io.is_postgres() {
            return Ok(());
        }
        self.io
            .write(move |tx| {
                Box::pin(async move {
                    fence.check(tx).await?;
                    let sql = "DELETE FROM replica WHERE alive_until < clock_timestamp() - interval '1 day'";
                    Ok(tx.execute_raw(Statement::from_string(DbBackend::Postgres, sql)).await.map(drop)?)
                })
            })
            .await
    }

    /// Gives the lease up, so that others take over at once what is left; nothing may be written
    /// any more.
    pub async fn resign(&self) {
        self.shared.resigned.store(true, Ordering::Release);
        if !self.io.is_postgres() {
            return;
        }
        let incarnation = self.incarnation;
        let resigned = self.io.write(move |tx| {
            Box::pin(async move {
                // so long ago that no renewal, whenever it comes through, takes it for its own
                let sql = "UPDATE replica SET alive_until = 'epoch' WHERE incarnation = $1";
                let statement =
                    Statement::from_sql_and_values(DbBackend::Postgres, sql, [incarnation.into()]);
                Ok::<_, IoError>(tx.execute_raw(statement).await.map(drop)?)
            })
        });
        if let Err(error) = resigned.await {
            tracing::warn!(%error, "the replica's lease could not be given up; it ends by itself");
        }
    }

    /// Renews the lease for ever; where nobody else can write there is nothing to renew.
    pub async fn run(&self, runs: &Runs) {
        while self.io.is_postgres() && !self.shared.resigned.load(Ordering::Acquire) {
            clock::sleep(RENEWAL).await;
            if let Err(error) = runs.watch(self.renew()).await {
                tracing::warn!(%error, "the replica's lease could not be renewed");
            }
        }
        std::future::pending().await
    }

    /// Takes over the orders whose driver is dead: raises their version, so that a driver that is
    /// not quite dead loses, and has what settles counted anew, for its clock may not have been
    /// ours. At most 500 at once. Answers how many.
    ///
    /// # Errors
    /// The database's.
    pub async fn take_over(&self) -> Result<u64, IoError> {
        if !self.is_alive() {
            return Ok(0);
        }
        let incarnation = self.incarnation;
        let postgres = self.io.is_postgres();
        // by nobody's clock yet: whoever drives the order counts from its own moment
        let uncounted = clock::now() + TimeDelta::hours(2);
        self.io
            .write(move |tx| {
                Box::pin(async move {
                    let backend = tx.get_database_backend();
                    let is_dead = if postgres {
                        "next_at IS NOT NULL AND driver <> $1 AND NOT EXISTS (SELECT 1 FROM replica WHERE incarnation = orders.driver AND alive_until > clock_timestamp())"
                    } else {
                        "next_at IS NOT NULL AND driver <> $1"
                    };
                    let take = format!(
                        "UPDATE orders SET driver = $1, version = version + 1 WHERE {is_dead} \
                         AND id IN (SELECT id FROM orders WHERE {is_dead} LIMIT {AT_ONCE}) RETURNING id"
                    );
                    let taken = tx.query_all_raw(Statement::from_sql_and_values(backend, take, [incarnation.into()])).await?;
                    for order in &taken {
                        let id: Uuid = order.try_get_by_index(0)?;
                        for table in ["order_line", "payment"] {
                            let sql = format!("UPDATE {table} SET settles_at = $1 WHERE order_id = $2 AND settles_at IS NOT NULL");
                            tx.execute_raw(Statement::from_sql_and_values(backend, sql, [uncounted.into(), id.into()])).await?;
                        }
                    }
                    Ok::<_, IoError>(taken.len() as u64)
                })
            })
            .await
    }

    /// Renews the lease once; of a replica that has resigned nothing is renewed any more.
    ///
    /// # Errors
    /// The database's.
    pub async fn renew(&self) -> Result<(), IoError> {
        let incarnation = self.incarnation;
        let asked = self.since_start();
        let alive: i64 = self
            .io
            .write(move |tx| {
                Box::pin(async move {
                    let sql = format!(
                        "INSERT INTO replica (incarnation, started_at, alive_until) \
                         VALUES ($1, clock_timestamp(), clock_timestamp() + interval '{ALIVE_SECONDS} seconds') \
                         ON CONFLICT (incarnation) DO UPDATE SET alive_until = excluded.alive_until \
                         WHERE replica.alive_until > 'epoch'"
                    );
                    let renewing = Statement::from_sql_and_values(DbBackend::Postgres, sql, [incarnation.into()]);
                    tx.execute_raw(renewing).await?;
                    let count = "SELECT count(*) FROM replica WHERE alive_until > clock_timestamp()";
                    let row = tx.query_one_raw(Statement::from_string(DbBackend::Postgres, count)).await?;
                    Ok::<_, IoError>(row.map_or(Ok(1), |row| row.try_get_by_index(0))?)
                })
            })
            .await?;
        self.shared.renewed(asked, self.since_start());
        self.shared.alive.store(u32::try_from(alive).unwrap_or(1).max(1), Ordering::Relaxed);
        self.broadcast.count_replicas(self.alive());
        Ok(())
    }

    pub(super) fn since_start(&self) -> u64 {
        u64::try_from(clock::instant().saturating_duration_since(self.started).as_millis())
            .unwrap_or(u64::MAX)
    }
}

/// Whether any incarnation is alive; none begins to live until the transaction ends. On SQLite the
/// data folder's lock says so.
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
