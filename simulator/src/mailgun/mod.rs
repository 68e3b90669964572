//! Mailgun: accepts messages and keeps them whole. Nothing is ever delivered.
//!
//! Source: documentation.mailgun.com, sending messages, and the maintainers' word on
//! `h:Message-Id`, read 2026-11-23.

mod start;

use std::sync::{Arc, Mutex, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use crate::clock::{Clock, stamp};
use crate::faults::Bent;
use crate::http::{Answer, Asked};
use crate::multipart::{self, Part};
use crate::supplier::{Service, Supplier};

pub use start::MailgunAccess;
pub(crate) use start::SUPPLIER;

const MESSAGE_MAX: usize = 25 * 1024 * 1024;
/// All `o:`, `h:`, `v:` and `t:` fields together.
const OPTIONS_MAX: usize = 16_000;
const RECIPIENTS_MAX: usize = 1_000;
const TAGS_MAX: usize = 3;
/// Messages kept; beyond them the sending limit is reached.
const MESSAGES_MAX: usize = 100_000;
/// Fields besides those with a prefix.
const FIELDS: [&str; 13] = [
    "from",
    "to",
    "cc",
    "bcc",
    "subject",
    "text",
    "html",
    "amp-html",
    "template",
    "attachment",
    "inline",
    "recipient-variables",
    "o:tag",
];

/// The sending domain.
pub(crate) struct Mailgun {
    access: MailgunAccess,
    clock: Arc<Clock>,
    messages: Mutex<Vec<Value>>,
}

impl Mailgun {
    pub(crate) fn new(access: MailgunAccess, clock: Arc<Clock>) -> Self {
        Self { access, clock, messages: Mutex::default() }
    }

    fn send(&self, asked: &Asked) -> Result<String, (u16, String)> {
        let domain = asked
            .path
            .strip_prefix("/v3/")
            .and_then(|rest| rest.strip_suffix("/messages"))
            .unwrap_or_default();
        if domain != self.access.domain {
            return Err((404, format!("Domain not found: {domain}")));
        }
        if asked.body.len() > MESSAGE_MAX {
            return Err((413, "message exceeds 25 MB".to_owned()));
        }
        let parts = multipart::parse(asked.header("content-type"), &asked.body)
            .map_err(|says| (400, says))?;
        check(&parts).map_err(|says| (400, says))?;
        let id = message_id(&parts, &self.access.domain).map_err(|says| (400, says))?;
        let entry = entry(&parts, &id, &stamp(self.clock.now()));
        let mut messages = self.messages.lock().unwrap_or_else(PoisonError::into_inner);
        if messages.len() >= MESSAGES_MAX {
            return Err((429, "recipient limit exceeded, try again after 3600 seconds".to_owned()));
        }
        messages.push(entry);
        Ok(id)
    }
}

fn texts<'a>(parts: &'a [Part], name: &str) -> Vec<&'a str> {
    parts.iter().filter(|part| part.name == name).filter_map(Part::text).collect()
}

fn addresses<'a>(parts: &'a [Part], name: &str) -> Vec<&'a str> {
    texts(parts, name).into_iter().flat_map(|list| list.split(',')).map(str::trim).collect()
}

/// What Mailgun refuses with 400.
fn check(parts: &[Part]) -> Result<(), String> {
    for part in parts {
        let prefixed = ["o:", "h:", "v:", "t:"].iter().any(|prefix| part.name.starts_with(prefix));
        if !prefixed && !FIELDS.contains(&part.name.as_str()) {
            return Err(format!("{} is not a parameter", part.name));
        }
        let file = matches!(part.name.as_str(), "attachment" | "inline");
        if file == part.filename.is_none() {
            return Err(format!(
                "{} must {}have a file name",
                part.name,
                if file { "" } else { "not " }
            ));
        }
        if !file && part.text().is_none() {
            return Err(format!("{} is not UTF-8", part.name));
        }
    }
    for name in ["from", "to"] {
        let all = addresses(parts, name);
        if all.is_empty() {
            return Err(format!("{name} parameter is missing"));
        }
        if all.iter().any(|address| !is_address(address)) {
            return Err(format!(
                "{name} parameter is not a valid address. please check documentation"
            ));
        }
    }
    if addresses(parts, "to").len() > RECIPIENTS_MAX {
        return Err("too many recipients".to_owned());
    }
    if ["text", "html", "amp-html", "template"].iter().all(|name| texts(parts, name).is_empty()) {
        return Err(
            "Need at least one of 'text', 'html', 'amp-html' or 'template' parameters specified"
                .to_owned(),
        );
    }
    let options = parts.iter().filter(|part| part.name.get(1..2) == Some(":"));
    if options.map(|part| part.name.len() + part.body.len()).sum::<usize>() > OPTIONS_MAX {
        return Err("options exceed 16 kB".to_owned());
    }
    if texts(parts, "o:tag").len() > TAGS_MAX { Err("too many tags".to_owned()) } else { Ok(()) }
}

/// `a@b` or `Name <a@b>`.
fn is_address(address: &str) -> bool {
    let bare = address.rsplit_once('<').map_or(Some(address), |(_, rest)| rest.strip_suffix('>'));
    bare.and_then(|bare| bare.split_once('@')).is_some_and(|(local, domain)| {
        let clean = |part: &str| !part.is_empty() && !part.contains([' ', '<', '>', '@']);
        clean(local) && clean(domain)
    })
}

/// Ours when it is given and well-formed, else one of Mailgun's own; always in angle brackets.
fn message_id(parts: &[Part], domain: &str) -> Result<String, String> {
    let given: Vec<&Part> =
        parts.iter().filter(|part| part.name.eq_ignore_ascii_case("h:message-id")).collect();
    match given.as_slice() {
        [] => Ok(format!("<{}@{domain}>", Uuid::new_v4().simple())),
        [one] => {
            let id = one.text().unwrap_or_default().trim();
            let bare = id.strip_prefix('<').and_then(|id| id.strip_suffix('>'));
            let fits = bare.is_some_and(|bare| bare.contains('@') && is_address(bare));
            if fits {
                Ok(id.to_owned())
            } else {
                Err("h:Message-Id is not a message id".to_owned())
            }
        }
        _ => Err("h:Message-Id is given more than once".to_owned()),
    }
}

fn entry(parts: &[Part], id: &str, at: &str) -> Value {
    let first = |name| texts(parts, name).first().map(|text| (*text).to_owned());
    let prefixed = |prefix: &str| -> Map<String, Value> {
        let named =
            parts.iter().filter_map(|part| Some((part.name.strip_prefix(prefix)?, part.text()?)));
        named.map(|(name, text)| (name.to_owned(), Value::String(text.to_owned()))).collect()
    };
    let files = parts.iter().filter(|part| part.filename.is_some()).map(|part| {
        json!({ "filename": part.filename, "content_type": part.content_type, "size": part.body.len(),
            "inline": part.name == "inline", "sha256": hexadecimal(&Sha256::digest(&part.body)),
            "base64": STANDARD.encode(&part.body) })
    });
    json!({
        "message_id": id, "from": first("from"), "to": addresses(parts, "to"), "cc": addresses(parts, "cc"),
        "bcc": addresses(parts, "bcc"), "subject": first("subject"), "text": first("text"), "html": first("html"),
        "attachments": files.collect::<Vec<_>>(), "tags": texts(parts, "o:tag"), "variables": prefixed("v:"),
        "options": prefixed("o:"), "headers": prefixed("h:"), "at": at,
    })
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

impl Service for Mailgun {
    fn supplier(&self) -> &'static Supplier {
        &SUPPLIER
    }

    fn operation<'a>(&self, asked: &'a Asked) -> Option<&'a str> {
        asked.path.ends_with("/messages").then_some("messages")
    }

    fn execute(&self, asked: &Asked, _bent: Bent) -> Answer {
        if !asked.is_from("api", &self.access.key) {
            return Answer::new(401, "text/plain", "Forbidden");
        }
        if self.operation(asked).is_none() || asked.method != "POST" {
            return Answer::json(404, &json!({ "message": "not found" }));
        }
        match self.send(asked) {
            Ok(id) => Answer::json(200, &json!({ "id": id, "message": "Queued. Thank you." })),
            Err((status, says)) => Answer::json(status, &json!({ "message": says })),
        }
    }

    fn refuse(&self, _asked: &Asked, code: Option<&str>) -> Answer {
        let status = code.and_then(|code| code.parse().ok()).unwrap_or(400);
        Answer::json(status, &json!({ "message": "refused by a fault" }))
    }

    fn ledger(&self) -> Vec<Value> {
        self.messages.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
