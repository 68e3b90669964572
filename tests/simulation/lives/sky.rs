//! The database of many lives, one after the other, and the weather between it and whoever asks.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, ready};
use sea_orm::{ConnectionTrait, DbBackend, EntityTrait, Statement};
use starjack::clock;
use starjack::io::{Io, IoError, Weather};
use starjack_entity::account;

use super::super::world::customers;
use super::dice::Dice;
use super::time::Time;

/// A database in memory, and the weather around it.
pub(crate) struct Ground {
    pub(crate) io: Io,
    pub(crate) sky: Arc<Sky>,
}

/// Fair unless a life says otherwise.
#[derive(Default)]
pub(crate) struct Sky(Mutex<Option<Day>>);

/// The weather of one life.
#[derive(Clone)]
pub(crate) struct Day {
    pub(crate) time: Time,
    pub(crate) dice: Dice,
    /// How many of a thousand ways lose their connection.
    pub(crate) trouble: u64,
    /// Nothing gets through before this moment.
    pub(crate) closed_until: Duration,
}

impl Sky {
    pub(crate) fn set(&self, day: Option<Day>) {
        *self.0.lock().unwrap() = day;
    }

    /// The database is away for a while.
    pub(crate) fn close(&self, pause: Duration) {
        if let Some(day) = self.0.lock().unwrap().as_mut() {
            day.closed_until = day.time.passed() + pause;
        }
    }
}

impl Weather for Sky {
    fn arrives(&self) -> BoxFuture<'static, bool> {
        let Some(day) = self.0.lock().unwrap().clone() else { return ready(true).boxed() };
        let lost = day.time.passed() < day.closed_until || day.dice.below(1000) < day.trouble;
        let takes = if lost { day.dice.millis(100, 900) } else { day.dice.millis(0, 3) };
        async move {
            clock::sleep(takes).await;
            !lost
        }
        .boxed()
    }
}

impl Ground {
    pub(crate) fn new() -> Self {
        let sky = Arc::new(Sky::default());
        let opened = Io::start_in("sqlite::memory:", 1, Some(Arc::clone(&sky) as Arc<dyn Weather>));
        let io = tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(opened).unwrap();
        at_once(io.migrate()).unwrap();
        let insert = io.write(|tx| {
            Box::pin(async move {
                account::Entity::insert_many(customers()).exec_without_returning(tx).await?;
                Ok::<_, IoError>(())
            })
        });
        at_once(insert).unwrap();
        let ground = Self { io, sky };
        ground.run("ATTACH DATABASE ':memory:' AS backup");
        ground
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
                for row in db.query_all_raw(Statement::from_string(DbBackend::Sqlite, TABLES)).await? {
                    db.execute_unprepared(&sql(row.try_get_by_index(0)?)).await?;
                }
                db.execute_unprepared("PRAGMA foreign_keys = ON").await?;
                Ok::<_, IoError>(())
            })
        });
        self.in_fair_weather(run).unwrap();
    }

    /// Runs a statement, whatever the weather.
    pub(crate) fn run(&self, sql: impl Into<String>) {
        let sql = sql.into();
        let run = self.io.read(move |db| {
            Box::pin(async move {
                db.execute_unprepared(&sql).await?;
                Ok::<_, IoError>(())
            })
        });
        self.in_fair_weather(run).unwrap();
    }

    /// Asks the database now, whatever the weather.
    pub(crate) fn in_fair_weather<T>(&self, work: impl Future<Output = T>) -> T {
        let day = self.sky.0.lock().unwrap().take();
        let done = at_once(work);
        self.sky.set(day);
        done
    }
}

/// Work that waits for nothing but the database.
fn at_once<T>(work: impl Future<Output = T>) -> T {
    work.now_or_never().expect("it waits for something else than the database")
}
