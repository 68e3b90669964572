//! The process ends when it is told to, and what it knew is there when it starts again.

use crate::support::{Database, World, both_databases};

both_databases!(
    told_to_end_the_server_ends_clean,
    a_ticket_that_is_being_issued_is_issued_before_the_end,
    a_restart_keeps_everything,
);

async fn told_to_end_the_server_ends_clean(database: Database) {
    let mut world = World::start(database).await;
    let anna = world.skier("Anna").await;
    world.order_to_pay(&anna, &["solden"], "undo").await;
    assert_eq!(world.terminate().await, 0);
    assert!(world.guest.try_get("/livez").await.is_err(), "somebody still answers");
    let log = world.server.log();
    let errors: Vec<&str> =
        log.lines().filter(|line| line.contains(r#""level":"ERROR""#)).collect();
    assert!(errors.is_empty(), "{errors:#?}");
}

async fn a_ticket_that_is_being_issued_is_issued_before_the_end(database: Database) {
    let mut world = World::start(database).await;
    let anna = world.skier("Anna").await;
    let order = world.order_to_pay(&anna, &["obertauern"], "undo").await;
    world
        .fault(
            serde_json::json!({ "supplier": "axess", "operation": "issueTicket", "fault": "delay_ms", "value": 800 }),
        )
        .await;
    world.pay(&order, "reserved").await;
    anna.wait_for(order["id"].as_str().unwrap(), &["authorised"]).await;
    assert_eq!(world.terminate().await, 0);
    world.clear_faults().await;
    world.restart().await;
    anna.wait_for(order["id"].as_str().unwrap(), &["finished"]).await;
    let number = order["number"].as_str().unwrap();
    assert_eq!(world.ledger().await.bookings_of(number).len(), 1, "issued more than once");
    world.clean_slate().await;
}

async fn a_restart_keeps_everything(database: Database) {
    let mut world = World::start(database).await;
    let anna = world.skier("Anna").await;
    let done = world.bought(&anna, &["solden"]).await;
    let open = world.order_to_pay(&anna, &["obertauern"], "undo").await;
    let invoice = done["invoices"][0]["url"].as_str().unwrap();
    let pdf = anna.client.get(invoice).await.bytes;
    let log_ins = world.server.first_line["logins"].clone();

    assert_eq!(world.terminate().await, 0);
    world.restart().await;

    assert_eq!(anna.order(done["id"].as_str().unwrap()).await, done, "with the token from before");
    assert_eq!(anna.client.get(invoice).await.bytes, pdf);
    assert_eq!(world.server.first_line["logins"], log_ins);
    world.pay(&open, "reserved").await;
    anna.wait_for(open["id"].as_str().unwrap(), &["finished"]).await;
    world.clean_slate().await;
    let emails = world.ledger().await.emails_about(done["number"].as_str().unwrap()).len();
    assert_eq!(emails, 1, "told again after the restart");
}
