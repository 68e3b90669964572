//! Ours from theirs: pure, every HTTP status in one match.
//!
//! Source: documentation.mailgun.com, "Errors"; that 420 is a limit like 429 is reported by several
//! integrations and documented nowhere.

use chrono::{DateTime, Utc};
use serde::Deserialize;
use tracing::error;

use super::wire;
use crate::integrations::mail::OutgoingEmail;
use crate::integrations::{Outcome, Refusal, RefusalKind};

/// The body of an answer; 401 and proxies answer plain text instead.
#[derive(Deserialize)]
struct Said {
    id: Option<String>,
    message: Option<String>,
}

/// Reads an answer. The message is never logged or kept: it may name the receiver.
pub(super) fn outcome(status: u16, body: &[u8], now: DateTime<Utc>) -> Outcome<()> {
    let said: Option<Said> = serde_json::from_slice(body).ok();
    match status {
        200 if said.as_ref().is_some_and(|said| said.id.is_some()) => Outcome::Done(()),
        200 => Outcome::Unknown("HTTP 200 without the message's id".to_owned()),
        400 | 413 => Outcome::Refused(refusal(&format!("http_{status}"))),
        401 | 403 | 404 => {
            error!(
                supplier = "mailgun",
                status, "the mail provider does not know our key, domain or address"
            );
            Outcome::NotSent(format!("shut out with HTTP {status}"))
        }
        420 | 429 => {
            let message = said.and_then(|said| said.message);
            let text = message.unwrap_or_else(|| String::from_utf8_lossy(body).into_owned());
            Outcome::Pending { ask_after: wire::pause(&text, now) }
        }
        other => Outcome::Unknown(format!("HTTP {other}")),
    }
}

/// Why an e-mail must not be handed over at all: its receiver would be several, or a header would
/// become two. It is refused here because asking again would change nothing.
pub(super) fn unsendable(letter: &OutgoingEmail) -> Option<Refusal> {
    let one_line = |text: &str| !text.is_empty() && !text.contains(char::is_control);
    let plain_id = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'<' | b'>');
    if !one_line(&letter.to) || !letter.to.contains('@') || letter.to.contains([',', ';']) {
        return Some(refusal("receiver"));
    }
    if !one_line(&letter.subject) {
        return Some(refusal("subject"));
    }
    if !letter.message_id.contains('@') || !letter.message_id.bytes().all(plain_id) {
        return Some(refusal("message_id"));
    }
    None
}

fn refusal(code: &str) -> Refusal {
    Refusal { kind: RefusalKind::MessageRejected, code: code.to_owned() }
}
