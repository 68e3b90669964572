//! Admins steer one actor, and nobody else feels it.

use serde_json::{Value, json};

use crate::support::{Database, Person, World, eventually, postgres_alone};

postgres_alone!(
    a_paused_operator_makes_only_its_own_orders_wait,
    a_restarted_operator_goes_on_with_what_it_has,
    nobody_but_an_admin_steers,
    a_wedged_actor_is_paused_and_started_again_and_each_deed_is_written_down_with_its_reason,
);

async fn command(clerk: &Person, name: &str, wish: &str) -> Value {
    let path = format!("/api/v1/admin/actors/{}/{wish}", name.replace('/', "%2F"));
    clerk.client.post(&path, &json!({})).await.expect(202)
}

async fn actor(clerk: &Person, name: &str) -> Value {
    let actors = clerk.client.get("/api/v1/admin/actors").await.expect(200);
    let found = actors["items"].as_array().unwrap().iter().find(|actor| actor["name"] == name);
    found.unwrap_or_else(|| panic!("no actor {name}: {actors:#}")).clone()
}

/// The public status of the shop and of one supplier.
async fn status(world: &World, name: &str) -> (String, String) {
    let status = world.guest.get("/status").await.expect(200);
    let supplier =
        status["suppliers"].as_array().unwrap().iter().find(|supplier| supplier["name"] == name);
    (
        status["status"].as_str().unwrap().to_owned(),
        supplier.unwrap()["state"].as_str().unwrap().to_owned(),
    )
}

async fn a_paused_operator_makes_only_its_own_orders_wait(database: Database) {
    let world = World::start(database).await;
    let (anna, clerk) = tokio::join!(world.skier("Anna"), world.clerk());
    let (at_solden, at_obertauern) = tokio::join!(
        world.order_to_pay(&anna, &["solden"], "undo"),
        world.order_to_pay(&anna, &["obertauern"], "undo"),
    );
    assert_eq!(command(&clerk, "dta/solden", "pause").await["state"], "paused");
    assert_eq!(status(&world, "solden").await, ("degraded".to_owned(), "paused".to_owned()));
    world.pay(&at_solden, "reserved").await;
    world.pay(&at_obertauern, "reserved").await;
    let waiting = at_solden["id"].as_str().unwrap();
    let other = at_obertauern["id"].as_str().unwrap();
    anna.wait_for(other, &["finished"]).await;
    let held_up = anna.wait_for(waiting, &["authorised"]).await;
    assert!(world.ledger().await.bookings_of(held_up["number"].as_str().unwrap()).is_empty());

    assert_eq!(command(&clerk, "dta/solden", "resume").await["state"], "up");
    anna.wait_for(waiting, &["finished"]).await;
    world.clean_slate().await;
    assert_eq!(status(&world, "solden").await, ("up".to_owned(), "up".to_owned()));
}

async fn a_restarted_operator_goes_on_with_what_it_has(database: Database) {
    let world = World::start(database).await;
    let (anna, clerk) = tokio::join!(world.skier("Anna"), world.clerk());
    let order = world.order_to_pay(&anna, &["obertauern"], "undo").await;
    let before = actor(&clerk, "axess/obertauern").await;
    command(&clerk, "axess/obertauern", "restart").await;
    world.pay(&order, "reserved").await;
    anna.wait_for(order["id"].as_str().unwrap(), &["finished"]).await;
    let after = eventually("the restarted actor answers", async || {
        Some(actor(&clerk, "axess/obertauern").await).filter(|actor| actor["state"] == "up")
    })
    .await;
    assert!(after["restarts"].as_u64() > before["restarts"].as_u64(), "{after:#}");
    assert!(after["processed"].as_u64() > before["processed"].as_u64(), "{after:#}");
    eventually("the sweep is seen to have run", async || {
        let tasks = clerk.client.get("/api/v1/admin/tasks").await.expect(200);
        let mut items = tasks["items"].as_array().unwrap().iter();
        let sweep = items.find(|task| task["name"] == "sweep").unwrap();
        assert_eq!((&sweep["scope"], &sweep["here"]), (&json!("singleton"), &json!(true)));
        (sweep["last_run"]["error"].is_null() && sweep["next_at"].is_string()).then_some(())
    })
    .await;
    world.clean_slate().await;
}

async fn nobody_but_an_admin_steers(database: Database) {
    let world = World::start(database).await;
    let (anna, clerk) = tokio::join!(world.skier("Anna"), world.clerk());
    let path = "/api/v1/admin/actors/dta%2Fsolden/pause";
    anna.client.post(path, &json!({})).await.expect_problem(403, "forbidden");
    world.guest.post(path, &json!({})).await.expect_problem(401, "unauthenticated");
    assert_eq!(actor(&clerk, "dta/solden").await["state"], "up");
    let unknown = "/api/v1/admin/actors/dta%2Fnowhere/pause";
    clerk.client.post(unknown, &json!({})).await.expect_problem(404, "not-found");
}

async fn a_wedged_actor_is_paused_and_started_again_and_each_deed_is_written_down_with_its_reason(
    database: Database,
) {
    let world = World::start(database).await;
    let (anna, clerk) = tokio::join!(world.skier("Anna"), world.clerk());
    let order = world.order_to_pay(&anna, &["solden"], "undo").await;
    let name = "/api/v1/admin/actors/dta%2Fsolden";
    let wedge = json!({ "fault": "wedge", "milliseconds": 60_000 });
    clerk.client.post(&format!("{name}/faults"), &wedge).await.expect(202);
    world.pay(&order, "reserved").await;
    anna.wait_for(order["id"].as_str().unwrap(), &["authorised"]).await;
    for (wish, state) in [("pause", "paused"), ("resume", "up"), ("restart", "up")] {
        let because = json!({ "reason": format!("its thread is blocked: {wish}") });
        clerk.client.post(&format!("{name}/{wish}"), &because).await.expect(202);
        eventually(state, async || {
            // what is wedged is left behind, and started anew when it is resumed
            let is = actor(&clerk, "dta/solden").await["state"].clone();
            (is == state || (state == "up" && is == "restarting")).then_some(())
        })
        .await;
    }
    anna.wait_for(order["id"].as_str().unwrap(), &["finished"]).await;
    let entries =
        clerk.client.get("/api/v1/admin/audit?subject=dta%2Fsolden&limit=2").await.expect(200);
    let entry = |entry: &Value| {
        format!("{} {} {}", entry["email"], entry["action"], entry["reason"]).replace('"', "")
    };
    let newest: Vec<String> = entries["items"].as_array().unwrap().iter().map(entry).collect();
    let wanted = |wish: &str| format!("{} {wish} its thread is blocked: {wish}", clerk.email);
    assert_eq!(newest, [wanted("restart"), wanted("resume")]);
    let next = format!(
        "/api/v1/admin/audit?subject=dta%2Fsolden&cursor={}",
        entries["next"].as_str().unwrap()
    );
    let older = clerk.client.get(&next).await.expect(200);
    assert_eq!(entry(&older["items"][0]), wanted("pause"));
    anna.client.get("/api/v1/admin/audit").await.expect_problem(403, "forbidden");
    world.clean_slate().await;
}
