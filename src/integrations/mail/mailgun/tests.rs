use std::time::Duration;

use bytes::Bytes;
use chrono::{DateTime, TimeZone, Utc};
use proptest::prelude::*;

use super::config::Config;
use super::{translate, wire};
use crate::integrations::mail::{Attachment, OutgoingEmail};
use crate::integrations::{Outcome, Refusal, RefusalKind};

fn email() -> OutgoingEmail {
    OutgoingEmail {
        message_id: "order.A0123456789@mg.liftpass.example".into(),
        to: "skier@example.org".into(),
        subject: "Ihre Liftkarte für Sölden".into(),
        text: "Grüß Gott\r\n--part-0\r\n".into(),
        html: "<p>Gr&uuml;&szlig; Gott</p>".into(),
        attachments: vec![Attachment {
            name: "Rechnung \"1\".pdf".into(),
            media_type: "application/pdf",
            content: Bytes::from_static(b"%PDF-1.7\r\n\x00\xff--\r\n"),
        }],
    }
}

/// The parts of a form by an independent reading: split at the boundary, head and content apart.
fn parts(form: &wire::Form) -> Vec<(String, Vec<u8>)> {
    let boundary = form.content_type.strip_prefix("multipart/form-data; boundary=").unwrap();
    let body = form.body.strip_prefix(format!("--{boundary}\r\n").as_bytes()).unwrap();
    let body = body.strip_suffix(format!("\r\n--{boundary}--\r\n").as_bytes()).unwrap();
    let mut parts = Vec::new();
    let mut rest = body;
    let mark = format!("\r\n--{boundary}\r\n");
    loop {
        let end = rest.windows(mark.len()).position(|window| window == mark.as_bytes());
        let (part, more) =
            end.map_or((rest, None), |end| (&rest[..end], Some(&rest[end + mark.len()..])));
        let head = part.windows(4).position(|window| window == b"\r\n\r\n").unwrap();
        parts.push((String::from_utf8(part[..head].to_vec()).unwrap(), part[head + 4..].to_vec()));
        match more {
            Some(more) => rest = more,
            None => return parts,
        }
    }
}

#[test]
fn a_form_holds_every_field_once_and_attachments_byte_by_byte() {
    let email = email();
    let parts = parts(&wire::form("Liftpass <tickets@mg.liftpass.example>", &email));
    let fields: Vec<(&str, &str)> = vec![
        ("from", "Liftpass <tickets@mg.liftpass.example>"),
        ("to", "skier@example.org"),
        ("subject", "Ihre Liftkarte für Sölden"),
        ("text", &email.text),
        ("html", &email.html),
        ("o:tracking", "no"),
        ("h:Message-Id", "<order.A0123456789@mg.liftpass.example>"),
        ("v:msg-key", "order.A0123456789@mg.liftpass.example"),
    ];
    for ((name, value), (head, content)) in fields.iter().zip(&parts) {
        assert_eq!(*head, format!("Content-Disposition: form-data; name=\"{name}\""));
        assert_eq!(content, value.as_bytes());
    }
    let file = "Content-Disposition: form-data; name=\"attachment\"; filename=\"Rechnung %221%22.pdf\"\r\nContent-Type: application/pdf";
    assert_eq!(parts.len(), 9);
    assert_eq!(parts[8], (file.to_owned(), email.attachments[0].content.to_vec()));
}

#[test]
fn answers_end_in_their_outcomes() {
    let now = Utc.with_ymd_and_hms(2026, 11, 23, 8, 30, 1).unwrap();
    let rejected = |code: &str| {
        Outcome::Refused(Refusal { kind: RefusalKind::MessageRejected, code: code.into() })
    };
    let later = |seconds| Outcome::Pending { ask_after: Duration::from_secs(seconds) };
    let sample = |status, body: &[u8]| translate::outcome(status, body, now);
    assert_eq!(sample(200, include_bytes!("samples/mailgun.send.200.json")), Outcome::Done(()));
    assert_eq!(sample(400, include_bytes!("samples/mailgun.send.400.json")), rejected("http_400"));
    assert_eq!(sample(413, b""), rejected("http_413"));
    assert_eq!(sample(420, include_bytes!("samples/mailgun.send.420.json")), later(1_800));
    assert_eq!(sample(429, include_bytes!("samples/mailgun.send.429.json")), later(59));
    assert_eq!(
        sample(429, b"account-requests-per-sec limit exceeded, try again after 120 seconds"),
        later(120)
    );
    assert_eq!(sample(429, b""), later(60));
    assert!(matches!(
        sample(401, include_bytes!("samples/mailgun.send.401.txt")),
        Outcome::NotSent(_)
    ));
    for status in [403, 404] {
        assert!(
            matches!(sample(status, br#"{"message": "Domain not found: x"}"#), Outcome::NotSent(_)),
            "{status}"
        );
    }
    for (status, body) in [
        (200, &b"<html>"[..]),
        (200, b"{}"),
        (402, b""),
        (408, b""),
        (500, b"{}"),
        (503, b"<html>"),
        (302, b""),
    ] {
        assert!(matches!(sample(status, body), Outcome::Unknown(_)), "{status}");
    }
}

#[test]
fn a_limit_says_when_it_ends_in_two_texts_else_a_minute_is_waited() {
    let now: DateTime<Utc> = Utc.with_ymd_and_hms(2026, 11, 23, 8, 59, 0).unwrap();
    for (text, seconds) in [
        ("try again after Mon, 23 Nov 2026 09:00:01 UTC", 61),
        ("try again after Mon, 23 Nov 2026 09:00:01 GMT", 61),
        ("try again after Mon, 23 Nov 2026 10:00:01 +0100.", 61),
        ("try again after 5 seconds", 5),
        ("try again after 0 seconds", 1),
        ("try again after Mon, 23 Nov 2026 08:00:00 UTC", 1),
        ("try again after Mon, 23 Nov 2099 08:00:00 UTC", 86_400),
        ("try again after 99999999999999999999 seconds", 60),
        ("try again after lunch", 60),
        ("Too Many Requests", 60),
        ("", 60),
    ] {
        assert_eq!(wire::pause(text, now), Duration::from_secs(seconds), "{text}");
    }
}

#[test]
fn an_email_that_would_reach_several_or_break_a_header_is_refused_here() {
    assert_eq!(translate::unsendable(&email()), None);
    for wrong in [
        OutgoingEmail { to: "a@example.org, b@example.org".into(), ..email() },
        OutgoingEmail { to: "a@example.org\r\nBcc: b@example.org".into(), ..email() },
        OutgoingEmail { to: "nobody".into(), ..email() },
        OutgoingEmail { subject: "a\nb".into(), ..email() },
        OutgoingEmail { message_id: "<a@b>".into(), ..email() },
        OutgoingEmail { message_id: "ab".into(), ..email() },
    ] {
        assert!(translate::unsendable(&wrong).is_some());
    }
}

#[test]
fn only_a_usable_configuration_is_accepted_and_its_key_is_not_shown() {
    let config = |base_url: &str, domain: &str, from: &str| Config {
        base_url: base_url.into(),
        domain: domain.into(),
        key: "key-1".into(),
        from: from.into(),
    };
    let fine = config("https://api.eu.mailgun.net", "mg.liftpass.example", "a@mg.liftpass.example");
    assert_eq!(
        fine.checked_endpoint().unwrap().as_str(),
        "https://api.eu.mailgun.net/v3/mg.liftpass.example/messages"
    );
    assert!(!format!("{fine:?}").contains("key-1"));
    assert!(config("http://127.0.0.1:1", "a.example", "a@a.example").checked_endpoint().is_ok());
    for wrong in [
        config("http://api.mailgun.net", "a.example", "a@a.example"),
        config("https://api.mailgun.net/v3", "a.example", "a@a.example"),
        config("https://api.mailgun.net", "a/../b", "a@a.example"),
        config("https://api.mailgun.net", "", "a@a.example"),
        config("https://api.mailgun.net", "a.example", "a@a.example\r\nBcc: b@b.example"),
    ] {
        assert!(wrong.checked_endpoint().is_err(), "{wrong:?}");
    }
}

proptest! {
    #[test]
    fn no_text_makes_the_pause_panic(text in "\\PC{0,40}(try again after )?\\PC{0,40}") {
        let pause = wire::pause(&text, Utc.with_ymd_and_hms(2026, 11, 23, 8, 0, 0).unwrap());
        prop_assert!(pause >= Duration::from_secs(1));
    }
}
