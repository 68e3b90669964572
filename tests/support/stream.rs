//! A reader of server-sent events.

use reqwest::{Method, Response};
use serde_json::Value;
use starjack::clock::{self, Deadline};

use super::client::{Answer, Client};
use super::world::PATIENCE;

/// An open stream.
#[derive(Debug)]
pub(crate) struct Stream {
    response: Response,
    text: String,
    /// Comments that came: signs of life.
    pub(crate) comments: usize,
    /// When the server wants to see its reader again, in milliseconds.
    pub(crate) retry_ms: Option<u64>,
}

/// One event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Event {
    pub(crate) name: String,
    pub(crate) id: String,
    pub(crate) data: Value,
}

impl Client {
    /// Opens a stream, where the last one left off when `after` is not empty; or the answer that is
    /// none.
    pub(crate) async fn stream(&self, path: &str, after: &str) -> Result<Stream, Answer> {
        let mut request = self.request(Method::GET, path);
        if !after.is_empty() {
            request = request.header("Last-Event-ID", after);
        }
        let response = request.send().await.unwrap();
        if response.status() != 200 {
            let status = response.status().as_u16();
            let headers = response.headers().clone();
            let bytes = response.bytes().await.unwrap().to_vec();
            return Err(Answer {
                status,
                headers,
                json: serde_json::from_slice(&bytes).unwrap_or_default(),
                bytes,
            });
        }
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        assert_eq!(response.headers()["cache-control"], "no-store");
        Ok(Stream { response, text: String::new(), comments: 0, retry_ms: None })
    }
}

impl Stream {
    /// The next event; `None` at the stream's end.
    pub(crate) async fn next(&mut self) -> Option<Event> {
        let deadline = Deadline::after(PATIENCE);
        loop {
            if let Some((block, rest)) = self.text.split_once("\n\n") {
                let block = block.to_owned();
                let rest = rest.to_owned();
                self.text = rest;
                if let Some(event) = self.read(&block) {
                    return Some(event);
                }
                continue;
            }
            let chunk = clock::timeout_at(deadline, self.response.chunk()).await;
            let chunk = chunk.unwrap_or_else(|_late| {
                panic!("no event within {PATIENCE:?}; so far {:?}", self.text)
            });
            match chunk.unwrap() {
                Some(bytes) => self.text.push_str(std::str::from_utf8(&bytes).unwrap()),
                None => {
                    assert_eq!(self.text, "", "the stream ended amid an event");
                    return None;
                }
            }
        }
    }

    /// The next event that fits.
    pub(crate) async fn wait_for(&mut self, what: &str, fits: impl Fn(&Event) -> bool) -> Event {
        let deadline = Deadline::after(PATIENCE);
        loop {
            let event =
                self.next().await.unwrap_or_else(|| panic!("the stream ended before {what}"));
            if fits(&event) {
                return event;
            }
            assert!(!deadline.is_over(), "not within {PATIENCE:?}: {what}");
        }
    }

    /// All events up to the stream's end.
    pub(crate) async fn rest(&mut self) -> Vec<Event> {
        let mut all = Vec::new();
        while let Some(event) = self.next().await {
            all.push(event);
        }
        all
    }

    fn read(&mut self, block: &str) -> Option<Event> {
        let mut name = String::new();
        let mut id = String::new();
        let mut data = None;
        for line in block.lines() {
            match line.split_once(':').unwrap() {
                ("", _comment) => self.comments += 1,
                ("event", word) => name = word.trim().to_owned(),
                ("id", word) => id = word.trim().to_owned(),
                ("retry", word) => self.retry_ms = Some(word.trim().parse().unwrap()),
                ("data", json) => data = Some(serde_json::from_str(json).unwrap()),
                (other, _) => panic!("unknown field {other}"),
            }
        }
        data.map(|data| Event { name, id, data })
    }
}
