//! Whatever breaks, no paid order is without its ticket or its money back, and no ticket is issued
//! twice: the real binary against suppliers that hang, refuse, lie and lose answers, a process that
//! is killed, and many orders at once.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot go on says so"
)]
#![expect(
    clippy::print_stderr,
    reason = "a failed test shows the server's log, a seeded one its seed"
)]
#![expect(clippy::cognitive_complexity, reason = "each assertion counts as a branch of its own")]
#![expect(clippy::allow_attributes, reason = "each test crate uses its own part of the support")]

#[path = "../support/mod.rs"]
#[allow(
    dead_code,
    unused_imports,
    unused_macros,
    reason = "each test crate uses its own part of the support"
)]
mod support;

/// Makes the test `story::postgres` of each story that needs the servers which `make test` starts.
macro_rules! on_postgres {
    ($($story:ident),+ $(,)?) => {
        $(mod $story {
            #[tokio::test]
            async fn postgres() {
                super::$story().await;
            }
        })+
    };
}

mod callbacks;
mod case;
mod crash;
mod crowd;
mod failed_over;
mod fleet;
mod flooded;
mod given_up;
mod killed;
mod limits_shared;
mod matrix;
mod pairs;
mod redis_gone;
mod redis_secured;
mod restored;
mod restored_day;
mod rolling;
mod upgraded;
mod wedged;
mod worker_pool;
