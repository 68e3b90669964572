//! The server as what it is in production: a process that can be told to end, or be killed.

use std::fs::{File, OpenOptions};
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Duration;

use serde_json::Value;
use starjack::clock::{self, Deadline};

use super::client::Client;

/// Longest wait for the first line, and for the end.
const PATIENCE: Duration = Duration::from_secs(60);
/// How much of a log a failed test shows.
const LINES_SHOWN: usize = 400;

/// Short times, so that tests see the slow ways too; and a proxy on loopback, because people come
/// from networks of their own.
const TIMES: [(&str, &str); 12] = [
    ("STARJACK_HTTP__TRUSTED_PROXIES", "[\"127.0.0.1/32\"]"),
    ("STARJACK_TIMES__SETTLE", "2s"),
    ("STARJACK_TIMES__PAYMENT_SETTLE", "2s"),
    ("STARJACK_TIMES__ISSUE_DEADLINE", "1500ms"),
    ("STARJACK_TIMES__PAYMENT_DEADLINE", "1500ms"),
    ("STARJACK_TIMES__CHECK_DEADLINE", "1500ms"),
    ("STARJACK_TIMES__PAUSE", "100ms"),
    ("STARJACK_TIMES__PAUSE_LIMIT", "1s"),
    ("STARJACK_TIMES__SWEEP_EVERY", "1s"),
    ("STARJACK_TIMES__JOB_PAUSE", "200ms"),
    ("STARJACK_TIMES__BREAKER_PAUSE", "500ms"),
    ("STARJACK_TIMES__HEARTBEAT", "200ms"),
];

/// What only this version knows: customers of the tests order as much as they like.
const LIMITS: [(&str, &str); 2] =
    [("STARJACK_ORDERS__MOST_UNPAID", "1000"), ("STARJACK_ORDERS__MOST_REJECTED", "1000")];

/// How a server is started; the same plan starts it again.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    /// Scratch folder of the world; the embedded database, documents and logs lie in it.
    pub(crate) folder: PathBuf,
    /// A PostgreSQL database instead of the embedded one.
    pub(crate) database: Option<String>,
    /// The simulator's control address.
    pub(crate) simulator: String,
    /// Variables over [`TIMES`].
    pub(crate) settings: Vec<(String, String)>,
    /// Where it listens: the same place after a restart, as in production.
    pub(crate) port: u16,
    /// The log's file name.
    pub(crate) log: String,
    /// The program.
    pub(crate) version: Version,
}

/// Which version of the server runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Version {
    /// The one under test.
    This,
    /// The program of another one.
    Other(PathBuf),
}

impl Version {
    /// The last release, which `scripts/released` has built; `None` where the tree has no history
    /// to build it from.
    pub(crate) fn released() -> Option<Self> {
        let told = std::env::var("STARJACK_TEST_RELEASED")
            .expect("STARJACK_TEST_RELEASED: run this test by `make test`");
        (told != "no history").then(|| Self::Other(told.into()))
    }

    fn program(&self) -> &Path {
        match self {
            Self::This => Path::new(env!("CARGO_BIN_EXE_starjack")),
            Self::Other(program) => program,
        }
    }
}

/// A running server; killed when dropped.
#[derive(Debug)]
pub(crate) struct Server {
    /// The first line on stdout.
    pub(crate) first_line: Value,
    /// Where it listens.
    pub(crate) port: u16,
    plan: Plan,
    child: Child,
    log: PathBuf,
    _stdout: BufReader<ChildStdout>,
}

impl Server {
    /// Starts it and waits for its first line.
    pub(crate) async fn start(plan: &Plan) -> Self {
        let log = plan.folder.join(&plan.log);
        let mut child = command(plan, &log).spawn().unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let reading = tokio::task::spawn_blocking(move || {
            let mut line = String::new();
            stdout.read_line(&mut line).map(|_| (line, stdout))
        });
        let read = clock::timeout_at(Deadline::after(PATIENCE), reading).await;
        let (line, stdout) = match read {
            Ok(read) => read.unwrap().unwrap(),
            Err(_late) => {
                child.kill().unwrap();
                show(&log);
                panic!("the server said nothing within {PATIENCE:?}");
            }
        };
        let first_line = serde_json::from_str(&line).unwrap_or_else(|error| {
            show(&log);
            panic!("the first line is not JSON ({error}): {line:?}")
        });
        Self { first_line, port: plan.port, plan: plan.clone(), child, log, _stdout: stdout }
    }

    /// Starts it again, at the same place on the same data; the old one must have ended.
    pub(crate) async fn again(&mut self) {
        *self = Self::start(&self.plan.clone()).await;
    }

    /// Which version is started by `again`.
    pub(crate) fn turn_into(&mut self, version: &Version) {
        self.plan.version = version.clone();
    }

    /// Where the API is.
    pub(crate) fn api(&self) -> &str {
        self.first_line["api"].as_str().unwrap()
    }

    /// The listener of those who run it.
    pub(crate) fn operations(&self) -> Client {
        Client::new(self.first_line["operations"].as_str().unwrap())
    }

    /// Ends it without a chance to do anything more.
    pub(crate) fn kill_9(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// The signal by which it ended; `None` while it runs.
    pub(crate) fn died_of(&mut self) -> Option<i32> {
        use std::os::unix::process::ExitStatusExt as _;
        self.child
            .try_wait()
            .unwrap()
            .map(|status| status.signal().unwrap_or_else(|| panic!("it ended: {status}")))
    }

    /// Whether it has ended, and how.
    pub(crate) fn exit_code(&mut self) -> Option<i32> {
        self.child.try_wait().unwrap().and_then(|status| status.code())
    }

    /// Sends `SIGTERM` without waiting.
    pub(crate) fn tell_to_end(&self) {
        self.signal("TERM");
    }

    /// Stops it where it is, as a long pause of its machine would, until `signal("CONT")`.
    pub(crate) fn signal(&self, signal: &str) {
        let told = Command::new("sh")
            .args(["-c", &format!("kill -{signal} {}", self.child.id())])
            .status()
            .unwrap();
        assert!(told.success());
    }

    /// Tells it to end, waits, and gives the exit code.
    pub(crate) async fn terminate(&mut self) -> i32 {
        self.tell_to_end();
        self.ended().await
    }

    /// Waits until it ends by itself, and gives the exit code.
    pub(crate) async fn ended(&mut self) -> i32 {
        let deadline = Deadline::after(PATIENCE);
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.code().expect("ended by a signal");
            }
            assert!(!deadline.is_over(), "the server did not end within {PATIENCE:?}");
            clock::sleep(Duration::from_millis(20)).await;
        }
    }

    /// The most memory that it has used so far, in KiB.
    pub(crate) fn most_memory(&self) -> u64 {
        self.kibibytes("VmHWM:")
    }

    /// The memory that it uses now, in KiB.
    pub(crate) fn memory(&self) -> u64 {
        self.kibibytes("VmRSS:")
    }

    fn kibibytes(&self, of: &str) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix(of)).unwrap();
        line.trim().trim_end_matches(" kB").parse().unwrap()
    }

    /// Everything it has logged, restarts included.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // it may have ended already
        drop(self.child.kill());
        drop(self.child.wait());
        if std::thread::panicking() {
            show(&self.log);
        }
    }
}

/// How a command ended.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: i32,
    /// What it wrote to stdout.
    pub(crate) says: String,
    /// What it wrote to stderr.
    pub(crate) log: String,
}

/// Runs `starjack` with these words beside the server, on its database, in the world's folder.
pub(crate) fn run(plan: &Plan, words: &[&str]) -> Ran {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut command = Command::new(plan.version.program());
    command.args(words).current_dir(&plan.folder).stdin(Stdio::null());
    if !words.contains(&"--config") {
        let config = ["base.toml", "test.toml"].map(|file| root.join("config").join(file));
        command.arg("--config").arg(&config[0]).arg("--config").arg(&config[1]);
    }
    for (name, _) in
        std::env::vars().filter(|(name, _)| name.starts_with("STARJACK_") || name == "RUST_LOG")
    {
        command.env_remove(name);
    }
    let data = plan.folder.join("data");
    let embedded = format!("sqlite://{}?mode=rwc", data.join("starjack.db").display());
    command
        .env("STARJACK_DATA", &data)
        .env("STARJACK_DATABASE__URL", plan.database.as_ref().unwrap_or(&embedded));
    command.env("STARJACK_AUTH__SECRET", "0123456789abcdef0123456789abcdef");
    command
        .env("STARJACK_PAYMENT__PASSWORD", "\"123456\"")
        .env("STARJACK_MAIL__KEY", "key-of-a-test");
    command.envs(plan.settings.iter().map(|(name, value)| (name, value)));
    let output = command.output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Ran { code: output.status.code().unwrap(), says: text(output.stdout), log: text(output.stderr) }
}

fn command(plan: &Plan, log: &Path) -> Command {
    let file: File = OpenOptions::new().create(true).append(true).open(log).unwrap();
    let mut command = Command::new(plan.version.program());
    command.args(["demo", "--listen", &format!("127.0.0.1:{}", plan.port)]);
    command.args(["--external-simulator", &plan.simulator]);
    let data = plan.folder.join("data");
    match &plan.database {
        None => command.arg("--data").arg(&data),
        Some(url) => command.args(["--database", url]),
    };
    // what a test's own surroundings set is no setting of the server
    for (name, _) in
        std::env::vars().filter(|(name, _)| name.starts_with("STARJACK_") || name == "RUST_LOG")
    {
        command.env_remove(name);
    }
    command.envs(TIMES);
    if plan.version == Version::This {
        command.envs(LIMITS);
    }
    command.envs(plan.settings.iter().map(|(name, value)| (name, value)));
    if plan.database.is_some() {
        command.env("STARJACK_DATA", &data);
    }
    command.current_dir(&plan.folder).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(file);
    command
}

/// Prints the end of a log into the report of a failed test, without the looks that tests
/// themselves take.
fn show(log: &Path) {
    let text = std::fs::read_to_string(log).unwrap_or_default();
    let is_look =
        |line: &&str| line.contains(r#""method":"GET""#) && line.contains(r#""status":200"#);
    let lines: Vec<&str> = text.lines().filter(|line| !is_look(line)).collect();
    let from = lines.len().saturating_sub(LINES_SHOWN);
    eprintln!(
        "--- log of the server, {} of {} lines\n{}",
        lines.len() - from,
        lines.len(),
        lines[from..].join("\n")
    );
}
