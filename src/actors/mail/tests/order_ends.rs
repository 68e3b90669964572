//! E-mails about orders.

use super::super::payload::{OrderEmail, order_email};
use super::*;

#[tokio::test]
async fn a_finished_order_tells_of_tickets_refusals_money_and_brings_its_invoice() {
    let desk = desk().await;
    let id = Uuid::new_v4();
    let lines = vec![line(id, 1, "Issued", None), line(id, 2, "Refused", Some("card_blocked"))];
    insert(&desk.io, order(id, "Finished", None), lines, vec![paid(id, 1, "Billed", (0, 0))]).await;
    issue_invoice(&desk.io, id).await;
    let email = desk.email(&order_email(OrderEmail::Finished, id, 7).unwrap()).await;
    assert_eq!(email.to, "skier@example.org");
    assert_eq!(
        email.subject,
        "[simulated] Order A0123456789: 1 of 2 tickets are on their keycards"
    );
    assert_says(
        &email,
        &[
            "Hello Sam,",
            "Day ticket, adult, Solden",
            "24 December 2026, Žofia O'Hara <script>",
            "€72.00",
            "Not on their keycards, and not charged:",
            "Day ticket, child, Solden",
            "the keycard is blocked there",
            "Charged: €72.00. Your invoice STAR-2026-000001 is attached.",
            &format!("https://shop.example/orders/{id}"),
        ],
    );
    assert!(
        !email.text.contains("€43.50") && !email.text.contains("1614"),
        "the card's number is not spelled out"
    );
    let [invoice] = email.attachments.as_slice() else { panic!("one attachment") };
    assert_eq!(
        (invoice.name.as_str(), invoice.media_type),
        ("STAR-2026-000001.pdf", "application/pdf")
    );
    assert!(invoice.content.starts_with(b"%PDF"));
}

#[tokio::test]
async fn an_email_says_which_ticket_its_buyer_may_withdraw_from_in_both_languages() {
    for (language, right, none, of_season) in [
        (
            Language::En,
            "14 days from the purchase to withdraw",
            "No right of withdrawal",
            "This is for: Season, adult, Solden.",
        ),
        (
            Language::De,
            "14 Tage Rücktrittsrecht ab dem Kauf",
            "Kein Rücktrittsrecht",
            "Das gilt für: Saisonkarte, Erwachsene.",
        ),
    ] {
        let desk = desk_in(language).await;
        for (products, says_right, says_none) in [
            (&["season", "season"][..], true, false),
            (&["day", "day"], false, true),
            (&["season", "day", "season"], true, true),
            (&["gone"], false, false),
        ] {
            let id = Uuid::new_v4();
            let number = OrderNumber::draw(Epoch::FIRST).to_string();
            let lines = (1..).zip(products).map(|(no, product)| order_line::Model {
                product: (*product).into(),
                reference: format!("{number}-{no}"),
                category: "adult".into(),
                ..line(id, no, "issued", None)
            });
            let order = orders::Model { number: number.clone(), ..order(id, "Finished", None) };
            insert_for(language, &desk.io, order, (lines.collect(), vec![])).await;
            let email = desk.email(&order_email(OrderEmail::Finished, id, 7).unwrap()).await;
            let mixed = says_right && says_none;
            for part in [&email.text, &email.html] {
                let count = |words: &str| part.matches(words).count();
                assert_eq!(count(right), usize::from(says_right), "{products:?}: {part}");
                assert_eq!(count(none), usize::from(says_none), "{products:?}: {part}");
                assert_eq!(count(of_season), usize::from(mixed), "{products:?}: {part}");
            }
            assert!(!email.text.contains("\n\n\n\n"), "{}", email.text);
        }
    }
}

#[tokio::test]
async fn an_order_that_cost_nothing_has_no_invoice_to_speak_of() {
    let desk = desk().await;
    let id = Uuid::new_v4();
    let free = order_line::Model { price_cents: 0, ..line(id, 1, "issued", None) };
    insert(
        &desk.io,
        orders::Model { wanted_payment: None, ..order(id, "Finished", None) },
        vec![free],
        vec![],
    )
    .await;
    let email = desk.email(&order_email(OrderEmail::Finished, id, 7).unwrap()).await;
    assert_eq!(email.subject, "[simulated] Order A0123456789: your ticket is on its keycard");
    assert_says(&email, &["Charged: €0.00."]);
    assert!(!email.text.contains("invoice") && email.attachments.is_empty());
}

#[tokio::test]
async fn an_invoice_that_cannot_be_had_delays_an_email_but_does_not_keep_it() {
    let desk = desk().await;
    let id = Uuid::new_v4();
    insert(&desk.io, order(id, "Finished", None), vec![line(id, 1, "issued", None)], vec![]).await;
    issue_invoice(&desk.io, id).await;
    std::fs::write(desk.folder.path().join("invoices"), "in the way").unwrap();
    let job = order_email(OrderEmail::Finished, id, 7).unwrap();
    assert!(matches!(desk.work_off(&job, 3).await, JobEnd::Again { .. }));
    assert_eq!(desk.work_off(&job, 4).await, JobEnd::Done);
    let email = desk.pillar.taken.borrow_mut().pop().unwrap();
    assert_says(&email, &["Your invoice STAR-2026-000001 waits on the page of your order."]);
    assert!(email.attachments.is_empty());
}

#[tokio::test]
async fn the_other_ends_say_why_and_where_the_money_is() {
    let desk = desk().await;
    for (email, state, refusal, payment, wanted) in [
        (
            OrderEmail::Rejected,
            "Rejected",
            "not_paid",
            ("Closed", 0, 0),
            vec!["it was not paid in time", "Nothing was charged"],
        ),
        (
            OrderEmail::Undone,
            "Undone",
            "patience_over",
            ("Reversed", 0, 0),
            vec!["€115.50 that were reserved are free again"],
        ),
        (
            OrderEmail::Undone,
            "Undone",
            "card_blocked: 12",
            ("Returned", 11_550, 0),
            vec!["keycard is blocked", "We gave €115.50 back"],
        ),
        (
            OrderEmail::Undone,
            "Undone",
            "new slug",
            ("Billed", 0, 11_550),
            vec!["We owe you €115.50", "not possible this time"],
        ),
    ] {
        let id = Uuid::new_v4();
        let (money, returned, owed) = payment;
        let number = OrderNumber::draw(Epoch::FIRST).to_string();
        let order = orders::Model { number: number.clone(), ..order(id, state, Some(refusal)) };
        let line =
            order_line::Model { reference: number.clone(), ..line(id, 1, "Withdrawn", None) };
        insert(&desk.io, order, vec![line], vec![paid(id, 1, money, (returned, owed))]).await;
        let email = desk.email(&order_email(email, id, 7).unwrap()).await;
        assert_says(&email, &wanted);
        assert!(email.subject.contains(&number) && email.attachments.is_empty());
    }
}

#[tokio::test]
async fn a_rejected_order_names_the_tickets_that_were_refused_and_no_others() {
    let desk = desk().await;
    let id = Uuid::new_v4();
    let lines = vec![line(id, 1, "Wanted", None), line(id, 2, "Refused", Some("card_full"))];
    insert(&desk.io, order(id, "Rejected", Some("card_full")), lines, vec![]).await;
    let email = desk.email(&order_email(OrderEmail::Rejected, id, 3).unwrap()).await;
    assert_says(&email, &["Day ticket, child, Solden", "no room for a further ticket"]);
    assert!(!email.text.contains("adult") && !email.html.contains("adult"));
}

#[tokio::test]
async fn money_of_another_payment_is_told_with_that_payments_amounts() {
    let desk = desk().await;
    let id = Uuid::new_v4();
    let second = payment::Model { amount_cents: 99, ..paid(id, 2, "Reversed", (0, 0)) };
    let payments = vec![paid(id, 1, "Billed", (0, 0)), second];
    insert(&desk.io, order(id, "Finished", None), vec![line(id, 1, "issued", None)], payments)
        .await;
    let email = desk.email(&order_email(OrderEmail::MoneyReturned(2), id, 9).unwrap()).await;
    assert_says(
        &email,
        &[
            "The €0.99 were only reserved and are free again",
            "Your order itself is not changed by this",
        ],
    );
}

#[tokio::test]
async fn a_customer_who_speaks_german_is_written_to_in_german() {
    let desk = desk().await;
    let id = Uuid::new_v4();
    let several = order_line::Model { valid_to: date("2026-12-29"), ..line(id, 1, "issued", None) };
    let lines = vec![several, line(id, 2, "Refused", Some("card_blocked"))];
    let order = order(id, "Finished", None);
    insert_for(Language::De, &desk.io, order, (lines, vec![paid(id, 1, "Billed", (0, 120_050))]))
        .await;
    let email = desk.email(&order_email(OrderEmail::Finished, id, 7).unwrap()).await;
    assert_eq!(
        email.subject,
        "[simuliert] Bestellung A0123456789: 1 von 2 Tickets sind auf ihren Keycards"
    );
    assert_says(
        &email,
        &[
            "Guten Tag Sam Skier,",
            "gültig von 24. Dezember 2026 bis 29. Dezember 2026",
            "72,00 €",
            "die Keycard ist dort gesperrt",
            "Wir schulden Ihnen noch 1.200,50 € und überweisen den Betrag",
        ],
    );
}
