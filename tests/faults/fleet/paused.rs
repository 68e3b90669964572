//! A replica is stopped between the commit of an intent and the first byte of its question, for
//! longer than its lease: another replica takes the order over and ends it, and what the first one
//! was about to send is not sent any more.
//!
//! Held here: whatever stops before the look at the permit. The suppliers of these tests book and
//! move money once for each question, and we take them for ones that answer a known reference with
//! its first answer: so the order goes on at once, the deadline of the stopped question is not
//! over, and nothing but the permit stands between it and a second ticket. Not held by anything in
//! the process: a stop between that look and the first byte, which is a few instructions of one
//! poll of the connection. A question that is sent then is told by the reconciliation
//! (`tests/api/books/tickets.rs`: a booking too many is a case).

use std::path::PathBuf;

use serde_json::{Value, json};
use tempfile::TempDir;

use super::{Fleet, address};
use crate::support::eventually;
use crate::worker_pool::DEDUPS;

on_postgres!(
    a_ticket_that_a_stopped_replica_was_about_to_book_is_not_booked_twice,
    money_that_a_stopped_replica_was_about_to_take_is_not_asked_for_twice,
    money_that_a_stopped_replica_was_about_to_give_back_is_not_asked_for_twice,
);

/// One whose supplier books at once: a booking that is not final yet would be asked for again, and
/// booked again.
const OPERATORS: [&str; 1] = ["obertauern"];
/// Questions live longer than the stop lasts, so that the lease alone ends them.
const TIMES: [(&str, &str); 2] =
    [("STARJACK_TIMES__ISSUE_DEADLINE", "50s"), ("STARJACK_TIMES__SETTLE", "50s")];

async fn a_ticket_that_a_stopped_replica_was_about_to_book_is_not_booked_twice() {
    stopped_before("issue", "finished", "4s").await;
}

async fn money_that_a_stopped_replica_was_about_to_take_is_not_asked_for_twice() {
    stopped_before("capture", "finished", "50s").await;
}

async fn money_that_a_stopped_replica_was_about_to_give_back_is_not_asked_for_twice() {
    // nobody asks the provider's books before the question's time is over: here its deadline ends
    // it as well
    stopped_before("reverse", "undone", "8s").await;
}

/// Stops the driver at the question `verb`, and lets it go on when the other replica has ended the
/// order.
async fn stopped_before(verb: &str, end: &str, payment: &str) {
    let payment = [
        ("STARJACK_TIMES__PAYMENT_DEADLINE", payment),
        ("STARJACK_TIMES__PAYMENT_SETTLE", payment),
    ];
    let moments = Moments::new();
    let mut settings: Vec<_> = TIMES.into_iter().chain(payment).chain(DEDUPS).collect();
    settings.push(("STARJACK_CRASH_POINTS", moments.0.path().to_str().unwrap()));
    let fleet = Fleet::start(2, &settings).await;
    let world = &fleet.world;
    world.fault(json!({ "supplier": "axess", "fault": "no_dedup" })).await;
    if end == "undone" {
        let refused = json!({ "supplier": "axess", "operation": "issueTicket", "fault": "business_error", "times": 1 });
        world.fault(refused).await;
    }
    let anna = world.skier("Anna").await;
    fleet.balancer.lead_to([address(&world.server)]);
    let order = world.order_to_pay(&anna, &OPERATORS, "undo").await;
    moments.arm(&format!("{verb}: not sent"));
    world.pay(&order, "reserved").await;
    eventually("the driver is stopped", async || moments.sprang().then_some(())).await;
    fleet.balancer.lead_to([address(&fleet.others[0])]);
    let id = order["id"].as_str().unwrap();
    anna.wait_for(id, &[end]).await;
    world.clean_slate().await;
    let asked = questions(&world.ledger().await.0);
    moments.forget();
    moments.let_go_on();
    world.server.signal("CONT");
    let answered = format!("{verb}: answered, not saved");
    eventually("the step is over", async || moments.reached().contains(&answered).then_some(()))
        .await;
    assert!(!moments.reached().contains(&format!("{verb}: acted, answer not read")), "it was sent");
    fleet
        .until(&world.server, "it knows that its lease was over", |ready| {
            ready["fleet"]["lapses"].as_u64() >= Some(1)
        })
        .await;
    assert_eq!(questions(&world.ledger().await.0), asked, "a supplier was asked to do more");
    world.clean_slate().await;
}

/// Bookings and movements of money, whatever became of them.
fn questions(ledger: &Value) -> (usize, usize, usize) {
    let count = |supplier: &str| ledger[supplier].as_array().unwrap().len();
    let payments = ledger["mpay24"].as_array().unwrap();
    (
        count("dta"),
        count("axess"),
        payments.iter().map(|one| one["history"].as_array().unwrap().len()).sum(),
    )
}

/// The moments of the fleet's replicas.
struct Moments(TempDir);

impl Moments {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn file(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// The first process that comes to it is stopped there.
    fn arm(&self, moment: &str) {
        let draft = self.file("draft");
        std::fs::write(&draft, format!("1\n1\n{moment}\nstop\n")).unwrap();
        std::fs::rename(draft, self.file("armed")).unwrap();
    }

    fn sprang(&self) -> bool {
        self.file("sprung-1").exists()
    }

    fn let_go_on(&self) {
        std::fs::remove_file(self.file("sprung-1")).unwrap();
    }

    fn forget(&self) {
        std::fs::remove_file(self.file("reached")).unwrap();
    }

    fn reached(&self) -> Vec<String> {
        let text = std::fs::read_to_string(self.file("reached")).unwrap_or_default();
        text.lines().map(str::to_owned).collect()
    }
}
