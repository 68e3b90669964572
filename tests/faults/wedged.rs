//! One operator's thread is blocked again and again while twenty customers buy elsewhere and others
//! at that operator. Calm and blocked spans alternate, with the same customers, so that the
//! machine's own noise is in both; the figures of both are printed. `STARJACK_WEDGE_SECONDS` says
//! how many seconds are blocked in all; `make wedge` takes 60.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::future::join_all;
use serde_json::{Value, json};
use starjack::clock;
use tokio::time::Instant;

use crate::crowd::TIMES;
use crate::support::{ADULT, Database, PATIENCE, Person, World, eventually, new_key, ticket};

on_postgres!(
    a_thread_that_is_blocked_for_most_of_every_second_is_felt_by_nobody_elsewhere,
    a_thread_that_is_given_up_twice_is_felt_by_nobody_elsewhere,
);

const VICTIM: &str = "dta/solden";
const ELSEWHERE: [&str; 3] = ["ischgl", "obertauern", "saalbach"];
const CUSTOMERS_ELSEWHERE: usize = 20;
const CUSTOMERS_OF_THE_VICTIM: usize = 2;
/// Each places an order at the victim every three seconds, whose question is what suffers the
/// fault.
const KNOCKERS: usize = 3;
/// How long one calm and one blocked span take.
const SPAN_SECONDS: u64 = 5;
const SECOND: Duration = Duration::from_secs(1);
/// Of each second; less than the two after which a thread is given up.
const BLOCKED_MS: u64 = 900;
/// Long enough for a thread to be given up, and for both to be lost at the same time.
const GIVEN_UP_MS: u64 = 10_000;
/// A median of placing that grows by so much has waited for the blocked thread: half of such waits
/// are longer.
const FELT: Duration = Duration::from_millis(300);
/// The pause between two purchases of a customer: two cores are not to be full without any fault.
const THINKING: Duration = Duration::from_secs(8);
const LOOK: Duration = Duration::from_millis(20);

/// What is measured of a purchase.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    /// One answer of the server.
    Answer,
    /// From the basket to the page that can be paid: the card is checked, the page opened.
    Placing,
    /// From the payment to the end: reported, issued, captured, invoiced.
    Issuing,
}

/// One measured step, from when to when.
#[derive(Clone, Copy, Debug)]
struct Sample(Step, Instant, Instant);

/// Customers who buy, and what they see.
struct Market {
    world: World,
    clerk: Person,
    knockers: Vec<Person>,
    knocks: AtomicUsize,
    over: AtomicBool,
    samples: Mutex<Vec<Sample>>,
    blocked: Mutex<Vec<(Instant, Instant)>>,
    bought: AtomicUsize,
    bought_at_the_victim: AtomicUsize,
}

impl Market {
    async fn open() -> Self {
        let world = World::with(Database::Postgres, &TIMES).await;
        let clerk = world.clerk().await;
        let mut knockers = Vec::new();
        for _ in 0..KNOCKERS {
            knockers.push(world.skier("Ben").await);
        }
        Self {
            world,
            clerk,
            knockers,
            knocks: AtomicUsize::new(0),
            over: AtomicBool::new(false),
            samples: Mutex::default(),
            blocked: Mutex::default(),
            bought: AtomicUsize::new(0),
            bought_at_the_victim: AtomicUsize::new(0),
        }
    }

    /// Lets everybody buy while `break_things` goes on, and then until each purchase has ended.
    async fn run(&self, break_things: impl AsyncFnOnce()) {
        let mut people = Vec::new();
        for _ in 0..CUSTOMERS_ELSEWHERE + CUSTOMERS_OF_THE_VICTIM {
            people.push(self.world.skier("Anna").await);
        }
        let (elsewhere, at_the_victim) = people.split_at(CUSTOMERS_ELSEWHERE);
        tokio::join!(
            join_all(
                elsewhere
                    .iter()
                    .enumerate()
                    .map(|(index, person)| self.buy_elsewhere(person, index))
            ),
            join_all(at_the_victim.iter().map(|person| self.buy_at_the_victim(person))),
            async {
                // until everybody has begun
                clock::sleep(THINKING).await;
                self.samples.lock().unwrap().clear();
                break_things().await;
                self.over.store(true, Ordering::Relaxed);
            }
        );
        assert_eq!(self.world.mend_actor(&self.clerk, VICTIM).await, 0);
    }

    async fn buy_elsewhere(&self, person: &Person, index: usize) {
        // not all in one moment
        clock::sleep(
            THINKING * u32::try_from(index).unwrap() / u32::try_from(CUSTOMERS_ELSEWHERE).unwrap(),
        )
        .await;
        for round in index.. {
            if self.over.load(Ordering::Relaxed) {
                return;
            }
            self.buy(person, ELSEWHERE[round % ELSEWHERE.len()]).await;
            self.bought.fetch_add(1, Ordering::Relaxed);
            clock::sleep(THINKING).await;
        }
    }

    async fn buy_at_the_victim(&self, person: &Person) {
        while !self.over.load(Ordering::Relaxed) {
            self.world.bought(person, &["solden"]).await;
            self.bought_at_the_victim.fetch_add(1, Ordering::Relaxed);
            clock::sleep(THINKING).await;
        }
    }

    /// Buys one ticket; whatever is not the wanted answer ends the test.
    async fn buy(&self, person: &Person, operator: &str) {
        let offer = self
            .measured(Step::Answer, self.world.offer(operator, self.world.ski_day(), ADULT))
            .await;
        let is_axess = operator != "ischgl";
        let card =
            self.measured(Step::Answer, person.card(&person.next_card_number(is_axess))).await;
        let lines = [ticket(&offer, &card, "Anna", ADULT)];
        let order = self.measured(Step::Placing, async {
            let placed = self
                .measured(Step::Answer, person.place(&lines, "undo", &new_key()))
                .await
                .expect(202);
            self.until(person, &placed, |order| order["payment"]["page_url"].is_string()).await
        });
        let order = order.await;
        self.world.pay(&order, "reserved").await;
        self.measured(
            Step::Issuing,
            self.until(person, &order, |order| order["state"] == "finished"),
        )
        .await;
    }

    async fn until(&self, person: &Person, order: &Value, holds: impl Fn(&Value) -> bool) -> Value {
        let id = order["id"].as_str().unwrap();
        let deadline = clock::Deadline::after(PATIENCE);
        loop {
            let order = self.measured(Step::Answer, person.order(id)).await;
            if holds(&order) {
                return order;
            }
            assert!(
                !["rejected", "undone", "stuck"].contains(&order["state"].as_str().unwrap()),
                "{order:#}"
            );
            assert!(!deadline.is_over(), "not within {PATIENCE:?}: {order:#}");
            clock::sleep(LOOK).await;
        }
    }

    async fn measured<T>(&self, step: Step, work: impl Future<Output = T>) -> T {
        let from = clock::instant();
        let done = work.await;
        self.samples.lock().unwrap().push(Sample(step, from, clock::instant()));
        done
    }

    async fn wedge(&self, milliseconds: u64) {
        self.world
            .break_actor(
                &self.clerk,
                VICTIM,
                &json!({ "fault": "wedge", "milliseconds": milliseconds }),
            )
            .await;
    }

    /// Has the victim asked something: the card of an order that nobody pays. `first` is done just
    /// before.
    async fn knock(&self, first: impl Future<Output = ()>) -> (&Person, String) {
        let person = &self.knockers[self.knocks.fetch_add(1, Ordering::Relaxed) % KNOCKERS];
        let lines = self.world.basket(person, &["solden"]).await;
        first.await;
        let order = person.place(&lines, "undo", &new_key()).await.expect(202);
        (person, order["id"].as_str().unwrap().to_owned())
    }

    /// Waits until the victim has answered a knock, and leaves.
    async fn answered(&self, (person, order): (&Person, String)) {
        person.wait_for_page(&order).await;
        person.cancel(&order).await.expect(202);
    }

    /// A span in which the victim is asked something every second, and its thread blocked by it
    /// when `is_blocked`; says how often it was asked and how often that did not block it.
    async fn span(&self, is_blocked: bool) -> (u64, u64) {
        let from = clock::instant();
        let end = from + SECOND * u32::try_from(SPAN_SECONDS).unwrap();
        let mut asked = 0;
        let mut missed = 0;
        while clock::instant() < end {
            let next = clock::instant() + SECOND;
            let knock = self.knock(async {
                if is_blocked {
                    self.wedge(BLOCKED_MS).await;
                }
            });
            // one after the other: two in a row would be one long one
            self.answered(knock.await).await;
            if is_blocked {
                missed += self.world.mend_actor(&self.clerk, VICTIM).await;
            }
            asked += 1;
            clock::sleep(next.saturating_duration_since(clock::instant())).await;
        }
        if is_blocked {
            self.blocked.lock().unwrap().push((from, clock::instant()));
        }
        (asked, missed)
    }

    /// Compares, prints, and fails when the medians say that the others have waited for the
    /// victim's thread.
    fn compare(&self) {
        let spans = self.blocked.lock().unwrap().clone();
        let was_blocked =
            |sample: &Sample| spans.iter().any(|(from, to)| sample.1 < *to && sample.2 > *from);
        let (blocked, calm): (Vec<Sample>, Vec<Sample>) =
            self.samples.lock().unwrap().iter().partition(|s| was_blocked(s));
        eprintln!(
            "{} purchases elsewhere, {} at {VICTIM}, no error; in ms, a step that touches a blocked span is blocked:",
            self.bought.load(Ordering::Relaxed),
            self.bought_at_the_victim.load(Ordering::Relaxed),
        );
        for step in [Step::Answer, Step::Placing, Step::Issuing] {
            let calm = Times::of(step, &calm);
            let blocked = Times::of(step, &blocked);
            eprintln!(
                "{step:?}: calm {calm}; blocked {blocked}; p99 {} % of calm",
                ratio(&calm, &blocked)
            );
            assert!(calm.count > 0 && blocked.count > 0, "nothing was measured");
            assert!(
                step != Step::Placing || blocked.p50 < calm.p50 + FELT,
                "it was felt elsewhere"
            );
        }
    }
}

/// How long a step took.
struct Times {
    count: usize,
    p50: Duration,
    p99: Duration,
    max: Duration,
    /// Longer than the thread is blocked at a time.
    late: usize,
}

impl Times {
    fn of(step: Step, samples: &[Sample]) -> Self {
        let of_step = samples.iter().filter(|sample| sample.0 == step);
        let mut times: Vec<Duration> =
            of_step.map(|sample| sample.2.duration_since(sample.1)).collect();
        times.sort_unstable();
        let rank =
            |percent: usize| times.get((times.len() * percent).div_ceil(100).max(1) - 1).copied();
        let rank = |percent| rank(percent).unwrap_or_default();
        let late = times.iter().filter(|time| **time > Duration::from_millis(BLOCKED_MS)).count();
        Self { count: times.len(), p50: rank(50), p99: rank(99), max: rank(100), late }
    }
}

impl std::fmt::Display for Times {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let [p50, p99, max] = [self.p50, self.p99, self.max].map(|time| time.as_millis());
        write!(f, "n={} p50={p50} p99={p99} max={max} over {BLOCKED_MS}: {}", self.count, self.late)
    }
}

fn ratio(calm: &Times, blocked: &Times) -> u128 {
    blocked.p99.as_micros() * 100 / calm.p99.as_micros().max(1)
}

async fn a_thread_that_is_blocked_for_most_of_every_second_is_felt_by_nobody_elsewhere() {
    let seconds = std::env::var("STARJACK_WEDGE_SECONDS")
        .map_or(10, |given| given.parse().expect("a number"));
    let spans = u64::div_ceil(seconds, SPAN_SECONDS);
    let market = Market::open().await;
    let mut asked = 0;
    let mut happened = 0;
    market
        .run(async || {
            for _ in 0..spans {
                market.span(false).await;
                let (knocks, missed) = market.span(true).await;
                (asked, happened) = (asked + knocks, happened + knocks - missed);
            }
        })
        .await;
    let seconds: f64 = market
        .blocked
        .lock()
        .unwrap()
        .iter()
        .map(|(from, to)| to.duration_since(*from).as_secs_f64())
        .sum();
    let victim = market.world.actor(&market.clerk, VICTIM).await;
    let moved = &victim["restarts"];
    eprintln!(
        "{VICTIM} blocked {happened} times in {asked} for {BLOCKED_MS} ms, within {seconds:.1} s; moved {moved} times"
    );
    market.compare();
    assert!(happened * 2 > asked, "the thread was hardly blocked");
    market.world.clean_slate_within(PATIENCE * 3).await;
}

async fn a_thread_that_is_given_up_twice_is_felt_by_nobody_elsewhere() {
    let market = Market::open().await;
    market
        .run(async || {
            market.span(false).await;
            market.span(false).await;
            let from = clock::instant();
            let mut knocks = Vec::new();
            for moves in 1..=2 {
                knocks.push(market.knock(market.wedge(GIVEN_UP_MS)).await);
                eventually("the actor has moved", async || {
                    let victim = market.world.actor(&market.clerk, VICTIM).await;
                    (victim["restarts"] == moves && victim["state"] == "up").then_some(())
                })
                .await;
            }
            let before = market.bought_at_the_victim.load(Ordering::Relaxed);
            eventually("the victim's own customers buy at its third thread", async || {
                (market.bought_at_the_victim.load(Ordering::Relaxed) > before).then_some(())
            })
            .await;
            market.blocked.lock().unwrap().push((from, clock::instant()));
            for knock in knocks {
                market.answered(knock).await;
            }
        })
        .await;
    market.compare();
    market.world.clean_slate_within(PATIENCE * 3).await;
}
