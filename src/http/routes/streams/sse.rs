//! One stream from its first byte to its end: a task writes into a small channel, the reader's
//! connection empties it.

use std::convert::Infallible;
use std::time::Duration;

use actix_web::HttpResponse;
use actix_web::web::Bytes;
use futures_util::stream;
use serde::Serialize;
use tokio::sync::mpsc;

use super::limits::Place;
use crate::clock::{self, Deadline};

/// How many pieces wait for a reader.
const PIECES: usize = 8;
/// After how many milliseconds a reader should come back.
const RETRY_MS: u32 = 2000;

/// Where the events of a stream come from.
pub(super) trait Source: 'static {
    /// What has happened since the last look, as text of events; empty when nothing has.
    async fn look(&mut self) -> Result<Look, Lost>;

    /// Waits until a look is worth its price. May be dropped while it waits.
    async fn wait(&mut self);
}

/// What a look found.
#[derive(Debug, Default)]
pub(super) struct Look {
    /// Whole events.
    pub(super) text: String,
    /// Whether nothing can happen any more.
    pub(super) last: bool,
}

/// The source failed; whoever reads comes back and tries again.
#[derive(Debug)]
pub(super) struct Lost;

/// Why a stream ends.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
enum End {
    /// Nothing can happen any more.
    Final,
    /// The log-in is over: refresh it, then come back.
    SessionOver,
    /// The server stops: come back, another one answers.
    Closing,
    /// Something of ours broke: come back.
    Lost,
}

/// An event with its name, its id where a reader can come back to it, and its data as JSON.
pub(super) fn event(name: &str, id: Option<&str>, data: &impl Serialize) -> String {
    let data = serde_json::to_string(data).unwrap_or_default();
    let id = id.map(|id| format!("id: {id}\n")).unwrap_or_default();
    format!("event: {name}\n{id}data: {data}\n\n")
}

/// The answer that carries a stream; it is fed until it ends or its reader goes.
pub(super) fn answer(place: Place, source: impl Source) -> HttpResponse {
    let (pieces, waiting) = mpsc::channel(PIECES);
    actix_rt::spawn(feed(place, source, pieces));
    let body = stream::unfold(waiting, |mut waiting: mpsc::Receiver<Bytes>| async move {
        waiting.recv().await.map(|piece| (Ok::<_, Infallible>(piece), waiting))
    });
    HttpResponse::Ok()
        .content_type("text/event-stream")
        // a proxy that gathers answers would hold back every event
        .insert_header(("x-accel-buffering", "no"))
        .streaming(body)
}

async fn feed(place: Place, mut source: impl Source, pieces: mpsc::Sender<Bytes>) {
    let limits = place.limits();
    let send = async |text| send(&pieces, text, limits.patience).await;
    let over = place.session_over();
    tokio::pin!(over);
    if !send(format!("retry: {RETRY_MS}\n\n")).await {
        return;
    }
    let end = loop {
        let look = match source.look().await {
            Ok(look) => look,
            Err(Lost) => break End::Lost,
        };
        if !look.text.is_empty() && !send(look.text).await {
            return;
        }
        if look.last {
            break End::Final;
        }
        let end = loop {
            tokio::select! {
                () = source.wait() => break None,
                () = &mut over => break Some(End::SessionOver),
                () = place.closing() => break Some(End::Closing),
                () = pieces.closed() => return,
                () = clock::sleep(limits.heartbeat) => {
                    if !send(":\n\n".to_owned()).await {
                        return;
                    }
                }
            }
        };
        if let Some(end) = end {
            break end;
        }
    };
    send(event("end", None, &serde_json::json!({ "reason": end }))).await;
}

/// Hands a piece to the connection; false when its reader is gone or takes nothing.
async fn send(pieces: &mpsc::Sender<Bytes>, text: String, patience: Duration) -> bool {
    let sent = clock::timeout_at(Deadline::after(patience), pieces.send(Bytes::from(text))).await;
    if sent.is_err() {
        tracing::info!("a reader of an event stream took nothing and was let go");
    }
    matches!(sent, Ok(Ok(())))
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;
    use uuid::Uuid;

    use super::*;
    use crate::http::Customer;
    use crate::http::routes::streams::{Limits, Streams};

    /// Has something new at every look.
    struct Chatter;

    impl Source for Chatter {
        async fn look(&mut self) -> Result<Look, Lost> {
            Ok(Look { text: event("word", None, &1), last: false })
        }

        async fn wait(&mut self) {}
    }

    /// Never has anything.
    struct Silence;

    impl Source for Silence {
        async fn look(&mut self) -> Result<Look, Lost> {
            Ok(Look::default())
        }

        async fn wait(&mut self) {
            std::future::pending().await
        }
    }

    fn customer(left: TimeDelta) -> Customer {
        let account_id = Uuid::new_v4();
        let session = Uuid::new_v4();
        Customer {
            account_id,
            is_admin: false,
            session,
            expires_at: clock::now() + left,
            asked: None,
        }
    }

    fn streams() -> Streams {
        let short = Duration::from_millis(20);
        Streams::new(Limits { of_account: 2, in_all: 3, heartbeat: short, patience: short })
    }

    /// What a stream says until its end.
    async fn read(mut waiting: mpsc::Receiver<Bytes>) -> String {
        let mut text = String::new();
        while let Some(piece) = waiting.recv().await {
            text.push_str(std::str::from_utf8(&piece).unwrap());
        }
        text
    }

    #[actix_rt::test]
    async fn a_reader_that_takes_nothing_is_let_go_and_its_place_is_free() {
        let streams = streams();
        let place = streams.enter(customer(TimeDelta::hours(1))).unwrap();
        let (pieces, mut waiting) = mpsc::channel(PIECES);
        feed(place, Chatter, pieces).await;
        assert_eq!(streams.count(), 0);
        for _waiting in 0..PIECES {
            assert!(waiting.recv().await.is_some());
        }
        assert!(waiting.recv().await.is_none(), "more waited than may");
    }

    #[actix_rt::test]
    async fn a_stream_says_that_somebody_is_there_and_ends_with_its_access_token() {
        let streams = streams();
        let place = streams.enter(customer(TimeDelta::milliseconds(200))).unwrap();
        let (pieces, waiting) = mpsc::channel(PIECES);
        let (text, ()) = tokio::join!(read(waiting), feed(place, Silence, pieces));
        assert!(text.starts_with("retry: 2000\n\n:\n\n"), "{text}");
        assert!(text.ends_with("event: end\ndata: {\"reason\":\"session_over\"}\n\n"), "{text}");
    }

    #[actix_rt::test]
    async fn a_reader_that_goes_gives_its_place_back() {
        let streams = streams();
        let place = streams.enter(customer(TimeDelta::hours(1))).unwrap();
        let (pieces, waiting) = mpsc::channel(PIECES);
        drop(waiting);
        feed(place, Silence, pieces).await;
        assert_eq!(streams.count(), 0);
    }

    #[actix_rt::test]
    async fn an_account_and_the_process_have_only_so_many_places() {
        let streams = streams();
        let anna = customer(TimeDelta::hours(1));
        let ben = customer(TimeDelta::hours(1));
        let first = streams.enter(anna).unwrap();
        let _second = streams.enter(anna).unwrap();
        assert_eq!(streams.enter(anna).unwrap_err().slug(), "too-many-requests");
        let _third = streams.enter(ben).unwrap();
        assert_eq!(streams.enter(ben).unwrap_err().slug(), "unavailable");
        drop(first);
        let fourth = streams.enter(anna).unwrap();
        streams.end_session(anna.session);
        fourth.session_over().await;
        streams.close();
        assert_eq!(streams.enter(ben).unwrap_err().slug(), "unavailable");
    }
}
