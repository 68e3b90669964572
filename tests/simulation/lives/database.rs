//! The database of many lives, one after the other, and the faults between it and whoever asks.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, ready};
use sea_orm::{ConnectionTrait, DbBackend, EntityTrait, Statement};
use starjack::clock;
use starjack::io::{Io, IoError, SimulatedFaults};
use starjack_entity::account;

use super::super::world::customers;
use super::prng::Prng;
use super::time::Time;

/// A database in memory, and what happens to whoever asks it.
pub(crate) struct SharedDatabase {
    pub(crate) io: Io,
    pub(crate) faults: Arc<FaultSwitch>,
}

/// None unless a life says otherwise.
#[derive(Default)]
pub(crate) struct FaultSwitch(Mutex<Option<LifeFaults>>);

/// The faults of one life.
#[derive(Clone)]
pub(crate) struct LifeFaults {
    pub(crate) time: Time,
    pub(crate) prng: Prng,
    /// How many of a thousand ways lose their connection.
    pub(crate) trouble: u64,
    /// Nothing gets through before this moment.
    pub(crate) closed_until: Duration,
}

impl FaultSwitch {
    pub(crate) fn set(&self, faults: Option<LifeFaults>) {
        *self.0.lock().unwrap() = faults;
    }

    /// The database is away for a while.
    pub(crate) fn close(&self, pause: Duration) {
        if let Some(faults) = self.0.lock().unwrap().as_mut() {
            faults.closed_until = faults.time.passed() + pause;
        }
    }
}

impl SimulatedFaults for FaultSwitch {
    fn arrives(&self) -> BoxFuture<'static, bool> {
        let Some(faults) = self.0.lock().unwrap().clone() else { return ready(true).boxed() };
        let lost =
            faults.time.passed() < faults.closed_until || faults.prng.below(1000) < faults.trouble;
        let takes = if lost { faults.prng.millis(100, 900) } else { faults.prng.millis(0, 3) };
        async move {
            clock::sleep(takes).await;
            !lost
        }
        .boxed()
    }
}

impl SharedDatabase {
    pub(crate) fn new() -> Self {
        let faults = Arc::new(FaultSwitch::default());
        let opened = Io::start_in(
            "sqlite::memory:",
            1,
            Some(Arc::clone(&faults) as Arc<dyn SimulatedFaults>),
        );
        let io = tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap()
            .block_on(opened)
            .unwrap();
        at_once(io.migrate()).unwrap();
        let insert = io.write(|tx| {
            Box::pin(async move {
                account::Entity::insert_many(customers()).exec_without_returning(tx).await?;
                Ok::<_, IoError>(())
            })
        });
        at_once(insert).unwrap();
        let database = Self { io, faults };
        database.run("ATTACH DATABASE ':memory:' AS backup");
        database
    }

    /// Takes away what the last life left.
    pub(crate) fn clear(&self) {
        self.run("DROP TRIGGER IF EXISTS off");
        self.of_all_tables(|table| format!("DELETE FROM main.{table}"));
    }

    /// Runs what is to be run of each table in which a life writes.
    pub(super) fn of_all_tables(&self, sql: impl Fn(String) -> String + Send + 'static) {
        const TABLES: &str = "SELECT name FROM main.sqlite_master WHERE type IN ('table') AND name NOT LIKE 'sqlite%' \
                              AND name NOT IN ('seaql_migrations', 'account')";
        let run = self.io.read(move |db| {
            Box::pin(async move {
                db.execute_unprepared("PRAGMA foreign_keys = OFF").await?;
                for row in
                    db.query_all_raw(Statement::from_string(DbBackend::Sqlite, TABLES)).await?
                {
                    db.execute_unprepared(&sql(row.try_get_by_index(0)?)).await?;
                }
                db.execute_unprepared("PRAGMA foreign_keys = ON").await?;
                Ok::<_, IoError>(())
            })
        });
        self.without_faults(run).unwrap();
    }

    /// Runs a statement, whatever the faults.
    pub(crate) fn run(&self, sql: impl Into<String>) {
        let sql = sql.into();
        let run = self.io.read(move |db| {
            Box::pin(async move {
                db.execute_unprepared(&sql).await?;
                Ok::<_, IoError>(())
            })
        });
        self.without_faults(run).unwrap();
    }

    /// Asks the database now, whatever the faults.
    pub(crate) fn without_faults<T>(&self, work: impl Future<Output = T>) -> T {
        let faults = self.faults.0.lock().unwrap().take();
        let done = at_once(work);
        self.faults.set(faults);
        done
    }
}

/// Work that waits for nothing but the database.
fn at_once<T>(work: impl Future<Output = T>) -> T {
    work.now_or_never().expect("it waits for something else than the database")
}
