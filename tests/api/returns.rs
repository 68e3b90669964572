//! Tickets of a finished order go back: the operator's first, then the money, and nothing twice.

use serde_json::{Value, json};

use crate::books::{cases, compare};
use crate::support::{
    ADULT, Answer, Database, Offer, Person, SMALL_CHILD, World, both_databases, eventually,
    new_key, ticket,
};

both_databases!(
    story_39_a_returned_ticket_is_cancelled_and_its_price_goes_back_and_its_day_is_free,
    a_used_ticket_is_not_taken_back_and_its_customer_is_told,
    what_was_not_promised_or_is_too_late_is_said,
    a_return_that_is_asked_for_twice_at_once_happens_once,
    a_return_whose_answer_is_lost_happens_once,
    a_person_takes_back_what_was_not_promised_and_ends_what_an_operator_refuses,
    a_family_goes_back_together,
);

fn id(order: &Value) -> &str {
    order["id"].as_str().unwrap()
}

fn number(order: &Value) -> &str {
    order["number"].as_str().unwrap()
}

fn cents(order: &Value, line: usize) -> i64 {
    order["lines"][line]["price"]["amount"].as_i64().unwrap()
}

async fn give_back(who: &Person, order: &Value, lines: &[i32]) -> Answer {
    let path = format!("/api/v1/orders/{}/returns", id(order));
    who.client.post(&path, &json!({ "lines": lines, "reason": "a test skis elsewhere" })).await
}

/// The order once the line is what is expected of it.
async fn line_is(who: &Person, order: &Value, line: usize, state: &str) -> Value {
    who.wait_until(id(order), state, |order| order["lines"][line]["state"] == state).await
}

/// What went back of an order at the provider, once something did.
async fn credited(world: &World, order: &Value, wanted: i64) {
    eventually("the money goes back", async || {
        (world.ledger().await.sum(number(order), "credited") == wanted).then_some(())
    })
    .await;
}

/// Waits for an e-mail about the order whose subject says so.
async fn told(world: &World, order: &Value, words: &str) -> Value {
    eventually(words, async || {
        let ledger = world.ledger().await;
        let emails = ledger.emails_about(number(order));
        emails.into_iter().find(|email| email["subject"].as_str().unwrap().contains(words)).cloned()
    })
    .await
}

async fn story_39_a_returned_ticket_is_cancelled_and_its_price_goes_back_and_its_day_is_free(
    database: Database,
) {
    let world = World::start(database).await;
    let (anna, clerk) = tokio::join!(world.skier("Anna"), world.clerk());
    for outcome in ["reserved", "billed"] {
        let basket = world.basket(&anna, &["solden", "obertauern"]).await;
        let placed = anna.place(&basket, "undo", &new_key()).await.expect(202);
        world.pay(&anna.wait_for_page(id(&placed)).await, outcome).await;
        let order = anna.wait_for(id(&placed), &["finished"]).await;
        let until = order["lines"][0]["return_until"].as_str().unwrap();
        assert_eq!(
            until,
            format!("{}T23:00:00Z", world.ski_day() - chrono::Days::new(2)),
            "24 hours before the day begins"
        );
        anna.place(&basket[..1], "undo", &new_key()).await.expect_problem(409, "card-taken");

        let asked = give_back(&anna, &order, &[1]).await.expect(202);
        assert_eq!(
            (&asked["state"], &asked["lines"][1]["returning"]),
            (&json!("finished"), &json!(false))
        );
        let returned = line_is(&anna, &order, 0, "voided").await;
        assert_eq!(
            (&returned["lines"][1]["state"], &returned["lines"][0]["return_until"]),
            (&json!("issued"), &Value::Null)
        );
        credited(&world, &order, cents(&order, 0)).await;
        let email = told(&world, &order, "a ticket was taken back").await;
        assert!(email["text"].as_str().unwrap().contains("Sölden"), "{email}");
        told(&world, &order, "your money goes back to you").await;
        give_back(&anna, &order, &[1]).await.expect(202);

        let ledger = world.ledger().await;
        let statuses: Vec<_> =
            ledger.bookings_of(number(&order)).into_iter().map(|booking| booking.status).collect();
        assert_eq!(statuses, ["canceled", "live"]);
        let again = anna.place(&basket[..1], "undo", &new_key()).await.expect(202);
        world.pay(&anna.wait_for_page(id(&again)).await, "reserved").await;
        anna.wait_for(id(&again), &["finished"]).await;

        give_back(&anna, &order, &[1, 2]).await.expect(202);
        line_is(&anna, &order, 1, "voided").await;
        credited(&world, &order, cents(&order, 0) + cents(&order, 1)).await;
    }
    world.clean_slate().await;
    for run in compare(&clerk, None).await.values() {
        assert_eq!(run["differences"], 0, "{run:#}");
    }
    assert_eq!(cases(&clerk, "open").await, Vec::<Value>::new());
}

async fn a_used_ticket_is_not_taken_back_and_its_customer_is_told(database: Database) {
    let world = World::start(database).await;
    let anna = world.skier("Anna").await;
    let order = world.bought(&anna, &["solden", "obertauern"]).await;
    for booking in world.ledger().await.bookings_of(number(&order)) {
        let place = if booking.supplier == "dta" { "orders" } else { "tickets" };
        let path = format!("{}/{}/{place}/{}/use", booking.supplier, booking.operator, booking.id);
        world.control(reqwest::Method::POST, &path, &json!({})).await.expect(200);
    }
    give_back(&anna, &order, &[1, 2]).await.expect(202);
    let refused = |order: &Value| {
        let lines = order["lines"].as_array().unwrap();
        lines
            .iter()
            .all(|line| line["reason"]["code"] == "ticket_used" && line["state"] == "issued")
    };
    let kept = anna.wait_until(id(&order), "both are used", refused).await;
    assert_eq!(
        (&kept["state"], &kept["lines"][0]["return_until"]),
        (&json!("finished"), &Value::Null)
    );
    let email = told(&world, &order, "a ticket cannot be taken back").await;
    assert!(email["text"].as_str().unwrap().contains("already used at a gate"), "{email}");
    give_back(&anna, &order, &[1]).await.expect_problem(409, "not-taken-back");
    world.clean_slate().await;
    assert_eq!(world.ledger().await.sum(number(&order), "credited"), 0);
}

async fn what_was_not_promised_or_is_too_late_is_said(database: Database) {
    let world = World::start(database).await;
    let anna = world.skier("Anna").await;
    let unpaid = world.order_to_pay(&anna, &["solden"], "undo").await;
    let problem = give_back(&anna, &unpaid, &[1]).await.expect_problem(409, "not-finished");
    assert!(problem["detail"].as_str().unwrap().contains("Cancel it instead"), "{problem}");
    anna.cancel(id(&unpaid)).await.expect(202);
    // a week before its day a ticket of the day after tomorrow could be given back
    let soon = starjack::clock::now().date_naive() + chrono::Days::new(2);
    let late = world.offer("hintertux", soon, ADULT).await;
    let lines = [
        ticket(&late, &anna.card_dta().await, "Anna", ADULT),
        ticket(
            &world.offer("ischgl", world.ski_day(), ADULT).await,
            &anna.card_dta().await,
            "Anna",
            ADULT,
        ),
    ];
    let placed = anna.place(&lines, "undo", &new_key()).await.expect(202);
    world.pay(&anna.wait_for_page(id(&placed)).await, "reserved").await;
    let order = anna.wait_for(id(&placed), &["finished"]).await;
    assert_eq!(order["lines"][1]["return_until"], Value::Null);
    give_back(&anna, &order, &[1]).await.expect_problem(409, "too-late");
    give_back(&anna, &order, &[2]).await.expect_problem(409, "not-taken-back");
    give_back(&anna, &order, &[3]).await.expect_problem(422, "invalid");
    let bert = world.skier("Bert").await;
    give_back(&bert, &order, &[1]).await.expect_problem(404, "not-found");
    world.clean_slate().await;
    assert_eq!(world.ledger().await.sum(number(&order), "credited"), 0);
}

async fn a_return_that_is_asked_for_twice_at_once_happens_once(database: Database) {
    let world = World::start(database).await;
    let anna = world.skier("Anna").await;
    let other = anna.again(&world.guest).await;
    let order = world.bought(&anna, &["solden", "obertauern"]).await;
    let answers = tokio::join!(
        give_back(&anna, &order, &[1]),
        give_back(&other, &order, &[1, 2]),
        give_back(&anna, &order, &[2]),
        give_back(&other, &order, &[1]),
    );
    for answer in [answers.0, answers.1, answers.2, answers.3] {
        assert_eq!(answer.expect(202)["state"], "finished");
    }
    line_is(&anna, &order, 0, "voided").await;
    line_is(&anna, &order, 1, "voided").await;
    credited(&world, &order, cents(&order, 0) + cents(&order, 1)).await;
    world.clean_slate().await;
    let emails = world.ledger().await;
    let taken_back = emails.emails_about(number(&order)).into_iter();
    let taken_back = taken_back
        .filter(|email| email["subject"].as_str().unwrap().contains("a ticket was taken back"));
    assert_eq!(taken_back.count(), 2, "one a ticket");
}

async fn a_return_whose_answer_is_lost_happens_once(database: Database) {
    let world = World::start(database).await;
    let anna = world.skier("Anna").await;
    let order = world.bought(&anna, &["solden", "obertauern"]).await;
    for (supplier, operation) in
        [("dta", "CancelOrder"), ("axess", "cancelTicket"), ("mpay24", "ManualCredit")]
    {
        let fault = json!({ "supplier": supplier, "operation": operation, "fault": "reset_after", "times": 1 });
        world.fault(fault).await;
    }
    give_back(&anna, &order, &[1, 2]).await.expect(202);
    line_is(&anna, &order, 0, "voided").await;
    line_is(&anna, &order, 1, "voided").await;
    credited(&world, &order, cents(&order, 0) + cents(&order, 1)).await;
    told(&world, &order, "your money goes back to you").await;
    world.clean_slate().await;
}

async fn a_person_takes_back_what_was_not_promised_and_ends_what_an_operator_refuses(
    database: Database,
) {
    let world = World::with(database, &[("STARJACK_BOOKS__ALARM_AFTER", "2s")]).await;
    let (anna, clerk) = tokio::join!(world.skier("Anna"), world.clerk());
    let order = world.bought(&anna, &["ischgl"]).await;
    let admin = format!("/api/v1/admin/orders/{}", id(&order));
    let take_back =
        async |who: &Person, body| who.client.post(&format!("{admin}/returns"), &body).await;
    take_back(&anna, json!({ "lines": [1], "reason": "me" }))
        .await
        .expect_problem(403, "forbidden");
    take_back(&clerk, json!({ "lines": [1] })).await.expect_problem(422, "invalid");
    world
        .fault(
            json!({ "supplier": "dta", "operation": "CancelOrder", "fault": "business_error", "value": "MediumFull" }),
        )
        .await;
    take_back(&clerk, json!({ "lines": [1], "reason": "a broken leg" })).await.expect(202);
    anna.wait_until(id(&order), "staff is needed", |order| order["state"] == "stuck").await;
    clerk
        .client
        .post(&format!("{admin}/accept"), &json!({ "reason": "they do not" }))
        .await
        .expect(202);
    told(&world, &order, "a ticket cannot be taken back").await;
    world.clean_slate().await;
    assert_eq!(anna.order(id(&order)).await["lines"][0]["state"], "issued");

    take_back(&clerk, json!({ "lines": [1], "reason": "they do after all" })).await.expect(202);
    anna.wait_until(id(&order), "staff is needed", |order| order["state"] == "stuck").await;
    world.clear_faults().await;
    // it may have gone meanwhile
    let retried =
        clerk.client.post(&format!("{admin}/retry"), &json!({ "reason": "they said so" })).await;
    assert!(matches!(retried.status, 202 | 409), "{}", retried.json);
    line_is(&anna, &order, 0, "voided").await;
    credited(&world, &order, cents(&order, 0)).await;
    world.clean_slate().await;
    let seen = clerk.client.get(&admin).await.expect(200);
    let entries = seen["audit_entries"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| entry["reason"].as_str().unwrap());
    let entries: Vec<_> = entries.filter(|entry| *entry != "they said so").collect();
    assert_eq!(entries, ["1: they do after all", "they do not", "1: a broken leg"], "{seen:#}");
}

async fn a_family_goes_back_together(database: Database) {
    let world = World::start(database).await;
    let anna = world.skier("Anna").await;
    let family = [ADULT, "1988-03-03", "2013-06-06", SMALL_CHILD];
    let page = world.family_offers("solden", world.ski_day(), &family).await.expect(200);
    let offers = page["items"]
        .as_array()
        .unwrap()
        .iter()
        .find(|offer| offer["product"] == "day")
        .unwrap()
        .clone();
    let mut lines = Vec::new();
    for (offer, birth_date) in offers["offers"].as_array().unwrap().iter().zip(family) {
        lines.push(ticket(&Offer::of(offer), &anna.card_dta().await, "Anna", birth_date));
    }
    let placed = anna.place(&lines, "undo", &new_key()).await.expect(202);
    world.pay(&anna.wait_for_page(id(&placed)).await, "reserved").await;
    let order = anna.wait_for(id(&placed), &["finished"]).await;
    let problem = give_back(&anna, &order, &[1, 3]).await.expect_problem(422, "family-together");
    assert!(problem["detail"].as_str().unwrap().contains("name 2, 4 as well"), "{problem}");
    give_back(&anna, &order, &[1, 2, 3, 4]).await.expect(202);
    for line in 0..4 {
        line_is(&anna, &order, line, "voided").await;
    }
    credited(&world, &order, order["total"]["amount"].as_i64().unwrap()).await;
    eventually("the free child's letter", async || {
        let ledger = world.ledger().await;
        let emails = ledger.emails_about(number(&order));
        emails
            .iter()
            .any(|email| email["text"].as_str().unwrap().contains("It cost nothing"))
            .then_some(())
    })
    .await;
    world.clean_slate().await;
}
