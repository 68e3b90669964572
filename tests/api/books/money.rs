//! Money that moved without us.

use reqwest::Method;
use serde_json::{Value, json};

use super::{agree, agree_to_all, at_the_desk, cases, compare, id, number, told};
use crate::support::{Database, Person, World, both_databases, eventually};

both_databases!(
    what_the_provider_did_without_us_is_one_case_each_and_what_was_agreed_makes_both_sides_agree
);

/// Something happens to a transaction, and nobody tells us.
async fn happens_unseen(world: &World, paid: &Value, event: &str) {
    world.fault(json!({ "supplier": "mpay24", "fault": "drop" })).await;
    let path = format!("mpay24/transactions/{}/{event}", paid["mpay_tid"]);
    world.control(Method::POST, &path, &json!({})).await.expect(200);
    world.clear_faults().await;
}

/// A payment of a page that this database never opened.
async fn paid_by_nobody(world: &World, reference: &str, outcome: &str) -> Value {
    let access =
        world.control(Method::GET, "endpoints", &json!({})).await.expect(200)["mpay24"].clone();
    let text = |name: &str| access[name].as_str().unwrap().to_owned();
    let mdxi = format!(
        "&lt;Order&gt;&lt;Tid&gt;{reference}&lt;/Tid&gt;&lt;Price&gt;10.00&lt;/Price&gt;&lt;/Order&gt;"
    );
    let envelope = format!(
        "<s:Envelope xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\"><s:Body><e:SelectPayment \
         xmlns:e=\"https://www.mpay24.com/soap/etp/1.5/ETP.wsdl\"><merchantID>{}</merchantID><mdxi>{mdxi}</mdxi>\
         </e:SelectPayment></s:Body></s:Envelope>",
        text("merchant_id")
    );
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let asked = client
        .post(text("url"))
        .basic_auth(format!("u{}", text("merchant_id")), Some(text("password")))
        .body(envelope);
    let asked = asked.header("content-type", "text/xml");
    let answer = asked.send().await.unwrap().text().await.unwrap();
    assert!(answer.contains("REDIRECT"), "{answer}");
    let path = format!("mpay24/pages/{reference}/pay");
    world.control(Method::POST, &path, &json!({ "outcome": outcome })).await.expect(200)
}

/// The rest of a reservation, of which only a part was wanted, is taken at the provider's portal;
/// and what is kept.
async fn taken_wholly_at_the_portal(world: &World, anna: &Person) -> (Value, i64) {
    world.fault(json!({ "supplier": "dta", "operation": "CreateOrder", "fault": "business_error", "times": 1 })).await;
    let part = world.order_to_pay(anna, &["solden", "obertauern"], "keep").await;
    let paid = world.pay(&part, "reserved").await;
    anna.wait_for(id(&part), &["finished"]).await;
    let kept = world.ledger().await.held(number(&part));
    assert!(kept > 0 && kept < part["total"]["amount"].as_i64().unwrap());
    happens_unseen(world, &paid, "bill").await;
    (part, kept)
}

/// Its bank said no, the customer gave it up, and it was billed all the same.
async fn billed_after_a_no(world: &World, (anna, clerk): (&Person, &Person)) -> Value {
    let late = world.order_to_pay(anna, &["solden"], "undo").await;
    let waits = world.pay(&late, "suspended").await;
    let payment_is = async |state: &str| {
        eventually(state, async || {
            let seen =
                clerk.client.get(&format!("/api/v1/admin/orders/{}", id(&late))).await.expect(200);
            (seen["payments"][0]["state"] == state).then_some(())
        })
        .await;
    };
    payment_is("suspended").await;
    happens_unseen(world, &waits, "fail").await;
    payment_is("failed").await;
    anna.client
        .post(&format!("/api/v1/orders/{}/cancellation", id(&late)), &json!({}))
        .await
        .expect(202);
    anna.wait_for(id(&late), &["rejected"]).await;
    happens_unseen(world, &waits, "bill").await;
    late
}

async fn state_of(world: &World, tid: &Value) -> Value {
    let ledger = world.ledger().await;
    ledger.of("mpay24").iter().find(|entry| entry["mpay_tid"] == *tid).unwrap()["state"].clone()
}

async fn what_the_provider_did_without_us_is_one_case_each_and_what_was_agreed_makes_both_sides_agree(
    database: Database,
) {
    let world = World::start(database).await;
    let (anna, clerk) = tokio::join!(world.skier("Anna"), world.clerk());
    let good = world.bought(&anna, &["solden"]).await;
    // credited by hand at the provider's portal
    let credited = world.order_to_pay(&anna, &["solden"], "undo").await;
    let paid = world.pay(&credited, "reserved").await;
    anna.wait_for(id(&credited), &["finished"]).await;
    happens_unseen(&world, &paid, "credit").await;
    // taken back by a bank
    let taken_back = world.order_to_pay(&anna, &["obertauern"], "undo").await;
    let paid = world.pay(&taken_back, "reserved").await;
    anna.wait_for(id(&taken_back), &["finished"]).await;
    happens_unseen(&world, &paid, "charge_back").await;
    let late = billed_after_a_no(&world, (&anna, &clerk)).await;
    let (part, kept) = taken_wholly_at_the_portal(&world, &anna).await;
    let unknown = paid_by_nobody(&world, "Q0123456789-P1", "reserved").await;
    paid_by_nobody(&world, "another-shop-4711", "reserved").await;

    let case = |kind: &str, action: &str, order: &str| {
        [kind.to_owned(), action.to_owned(), order.to_owned()]
    };
    let mut expected = vec![
        case("money_back_more", "book", number(&credited)),
        case("money_taken_back", "look_again", number(&taken_back)),
        case("money_more", "look_again", number(&late)),
        case("money_more", "look_again", number(&part)),
        case("money_unknown", "release", "-"),
    ];
    expected.sort();
    let runs = compare(&clerk, None).await;
    assert_eq!(told(&cases(&clerk, "open").await), expected, "{:#}", runs["payments"]);
    let again = compare(&clerk, None).await;
    assert_eq!(
        told(&cases(&clerk, "open").await),
        expected,
        "twice is once: {:#}",
        again["payments"]
    );
    let nobodys = cases(&clerk, "open")
        .await
        .into_iter()
        .find(|case| case["kind"] == "money_unknown")
        .unwrap();
    assert_eq!(nobodys["transaction"], json!(unknown["mpay_tid"].to_string()));
    assert_eq!(
        state_of(&world, &unknown["mpay_tid"]).await,
        "RESERVED",
        "nothing is corrected that nobody agreed to"
    );

    agree_to_all(&clerk).await;
    // the charge-back is the order's own case now, and so is the ticket whose money was credited at
    // the portal
    let own =
        [case("charged_back", "-", number(&taken_back)), case("unpaid", "-", number(&credited))];
    assert_eq!(told(&cases(&clerk, "open").await), own);
    assert_eq!(state_of(&world, &unknown["mpay_tid"]).await, "REVERSED");
    let ledger = world.ledger().await;
    assert_eq!(ledger.held(number(&late)), 0, "what was billed too late went back");
    assert_eq!(ledger.held(number(&part)), kept, "what nobody wanted went back");
    assert_eq!(ledger.held(number(&good)), good["total"]["amount"].as_i64().unwrap());
    let seen =
        clerk.client.get(&format!("/api/v1/admin/orders/{}", id(&credited))).await.expect(200);
    assert_eq!(seen["payments"][0]["returned"], seen["payments"][0]["captured"], "{seen:#}");
    let last = compare(&clerk, None).await;
    assert_eq!(
        (&last["payments"]["differences"], &last["payments"]["unanswered"]),
        (&json!(0), &Value::Null)
    );
    eventually("a letter says that money came back", async || {
        (world.ledger().await.emails_about(number(&credited)).len() == 2).then_some(())
    })
    .await;
}

#[tokio::test]
async fn the_money_of_a_ticket_that_is_in_no_books_is_looked_for_and_goes_back_after_it() {
    let world = World::start(Database::Sqlite).await;
    let (anna, clerk) = tokio::join!(world.skier("Anna"), world.clerk());
    let good = world.bought(&anna, &["solden"]).await;
    // of a database before its restore: paid at once on its second page, which no list tells
    at_the_desk(&world, (&good, "solden"), "copy", json!({ "reference": "Q0123456789-1" })).await;
    let paid = paid_by_nobody(&world, "Q0123456789-P2", "billed").await;
    for _twice in 0..2 {
        compare(&clerk, None).await;
        let expected = [["money_unknown", "give_back", "-"], ["ticket_unknown", "withdraw", "-"]];
        assert_eq!(
            told(&cases(&clerk, "open").await),
            expected.map(|case| case.map(str::to_owned))
        );
    }
    let open = cases(&clerk, "open").await;
    let of = |kind: &str| open.iter().find(|case| case["kind"] == kind).unwrap().clone();
    let says = of("ticket_unknown")["detail"].as_str().unwrap().to_owned();
    assert!(says.contains("eur billed, a case of its own"), "{says}");

    // who keeps a ticket has paid for it
    agree(&clerk, &of("money_unknown")).await;
    eventually("it is asked anew", async || {
        let open = cases(&clerk, "open").await;
        let money = open.iter().find(|case| case["kind"] == "money_unknown")?;
        (money["agreed_at"].is_null() && money["reason"] == "agree to withdraw its tickets first")
            .then_some(())
    })
    .await;
    assert_eq!(state_of(&world, &paid["mpay_tid"]).await, "BILLED");
    agree(&clerk, &of("ticket_unknown")).await;
    agree(&clerk, &of("money_unknown")).await;
    eventually("both are mended", async || cases(&clerk, "open").await.is_empty().then_some(()))
        .await;
    assert_eq!(state_of(&world, &paid["mpay_tid"]).await, "CREDITED");
    assert!(
        !world.ledger().await.bookings_of("Q0123456789").iter().any(|booking| booking.is_live())
    );
    let last = compare(&clerk, None).await;
    assert!(last.values().all(|run| run["differences"] == 0), "{last:#?}");
}
