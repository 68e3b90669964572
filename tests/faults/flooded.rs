//! One network floods log-ins and registrations and holds connections on which it says nothing:
//! people of other networks log in and read. `make attack` makes it longer and prints what was
//! felt.

use std::cell::Cell;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use futures_util::future::{join, join_all};
use reqwest::Method;
use serde_json::json;
use starjack::clock;
use tokio::io::AsyncReadExt as _;
use tokio::net::TcpStream;
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::support::{Client, Database, Person, World, eventually, new_key};

/// Connections of the network that floods, half of them log in and half register.
const FLOODING: usize = 64;
/// Connections that say nothing. One peer may have so many, but the tests' is a trusted proxy,
/// whose are not counted.
const SILENT: usize = 512;
/// The network that floods, and the first of those who do not: nobody has logged in from these
/// before.
const STRANGERS: u64 = 60_000;
const CALM: u64 = 1;
const FLOODED: u64 = 10_001;
/// Between two reads of somebody who looks around.
const READS: Duration = Duration::from_millis(20);
/// What people call quick; only told, because the machine is not theirs alone.
const QUICK: Duration = Duration::from_secs(2);

/// What honest people felt.
#[derive(Debug)]
struct Felt {
    log_ins: Vec<Option<Duration>>,
    reads: Vec<Duration>,
}

impl Felt {
    fn succeeded(&self) -> usize {
        self.log_ins.iter().flatten().count()
    }

    fn quick(&self) -> usize {
        self.log_ins.iter().flatten().filter(|took| **took <= QUICK).count()
    }

    /// The slowest of the quickest 99 % of reads.
    fn p99(&self) -> Duration {
        let mut reads = self.reads.clone();
        reads.sort();
        reads[(reads.len() - 1) * 99 / 100]
    }
}

impl fmt::Display for Felt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let slowest = self.log_ins.iter().flatten().max().map_or(0, Duration::as_millis);
        let tried = self.log_ins.len();
        let came = self.succeeded();
        let quick = self.quick();
        write!(f, "{came} of {tried} log-ins, {quick} within 2 s, slowest {slowest} ms; ")?;
        write!(f, "{} reads, p99 {} ms", self.reads.len(), self.p99().as_millis())
    }
}

/// How many honest log-ins: few, or as many as were asked for.
fn log_ins() -> u64 {
    std::env::var("STARJACK_ATTACK_LOG_INS").map_or(20, |count| count.parse().unwrap())
}

/// People log in one after the other, each from a network that nobody knows; somebody else looks
/// around all the while.
async fn honest(world: &World, people: &[Person], first_network: u64) -> Felt {
    let done = Cell::new(false);
    let log_in = async {
        let mut took = Vec::new();
        for (no, person) in (first_network..first_network + log_ins()).zip(people.iter().cycle()) {
            let guest = world.guest.in_network(no);
            let begun = clock::instant();
            let body = json!({ "email": person.email, "password": person.password });
            let answer = guest.try_post("/api/v1/sessions", &body).await;
            took.push(answer.is_ok_and(|answer| answer.status == 201).then(|| clock::since(begun)));
        }
        done.set(true);
        took
    };
    let look_around = async {
        let mut took = Vec::new();
        while !done.get() {
            let begun = clock::instant();
            world.guest.in_network(first_network).get("/api/v1/operators").await.expect(200);
            took.push(clock::since(begun));
            clock::sleep(READS).await;
        }
        took
    };
    let (log_ins, reads) = join(log_in, look_around).await;
    Felt { log_ins, reads }
}

/// One network that attacks, on a thread of its own, so that what honest people wait for is the
/// server and not their client.
struct Attack {
    counts: Arc<Counts>,
    ends: DropGuard,
    thread: thread::JoinHandle<()>,
}

#[derive(Default)]
struct Counts {
    asked: AtomicUsize,
    held: AtomicUsize,
}

impl Attack {
    fn begin(base: &str) -> Self {
        let counts = Arc::<Counts>::default();
        let ends = CancellationToken::new();
        let base = base.to_owned();
        let own = Arc::clone(&counts);
        let until = ends.clone();
        let thread = thread::spawn(move || {
            // a real one has processors of its own
            rustix::process::setpriority_process(Some(rustix::thread::gettid()), 9).unwrap();
            let runtime =
                tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(until.run_until_cancelled(attack(&base, &own)));
        });
        Self { counts, ends: ends.drop_guard(), thread }
    }

    fn is_under_way(&self) -> bool {
        self.counts.asked.load(Ordering::SeqCst) >= FLOODING
            && self.counts.held.load(Ordering::SeqCst) >= SILENT
    }

    /// How many requests were answered, and how many silent connections were opened.
    fn end(self) -> (usize, usize) {
        drop(self.ends);
        self.thread.join().unwrap();
        (self.counts.asked.load(Ordering::SeqCst), self.counts.held.load(Ordering::SeqCst))
    }
}

async fn attack(base: &str, counts: &Counts) {
    let strangers = Client::new(base).in_network(STRANGERS);
    let address = base.trim_start_matches("http://");
    let flood = (0..FLOODING).map(|no| flood(&strangers, no % 2 == 0, &counts.asked));
    let silence = (0..SILENT).map(|_| say_nothing(address, &counts.held));
    join(join_all(flood), join_all(silence)).await;
}

/// Asks without end for what costs a hash, or an e-mail; counts what was asked.
async fn flood(client: &Client, logs_in: bool, asked: &AtomicUsize) {
    loop {
        let email = format!("{}@flood.example", new_key());
        let request = if logs_in {
            client
                .request(Method::POST, "/api/v1/sessions")
                .json(&json!({ "email": email, "password": "a long guess" }))
        } else {
            client.request(Method::POST, "/api/v1/accounts").json(&json!({ "email": email }))
        };
        // whatever is answered
        drop(request.send().await);
        asked.fetch_add(1, Ordering::SeqCst);
    }
}

/// Holds a connection for as long as the server does, then the next one.
async fn say_nothing(address: &str, held: &AtomicUsize) {
    loop {
        if let Ok(mut stream) = TcpStream::connect(address).await {
            held.fetch_add(1, Ordering::SeqCst);
            let mut nothing = Vec::new();
            drop(stream.read_to_end(&mut nothing).await);
        }
        clock::sleep(READS).await;
    }
}

#[tokio::test]
async fn log_ins_and_reads_of_other_networks_go_on_while_one_floods() {
    let world = World::start(Database::Sqlite).await;
    let mut people = Vec::new();
    for name in ["Anna", "Berta", "Clara", "Dora"] {
        people.push(world.skier(name).await);
    }
    let calm = honest(&world, &people, CALM).await;
    let memory = world.server.memory();

    let attack = Attack::begin(world.server.api());
    eventually("the attack is under way", async || attack.is_under_way().then_some(())).await;
    let felt = honest(&world, &people, FLOODED).await;
    let (asked, held) = attack.end();

    eprintln!(
        "\n| attack | what the attacker spent | what the others felt | the process |\n| --- | --- | --- | --- |"
    );
    eprintln!("| none | nothing | {calm} | {} MiB |", memory >> 10);
    eprintln!(
        "| log-ins, registrations, silence | {asked} requests on {FLOODING} connections, {held} silent connections | {felt} | {} MiB |",
        world.server.memory() >> 10
    );
    assert_eq!(calm.succeeded(), calm.log_ins.len(), "{calm}");
    assert!(felt.succeeded() * 100 >= felt.log_ins.len() * 95, "{felt}");
}
