//! A family's price holds for all of them or for nobody.

use serde_json::{Value, json};

use crate::support::{
    ADULT, Database, Offer, Person, SMALL_CHILD, World, both_databases, new_key, sample, ticket,
};

both_databases!(
    a_family_is_charged_its_price_and_each_of_them_has_a_ticket,
    who_is_no_family_is_told_why,
    a_family_that_is_not_whole_is_refused,
    one_refused_ticket_takes_back_the_whole_family,
);

/// Two parents, and children of whom the older two pay; the small one skis for nothing anyway.
const FAMILY: [&str; 6] =
    ["1988-03-03", ADULT, "2009-07-07", "2013-06-06", "2015-05-05", SMALL_CHILD];

/// The offers of one product for a family.
async fn offers(world: &World, operator: &str, product: &str, people: &[&str]) -> Value {
    let page = world.family_offers(operator, world.ski_day(), people).await.expect(200);
    let products = page["items"].as_array().unwrap();
    products
        .iter()
        .find(|offer| offer["product"] == product)
        .unwrap_or_else(|| panic!("{page:#}"))
        .clone()
}

/// A line for each of them, on a card of their own.
async fn lines(skier: &Person, operator: &str, offers: &Value, people: &[&str]) -> Vec<Value> {
    let mut lines = Vec::new();
    for (offer, birth_date) in offers["offers"].as_array().unwrap().iter().zip(people) {
        lines.push(ticket(&Offer::of(offer), &skier.card_for(operator).await, "Anna", birth_date));
    }
    lines
}

async fn a_family_is_charged_its_price_and_each_of_them_has_a_ticket(database: Database) {
    let world = World::start(database).await;
    let anna = world.skier("Anna").await;
    // the first lets go free from the third child on, the second lets off a tenth and a quarter
    for (operator, price) in [
        ("solden", (|alone: &[i64]| alone[..4].to_vec()) as fn(&[i64]) -> Vec<i64>),
        ("obertauern", |alone| {
            (0..)
                .zip(alone)
                .map(|(who, cents)| cents * if who < 2 { 90 } else { 75 } / 100)
                .collect()
        }),
    ] {
        let mut alone = Vec::new();
        for birth_date in FAMILY {
            alone.push(world.offer(operator, world.ski_day(), birth_date).await.cents);
        }
        let mut wanted = price(&alone);
        wanted.resize(FAMILY.len(), 0);
        let family = offers(&world, operator, "day", &FAMILY).await;
        let total: i64 = wanted.iter().sum();
        assert_eq!(
            (&family["price"]["amount"], &family["price_without"]["amount"]),
            (&json!(total), &json!(alone.iter().sum::<i64>()))
        );
        let prices = family["offers"]
            .as_array()
            .unwrap()
            .iter()
            .map(|offer| offer["price"]["amount"].as_i64().unwrap());
        assert_eq!(prices.collect::<Vec<_>>(), wanted, "{operator}");

        let lines = lines(&anna, operator, &family, &FAMILY).await;
        let placed = anna.place(&lines, "undo", &new_key()).await.expect(202);
        let id = placed["id"].as_str().unwrap();
        world.pay(&anna.wait_for_page(id).await, "reserved").await;
        let order = anna.wait_for(id, &["finished"]).await;
        let number = order["number"].as_str().unwrap();
        let ledger = world.ledger().await;
        assert_eq!(ledger.held(number), total);
        for (cents, line) in wanted.iter().zip(1..) {
            let reference = format!("{number}-{line}");
            let bookings =
                ledger.bookings().into_iter().filter(|booking| booking.reference == reference);
            assert_eq!(
                bookings.map(|booking| booking.cents).collect::<Vec<_>>(),
                [*cents],
                "{operator} {line}"
            );
        }
    }
    world.clean_slate().await;
}

async fn who_is_no_family_is_told_why(database: Database) {
    let world = World::start(database).await;
    let day = world.ski_day();
    for (operator, people, why) in [
        ("ischgl", &[ADULT, "2015-05-05"][..], "Ask for single offers"),
        ("solden", &["2015-05-05", "2013-06-06"], "are too few or too many parents"),
        ("solden", &[ADULT, ADULT, ADULT, "2015-05-05"], "too few or too many parents"),
        ("solden", &[ADULT, ADULT], "no child among these people"),
    ] {
        let problem =
            world.family_offers(operator, day, people).await.expect_problem(422, "no-family-price");
        assert!(problem["detail"].as_str().unwrap().contains(why), "{problem}");
    }
    let after_season = sample().operator("solden").unwrap().season.to.succ_opt().unwrap();
    let nothing = world.family_offers("solden", after_season, &FAMILY).await.expect(200);
    assert_eq!(nothing["items"], json!([]));
}

async fn a_family_that_is_not_whole_is_refused(database: Database) {
    let world = World::start(database).await;
    let anna = world.skier("Anna").await;
    let (one, other) = tokio::join!(
        offers(&world, "solden", "day", &FAMILY),
        offers(&world, "solden", "day", &FAMILY)
    );
    let whole = lines(&anna, "solden", &one, &FAMILY).await;
    anna.place(&whole, "keep", &new_key()).await.expect_problem(422, "family-together");
    // without the second parent, with somebody twice, and with somebody of another such family
    let mut twice = whole.clone();
    twice[1]["offer_id"] = whole[0]["offer_id"].clone();
    let mut more = whole.clone();
    more.push(ticket(&Offer::of(&one["offers"][0]), &anna.card_dta().await, "Ben", FAMILY[0]));
    let mut mixed = whole.clone();
    mixed[0]["offer_id"] = other["offers"][0]["offer_id"].clone();
    for broken in [[&whole[..1], &whole[2..]].concat(), twice, more, mixed] {
        anna.place(&broken, "undo", &new_key()).await.expect_problem(422, "family-incomplete");
    }
    // nor is the free child's offer for somebody who pays
    let mut swapped = whole.clone();
    swapped[4]["offer_id"] = whole[3]["offer_id"].clone();
    swapped[3]["offer_id"] = whole[4]["offer_id"].clone();
    swapped[0]["offer_id"] = whole[5]["offer_id"].clone();
    swapped[5]["offer_id"] = whole[0]["offer_id"].clone();
    anna.place(&swapped, "undo", &new_key()).await.expect_problem(422, "other-category");
    assert!(anna.orders().await.unwrap().is_empty());
}

async fn one_refused_ticket_takes_back_the_whole_family(database: Database) {
    let world = World::start(database).await;
    let anna = world.skier("Anna").await;
    let family = offers(&world, "solden", "day", &FAMILY).await;
    let lines = lines(&anna, "solden", &family, &FAMILY).await;
    let full = json!({ "supplier": "dta", "operator": "solden", "operation": "CreateOrder",
        "fault": "business_error", "value": "MediumFull", "times": 1 });
    world.fault(full).await;
    let placed = anna.place(&lines, "undo", &new_key()).await.expect(202);
    let id = placed["id"].as_str().unwrap();
    world.pay(&anna.wait_for_page(id).await, "reserved").await;
    let order = anna.wait_for(id, &["undone"]).await;
    let refused =
        order["lines"].as_array().unwrap().iter().filter(|line| line["state"] == "refused").count();
    assert_eq!(refused, 1, "{order:#}");
    assert_eq!(order["invoices"], json!([]));
    world.clean_slate().await;
    let ledger = world.ledger().await;
    let number = order["number"].as_str().unwrap();
    assert!(
        ledger.bookings_of(number).iter().all(|booking| !booking.is_live()),
        "a free child is left"
    );
    assert_eq!(ledger.held(number), 0);

    // neither the price nor the days of the cards are used up by it
    let again = anna.place(&lines, "undo", &new_key()).await.expect(202);
    let id = again["id"].as_str().unwrap();
    world.pay(&anna.wait_for_page(id).await, "reserved").await;
    anna.wait_for(id, &["finished"]).await;
    world.clean_slate().await;
}
