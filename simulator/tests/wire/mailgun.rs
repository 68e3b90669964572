//! Mailgun: what is kept of an e-mail, what is refused.

use std::io::ErrorKind;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use crate::support::{Reply, World, ask};

fn field(name: &str, value: &str) -> String {
    format!("--B\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
}

fn email() -> String {
    field("from", "Starjack <shop@mail.starjack.example>")
        + &field("to", "Ada <ada@example.org>")
        + &field("subject", "Deine Tickets ✓")
        + &field("text", "Hallo")
        + &field("html", "<p>Hallo</p>")
        + &field("o:tag", "order")
        + &field("o:tracking", "no")
        + &field("v:msg-key", "A-1")
        + &field("h:Message-Id", "<a-1@mail.starjack.example>")
        + "--B\r\nContent-Disposition: form-data; name=\"attachment\"; filename=\"rechnung.pdf\"\r\n\
           Content-Type: application/pdf\r\n\r\n%PDF-1.7\r\n"
}

async fn send(world: &World, key: &str, body: &str) -> Result<Reply, ErrorKind> {
    let url = format!(
        "{}/v3/{}/messages",
        world.access("mailgun", "url"),
        world.access("mailgun", "domain")
    );
    let basic = format!("Basic {}", STANDARD.encode(format!("api:{key}")));
    let headers =
        [("authorization", basic.as_str()), ("content-type", "multipart/form-data; boundary=B")];
    ask("POST", &url, &headers, format!("{body}--B--\r\n").as_bytes()).await
}

async fn send_right(world: &World, body: &str) -> Result<Reply, ErrorKind> {
    send(world, &world.access("mailgun", "key"), body).await
}

#[tokio::test]
async fn an_email_is_kept_whole() {
    let world = World::start().await;
    let reply = send_right(&world, &email()).await.unwrap();
    assert_eq!(
        reply.json(),
        json!({"id": "<a-1@mail.starjack.example>", "message": "Queued. Thank you."})
    );
    send_right(&world, &email()).await.unwrap();
    let ledger = world.ledger("mailgun").await;
    assert_eq!(ledger.len(), 2, "the same Message-Id twice is two letters");
    let entry = &ledger[0];
    assert_eq!(
        (&entry["to"], &entry["subject"]),
        (&json!(["Ada <ada@example.org>"]), &json!("Deine Tickets ✓"))
    );
    assert_eq!(
        (&entry["tags"], &entry["variables"]),
        (&json!(["order"]), &json!({"msg-key": "A-1"}))
    );
    let file = &entry["attachments"][0];
    assert_eq!((&file["filename"], &file["size"]), (&json!("rechnung.pdf"), &json!(8)));
    assert_eq!(STANDARD.decode(file["base64"].as_str().unwrap()).unwrap(), b"%PDF-1.7");
    assert_eq!(file["sha256"].as_str().unwrap().len(), 64);
}

#[tokio::test]
async fn a_wrong_key_is_answered_with_plain_text() {
    let world = World::start().await;
    let reply = send(&world, "guess", &email()).await.unwrap();
    assert_eq!(
        (reply.status, reply.header("content-type"), reply.text().as_str()),
        (401, "text/plain", "Forbidden")
    );
    assert!(world.ledger("mailgun").await.is_empty());
}

#[tokio::test]
async fn emails_that_lack_something_are_refused() {
    let world = World::start().await;
    let good = email();
    for bad in [
        good.replace("name=\"from\"", "name=\"sender\""),
        good.replace("Ada <ada@example.org>", "Ada"),
        good.replace("name=\"text\"", "name=\"v:text\"")
            .replace("name=\"html\"", "name=\"v:html\""),
        good.replace("<a-1@mail.starjack.example>", "a-1"),
        good.replace("; filename=\"rechnung.pdf\"", ""),
        good.clone() + &field("v:long", &"x".repeat(16_000)),
        good.clone() + &field("o:tag", "2") + &field("o:tag", "3") + &field("o:tag", "4"),
    ] {
        let reply = send_right(&world, &bad).await.unwrap();
        assert_eq!(reply.status, 400, "{bad}");
        assert!(reply.json()["message"].is_string());
    }
    let url = format!("{}/v3/other.example/messages", world.access("mailgun", "url"));
    let basic =
        format!("Basic {}", STANDARD.encode(format!("api:{}", world.access("mailgun", "key"))));
    let reply = ask("POST", &url, &[("authorization", &basic)], b"").await.unwrap();
    assert_eq!(
        (reply.status, reply.json()),
        (404, json!({"message": "Domain not found: other.example"}))
    );
    assert!(world.ledger("mailgun").await.is_empty());
}

#[tokio::test]
async fn faults_of_the_mail_are_seen_in_the_ledger() {
    let world = World::start().await;
    world.fault(json!({"supplier": "mailgun", "fault": "business_error", "times": 1})).await;
    assert_eq!(send_right(&world, &email()).await.unwrap().status, 400);
    world
        .fault(
            json!({"supplier": "mailgun", "operation": "messages", "fault": "http_status", "value": 500, "times": 1}),
        )
        .await;
    assert_eq!(send_right(&world, &email()).await.unwrap().status, 500);
    assert!(world.ledger("mailgun").await.is_empty());
    world.fault(json!({"supplier": "mailgun", "fault": "reset_after", "times": 1})).await;
    assert_eq!(send_right(&world, &email()).await.unwrap_err(), ErrorKind::ConnectionReset);
    assert_eq!(world.ledger("mailgun").await.len(), 1);
}
