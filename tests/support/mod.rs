//! A world to test in: the real server binary as a process of its own, and the simulator that
//! outlives it as the witness.
//!
//! A test says what people do ([`people`]) in a [`World`] and ends with [`World::clean_slate`],
//! which compares what the shop says with what really happened at the suppliers.
//! [`both_databases!`] runs a story on SQLite and on PostgreSQL, which is for those that tell
//! something of the database: commits, locks, restarts. Any other runs by [`postgres_alone!`];
//! every statement meets SQLite in the tests of the library.
mod balancer;
mod client;
mod database;
mod goods;
mod invariants;
mod ledger;
mod nginx;
mod paper;
mod people;
mod redis;
mod sample;
mod server;
mod stream;
mod suppliers;
mod world;

pub(crate) use balancer::Balancer;
pub(crate) use client::{Answer, Client};
pub(crate) use database::{Cluster, Database, Postgres};
pub(crate) use invariants::{asked_too_often, check, check_known};
pub(crate) use ledger::{Booking, Ledger};
pub(crate) use nginx::Nginx;
pub(crate) use paper::text_of;
pub(crate) use people::{ADULT, Offer, Person, SMALL_CHILD, ticket};
pub(crate) use redis::{Proxy, Redis, Writer, authority};
pub(crate) use sample::{area_file, areas, listed, sample};
pub(crate) use server::{Ran, Server, Version};
pub(crate) use stream::{Event, Stream};
pub(crate) use world::{PATIENCE, World, eventually, free_port, is_code, new_key};

/// Makes two tests of each story `async fn story(database: Database)`: `story::sqlite` and
/// `story::postgres`.
macro_rules! both_databases {
    ($($story:ident),+ $(,)?) => {
        $(mod $story {
            #[tokio::test]
            async fn sqlite() {
                super::$story(crate::support::Database::Sqlite).await;
            }

            #[tokio::test]
            async fn postgres() {
                super::$story(crate::support::Database::Postgres).await;
            }
        })+
    };
}
pub(crate) use both_databases;

/// Makes one test of each story `async fn story(database: Database)`: `story::postgres`.
macro_rules! postgres_alone {
    ($($story:ident),+ $(,)?) => {
        $(mod $story {
            #[tokio::test]
            async fn postgres() {
                super::$story(crate::support::Database::Postgres).await;
            }
        })+
    };
}
pub(crate) use postgres_alone;
