//! One ticket of several is refused when it is to be issued: the customer said beforehand what
//! then.

use serde_json::{Value, json};

use crate::support::{Database, World, both_databases};

both_databases!(
    a_refused_line_undoes_the_whole_order_when_that_was_wished,
    a_refused_line_leaves_the_others_when_that_was_wished,
    an_order_of_which_nothing_is_issued_is_undone_also_when_the_rest_was_to_be_kept,
);

/// An order at both gates that is paid while Sölden refuses to issue; the refusal is met before the
/// end.
async fn refused_at_solden(
    world: &World,
    operators: &[&str],
    on_refusal: &str,
    end: &str,
) -> Value {
    let anna = world.skier("Anna").await;
    let fault = json!({ "supplier": "dta", "operator": "solden", "operation": "CreateOrder",
        "fault": "business_error", "value": "MediumFull" });
    world.fault(fault).await;
    let order = world.order_to_pay(&anna, operators, on_refusal).await;
    world.pay(&order, "reserved").await;
    anna.wait_for(order["id"].as_str().unwrap(), &[end]).await
}

async fn a_refused_line_undoes_the_whole_order_when_that_was_wished(database: Database) {
    let world = World::start(database).await;
    let order = refused_at_solden(&world, &["obertauern", "solden"], "undo", "undone").await;
    assert_eq!(order["lines"][1]["reason"]["code"], "card_full", "{order:#}");
    assert_eq!(order["invoices"], json!([]));
    world.clean_slate().await;
}

async fn a_refused_line_leaves_the_others_when_that_was_wished(database: Database) {
    let world = World::start(database).await;
    let order = refused_at_solden(&world, &["obertauern", "solden"], "keep", "finished").await;
    let kept = &order["lines"][0];
    let refused = &order["lines"][1];
    assert_eq!((&kept["state"], &refused["state"]), (&json!("issued"), &json!("refused")));
    assert_eq!(refused["reason"]["code"], "card_full");
    world.clean_slate().await;
    let ledger = world.ledger().await;
    let emails = ledger.emails_about(order["number"].as_str().unwrap());
    let subject = emails[0]["subject"].as_str().unwrap();
    assert!(subject.contains("1 of 2 tickets"), "{subject}");
}

async fn an_order_of_which_nothing_is_issued_is_undone_also_when_the_rest_was_to_be_kept(
    database: Database,
) {
    let world = World::start(database).await;
    let order = refused_at_solden(&world, &["solden"], "keep", "undone").await;
    assert_eq!(order["lines"][0]["state"], "refused");
    world.clean_slate().await;
}
