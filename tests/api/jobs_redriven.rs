//! An e-mail that was refused is brought back by a person once its cause is gone.

use serde_json::json;

use crate::support::{Database, World, both_databases, eventually};

both_databases!(
    a_dead_letter_is_listed_without_personal_data_and_sent_once_it_is_redriven,
    dead_jobs_come_in_pages
);

/// The status of a message that is refused for good.
const REFUSED: u16 = 400;

async fn a_dead_letter_is_listed_without_personal_data_and_sent_once_it_is_redriven(
    database: Database,
) {
    let world = World::start(database).await;
    let (anna, clerk) = tokio::join!(world.skier("Anna"), world.clerk());
    let order = world.order_to_pay(&anna, &["obertauern"], "undo").await;
    world
        .fault(json!({ "supplier": "mailgun", "fault": "business_error", "value": REFUSED }))
        .await;
    world.pay(&order, "reserved").await;
    anna.wait_for(order["id"].as_str().unwrap(), &["finished"]).await;
    let dead = eventually("a dead letter", async || {
        let dead = clerk.client.get("/api/v1/admin/jobs?state=dead").await.expect(200);
        dead["items"].get(0).cloned()
    })
    .await;
    assert_eq!(
        (&dead["state"], dead["attempts"].as_i64() > Some(0)),
        (&json!("dead"), true),
        "{dead}"
    );
    assert!(dead["key"].as_str().unwrap().contains(order["id"].as_str().unwrap()), "{dead}");
    assert!(dead["last_error"].as_str().is_some_and(|why| why.contains("refused")), "{dead}");
    for secret in [&*anna.email, "Anna", "Skier"] {
        assert!(!dead.to_string().contains(secret), "{dead}");
    }

    let path = format!("/api/v1/admin/jobs/{}/redrive", dead["id"].as_str().unwrap());
    anna.client.post(&path, &json!({})).await.expect_problem(403, "forbidden");
    world.clear_faults().await;
    clerk.client.post(&path, &json!({ "reason": "the address was mended" })).await.expect(202);
    world.clean_slate().await;
    let emails = world.ledger().await.emails_about(order["number"].as_str().unwrap()).len();
    assert_eq!(emails, 1);
    eventually("a job that is done", async || {
        let answer = clerk.client.post(&path, &json!({})).await;
        (answer.status == 409).then(|| answer.expect_problem(409, "job-done"))
    })
    .await;
    let none = format!("/api/v1/admin/jobs/{}/redrive", uuid::Uuid::new_v4());
    clerk.client.post(&none, &json!({})).await.expect_problem(404, "not-found");
    let entries = clerk
        .client
        .get(&format!("/api/v1/admin/audit?subject={}", dead["id"].as_str().unwrap()))
        .await;
    let entries = entries.expect(200);
    let first = entries["items"].as_array().unwrap().last().unwrap().clone();
    assert_eq!(
        (&first["action"], &first["reason"]),
        (&json!("job.redrive"), &json!("the address was mended"))
    );
    assert_eq!(first["email"], clerk.email);
}

async fn dead_jobs_come_in_pages(database: Database) {
    let world = World::start(database).await;
    let (anna, clerk) = tokio::join!(world.skier("Anna"), world.clerk());
    world
        .fault(json!({ "supplier": "mailgun", "fault": "business_error", "value": REFUSED }))
        .await;
    for _order in 0..3 {
        let order = world.order_to_pay(&anna, &["solden"], "undo").await;
        anna.cancel(order["id"].as_str().unwrap()).await.expect(202);
    }
    eventually("three dead letters", async || {
        let dead = clerk.client.get("/api/v1/admin/jobs?state=dead").await.expect(200);
        (dead["items"].as_array().unwrap().len() == 3).then_some(())
    })
    .await;
    let mut ids = Vec::new();
    let mut next = String::new();
    loop {
        let page = clerk
            .client
            .get(&format!("/api/v1/admin/jobs?state=dead&limit=2{next}"))
            .await
            .expect(200);
        ids.extend(page["items"].as_array().unwrap().iter().map(|job| job["id"].clone()));
        let Some(cursor) = page["next"].as_str() else { break };
        next = format!("&cursor={cursor}");
    }
    assert_eq!(ids.len(), 3, "{ids:?}");
    ids.dedup();
    assert_eq!(ids.len(), 3);
}
