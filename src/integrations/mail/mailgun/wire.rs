//! The form of one message, as bytes, and the two texts in which a limit names its end.
//!
//! Source: documentation.mailgun.com, "Sending" (`POST /v3/{domain}/messages`, multipart/form-data)
//! and "Errors".

use std::time::Duration;

use bytes::{BufMut, Bytes, BytesMut};
use chrono::{DateTime, Utc};

use crate::ids::new_id;
use crate::integrations::mail::OutgoingEmail;

/// The user of every key.
pub(super) const USER: &str = "api";
/// The pause when a limit does not say when it ends.
const USUAL_PAUSE: Duration = Duration::from_secs(60);
/// The longest pause that is believed.
const LONGEST_PAUSE: Duration = Duration::from_secs(24 * 60 * 60);

/// A form ready to be posted whole.
pub(super) struct Form {
    /// The value of `Content-Type`, with the boundary.
    pub(super) content_type: String,
    /// The body.
    pub(super) body: Bytes,
}

/// Writes the form of one e-mail. Links stay as they are (no tracking), and the only correlation is
/// the Message-Id, which names nobody.
pub(super) fn form(from: &str, letter: &OutgoingEmail) -> Form {
    let mut writer = Writer::new(letter);
    let message_id = format!("<{}>", letter.message_id);
    for (name, value) in [
        ("from", from),
        ("to", &letter.to),
        ("subject", &letter.subject),
        ("text", &letter.text),
        ("html", &letter.html),
        ("o:tracking", "no"),
        ("h:Message-Id", &message_id),
        ("v:msg-key", &letter.message_id),
    ] {
        writer.field(name, value);
    }
    for file in &letter.attachments {
        writer.file("attachment", &file.name, file.media_type, &file.content);
    }
    writer.finish()
}

/// Writes parts in the form of RFC 7578, names escaped as browsers do.
struct Writer {
    boundary: String,
    body: BytesMut,
}

impl Writer {
    fn new(letter: &OutgoingEmail) -> Self {
        let files: usize = letter.attachments.iter().map(|file| file.content.len() + 512).sum();
        let size = files + letter.text.len() + letter.html.len() + 4096;
        Self {
            boundary: format!("part-{}", new_id().simple()),
            body: BytesMut::with_capacity(size),
        }
    }

    fn field(&mut self, name: &str, value: &str) {
        let head = format!(
            "--{}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n",
            self.boundary
        );
        self.put(&[head.as_bytes(), value.as_bytes(), b"\r\n"]);
    }

    fn file(&mut self, name: &str, file_name: &str, media_type: &str, content: &[u8]) {
        let file_name = file_name.replace('"', "%22").replace('\r', "%0D").replace('\n', "%0A");
        let head = format!(
            "--{}\r\nContent-Disposition: form-data; name=\"{name}\"; filename=\"{file_name}\"\r\nContent-Type: {media_type}\r\n\r\n",
            self.boundary
        );
        self.put(&[head.as_bytes(), content, b"\r\n"]);
    }

    fn put(&mut self, pieces: &[&[u8]]) {
        for piece in pieces {
            self.body.put_slice(piece);
        }
    }

    fn finish(mut self) -> Form {
        let end = format!("--{}--\r\n", self.boundary);
        self.put(&[end.as_bytes()]);
        Form {
            content_type: format!("multipart/form-data; boundary={}", self.boundary),
            body: self.body.freeze(),
        }
    }
}

/// How long a limit asks us to wait: `try again after <date> UTC` or `try again after <n> seconds`;
/// 60 s when it does not say.
pub(super) fn pause(message: &str, now: DateTime<Utc>) -> Duration {
    let hint =
        message.rsplit_once("try again after ").map(|(_, hint)| hint.trim_end_matches('.').trim());
    let pause = hint.and_then(|hint| seconds(hint).or_else(|| until(hint, now)));
    pause.map_or(USUAL_PAUSE, |pause| pause.clamp(Duration::from_secs(1), LONGEST_PAUSE))
}

fn seconds(hint: &str) -> Option<Duration> {
    let (number, unit) = hint.split_once(' ')?;
    let number = number.parse().ok().map(Duration::from_secs);
    if unit.starts_with("second") { number } else { None }
}

fn until(hint: &str, now: DateTime<Utc>) -> Option<Duration> {
    let zoned =
        hint.strip_suffix("UTC").map_or_else(|| hint.to_owned(), |date| format!("{date}+0000"));
    let end = DateTime::parse_from_rfc2822(&zoned).ok()?;
    Some((end.to_utc() - now).to_std().unwrap_or_default())
}
