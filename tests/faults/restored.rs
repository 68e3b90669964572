//! A backup is restored: the suppliers' world is newer than ours. What had not ended in the backup
//! ends right, no ticket is booked again, and no number, reference or invoice number is given out
//! twice.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::Duration;

use serde_json::Value;
use starjack::clock::{self, Deadline};

use crate::crowd::{Crowd, TIMES};
use crate::support::{Database, Ledger, World, check_known, eventually};

on_postgres!(a_backup_that_is_restored_books_no_ticket_again_and_gives_out_no_number_twice);

const ORDERS: usize = 40;
/// Placed after the backup was taken.
const LATE: usize = 10;
/// Pages of the backup end, are looked after, and their orders end.
const PATIENCE: Duration = Duration::from_secs(150);
const CONFIGURATION: i32 = 78;

async fn a_backup_that_is_restored_books_no_ticket_again_and_gives_out_no_number_twice() {
    let mut world = World::with(Database::Postgres, &TIMES).await;
    let anna = world.skier("Anna").await;
    let before = world.bought(&anna, &["solden", "obertauern"]).await;
    let open = world.order_to_pay(&anna, &["ischgl", "saalbach"], "undo").await;
    let crowd = Crowd::gather(&world, 10).await;
    // customers order and pay while the backup is taken, and go on afterwards
    let (backup, (), ()) = tokio::join!(
        async {
            // some wait for their page, some for their payer, some are paid
            eventually("the first payments", async || {
                (world.ledger().await.of("mpay24").len() >= ORDERS / 4).then_some(())
            })
            .await;
            world.back_up().await
        },
        crowd.place(ORDERS),
        crowd.pay(ORDERS),
    );
    world.pay(&open, "reserved").await;
    anna.wait_for(open["id"].as_str().unwrap(), &["finished"]).await;
    let late = Crowd::gather(&world, 5).await;
    tokio::join!(late.place(LATE), late.pay(LATE));
    let lost = world.bought(&anna, &["solden", "saalbach"]).await;
    world.clean_slate_within(PATIENCE).await;
    let told = world.command(&["restored", "--newest", number(&lost)]);
    assert!(told.code == 1 && told.log.contains("a server runs on this database"), "{told:?}");

    world.kill_9();
    let old = world.ledger().await;
    world.restore(&backup).await;
    let refused = world.command(&["serve"]);
    assert!(
        refused.code == CONFIGURATION && refused.log.contains("this database is a copy"),
        "{refused:?}"
    );
    tell(&world, number(&lost), 'B').await;
    world.restart().await;

    let new_crowd = Crowd::gather(&world, 10).await;
    tokio::join!(new_crowd.place(ORDERS), new_crowd.pay(ORDERS));
    let known = all_end_right(&world).await;
    assert!(
        known.contains(number(&before))
            && known.contains(number(&open))
            && !known.contains(number(&lost))
    );
    let all = crowd.numbers().len() + late.numbers().len();
    let known_of_late = late.numbers().intersection(&known).count();
    let forgotten =
        crowd.numbers().difference(&known).count() + late.numbers().difference(&known).count();
    eprintln!("{forgotten} of {all} orders are not in the backup");
    assert_eq!(known_of_late, 0, "what was placed after the backup is not in it");
    assert!(
        new_crowd.numbers().iter().all(|number| number.starts_with('B')),
        "{:?}",
        new_crowd.numbers()
    );
    nothing_was_given_out_twice(&old, &world.ledger().await);

    restored_once_more(&mut world, &backup, new_crowd.numbers().first().unwrap()).await;
}

/// The same backup does not know of the letter that its last restore moved on to; the newest order
/// does.
async fn restored_once_more(world: &mut World, backup: &Path, newest: &str) {
    world.kill_9();
    world.restore(backup).await;
    tell(world, newest, 'C').await;
}

/// Says that a backup was restored, once the servers that it remembers count as dead.
async fn tell(world: &World, newest: &str, email: char) {
    let told = eventually("the backup's servers count as dead", async || {
        let told = world.command(&["restored", "--newest", newest]);
        (told.code == 0).then_some(told)
    })
    .await;
    assert!(told.says.contains(&format!("New order numbers begin with {email}")), "{told:?}");
}

/// Waits until every order that the shop knows has ended as the suppliers' ledger says, and gives
/// their numbers.
async fn all_end_right(world: &World) -> BTreeSet<String> {
    let deadline = Deadline::after(PATIENCE);
    loop {
        let orders = world.all_orders().await.unwrap();
        let wrong = check_known(&orders, &world.ledger().await);
        if wrong.is_empty() {
            return orders.iter().map(|(_, order)| number(order).to_owned()).collect();
        }
        assert!(!deadline.is_over(), "after {PATIENCE:?} still:\n{}", wrong.join("\n"));
        clock::sleep(Duration::from_millis(500)).await;
    }
}

/// One booking a reference and one order an invoice number, over both lives of the shop.
fn nothing_was_given_out_twice(old: &Ledger, now: &Ledger) {
    let old_references: BTreeSet<String> = references(old).into_iter().collect();
    assert!(old_references.iter().all(|reference| !reference.starts_with('B')));
    let mut seen = BTreeSet::new();
    for reference in references(now) {
        assert!(seen.insert(reference.clone()), "{reference} was booked twice");
    }
    let mut orders: BTreeMap<String, String> = BTreeMap::new();
    for email in now.of("mailgun") {
        for attachment in email["attachments"].as_array().unwrap() {
            let invoice = attachment["filename"]
                .as_str()
                .unwrap_or_else(|| panic!("{attachment}"))
                .to_owned();
            let subject = email["subject"].as_str().unwrap().to_owned();
            let first = orders.entry(invoice.clone()).or_insert_with(|| subject.clone());
            assert_eq!(*first, subject, "two orders have the invoice {invoice}");
        }
    }
    let series: BTreeSet<&str> =
        orders.keys().map(|invoice| invoice.rsplit_once('-').unwrap().0).collect();
    assert!(orders.len() > ORDERS && series.len() == 2, "{series:?}");
}

fn references(ledger: &Ledger) -> Vec<String> {
    ledger.bookings().into_iter().map(|booking| booking.reference).collect()
}

fn number(order: &Value) -> &str {
    order["number"].as_str().unwrap()
}
