//! One case: one basket, the faults that it meets, and the ends that are right for it.

use std::fmt;
use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use starjack::clock::{self, Deadline};

use crate::support::{Person, World, new_key};

/// How long one order may take to its end, its faults included.
const PATIENCE: Duration = Duration::from_secs(60);
/// The post comes back to an e-mail that provably was not taken after a minute at most.
const LETTER_PATIENCE: Duration = Duration::from_secs(100);
/// A fault without an end is taken away once it was met so often, or has lasted so long.
const HITS: u64 = 4;
const LASTS: Duration = Duration::from_secs(6);
const LOOK: Duration = Duration::from_millis(100);

/// When a fault begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Begins {
    /// Before the order is placed.
    Placing,
    /// Once the payment page can be paid.
    Paying,
}

/// What is done besides buying, so that every operation is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// Nothing: both tickets are wanted and sold.
    Bought,
    /// This supplier refuses its ticket, so the other's is taken back, or kept where the customer
    /// wants that.
    RefusedBy(&'static str),
}

/// One basket under faults.
#[derive(Clone, Debug)]
pub(crate) struct Case {
    /// The faults whose ways are tested, as the control side takes them.
    pub(crate) faults: Vec<Value>,
    pub(crate) begins: Begins,
    /// Faults without which the tested ones are not met.
    pub(crate) leading: Vec<Value>,
    pub(crate) way: Way,
    pub(crate) on_refusal: &'static str,
    /// How the page is paid: `reserved` or `billed`.
    pub(crate) paid: &'static str,
    /// Axess's sessions end before the order is placed.
    pub(crate) sessions_end: bool,
    /// The ends that keep the promise here.
    pub(crate) ends: &'static [&'static str],
}

impl Case {
    /// A bought basket under one fault; without `times` until it is taken away.
    pub(crate) fn of(fault: Value) -> Self {
        Self {
            faults: vec![fault],
            begins: Begins::Placing,
            leading: Vec::new(),
            way: Way::Bought,
            on_refusal: "undo",
            paid: "reserved",
            sessions_end: false,
            ends: &["finished"],
        }
    }

    /// Runs it in a world without other orders under way; panics with what is wrong.
    pub(crate) async fn run(&self, world: &World, skier: &Person) {
        if self.sessions_end {
            world
                .control(Method::POST, "clock", &json!({ "advance_seconds": 3601 }))
                .await
                .expect(200);
        }
        let lines = world.basket(skier, &["solden", "obertauern"]).await;
        self.order_faults(world, Begins::Placing).await;
        let placed = skier.place(&lines, self.on_refusal, &new_key()).await.expect(202);
        let order = self.walk(world, skier, placed["id"].as_str().unwrap()).await;
        self.wait_for_hits(world).await;
        world.clear_faults().await;
        let letters_wait = self.faults.iter().any(|fault| fault["supplier"] == "mailgun");
        let patience = if letters_wait { LETTER_PATIENCE } else { PATIENCE };
        world.clean_slate_within(patience).await;
        let state = order["state"].as_str().unwrap();
        assert!(self.ends.contains(&state), "ended {state} instead of {:?}: {order:#}", self.ends);
        let all_issued =
            order["lines"].as_array().unwrap().iter().all(|line| line["state"] == "issued");
        let refused = self.way != Way::Bought
            || self.faults.iter().any(|fault| fault["fault"] == "business_error");
        assert!(
            state != "finished" || all_issued || refused,
            "not all tickets were issued: {order:#}"
        );
        self.check_calls(world, order["number"].as_str().unwrap()).await;
    }

    async fn order_faults(&self, world: &World, begins: Begins) {
        let refuser = match self.way {
            Way::RefusedBy("dta") => Some(("dta", "CreateOrder")),
            Way::RefusedBy(supplier) => Some((supplier, "issueTicket")),
            Way::Bought => None,
        };
        if let Some((supplier, operation)) = refuser.filter(|_| begins == Begins::Placing) {
            let refusal = json!({ "supplier": supplier, "operation": operation, "fault": "business_error", "times": 1 });
            world.fault(refusal).await;
        }
        if begins == self.begins {
            for fault in self.leading.iter().chain(&self.faults) {
                world.fault(fault.clone()).await;
            }
        }
    }

    /// Pays the page once it is there, takes lasting faults away when they have done enough, and
    /// waits for the end.
    async fn walk(&self, world: &World, skier: &Person, id: &str) -> Value {
        let deadline = Deadline::after(PATIENCE);
        let lasting = self.faults.iter().any(|fault| fault["times"].is_null());
        let mut lasts_until = None;
        let mut paid = false;
        loop {
            let order = self.look(skier, id).await;
            let state = order["state"].as_str().unwrap();
            if ["finished", "rejected", "undone"].contains(&state) {
                return order;
            }
            if !paid && order["payment"]["page_url"].is_string() {
                self.order_faults_of_paying(world).await;
                world.pay(&order, self.paid).await;
                paid = true;
            }
            let began = paid || self.begins == Begins::Placing;
            let until = *lasts_until.get_or_insert_with(|| Deadline::after(LASTS));
            if !began {
                lasts_until = None;
            } else if lasting
                && (until.is_over() || self.hits(world).await.iter().all(|hits| *hits >= HITS))
            {
                world.clear_faults().await;
            }
            assert!(!deadline.is_over(), "did not end within {PATIENCE:?}: {order:#}");
            clock::sleep(LOOK).await;
        }
    }

    /// The order, as soon as the database has time to tell of it.
    async fn look(&self, skier: &Person, id: &str) -> Value {
        skier.wait_until(id, "an answer", |_| true).await
    }

    async fn order_faults_of_paying(&self, world: &World) {
        if self.begins == Begins::Paying {
            self.order_faults(world, Begins::Paying).await;
        }
    }

    /// How often each tested fault was met; one that is gone was met often enough. A closed port
    /// counts nobody.
    async fn hits(&self, world: &World) -> Vec<u64> {
        let known = world.control(Method::GET, "faults", &json!({})).await.expect(200);
        let hits = |fault: &Value| {
            let same = |known: &&Value| {
                ["supplier", "operation", "fault"].iter().all(|name| known[*name] == fault[*name])
            };
            let found = known["items"].as_array().unwrap().iter().find(same);
            let counts = fault["fault"] != "refuse_connection";
            found.map_or(u64::MAX, |known| if counts { known["hits"].as_u64().unwrap() } else { 0 })
        };
        self.faults.iter().map(hits).collect()
    }

    /// A fault that nobody met proves nothing.
    async fn wait_for_hits(&self, world: &World) {
        let counted = |fault: &Value| fault["fault"] != "refuse_connection";
        if !self.faults.iter().all(counted) {
            return;
        }
        let deadline = Deadline::after(PATIENCE);
        while self.hits(world).await.contains(&0) {
            assert!(!deadline.is_over(), "nobody met the fault");
            clock::sleep(LOOK).await;
        }
    }

    /// A transaction's state may be asked for three times, ever.
    async fn check_calls(&self, world: &World, number: &str) {
        for payment in world.ledger().await.payments_of(number) {
            assert!(payment["status_calls"].as_u64().unwrap() <= 3, "{payment:#}");
        }
    }
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        for (fault, after) in
            self.leading.iter().zip([true; 9]).chain(self.faults.iter().zip([false; 9]))
        {
            let operation = if fault["operation"].is_null() {
                "*".to_owned()
            } else {
                word(&fault["operation"])
            };
            let times = if fault["times"].is_null() {
                "until deleted".to_owned()
            } else {
                format!("x{}", fault["times"])
            };
            let value = if fault["value"].is_null() {
                String::new()
            } else {
                format!("={}", word(&fault["value"]))
            };
            let what = format!(
                "{} {operation} {}{value} {times}",
                word(&fault["supplier"]),
                word(&fault["fault"])
            );
            write!(f, "{what}{}", if after { " then " } else { "; " })?;
        }
        write!(f, "{:?}, {:?}, {}, {}", self.begins, self.way, self.on_refusal, self.paid)
    }
}
