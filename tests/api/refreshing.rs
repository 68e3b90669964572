//! What an operator's supplier sells is asked for, the differences are shown, and what was shown is
//! taken.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use reqwest::Method;
use serde_json::{Value, json};
use starjack::actors::liftoperator::Catalogue;

use crate::support::{
    ADULT, Answer, Database, Person, Ran, World, both_databases, eventually, new_key,
    postgres_alone,
};

postgres_alone!(
    the_samples_agree_with_their_suppliers,
    a_price_is_shown_then_taken_and_older_offers_keep_theirs,
    a_withdrawn_product_goes_and_its_open_orders_are_served,
    an_answer_that_is_not_whole_changes_nothing_and_says_so,
    what_has_changed_since_it_was_shown_is_not_taken,
);
// a second process writes what the server has open
both_databases!(the_command_line_shows_and_takes);

const OPERATORS: [&str; 2] = ["solden", "obertauern"];

fn path(operator: &str) -> String {
    format!("/api/v1/admin/operators/{operator}/catalogue-differences")
}

async fn differences(clerk: &Person, operator: &str) -> Value {
    clerk.client.get(&path(operator)).await.expect(200)
}

async fn take(clerk: &Person, operator: &str, shown: &Value) -> Answer {
    clerk.client.post(&path(operator), &json!({ "fingerprint": shown["fingerprint"] })).await
}

fn texts(shown: &Value) -> Vec<String> {
    shown["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| item["text"].as_str().unwrap().to_owned())
        .collect()
}

/// What the operator's supplier sells from now on, as changes of what it sold at the start.
async fn sells(world: &World, operator: &str, changes: Value) {
    world.control(Method::PUT, &format!("goods/{operator}"), &changes).await.expect(200);
}

/// The supplier's codes of a product and of an adult.
fn codes(operator: &str, product: &str) -> [String; 2] {
    let catalogue = Catalogue::embedded().unwrap();
    let operator = catalogue.operator(operator).unwrap();
    [
        operator.product(product).unwrap().code.clone(),
        operator.category("adult").unwrap().code.clone(),
    ]
}

/// Another price for an adult's day ticket on one day; `null`: none.
fn price(operator: &str, day: NaiveDate, cents: impl Into<Value>) -> Value {
    let [product, category] = codes(operator, "day");
    json!({ "prices": [{ "product": product, "category": category, "from": day, "to": day, "cents": cents.into() }] })
}

fn euro(cents: i64) -> String {
    format!("{}.{:02}", cents / 100, cents % 100)
}

async fn offered(world: &World, operator: &str) -> BTreeMap<String, i64> {
    let path =
        format!("/api/v1/operators/{operator}/offers?day={}&birth_date={ADULT}", world.ski_day());
    let offers = world.guest.get(&path).await.expect(200);
    let one = |offer: &Value| {
        (offer["product"].as_str().unwrap().to_owned(), offer["price"]["amount"].as_i64().unwrap())
    };
    offers["items"].as_array().unwrap().iter().map(one).collect()
}

async fn the_samples_agree_with_their_suppliers(database: Database) {
    let world = World::start(database).await;
    let clerk = world.clerk().await;
    let catalogue = Catalogue::embedded().unwrap();
    assert_eq!(catalogue.operators().len(), 12);
    for operator in catalogue.operators() {
        let shown = differences(&clerk, &operator.key).await;
        assert_eq!(texts(&shown), [""; 0], "{}", operator.key);
        assert_eq!(shown["held_back"], "Nothing differs that can be taken.");
        take(&clerk, &operator.key, &shown).await.expect_problem(409, "nothing-to-take");
    }
}

async fn a_price_is_shown_then_taken_and_older_offers_keep_theirs(database: Database) {
    let world = World::start(database).await;
    let (anna, clerk) = tokio::join!(world.skier("Anna"), world.clerk());
    let day = world.ski_day();
    for operator in OPERATORS {
        let before = world.offer(operator, day, ADULT).await;
        let lines = world.basket(&anna, &[operator]).await;
        sells(&world, operator, price(operator, day, 9900)).await;
        let shown = differences(&clerk, operator).await;
        let words =
            format!("product day, adult, {day} to {day}: {} → 99.00 EUR", euro(before.cents));
        assert_eq!(texts(&shown), [words]);
        let item = &shown["items"][0];
        assert_eq!(
            (&item["kind"], &item["can_be_accepted"], &item["there"]["amount"]),
            (&json!("price"), &json!(true), &json!(9900))
        );
        assert_eq!(offered(&world, operator).await["day"], before.cents, "showing changes nothing");
        assert_eq!(differences(&clerk, operator).await, shown, "twice is the same");

        take(&clerk, operator, &shown).await.expect(200);
        eventually("the new price is offered", async || {
            (offered(&world, operator).await["day"] == 9900).then_some(())
        })
        .await;
        assert_eq!(texts(&differences(&clerk, operator).await), [""; 0]);
        take(&clerk, operator, &shown).await.expect_problem(409, "changed-meanwhile");
        let next_day = world.offer(operator, day.succ_opt().unwrap(), ADULT).await;
        assert_ne!(next_day.cents, 9900, "only the days that cost otherwise");

        let order = anna.place(&lines, "undo", &new_key()).await.expect(202);
        assert_eq!(order["total"]["amount"], before.cents, "the price that was shown holds");
        world.pay(&anna.wait_for_page(order["id"].as_str().unwrap()).await, "reserved").await;
        anna.wait_for(order["id"].as_str().unwrap(), &["finished"]).await;
        let entries =
            clerk.client.get(&format!("/api/v1/admin/audit?subject={operator}")).await.expect(200);
        assert_eq!(entries["items"].as_array().unwrap().len(), 1, "{entries}");
        assert_eq!(entries["items"][0]["action"], "catalogue.refresh");
        assert_eq!(
            entries["items"][0]["reason"],
            format!("differences {}", shown["fingerprint"].as_str().unwrap())
        );
    }
    world.clean_slate().await;
}

async fn a_withdrawn_product_goes_and_its_open_orders_are_served(database: Database) {
    let world = World::start(database).await;
    let (anna, clerk) = tokio::join!(world.skier("Anna"), world.clerk());
    for operator in OPERATORS {
        let order = world.order_to_pay(&anna, &[operator], "undo").await;
        let [code, _] = codes(operator, "day");
        sells(&world, operator, json!({ "withdrawn": [code], "added": ["77/77"] })).await;
        let shown = differences(&clerk, operator).await;
        let gone = format!("product day is not sold there any more (code {code})");
        let new = "a product is sold there and not known here: Product 77/77 (code 77/77); import it to sell it";
        assert_eq!(texts(&shown), [gone.as_str(), new]);
        take(&clerk, operator, &shown).await.expect(200);
        let is_gone = async || (!offered(&world, operator).await.contains_key("day")).then_some(());
        eventually("the product is not offered any more", is_gone).await;
        let left = differences(&clerk, operator).await;
        assert_eq!(texts(&left), [new], "what is new must be imported");
        take(&clerk, operator, &left).await.expect_problem(409, "nothing-to-take");

        sells(&world, operator, json!({})).await;
        world.pay(&order, "reserved").await;
        anna.wait_for(order["id"].as_str().unwrap(), &["finished"]).await;
    }
    world.clean_slate().await;
}

async fn an_answer_that_is_not_whole_changes_nothing_and_says_so(database: Database) {
    let world = World::start(database).await;
    let (anna, clerk) = tokio::join!(world.skier("Anna"), world.clerk());
    let day = world.ski_day();
    for (operator, supplier, operations) in [
        ("solden", "dta", ["GetCatalog"; 3]),
        ("obertauern", "axess", ["getpools", "gettariff", "getpersontypes"]),
    ] {
        let before = offered(&world, operator).await;
        let cents = before["day"];
        sells(&world, operator, price(operator, day, 9900)).await;
        for (operation, fault) in
            operations.into_iter().zip(["garbage", "truncate", "business_error"])
        {
            let order = json!({ "supplier": supplier, "operator": operator, "operation": operation, "fault": fault });
            world.fault(order).await;
            clerk.client.get(&path(operator)).await.expect_problem(502, "no-whole-answer");
            world.clear_faults().await;
        }
        let whole = differences(&clerk, operator).await;
        world
            .fault(
                json!({ "supplier": supplier, "operator": operator, "fault": "refuse_connection" }),
            )
            .await;
        take(&clerk, operator, &whole).await.expect_problem(503, "unavailable");
        world.clear_faults().await;

        let withdrawn: Vec<String> =
            before.keys().map(|product| codes(operator, product)[0].clone()).collect();
        sells(&world, operator, json!({ "withdrawn": withdrawn })).await;
        clerk.client.get(&path(operator)).await.expect_problem(502, "no-whole-answer");
        sells(&world, operator, json!({ "withdrawn": withdrawn[1..] })).await;
        held_back(
            &clerk,
            operator,
            "More than half of what is sold here is missing in the supplier's answer.",
        )
        .await;
        sells(&world, operator, json!({ "closed_categories": [codes(operator, "day")[1]] })).await;
        held_back(
            &clerk,
            operator,
            "A person category of ours is missing in the supplier's answer.",
        )
        .await;
        sells(&world, operator, price(operator, day, Value::Null)).await;
        let shown = held_back(
            &clerk,
            operator,
            "Prices of what is sold here are missing in the supplier's answer.",
        )
        .await;
        assert_eq!(shown["items"][0]["kind"], "unpriced", "{shown}");

        sells(&world, operator, json!({})).await;
        assert_eq!(offered(&world, operator).await, before);
        let hang = json!({ "supplier": supplier, "operator": operator, "operation": operations[0], "fault": "hang" });
        world.fault(hang).await;
        let slow = async {
            clerk.client.get(&path(operator)).await.expect_problem(502, "no-whole-answer");
        };
        let sold = async {
            let order = world.bought(&anna, &[operator]).await;
            assert_eq!(order["total"]["amount"], cents, "a silent list keeps nobody from buying");
            world.clear_faults().await;
        };
        tokio::join!(slow, sold);
    }
    let entries = clerk.client.get("/api/v1/admin/audit").await.expect(200);
    assert_eq!(entries["items"], json!([]), "nothing was done");
    world.clean_slate().await;
}

/// Shows what differs, and that nothing of it can be taken.
async fn held_back(clerk: &Person, operator: &str, why: &str) -> Value {
    let shown = differences(clerk, operator).await;
    assert_eq!(shown["held_back"], why, "{shown:#}");
    take(clerk, operator, &shown).await.expect_problem(409, "nothing-to-take");
    shown
}

async fn what_has_changed_since_it_was_shown_is_not_taken(database: Database) {
    let world = World::start(database).await;
    let (anna, clerk) = tokio::join!(world.skier("Anna"), world.clerk());
    let day = world.ski_day();
    let before = offered(&world, "solden").await;
    sells(&world, "solden", price("solden", day, 9900)).await;
    let shown = differences(&clerk, "solden").await;
    sells(&world, "solden", price("solden", day, 9950)).await;
    take(&clerk, "solden", &shown).await.expect_problem(409, "changed-meanwhile");
    let shown = differences(&clerk, "solden").await;
    let file = world.folder().join("solden.toml");
    let area = std::fs::read_to_string(format!(
        "{}/catalogue/areas/solden.toml",
        env!("CARGO_MANIFEST_DIR")
    ))
    .unwrap();
    std::fs::write(&file, area.replace("child = 4100", "child = 4150")).unwrap();
    let imported = world.command(&["import", "operators", file.to_str().unwrap(), "--take"]);
    assert_eq!(imported.code, 0, "{}", imported.log);
    take(&clerk, "solden", &shown).await.expect_problem(409, "changed-meanwhile");
    assert_eq!(offered(&world, "solden").await, before);

    sells(&world, "solden", price("solden", day, 5)).await;
    let shown = differences(&clerk, "solden").await;
    take(&clerk, "solden", &shown).await.expect_problem(409, "cannot-be-sold");
    clerk.client.get(&path("nowhere")).await.expect_problem(404, "not-found");
    anna.client.get(&path("solden")).await.expect_problem(403, "forbidden");
    anna.client
        .post(&path("solden"), &json!({ "fingerprint": shown["fingerprint"] }))
        .await
        .expect_problem(403, "forbidden");
    world.guest.get(&path("solden")).await.expect_problem(401, "unauthenticated");
}

async fn the_command_line_shows_and_takes(database: Database) {
    let world = World::start(database).await;
    let day = world.ski_day();
    for operator in OPERATORS {
        let cents = offered(&world, operator).await["day"];
        let refresh = refreshing(&world, operator).await;
        let same = refresh(&[]);
        assert_eq!((same.code, same.says.as_str()), (0, "Nothing differs.\n"), "{}", same.log);
        sells(&world, operator, price(operator, day, 9900)).await;
        let shown = refresh(&[]);
        let first = format!("~ product day, adult, {day} to {day}: {} → 99.00 EUR\n", euro(cents));
        assert!(shown.says.starts_with(&first), "{} {}", shown.says, shown.log);
        let fingerprint =
            shown.says.split("--take ").nth(1).unwrap().split(' ').next().unwrap().to_owned();
        let other = refresh(&["--take", "0123456789abcdef"]);
        assert_eq!((other.code, other.says.as_str()), (1, ""));
        assert!(
            other.log.contains("look at it again") && other.log.contains(&fingerprint),
            "{}",
            other.log
        );
        let taken = refresh(&["--take", &fingerprint]);
        assert!(taken.says.starts_with("Taken as version "), "{} {}", taken.says, taken.log);
        eventually("the server follows", async || {
            (offered(&world, operator).await["day"] == 9900).then_some(())
        })
        .await;
        world.fault(json!({ "supplier": if operator == "solden" { "dta" } else { "axess" }, "operator": operator, "fault": "garbage" })).await;
        let garbage = refresh(&[]);
        assert_eq!((garbage.code, garbage.says.as_str()), (1, ""));
        assert!(garbage.log.contains("nothing was changed"), "{}", garbage.log);
        world.clear_faults().await;
    }
}

/// `starjack refresh OPERATOR` with a configuration that has the operator's credentials.
async fn refreshing<'a>(world: &'a World, operator: &'a str) -> impl Fn(&[&str]) -> Ran + 'a {
    let endpoints = world.control(Method::GET, "endpoints", &Value::Null).await.expect(200);
    let contract = format!("{}/{operator}", if operator == "solden" { "dta" } else { "axess" });
    let access = endpoints[&contract].as_object().unwrap();
    let text = |(name, value): (&String, &Value)| Some(format!("{name} = {:?}\n", value.as_str()?));
    let credentials: String =
        access.iter().filter(|(name, _)| *name != "url").filter_map(text).collect();
    let section = format!(
        "[contracts.{operator}]\nendpoint = {}\n[contracts.{operator}.credentials]\n{credentials}",
        access["url"]
    );
    let file = world.folder().join(format!("{operator}-contract.toml"));
    std::fs::write(&file, section).unwrap();
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/config");
    let files = [
        format!("{root}/base.toml"),
        format!("{root}/test.toml"),
        file.to_str().unwrap().to_owned(),
    ];
    move |more: &[&str]| {
        let mut words = vec!["refresh", operator];
        words.extend(more);
        files.iter().for_each(|file| words.extend(["--config", file]));
        world.command(&words)
    }
}

#[tokio::test]
async fn every_replica_follows() {
    let world = World::start(Database::Postgres).await;
    let (clerk, other) = tokio::join!(world.clerk(), world.another_server());
    sells(&world, "solden", price("solden", world.ski_day(), 9900)).await;
    let shown = differences(&clerk, "solden").await;
    take(&clerk, "solden", &shown).await.expect(200);
    let guest = crate::support::Client::new(other.api());
    let path =
        format!("/api/v1/operators/solden/offers?day={}&birth_date={ADULT}", world.ski_day());
    eventually("the other replica sells by the new price", async || {
        (guest.get(&path).await.expect(200)["items"][0]["price"]["amount"] == 9900).then_some(())
    })
    .await;
}
