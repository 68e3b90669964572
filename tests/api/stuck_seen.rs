//! An order that does not go on is seen by people, once, until it goes on.

use serde_json::{Value, json};

use crate::support::{Database, World, eventually, postgres_alone};

postgres_alone!(an_order_in_doubt_for_too_long_alarms_once_until_it_goes_on);

async fn an_order_in_doubt_for_too_long_alarms_once_until_it_goes_on(database: Database) {
    let world = World::with(database, &[("STARJACK_BOOKS__ALARM_AFTER", "3s")]).await;
    let (anna, clerk) = tokio::join!(world.skier("Anna"), world.clerk());
    world.bought(&anna, &["obertauern"]).await;
    let order = world.order_to_pay(&anna, &["obertauern"], "undo").await;
    // neither the ticket nor what became of it is heard of
    for operation in ["issueTicket", "getTicketByExtOrder"] {
        world
            .fault(json!({ "supplier": "axess", "operation": operation, "fault": "reset_after" }))
            .await;
    }
    world.pay(&order, "reserved").await;
    let cases = async |state: &str| {
        let page =
            clerk.client.get(&format!("/api/v1/admin/cases?state={state}")).await.expect(200);
        page["items"].as_array().unwrap().clone()
    };
    let case = eventually("a case", async || cases("open").await.pop()).await;
    let told = [&case["kind"], &case["order_id"], &case["reason"]];
    assert_eq!(told, [&json!("stuck"), &order["id"], &json!("in_doubt_too_long")]);
    let figures = world.operations();
    eventually("the figures", async || {
        let text = String::from_utf8(figures.get("/metrics").await.bytes).unwrap();
        text.lines().any(|line| line == "starjack_open_cases{kind=\"stuck\"} 1").then_some(())
    })
    .await;
    // it is looked at many times and alarms once
    let asked = async || {
        let seen = clerk
            .client
            .get(&format!("/api/v1/admin/orders/{}", order["id"].as_str().unwrap()))
            .await;
        seen.expect(200)["steps"].as_array().unwrap().len()
    };
    let before = asked().await;
    eventually("it is asked about again and again", async || {
        (asked().await > before + 3).then_some(())
    })
    .await;
    assert_eq!(cases("open").await.len(), 1);
    let log = std::fs::read_to_string(world.folder().join("server.log")).unwrap();
    let alarms = log.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let is_alarm = |line: &Value| {
        let line = line.to_string();
        line.contains("a case was opened") && line.contains("stuck") && line.contains("alert")
    };
    assert_eq!(alarms.filter(is_alarm).count(), 1);

    world.clear_faults().await;
    anna.wait_for(order["id"].as_str().unwrap(), &["finished"]).await;
    eventually("the case closes by itself", async || cases("open").await.is_empty().then_some(()))
        .await;
    let closed = cases("closed").await.remove(0);
    assert_eq!((&closed["id"], &closed["closed"]["by"]), (&case["id"], &Value::Null));
    world.clean_slate().await;
}
