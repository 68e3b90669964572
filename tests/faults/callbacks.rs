//! Callbacks are believed by nobody: however they come, the provider's own word decides.

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::support::{Database, Person, World, both_databases, eventually, new_key};

const OPERATORS: [&str; 2] = ["solden", "obertauern"];
/// Pages end while a test waits: the provider is asked once more then. A proxy that says where
/// callers are from is trusted.
const SETTINGS: [(&str, &str); 3] = [
    ("STARJACK_TIMES__PAGE_LIFE", "12s"),
    ("STARJACK_TIMES__PAGE_GRACE", "3s"),
    ("STARJACK_HTTP__TRUSTED_PROXIES", "[\"127.0.0.0/8\"]"),
];

both_databases!(
    callbacks_that_come_strangely_change_nothing_about_the_end,
    case_10_a_page_that_is_paid_before_its_answer_comes_is_the_orders_and_a_second_payment_goes_back,
    case_08_dropped_callbacks_are_made_up_for,
);

/// Pays as `payment` says and gives what the callbacks were answered.
async fn pay(world: &World, order: &Value, payment: &Value) -> Vec<String> {
    world.pay_with(order["payment"]["page_url"].as_str().unwrap(), payment).await.expect(200);
    eventually("the callbacks' answers", async || {
        let ledger = world.ledger().await;
        let paid = (*ledger.payments_of(order["number"].as_str().unwrap()).first()?).clone();
        let callbacks = paid["callbacks"].as_array()?;
        let wanted = payment["callback"]["times"].as_u64().unwrap_or(1);
        let answers = callbacks.iter().take(usize::try_from(wanted).ok()?);
        let answers: Vec<String> =
            answers.filter_map(|entry| entry["answer"].as_str().map(str::to_owned)).collect();
        (answers.len() as u64 == wanted).then_some(answers)
    })
    .await
}

/// A payment and how it is reported, how its order ends, and whether the report is taken.
type Report = (&'static str, Value, &'static [&'static str], bool);

fn strange_reports() -> Vec<Report> {
    vec![
        (
            "doubled",
            json!({ "outcome": "reserved", "callback": { "times": 2 } }),
            &["finished"],
            true,
        ),
        (
            "twenty at once",
            json!({ "outcome": "reserved", "callback": { "times": 20 } }),
            &["finished"],
            true,
        ),
        (
            "billed, twenty at once",
            json!({ "outcome": "billed", "callback": { "times": 20 } }),
            &["finished"],
            true,
        ),
        (
            "before the payer is told",
            json!({ "outcome": "billed", "callback": { "before_answer": true } }),
            &["finished"],
            true,
        ),
        (
            "latin1",
            json!({ "outcome": "billed", "callback": { "latin1": true } }),
            &["finished"],
            true,
        ),
        (
            "forged secret",
            json!({ "outcome": "billed", "callback": { "secret": "0".repeat(43) } }),
            &["finished"],
            false,
        ),
        (
            "no secret",
            json!({ "outcome": "billed", "callback": { "secret": "" } }),
            &["finished"],
            false,
        ),
        (
            "foreign network",
            json!({ "outcome": "billed", "callback": { "from": "10.1.2.3" } }),
            &["finished"],
            false,
        ),
        ("price too low", json!({ "outcome": "billed", "amount": 100 }), &["rejected"], true),
        ("price too high", json!({ "outcome": "reserved", "amount": 99_999 }), &["rejected"], true),
        (
            "other currency",
            json!({ "outcome": "reserved", "currency": "CHF" }),
            &["rejected"],
            true,
        ),
    ]
}

async fn callbacks_that_come_strangely_change_nothing_about_the_end(database: Database) {
    let world = World::with(database, &SETTINGS).await;
    let (world, anna) = (&world, world.skier("Anna").await);
    let ok = |answers: &[String]| answers.iter().all(|answer| answer.starts_with("OK"));
    let refused = |answers: &[String]| answers.iter().all(|answer| answer.starts_with("ERROR"));
    let amount = |order: &Value| order["total"]["amount"].as_i64().unwrap();
    let tell = async |(name, payment, ends, believed): Report| {
        let order = world.order_to_pay(&anna, &OPERATORS, "undo").await;
        let answers = pay(world, &order, &payment).await;
        assert!(if believed { ok(&answers) } else { refused(&answers) }, "{name}: {answers:?}");
        let id = order["id"].as_str().unwrap();
        let ended = anna.wait_for(id, ends).await;
        let ledger = world.ledger().await;
        let paid = &ledger.payments_of(order["number"].as_str().unwrap())[0];
        // one call for a claim; one when the page ends where no claim was believed
        let calls = paid["status_calls"].as_u64().unwrap();
        assert!(calls <= 1, "{name}: {calls} status calls");
        let held = if ended["state"] == "finished" { amount(&order) } else { 0 };
        assert_eq!(ledger.held(order["number"].as_str().unwrap()), held, "{name}");
    };
    join_all(strange_reports().into_iter().map(tell)).await;
    world.clean_slate().await;
}

/// A page whose answer is lost stands at the provider, and its payer may be faster than anything.
async fn case_10_a_page_that_is_paid_before_its_answer_comes_is_the_orders_and_a_second_payment_goes_back(
    database: Database,
) {
    let world = World::start(database).await;
    let anna = world.skier("Anna").await;
    for (paid_first, paid_second) in
        [("reserved", "reserved"), ("billed", "billed"), ("reserved", "billed")]
    {
        world
            .fault(json!({ "supplier": "mpay24", "operation": "SelectPayment", "fault": "garbage", "times": 1 }))
            .await;
        let lines = world.basket(&anna, &OPERATORS).await;
        let placed = anna.place(&lines, "undo", &new_key()).await.expect(202);
        let number = placed["number"].as_str().unwrap();
        // by its reference: nobody but the provider knows the address
        let lost = format!("{number}-P1");
        eventually("the page whose answer was lost", async || {
            let paid = world.pay_with(&lost, &json!({ "outcome": paid_first })).await;
            (paid.status == 200).then_some(())
        })
        .await;
        pay_the_second_page(&world, number, paid_second).await;
        anna.wait_for(placed["id"].as_str().unwrap(), &["finished"]).await;
    }
    world.clean_slate().await;
}

/// The second tab: a page that was opened because nobody knew of the first one.
async fn pay_the_second_page(world: &World, number: &str, outcome: &str) {
    let second = format!("{number}-P2");
    let open = async || world.pay_with(&second, &json!({ "outcome": outcome })).await.status == 200;
    // the order may have been faster: then there is no second page
    for _look in 0..10 {
        if open().await {
            return;
        }
        starjack::clock::sleep(std::time::Duration::from_millis(50)).await;
    }
}

async fn case_08_dropped_callbacks_are_made_up_for(database: Database) {
    let world = World::with(database, &SETTINGS).await;
    let anna = world.skier("Anna").await;
    world.fault(json!({ "supplier": "mpay24", "fault": "drop" })).await;
    let buy = async |outcome: &'static str| {
        let order = world.order_to_pay(&anna, &OPERATORS, "undo").await;
        world.pay(&order, outcome).await;
        anna.wait_for(order["id"].as_str().unwrap(), &["finished"]).await
    };
    // what is reserved is on the provider's list, what is billed is asked for when its page ends
    join_all(["reserved", "billed"].map(buy)).await;
    world.clean_slate().await;
    assert!(Person::orders(&anna).await.unwrap().iter().all(|order| order["state"] == "finished"));
}
