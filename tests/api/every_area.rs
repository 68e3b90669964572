//! One basket over every area that is sold, and over a border.

use serde_json::json;

use crate::support::{
    ADULT, Database, World, area_file, areas, eventually, listed, new_key, postgres_alone, text_of,
    ticket,
};

postgres_alone!(
    one_basket_holds_a_ticket_of_every_area,
    each_country_has_its_own_tax_on_the_invoice
);

async fn one_basket_holds_a_ticket_of_every_area(database: Database) {
    let world = World::start(database).await;
    let anna = world.skier("Anna").await;
    let areas = areas();
    assert_eq!(areas.len(), 12);
    let order = world.order_to_pay(&anna, &areas, "undo").await;
    let total: i64 = areas.iter().map(|area| listed(area, "day", world.ski_day())).sum();
    assert_eq!(order["total"], json!({ "amount": total, "currency": "EUR" }));
    world.pay(&order, "reserved").await;
    let order = anna.wait_for(order["id"].as_str().unwrap(), &["finished"]).await;
    world.clean_slate().await;
    let ledger = world.ledger().await;
    let number = order["number"].as_str().unwrap();
    let mut booked: Vec<String> =
        ledger.bookings_of(number).into_iter().map(|booking| booking.operator).collect();
    booked.sort_unstable();
    assert_eq!(booked, areas, "each area once");
    assert_eq!(ledger.held(number), total);
}

/// An area on the other side of the border, with the contract of one that is in the sample.
fn abroad(endpoint: &str, country: &str) -> String {
    let contract =
        format!("[operator.contract]\ncredentials = \"stubai\"\nendpoint = \"{endpoint}\" #");
    let text = area_file("stubai", "endpoint = ", "# endpoint = ").replacen(
        "[operator.contract]",
        &contract,
        1,
    );
    let key = format!("key = \"{}land\"", country.to_lowercase());
    let text = text.replacen("key = \"stubai\"", &key, 1).replacen(
        "name = ",
        &format!("name = \"{country}land\" #"),
        1,
    );
    text.replacen("country = \"AT\"", &format!("country = \"{country}\""), 1)
}

fn rate(country: &str, permille: i32) -> String {
    format!(
        "[[vat]]\ncountry = \"{country}\"\nfrom = \"2026-01-01\"\nto = \"2027-12-31\"\npermille = {permille}\n"
    )
}

async fn each_country_has_its_own_tax_on_the_invoice(database: Database) {
    let world = World::start(database).await;
    let anna = world.skier("Anna").await;
    let endpoint = world.endpoint("dta/stubai").await;
    world.import(
        "abroad.toml",
        &[rate("DE", 70), rate("IT", 100), abroad(&endpoint, "DE"), abroad(&endpoint, "IT")]
            .concat(),
    );
    eventually("both are sold", async || {
        let known = ["deland", "itland"].map(|key| format!("/api/v1/operators/{key}"));
        let [de, it] = [world.guest.get(&known[0]).await, world.guest.get(&known[1]).await];
        (de.status == 200 && it.status == 200).then_some(())
    })
    .await;
    let day = world.ski_day();
    let mut lines = Vec::new();
    let mut cents = Vec::new();
    for (operator, vat_rate) in
        [("solden", 10.0), ("deland", 7.0), ("itland", 10.0), ("ischgl", 10.0)]
    {
        let offer = world.product(operator, "day", day, ADULT).await;
        assert_eq!(offer["vat_rate"], vat_rate, "{offer:#}");
        let offer = crate::support::Offer::of(&offer);
        cents.push(offer.cents);
        lines.push(ticket(&offer, &anna.card_dta().await, "Anna", ADULT));
    }
    let placed = anna.place(&lines, "undo", &new_key()).await.expect(202);
    let id = placed["id"].as_str().unwrap();
    world.pay(&anna.wait_for_page(id).await, "reserved").await;
    let order = anna.wait_for(id, &["finished"]).await;
    assert_eq!(
        world.ledger().await.held(order["number"].as_str().unwrap()),
        cents.iter().sum::<i64>()
    );
    let invoice = anna.client.get(order["invoices"][0]["url"].as_str().unwrap()).await;
    let text = text_of(&invoice.bytes);
    let rows: Vec<String> =
        text.lines().map(|row| row.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
    for (country, percent, gross) in
        [("AT", 10, cents[0] + cents[3]), ("DE", 7, cents[1]), ("IT", 10, cents[2])]
    {
        let net = (gross * 200 + 100 + percent) / (2 * (100 + percent));
        let amount = |cents: i64| format!("{}.{:02}", cents / 100, cents % 100);
        let row = format!(
            "{country} {percent}% {} {} {}",
            amount(net),
            amount(gross - net),
            amount(gross)
        );
        assert!(rows.contains(&row), "{row} is not in:\n{text}");
    }
    // no clean slate: the supplier books the tickets abroad under the name of the operator whose
    // contract was lent
}
