//! The timeline of a PostgreSQL cluster: another one after a standby took over, or after a restore
//! to a moment. Either may have lost commits, so whoever worked on one must not go on with another
//! as if nothing had happened.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};

use sea_orm::{ConnectOptions, sqlx};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

/// The timeline on which the server writes at this moment: the last checkpoint may speak of the
/// former one for minutes.
pub const NOW: &str =
    "('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::bigint";

/// The timeline of all connections of a pool; clones share it.
#[derive(Clone, Default)]
pub struct Timeline(Arc<Inner>);

#[derive(Default)]
struct Inner {
    /// 0 until the first connection stands.
    current: AtomicI64,
    follows: AtomicBool,
    followed: Notify,
    left: CancellationToken,
}

impl Timeline {
    /// Looks at every new connection: a fail-over ends all that there were, so the first statement
    /// on another timeline comes after this look. A standby is not written to, and is refused too.
    pub(crate) fn guard(&self, options: &mut ConnectOptions) {
        let timeline = self.clone();
        options.map_sqlx_postgres_pool_opts(move |pool| {
            let timeline = timeline.clone();
            pool.after_connect(move |connection, _about| {
                let timeline = timeline.clone();
                Box::pin(async move {
                    let now: i64 = sqlx::query_scalar(sqlx::AssertSqlSafe(format!("SELECT {NOW}")))
                        .fetch_one(connection)
                        .await?;
                    if timeline.is_at(now) {
                        return Ok(());
                    }
                    Err(sqlx::Error::Configuration(
                        "the database cluster has another timeline than before".into(),
                    ))
                })
            })
        });
    }

    /// From now on a later timeline is as good as the first one: a standby that takes over has
    /// every commit.
    pub fn follow(&self) {
        self.0.follows.store(true, Ordering::Release);
    }

    /// Ends once a connection to another timeline was refused.
    pub async fn left(&self) {
        self.0.left.cancelled().await;
    }

    /// Ends once a later timeline was followed. Twice at once is once.
    pub async fn followed(&self) {
        self.0.followed.notified().await;
    }

    fn is_at(&self, now: i64) -> bool {
        let first = self.0.current.compare_exchange(0, now, Ordering::AcqRel, Ordering::Acquire);
        let Err(before) = first else { return true };
        if before == now {
            return true;
        }
        // an earlier one is a primary that came back from the dead
        if self.0.follows.load(Ordering::Acquire) && now > before {
            tracing::warn!(
                event = "database.failed_over",
                alert = true,
                before,
                now,
                "a standby took over that has every commit"
            );
            self.0.current.store(now, Ordering::Release);
            self.0.followed.notify_one();
            return true;
        }
        self.0.left.cancel();
        false
    }
}
