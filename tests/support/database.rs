//! A database of its own for every world.

use std::path::Path;
use std::process::Command;

use sea_orm::{ConnectionTrait, Database as Connector};
use uuid::Uuid;

/// Which database a story runs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Database {
    Sqlite,
    /// Needs `STARJACK_TEST_POSTGRES`, the address of a cluster that may create databases; `make test` starts one.
    Postgres,
}

/// A PostgreSQL database that is dropped with this.
#[derive(Debug)]
pub(crate) struct Postgres {
    cluster: String,
    name: String,
}

impl Postgres {
    pub(crate) async fn create() -> Self {
        let cluster = std::env::var("STARJACK_TEST_POSTGRES").unwrap_or_else(|_unset| {
            panic!("STARJACK_TEST_POSTGRES is not set: run `make test`, or name a cluster such as postgres://postgres@127.0.0.1:5432/")
        });
        let this =
            Self { cluster: cluster.trim_end_matches('/').to_owned(), name: format!("t_{}", Uuid::new_v4().simple()) };
        this.order(&format!("CREATE DATABASE {}", this.name)).await;
        this
    }

    pub(crate) fn url(&self) -> String {
        format!("{}/{}", self.cluster, self.name)
    }

    /// Writes all of it into a file, as it is at one moment; others may go on writing.
    pub(crate) async fn dump(&self, file: &Path) {
        tool("pg_dump", &["--format=custom", "--file", file.to_str().unwrap(), "--dbname", &self.url()]).await;
    }

    /// Brings into an empty database what a file holds.
    pub(crate) async fn fill(&self, file: &Path) {
        tool("pg_restore", &["--exit-on-error", "--dbname", &self.url(), file.to_str().unwrap()]).await;
    }

    async fn order(&self, sql: &str) {
        let db = Connector::connect(format!("{}/postgres", self.cluster)).await.unwrap();
        db.execute_unprepared(sql).await.unwrap();
        db.close().await.unwrap();
    }
}

async fn tool(name: &'static str, words: &[&str]) {
    let mut command = Command::new(name);
    command.args(words);
    let ended = tokio::task::spawn_blocking(move || command.status().unwrap()).await.unwrap();
    assert!(ended.success(), "{name}: {ended}");
}

impl Drop for Postgres {
    fn drop(&mut self) {
        // a runtime of its own, because this one belongs to the test that ends
        let sql = format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name);
        let dropped = std::thread::scope(|scope| {
            let work = || tokio::runtime::Runtime::new().unwrap().block_on(self.order(&sql));
            scope.spawn(work).join().is_ok()
        });
        assert!(dropped || std::thread::panicking(), "{} could not be dropped", self.name);
    }
}
