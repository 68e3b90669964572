//! After a restore, the day is compared: what was sold after the backup, and of which the backup
//! knows nothing, is found at the suppliers, and agreeing to what is suggested makes every ticket
//! and every cent somebody's.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use chrono_tz::Europe::Vienna;
use serde_json::{Value, json};
use starjack::clock::{self, Deadline};

use crate::crowd::TIMES;
use crate::support::{Database, Ledger, Person, World, check_known, eventually};

on_postgres!(what_was_sold_after_the_backup_is_somebodys_once_the_day_was_compared);

/// The pages of the backup end, are looked after, and their orders end.
const PATIENCE: Duration = Duration::from_secs(120);

fn id(order: &Value) -> &str {
    order["id"].as_str().unwrap()
}

fn number(order: &Value) -> &str {
    order["number"].as_str().unwrap()
}

/// What happens after the backup to orders that are in it, and what is sold that is not; gives the
/// latter's numbers.
async fn goes_on(
    world: &World,
    anna: &Person,
    (waiting, cancelled): (&Value, &Value),
) -> Vec<String> {
    // its page fails, and a further one is paid by a method of which no list tells
    world.pay(waiting, "declined").await;
    let second = eventually("a further page", async || {
        anna.client
            .post(&format!("/api/v1/orders/{}/pages", id(waiting)), &json!({}))
            .await
            .expect(202);
        let page = anna.order(id(waiting)).await["payment"]["page_url"].as_str().map(str::to_owned);
        page.filter(|page| waiting["payment"]["page_url"] != **page)
    })
    .await;
    world.pay_with(&second, &json!({ "outcome": "billed" })).await.expect(200);
    anna.wait_for(id(waiting), &["finished"]).await;
    anna.cancel(id(cancelled)).await.expect(202);
    let paid = world.bought(anna, &["solden", "obertauern"]).await;
    let billed = world.order_to_pay(anna, &["saalbach"], "undo").await;
    let page = billed["payment"]["page_url"].as_str().unwrap();
    world.pay_with(page, &json!({ "outcome": "billed" })).await.expect(200);
    anna.wait_for(id(&billed), &["finished"]).await;
    // booked, and its money is only reserved when everything is lost
    world
        .fault(json!({ "supplier": "mpay24", "operation": "ManualClear", "fault": "reset_before" }))
        .await;
    let reserved = world.order_to_pay(anna, &["ischgl"], "undo").await;
    world.pay(&reserved, "reserved").await;
    anna.wait_for(id(&reserved), &["issued"]).await;
    [paid, billed, reserved].iter().map(|order| number(order).to_owned()).collect()
}

/// Everything that is nobody's: I1 to I3, over the orders that are known and those that are not.
fn nobodys(orders: &[(String, Value)], ledger: &Ledger) -> Vec<String> {
    let mut wrong = check_known(orders, ledger);
    let known: BTreeSet<&str> = orders.iter().map(|(_, order)| number(order)).collect();
    let of =
        |reference: &str| reference.split_once('-').map_or("", |(number, _)| number).to_owned();
    for booking in ledger.bookings().into_iter().filter(|booking| booking.is_live()) {
        if !known.contains(&*of(&booking.reference)) {
            wrong.push(format!("nobody's {booking:?}"));
        }
    }
    for payment in ledger.of("mpay24") {
        let number = of(payment["tid"].as_str().unwrap());
        if !known.contains(&*number)
            && (payment["state"] == "RESERVED" || ledger.held(&number) != 0)
        {
            wrong.push(format!("nobody's money {payment}"));
        }
    }
    wrong
}

/// Agrees to whatever is suggested until nothing is any more.
async fn agree_to_all(clerk: &Person) {
    let deadline = Deadline::after(PATIENCE);
    loop {
        let page = clerk.client.get("/api/v1/admin/cases?state=open&limit=100").await.expect(200);
        let open = page["items"].as_array().unwrap().clone();
        let suggested: Vec<&Value> =
            open.iter().filter(|case| case["action"].is_string()).collect();
        if suggested.is_empty() {
            assert!(open.is_empty(), "only staff can tell: {open:#?}");
            return;
        }
        for case in suggested.iter().filter(|case| case["agreed_at"].is_null()) {
            let path = format!("/api/v1/admin/cases/{}/agree", id(case));
            clerk.client.post(&path, &json!({ "reason": "a test agrees" })).await;
        }
        assert!(!deadline.is_over(), "still {suggested:#?}");
        clock::sleep(Duration::from_millis(300)).await;
    }
}

/// No reference is booked twice, no page is paid by two, and no invoice is of two orders.
fn nothing_was_given_out_twice(ledger: &Ledger, lost: &[String]) {
    let mut seen = BTreeSet::new();
    for booking in ledger.bookings() {
        assert!(seen.insert(booking.reference.clone()), "{} was booked twice", booking.reference);
    }
    let mut pages: BTreeMap<String, i64> = BTreeMap::new();
    for payment in ledger.of("mpay24").iter().filter(|payment| payment["state"] != "ERROR") {
        *pages.entry(payment["tid"].as_str().unwrap().to_owned()).or_default() += 1;
    }
    assert!(pages.values().all(|paid| *paid == 1), "{pages:?}");
    let mut orders: BTreeMap<String, String> = BTreeMap::new();
    for email in ledger.of("mailgun") {
        for attachment in email["attachments"].as_array().unwrap() {
            let subject = email["subject"].as_str().unwrap().to_owned();
            let invoice = attachment["filename"].as_str().unwrap().to_owned();
            assert_eq!(*orders.entry(invoice).or_insert_with(|| subject.clone()), subject);
        }
    }
    assert!(lost.iter().all(|number| number.starts_with('A')));
}

async fn what_was_sold_after_the_backup_is_somebodys_once_the_day_was_compared() {
    let mut world = World::with(Database::Postgres, &TIMES).await;
    let (anna, clerk) = tokio::join!(world.skier("Anna"), world.clerk());
    let before = world.bought(&anna, &["solden"]).await;
    let waiting = world.order_to_pay(&anna, &["ischgl"], "undo").await;
    let cancelled = world.order_to_pay(&anna, &["saalbach"], "undo").await;
    let backup = world.back_up().await;
    let lost = goes_on(&world, &anna, (&waiting, &cancelled)).await;
    world.kill_9();
    world.clear_faults().await;
    world.restore(&backup).await;
    eventually("the backup's server counts as dead", async || {
        (world.command(&["restored", "--newest", &lost[0]]).code == 0).then_some(())
    })
    .await;
    world.restart().await;

    // what the backup knows ends by itself: the further page was found, and its ticket
    let kept = anna.wait_for(id(&waiting), &["finished"]).await;
    assert_eq!(kept["number"], waiting["number"]);
    let next = world.bought(&anna, &["solden"]).await;
    assert!(number(&next).starts_with('B') && number(&before).starts_with('A'));
    eventually("what is known has ended right", async || {
        check_known(&world.all_orders().await.unwrap(), &world.ledger().await)
            .is_empty()
            .then_some(())
    })
    .await;
    let missed = nobodys(&world.all_orders().await.unwrap(), &world.ledger().await);
    assert_eq!(
        missed.len(),
        4 + 3,
        "four tickets and three payments are nobody's before: {missed:#?}"
    );

    let today = clock::now().with_timezone(&Vienna).date_naive().to_string();
    let compared = world.command(&["reconcile", "--day", &today]);
    assert_eq!(compared.code, 1, "{compared:?}");
    agree_to_all(&clerk).await;
    let ledger = world.ledger().await;
    assert_eq!(nobodys(&world.all_orders().await.unwrap(), &ledger), Vec::<String>::new());
    nothing_was_given_out_twice(&ledger, &lost);
    let again = world.command(&["reconcile", "--day", &today]);
    assert_eq!(again.code, 0, "both sides say the same: {again:?}");
}
