//! A customer who speaks German is spoken to in German: problems, reasons, the page, e-mails and
//! the invoice.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{
    ADULT, Answer, Database, Person, World, eventually, is_code, new_key, postgres_alone, text_of,
    ticket,
};

postgres_alone!(
    a_purchase_is_told_of_in_german_from_the_page_to_the_invoice,
    a_forgotten_password_is_replaced_by_a_code_from_a_german_email,
    a_refusal_says_in_the_asked_language_what_to_do,
);

async fn speaks_german(skier: &Person) {
    let change = skier
        .client
        .request(Method::PATCH, "/api/v1/accounts/me")
        .json(&json!({ "language": "de" }));
    assert_eq!(Answer::to(change).await.unwrap().expect(200)["language"], "de");
}

async fn mail(world: &World, subject: &str) -> Value {
    eventually(subject, async || {
        world.ledger().await.emails_about(subject).first().map(|mail| (*mail).clone())
    })
    .await
}

/// The offer of one product at Sölden.
async fn product(world: &World, key: &str) -> Value {
    let path =
        format!("/api/v1/operators/solden/offers?day={}&birth_date={ADULT}", world.ski_day());
    let offers = world.guest.get(&path).await.expect(200);
    let found = offers["items"].as_array().unwrap().iter().find(|offer| offer["product"] == key);
    found.unwrap_or_else(|| panic!("no {key}: {offers:#}")).clone()
}

async fn a_purchase_is_told_of_in_german_from_the_page_to_the_invoice(database: Database) {
    let world = World::start(database).await;
    let anna = world.skier("Anna").await;
    speaks_german(&anna).await;
    let mut lines = Vec::new();
    for key in ["day", "season"] {
        let offer = product(&world, key).await;
        let offer = crate::support::Offer {
            id: offer["offer_id"].as_str().unwrap().to_owned(),
            cents: offer["price"]["amount"].as_i64().unwrap(),
        };
        lines.push(ticket(&offer, &anna.card_dta().await, "Anna", ADULT));
    }
    let placed = anna.place(&lines, "undo", &new_key()).await.expect(202);
    let id = placed["id"].as_str().unwrap();
    let order = anna.wait_for_page(id).await;
    world.pay(&order, "reserved").await;
    let order = anna.wait_for(id, &["finished"]).await;

    let page = world
        .guest
        .request(Method::GET, &format!("/orders/{id}"))
        .header("accept-language", "de-AT")
        .send();
    let page = page.await.unwrap().text().await.unwrap();
    assert!(
        page.contains("<html lang=\"de\">") && page.contains("Die Tickets sind auf den Keycards."),
        "{page}"
    );

    let mail = mail(&world, order["number"].as_str().unwrap()).await;
    let subject = mail["subject"].as_str().unwrap();
    let text = mail["text"].as_str().unwrap();
    assert!(subject.contains("Ihre Tickets sind auf den Keycards"), "{subject}");
    for words in [
        "Guten Tag Anna Skier",
        "Tageskarte, Erwachsene, Sölden",
        "Saisonkarte, Erwachsene, Sölden",
        "liegt bei",
        "14 Tage Rücktrittsrecht ab dem Kauf",
        "Das gilt für: Saisonkarte, Erwachsene, Sölden.",
        "Kein Rücktrittsrecht",
    ] {
        assert!(text.contains(words), "{words} is not in the letter:\n{text}");
    }
    let invoice = anna.client.get(order["invoices"][0]["url"].as_str().unwrap()).await;
    let text = text_of(&invoice.bytes);
    for words in [
        "Rechnung",
        "Bestellung",
        "Leistungstag",
        "Gesamtbetrag inkl. USt.",
        "Saisonkarte, Erwachsene, Sölden",
    ] {
        assert!(text.contains(words), "{words} is not in the invoice:\n{text}");
    }
    for words in ["Invoice", "Total", "Season"] {
        assert!(!text.contains(words), "{words} is in the invoice:\n{text}");
    }
    world.clean_slate().await;
}

async fn a_forgotten_password_is_replaced_by_a_code_from_a_german_email(database: Database) {
    let world = World::start(database).await;
    let anna = world.skier("Anna").await;
    speaks_german(&anna).await;
    let ask = async |email: &str| {
        world
            .guest
            .post("/api/v1/accounts/password-reset", &json!({ "email": email }))
            .await
            .expect(202)
    };
    assert_eq!(ask(&anna.email).await, ask("nobody@skier.example").await);
    let subject = "neues Passwort";
    let code = eventually("a letter with the code", async || {
        let ledger = world.ledger().await;
        let emails = ledger.emails_to(&anna.email);
        let mail =
            emails.iter().find(|mail| mail["subject"].as_str().unwrap().contains(subject))?;
        mail["subject"].as_str().unwrap().split(' ').find(|word| is_code(word)).map(str::to_owned)
    })
    .await;
    let set = async |code: &str| {
        let body = json!({ "email": anna.email, "code": code, "password": "a new one, surely" });
        world.guest.post("/api/v1/accounts/password-reset/confirmation", &body).await
    };
    let wrong = if code == "00000-00000" { "00000-00001" } else { "00000-00000" };
    set(wrong).await.expect_problem(422, "wrong-code");
    set(&format!(" {}", code.to_lowercase().replace('-', " "))).await.expect(204);
    set(&code).await.expect_problem(422, "wrong-code");
    anna.client.get("/api/v1/orders").await.expect_problem(401, "unauthenticated");
    let body = json!({ "refresh_token": anna.refresh_token });
    world.guest.post("/api/v1/sessions/refresh", &body).await.expect_problem(401, "session-over");
    let log_in = async |password: &str| {
        world
            .guest
            .post("/api/v1/sessions", &json!({ "email": anna.email, "password": password }))
            .await
    };
    log_in(&anna.password).await.expect_problem(401, "wrong-password");
    log_in("a new one, surely").await.expect(201);
    mail(&world, "wurde geändert").await;
    assert!(world.ledger().await.emails_to("nobody@skier.example").is_empty());
}

async fn a_refusal_says_in_the_asked_language_what_to_do(database: Database) {
    let world = World::start(database).await;
    let anna = world.skier("Anna").await;
    let fault = json!({ "supplier": "dta", "operator": "solden", "operation": "CreateOrder",
        "fault": "business_error", "value": "MediumFull" });
    world.fault(fault).await;
    let order = world.order_to_pay(&anna, &["solden"], "undo").await;
    world.pay(&order, "reserved").await;
    let path = format!("/api/v1/orders/{}", order["id"].as_str().unwrap());
    anna.wait_for(order["id"].as_str().unwrap(), &["undone"]).await;
    let text = async |language: Option<&str>| {
        let request = anna.client.request(Method::GET, &path);
        let request = match language {
            Some(language) => request.header("accept-language", language),
            None => request,
        };
        let reason = Answer::to(request).await.unwrap().expect(200)["lines"][0]["reason"].clone();
        assert_eq!(reason["code"], "card_full");
        reason["text"].as_str().unwrap().to_owned()
    };
    let english = "The keycard has no room for a further ticket. Please order with another card.";
    let german = "Auf der Keycard ist kein Platz für ein weiteres Ticket. Bitte bestellen Sie mit einer anderen Karte.";
    assert_eq!((text(None).await.as_str(), text(Some("de")).await.as_str()), (english, german));
    speaks_german(&anna).await;
    assert_eq!((text(None).await.as_str(), text(Some("en")).await.as_str()), (german, english));
    assert_eq!(
        text(Some("fr")).await,
        german,
        "the account's language, when none of ours is asked for"
    );
    world.clean_slate().await;
}
