//! What a person at the desk sees of an order, and does about it.

use serde_json::{Value, json};

use crate::support::{Answer, Database, Person, World, both_databases, eventually};

both_databases!(
    a_person_sees_what_the_suppliers_know_and_which_one_does_not_answer,
    an_order_that_waits_for_its_pause_is_asked_for_at_once_when_a_person_says_so,
    an_issued_order_is_undone_when_a_person_says_so_twice,
    an_order_on_its_way_to_the_gate_is_undone_with_whatever_was_booked_meanwhile,
    a_finished_order_is_not_undone_and_nobody_but_an_admin_mends,
    a_used_ticket_is_kept_and_paid_when_staff_accepts_it,
    a_used_ticket_is_let_go_and_refunded_when_staff_undoes_its_order_once_more,
);

async fn command(clerk: &Person, order: &Value, wish: &str) -> Answer {
    let path = format!("/api/v1/admin/orders/{}/{wish}", order["id"].as_str().unwrap());
    clerk.client.post(&path, &json!({ "reason": format!("a test wants {wish}") })).await
}

/// All that is known of an order.
async fn look(clerk: &Person, order: &Value) -> Value {
    let path = format!("/api/v1/admin/orders/{}", order["id"].as_str().unwrap());
    clerk.client.get(&path).await.expect(200)
}

fn id(order: &Value) -> &str {
    order["id"].as_str().unwrap()
}

/// An order at these operators whose tickets are issued while the provider takes no money.
async fn issued_but_not_taken(world: &World, anna: &Person, operators: &[&str]) -> Value {
    let order = world.order_to_pay(anna, operators, "undo").await;
    world
        .fault(json!({ "supplier": "mpay24", "operation": "ManualClear", "fault": "reset_before" }))
        .await;
    world.pay(&order, "reserved").await;
    anna.wait_for(id(&order), &["issued"]).await
}

async fn a_person_sees_what_the_suppliers_know_and_which_one_does_not_answer(database: Database) {
    let world = World::start(database).await;
    let (anna, clerk) = tokio::join!(world.skier("Anna"), world.clerk());
    let order = world.order_to_pay(&anna, &["solden", "obertauern"], "undo").await;
    // the sum is claimed by a callback that is not believed; everything is asked with one status
    // call at most
    world.fault(json!({ "supplier": "dta", "operator": "solden", "fault": "reset_before" })).await;
    world.pay(&order, "reserved").await;
    let seen = eventually("a ticket at one gate and none at the other", async || {
        let seen = look(&clerk, &order).await;
        (seen["lines"][1]["state"] == "issued").then_some(seen)
    })
    .await;
    assert_eq!(seen["state"], "authorised");
    let silent = &seen["lines"][0]["supplier"];
    let told = &seen["lines"][1]["supplier"];
    assert_eq!(
        (&silent["reach"], &silent["bookings"]),
        (&json!("not_reachable"), &json!([])),
        "{silent}"
    );
    assert!(silent["why"].is_string(), "{silent}");
    assert_eq!(
        (&told["reach"], &told["bookings"][0]["state"]),
        (&json!("answered"), &json!("live")),
        "{told}"
    );
    let payment = &seen["payments"][0];
    assert_eq!(
        (&payment["state"], &payment["wanted"]),
        (&json!("reserved"), &json!(true)),
        "{payment}"
    );
    assert_eq!(payment["provider"]["reach"], "answered", "{payment}");
    assert_eq!(
        payment["provider"]["captured"],
        json!({ "amount": 0, "currency": "EUR" }),
        "{payment}"
    );
    assert_eq!(seen["callbacks"][0]["status"], "RESERVED", "{:#}", seen["callbacks"]);
    assert!(seen["callbacks"][0].get("raw").is_none());
    let verbs: Vec<&str> = seen["steps"]
        .as_array()
        .unwrap()
        .iter()
        .map(|step| step["verb"].as_str().unwrap())
        .collect();
    assert!(
        verbs.contains(&"check") && verbs.contains(&"open") && verbs.contains(&"issue"),
        "{verbs:?}"
    );
    let events: Vec<&Value> =
        seen["events"].as_array().unwrap().iter().map(|event| &event["state"]).collect();
    assert_eq!(events, ["placed", "paying", "authorised"]);

    let number = order["number"].as_str().unwrap();
    let calls = world.ledger().await.payments_of(number)[0]["status_calls"].clone();
    for _look in 0..5 {
        look(&clerk, &order).await;
    }
    assert_eq!(
        world.ledger().await.payments_of(number)[0]["status_calls"],
        calls,
        "a look spent a status call"
    );
    world.clear_faults().await;
    anna.wait_for(id(&order), &["finished"]).await;
    world.clean_slate().await;
}

async fn an_order_that_waits_for_its_pause_is_asked_for_at_once_when_a_person_says_so(
    database: Database,
) {
    let times = [("STARJACK_TIMES__PAUSE", "10m"), ("STARJACK_TIMES__PAUSE_LIMIT", "10m")];
    let world = World::with(database, &times).await;
    let (anna, clerk) = tokio::join!(world.skier("Anna"), world.clerk());
    let order = world.order_to_pay(&anna, &["obertauern"], "undo").await;
    command(&clerk, &order, "retry").await.expect_problem(409, "nothing-to-retry");
    world
        .fault(json!({ "supplier": "axess", "operation": "issueTicket", "fault": "reset_before" }))
        .await;
    world
        .fault(json!({ "supplier": "axess", "operation": "getTicketByExtOrder", "fault": "http_status", "value": 503 }))
        .await;
    world.pay(&order, "reserved").await;
    // the gate was not reached: the next attempt would come in ten minutes, or in five
    eventually("a pause", async || {
        let seen = look(&clerk, &order).await;
        (seen["lines"][0]["attempts"].as_i64() > Some(0)).then_some(())
    })
    .await;
    world.clear_faults().await;
    // a person sees that the gate's computer answers again, its breaker included
    eventually("an answer", async || {
        (look(&clerk, &order).await["lines"][0]["supplier"]["reach"] == "answered").then_some(())
    })
    .await;
    assert_eq!(anna.order(id(&order)).await["state"], "authorised");
    command(&clerk, &order, "retry").await.expect(202);
    // it may have ended meanwhile
    let again = command(&clerk, &order, "retry").await;
    assert!(matches!(again.status, 202 | 409), "{}", again.json);
    anna.wait_for(id(&order), &["finished"]).await;
    assert_eq!(world.ledger().await.bookings_of(order["number"].as_str().unwrap()).len(), 1);
    world.clean_slate().await;
}

async fn an_issued_order_is_undone_when_a_person_says_so_twice(database: Database) {
    let world = World::start(database).await;
    let (anna, clerk) = tokio::join!(world.skier("Anna"), world.clerk());
    let order = issued_but_not_taken(&world, &anna, &["solden", "obertauern"]).await;
    let path = format!("/api/v1/admin/orders/{}/undo", id(&order));
    clerk.client.post(&path, &json!({})).await.expect_problem(422, "invalid");
    clerk.client.post(&path, &json!({ "reason": " " })).await.expect_problem(422, "invalid");
    assert_eq!(anna.order(id(&order)).await["state"], "issued", "nothing without a reason");
    let (first, second) =
        tokio::join!(command(&clerk, &order, "undo"), command(&clerk, &order, "undo"));
    for answer in [first, second] {
        let state = answer.expect(202)["state"].clone();
        assert!(state == "undoing" || state == "undone", "{state}");
    }
    world.clear_faults().await;
    let undone = anna.wait_for(id(&order), &["undone"]).await;
    assert_eq!(undone["reason"]["code"], "undone_by_shop", "{undone:#}");
    world.clean_slate().await;
    assert_eq!(command(&clerk, &order, "undo").await.expect(202)["state"], "undone");
    let entries = look(&clerk, &order).await["audit_entries"].clone();
    let entry =
        |entry: &Value| (entry["action"].clone(), entry["reason"].clone(), entry["email"].clone());
    let wanted = (json!("order.undo"), json!("a test wants undo"), json!(clerk.email));
    assert_eq!(entries.as_array().unwrap().iter().map(entry).collect::<Vec<_>>(), vec![wanted; 3]);
}

async fn an_order_on_its_way_to_the_gate_is_undone_with_whatever_was_booked_meanwhile(
    database: Database,
) {
    let world = World::start(database).await;
    let (anna, clerk) = tokio::join!(world.skier("Anna"), world.clerk());
    let order = world.order_to_pay(&anna, &["solden", "obertauern"], "keep").await;
    // booked, and the answer comes after the staff command
    world.fault(json!({ "supplier": "axess", "operation": "issueTicket", "fault": "delay_ms", "value": 1000 })).await;
    world.pay(&order, "reserved").await;
    anna.wait_for(id(&order), &["authorised"]).await;
    command(&clerk, &order, "undo").await.expect(202);
    anna.wait_for(id(&order), &["undone"]).await;
    world.clean_slate().await;
}

async fn a_finished_order_is_not_undone_and_nobody_but_an_admin_mends(database: Database) {
    let world = World::start(database).await;
    let (anna, clerk) = tokio::join!(world.skier("Anna"), world.clerk());
    let order = world.bought(&anna, &["solden"]).await;
    command(&clerk, &order, "undo").await.expect_problem(409, "too-late");
    command(&clerk, &order, "accept").await.expect_problem(409, "not-marked");
    command(&clerk, &order, "retry").await.expect_problem(409, "nothing-to-retry");
    command(&clerk, &order, "burn").await.expect_problem(404, "not-found");
    command(&anna, &order, "undo").await.expect_problem(403, "forbidden");
    let path = format!("/api/v1/admin/orders/{}", id(&order));
    anna.client.get(&path).await.expect_problem(403, "forbidden");
    world.guest.get(&path).await.expect_problem(401, "unauthenticated");
    let nobody = json!({ "id": uuid::Uuid::new_v4() });
    command(&clerk, &nobody, "undo").await.expect_problem(404, "not-found");
    assert_eq!(
        look(&clerk, &order).await["audit_entries"],
        json!([]),
        "what was refused is no entry"
    );
    world.clean_slate().await;
}

/// An order that is being undone while its ticket is used, and that calls staff.
async fn used_in_an_undo(world: &World, (anna, clerk): (&Person, &Person)) -> Value {
    let order = issued_but_not_taken(world, anna, &["obertauern"]).await;
    let number = order["number"].as_str().unwrap();
    let ticket = world.ledger().await.bookings_of(number)[0].clone();
    let path = format!("axess/{}/tickets/{}/use", ticket.operator, ticket.id);
    world.control(reqwest::Method::POST, &path, &json!({})).await.expect(200);
    command(clerk, &order, "undo").await.expect(202);
    anna.wait_for(id(&order), &["stuck"]).await;
    let seen = look(clerk, &order).await;
    assert_eq!(
        (&seen["state"], &seen["needs_attention"][0]["reason"]),
        (&json!("undoing"), &json!("ticket_used")),
        "{seen:#}"
    );
    assert_eq!(seen["lines"][0]["supplier"]["bookings"][0]["state"], "used");
    world.clear_faults().await;
    order
}

async fn is_stuck(clerk: &Person, order: &Value) -> bool {
    let list = clerk.client.get("/api/v1/admin/orders?state=stuck").await.expect(200);
    list["items"].as_array().unwrap().iter().any(|item| item["id"] == order["id"])
}

async fn a_used_ticket_is_kept_and_paid_when_staff_accepts_it(database: Database) {
    let world = World::start(database).await;
    let (anna, clerk) = tokio::join!(world.skier("Anna"), world.clerk());
    let order = used_in_an_undo(&world, (&anna, &clerk)).await;
    assert!(is_stuck(&clerk, &order).await);
    command(&clerk, &order, "accept").await.expect(202);
    let finished = anna.wait_for(id(&order), &["finished"]).await;
    assert_eq!(finished["lines"][0]["state"], "issued", "{finished:#}");
    assert!(!is_stuck(&clerk, &order).await);
    world.clean_slate().await;
}

async fn a_used_ticket_is_let_go_and_refunded_when_staff_undoes_its_order_once_more(
    database: Database,
) {
    let world = World::start(database).await;
    let (anna, clerk) = tokio::join!(world.skier("Anna"), world.clerk());
    let order = used_in_an_undo(&world, (&anna, &clerk)).await;
    command(&clerk, &order, "undo").await.expect(202);
    let undone = anna.wait_for(id(&order), &["undone"]).await;
    assert_eq!(undone["lines"][0]["state"], "voided", "{undone:#}");
    assert!(!is_stuck(&clerk, &order).await);
    let ledger = world.ledger().await;
    let number = order["number"].as_str().unwrap();
    assert_eq!(
        (ledger.held(number), &ledger.payments_of(number)[0]["state"]),
        (0, &json!("REVERSED"))
    );
    assert_eq!(
        command(&clerk, &order, "undo").await.expect(202)["state"],
        "undone",
        "twice is once"
    );
}
