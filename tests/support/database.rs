//! A database of its own for every world.

use std::path::Path;
use std::process::{Command, Stdio};

use sea_orm::{ConnectionTrait, Database as Connector};
use uuid::Uuid;

use super::world::free_port;

/// Which database a story runs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Database {
    Sqlite,
    /// Needs `STARJACK_TEST_POSTGRES`, the address of a cluster that may create databases;
    /// `make test` starts one.
    Postgres,
}

/// A PostgreSQL server of one test's own, to be restarted; gone when dropped.
#[derive(Debug)]
pub(crate) struct Cluster {
    folder: tempfile::TempDir,
    port: u16,
}

impl Cluster {
    pub(crate) fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let port = free_port();
        let this = Self { folder, port };
        let path = this.folder.path().display();
        run(
            this.folder.path(),
            &format!(
                "initdb -D {path}/data -U postgres --auth=trust --encoding=UTF8 --locale=C.UTF-8 --no-sync"
            ),
        );
        control(
            this.folder.path(),
            &format!(
                "start -w -o '-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={path}'"
            ),
        );
        this
    }

    pub(crate) fn url(&self) -> String {
        format!("postgres://postgres@127.0.0.1:{}", self.port)
    }

    /// A standby that follows it, with everything that is in it by now; from now on it sends what
    /// it commits without waiting.
    pub(crate) fn standby(&self) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let port = free_port();
        let this = Self { folder, port };
        let path = this.folder.path().display();
        let primary = self.port;
        run(
            this.folder.path(),
            &format!(
                "pg_basebackup -D {path}/data -h 127.0.0.1 -p {primary} -U postgres -R -X stream -c fast --no-sync"
            ),
        );
        control(
            this.folder.path(),
            &format!(
                "start -w -o '-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={path}'"
            ),
        );
        this
    }

    /// Ends it as a power failure would.
    pub(crate) fn fail(&self) {
        stop(self.folder.path());
    }

    /// Goes on at the address of a server that has failed, with what it has.
    pub(crate) fn take_over(mut self, failed: &Self) -> Self {
        let path = self.folder.path().display().to_string();
        self.fail();
        self.port = failed.port;
        let port = self.port;
        control(
            self.folder.path(),
            &format!(
                "start -w -o '-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={path}'"
            ),
        );
        control(self.folder.path(), "promote -w");
        self
    }

    /// What ends every connection and transaction, and starts again; it takes a while.
    pub(crate) fn restarting(&self) -> impl FnOnce() + Send + 'static {
        let path = self.folder.path().to_owned();
        move || control(&path, "restart -w -m fast")
    }
}

/// Tells the server what to do.
fn control(folder: &Path, words: &str) {
    let path = folder.display();
    run(folder, &format!("pg_ctl -D {path}/data -l {path}/data/server.log {words}"));
}

/// Runs one of PostgreSQL's programs, as somebody else than root, as whom it does not run.
fn run(folder: &Path, words: &str) {
    let path = folder.display();
    let script = format!(
        "bin=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -n 1); PATH=${{bin:+$bin:}}$PATH; cd {path}; \
         if [ $(id -u) = 0 ]; then owner=nobody; ! id -u postgres >/dev/null 2>&1 || owner=postgres; \
         chown $owner {path}; exec runuser -u $owner -- env PATH=\"$PATH\" {words}; else exec {words}; fi"
    );
    let ran = Command::new("sh")
        .args(["-c", &script])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .unwrap();
    assert!(ran.success() || std::thread::panicking(), "{words}");
}

/// Ends a server that may have ended already.
fn stop(folder: &Path) {
    let pid = folder.join("data/postmaster.pid");
    if pid.exists() {
        control(folder, "stop -m immediate");
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        stop(self.folder.path());
    }
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
        Self::create_in(&cluster).await
    }

    /// In another cluster than that of all tests.
    pub(crate) async fn create_in(cluster: &str) -> Self {
        let this = Self {
            cluster: cluster.trim_end_matches('/').to_owned(),
            name: format!("t_{}", Uuid::new_v4().simple()),
        };
        this.order(&format!("CREATE DATABASE {}", this.name)).await;
        this
    }

    pub(crate) fn url(&self) -> String {
        format!("{}/{}", self.cluster, self.name)
    }

    /// Writes all of it into a file, as it is at one moment; others may go on writing.
    pub(crate) async fn dump(&self, file: &Path) {
        tool(
            "pg_dump",
            &["--format=custom", "--file", file.to_str().unwrap(), "--dbname", &self.url()],
        )
        .await;
    }

    /// Brings into an empty database what a file holds.
    pub(crate) async fn fill(&self, file: &Path) {
        tool("pg_restore", &["--exit-on-error", "--dbname", &self.url(), file.to_str().unwrap()])
            .await;
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
