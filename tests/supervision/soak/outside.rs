//! What actors use outside: databases and Redis, whose connections live on the I/O runtime.

use sea_orm::ConnectionTrait;
use starjack::io::{Io, IoError};
use starjack::redis::{Away, Limit, Link, Redis, Settings};
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::support::until;

#[derive(Clone)]
pub(super) struct Outside {
    databases: Vec<Io>,
    redis: Redis,
    written: Arc<AtomicU64>,
    read: Arc<AtomicU64>,
    counted: Arc<AtomicU64>,
    away: Arc<AtomicU64>,
}

impl Outside {
    /// An embedded database alone.
    pub(super) async fn sqlite() -> (Self, tempfile::TempDir) {
        let folder = tempfile::tempdir().unwrap();
        let io = Io::start(&format!("sqlite://{}/soak.db?mode=rwc", folder.path().display()), 4)
            .await
            .unwrap();
        create_table(&io).await;
        let counter = Arc::<AtomicU64>::default;
        let written = counter();
        let read = counter();
        let counted = counter();
        let away = counter();
        (Self { databases: vec![io], redis: Redis::off(), written, read, counted, away }, folder)
    }

    /// The same beside PostgreSQL and Redis, each with a place of its own.
    pub(super) async fn all() -> (Self, tempfile::TempDir) {
        let server = |name| {
            std::env::var(name)
                .unwrap_or_else(|_| panic!("{name} names a server; `make test` starts one"))
        };
        let (mut outside, folder) = Self::sqlite().await;
        let io = Io::start(&server("STARJACK_TEST_POSTGRES"), 8).await.unwrap();
        create_table(&io).await;
        let settings = Settings {
            url: server("STARJACK_TEST_REDIS").into(),
            prefix: format!("soak-{}", uuid::Uuid::new_v4().simple()),
            ca: None,
        };
        let redis = Redis::start(&io, Some(&settings)).unwrap();
        until("Redis answers", || redis.link() == Link::Up).await;
        outside.databases.push(io);
        (Self { redis, ..outside }, folder)
    }

    /// Writes, reads or counts somewhere, or does nothing, which is most of the time; must not
    /// fail.
    pub(super) async fn use_one(&self, place: u64) {
        let database = usize::try_from(place / 3).unwrap() % self.databases.len();
        match place % 9 {
            0 => write(&self.databases[database], &self.written).await,
            1 | 2 => read(&self.databases[database], &self.read).await,
            3 => match self.redis.count(&[every_question()]).await {
                Ok(_) => drop(self.counted.fetch_add(1, Ordering::Relaxed)),
                Err(Away) => drop(self.away.fetch_add(1, Ordering::Relaxed)),
            },
            _ => {}
        }
    }
}

impl fmt::Display for Outside {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [written, read, counted, away] = [&self.written, &self.read, &self.counted, &self.away]
            .map(|counter| counter.load(Ordering::Relaxed));
        write!(f, "{written} writes, {read} reads, {counted} counts in Redis ({away} times away)")
    }
}

async fn create_table(io: &Io) {
    let created = io.write(|tx| {
        Box::pin(async move {
            tx.execute_unprepared("DROP TABLE IF EXISTS soak").await?;
            tx.execute_unprepared("CREATE TABLE soak (number BIGINT NOT NULL)").await?;
            tx.execute_unprepared("INSERT INTO soak VALUES (0)").await?;
            Ok::<_, IoError>(())
        })
    });
    created.await.unwrap();
}

async fn write(io: &Io, written: &AtomicU64) {
    let add = io.write(|tx| {
        Box::pin(async move {
            tx.execute_unprepared("UPDATE soak SET number = number + 1").await?;
            Ok::<_, IoError>(())
        })
    });
    add.await.unwrap();
    written.fetch_add(1, Ordering::Relaxed);
}

async fn read(io: &Io, read: &AtomicU64) {
    let look = io.read(|db| {
        Box::pin(async move {
            db.execute_unprepared("SELECT number FROM soak").await?;
            Ok::<_, IoError>(())
        })
    });
    look.await.unwrap();
    read.fetch_add(1, Ordering::Relaxed);
}

fn every_question() -> Limit {
    Limit { key: "questions".to_owned(), most: 1, span: Duration::from_secs(1), own: 0 }
}
