//! Those who run the server see how it does, on a listener that nobody else reaches.

use serde_json::{Value, json};

use crate::support::{Client, Database, World, eventually, postgres_alone};

postgres_alone!(
    the_figures_follow_an_order_through_the_shop,
    a_doubt_and_a_dead_letter_are_seen_in_the_figures,
    readiness_says_on_the_operations_listener_what_is_not_well,
);

/// The figures, one a line.
async fn figures(operations: &Client) -> String {
    let answer = operations.get("/metrics").await;
    assert_eq!(answer.status, 200);
    assert!(answer.header("content-type").starts_with("text/plain; version=0.0.4"));
    String::from_utf8(answer.bytes).unwrap()
}

/// The value of a sample such as `starjack_orders{state="paying"}`.
fn value(figures: &str, sample: &str) -> Option<f64> {
    let line = figures.lines().find_map(|line| line.strip_prefix(sample)?.strip_prefix(' '));
    line.map(|value| value.parse().unwrap())
}

/// Waits until a sample has a value that fits; counts of the database are some seconds old.
async fn until(operations: &Client, sample: &str, fits: impl Fn(f64) -> bool) {
    eventually(sample, async || {
        value(&figures(operations).await, sample).filter(|value| fits(*value))
    })
    .await;
}

async fn the_figures_follow_an_order_through_the_shop(database: Database) {
    let world = World::start(database).await;
    let anna = world.skier("Anna").await;
    let operations = world.operations();
    let before = figures(&operations).await;
    let order = world.order_to_pay(&anna, &["solden", "obertauern"], "undo").await;
    until(&operations, r#"starjack_orders{state="paying"}"#, |count| count == 1.0).await;
    world.pay(&order, "reserved").await;
    anna.wait_for(order["id"].as_str().unwrap(), &["finished"]).await;
    until(&operations, r#"starjack_orders{state="finished"}"#, |count| count == 1.0).await;

    let after = figures(&operations).await;
    for (actor, verb) in
        [("dta/solden", "issue"), ("axess/obertauern", "check"), ("payment", "capture")]
    {
        let labels = format!(r#"actor="{actor}",verb="{verb}""#);
        assert_eq!(
            value(&after, &format!("starjack_answer_seconds_count{{{labels}}}")),
            Some(1.0),
            "{labels}"
        );
        let within = format!(r#"starjack_answer_seconds_bucket{{{labels},le="+Inf"}}"#);
        assert_eq!(value(&after, &within), Some(1.0), "{within}");
    }
    let commits = |figures: &str| value(figures, "starjack_commits_total").unwrap();
    assert!(
        commits(&after) >= commits(&before) + 7.0,
        "{} to {}",
        commits(&before),
        commits(&after)
    );
    assert_eq!(value(&after, r#"starjack_actor_up{actor="dta/solden"}"#), Some(1.0));
    assert_eq!(value(&after, "starjack_ready"), Some(1.0));
    assert!(value(&after, r#"starjack_database_connections{state="idle"}"#).is_some());
    let number = order["number"].as_str().unwrap();
    for secret in [&*anna.email, "Anna", "Skier", number, order["id"].as_str().unwrap()] {
        assert!(!after.contains(secret), "{secret} stands in the figures");
    }
    world.guest.get("/metrics").await.expect_problem(404, "not-found");
    world.clean_slate().await;
}

async fn a_doubt_and_a_dead_letter_are_seen_in_the_figures(database: Database) {
    let world = World::start(database).await;
    let anna = world.skier("Anna").await;
    let operations = world.operations();
    let order = world.order_to_pay(&anna, &["obertauern"], "undo").await;
    world.fault(json!({ "supplier": "mailgun", "fault": "business_error", "value": 400 })).await;
    // neither the ticket nor what became of it is heard of
    for operation in ["issueTicket", "getTicketByExtOrder"] {
        world
            .fault(json!({ "supplier": "axess", "operation": operation, "fault": "reset_after" }))
            .await;
    }
    world.pay(&order, "reserved").await;
    until(&operations, "starjack_oldest_doubt_age_seconds", |age| age > 0.0).await;
    let failed = r#"starjack_answers_failed_total{actor="axess/obertauern",verb="issue"}"#;
    until(&operations, failed, |count| count >= 1.0).await;
    world.control(reqwest::Method::DELETE, "faults", &json!({})).await;
    world.fault(json!({ "supplier": "mailgun", "fault": "business_error", "value": 400 })).await;
    anna.wait_for(order["id"].as_str().unwrap(), &["finished"]).await;
    until(&operations, "starjack_oldest_doubt_age_seconds", |age| age == 0.0).await;
    until(&operations, r#"starjack_jobs{kind="letter",state="dead"}"#, |count| count == 1.0).await;
    until(&operations, r#"starjack_oldest_job_age_seconds{kind="letter",state="dead"}"#, |age| {
        age > 0.0
    })
    .await;
}

async fn readiness_says_on_the_operations_listener_what_is_not_well(database: Database) {
    let world = World::start(database).await;
    let clerk = world.clerk().await;
    let operations = world.operations();
    let ready = operations.get("/readyz").await.expect(200);
    assert_eq!((&ready["ready"], &ready["database"]["answers"]), (&json!(true), &json!(true)));
    assert_eq!(ready["actors"], json!([]));
    clerk
        .client
        .post("/api/v1/admin/actors/dta%2Fsolden/pause", &json!({ "reason": "a look" }))
        .await
        .expect(202);
    let ready = operations.get("/readyz").await.expect(200);
    assert_eq!(
        ready["actors"],
        json!([{ "name": "dta/solden", "state": "paused", "breaker": "closed" }])
    );
    assert_eq!(operations.get("/livez").await.status, 200);
    operations.get("/api/v1/operators").await.expect_problem(404, "not-found");
    let public = world.guest.get("/readyz").await.expect(200);
    assert_eq!(public, json!({ "status": "up" }), "the public sees no detail");
    assert_ne!(public, Value::Null);
}
