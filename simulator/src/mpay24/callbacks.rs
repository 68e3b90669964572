//! Confirmation callbacks: an HTTP GET to the page's confirmation address, once, at most 20
//! seconds, only to loopback.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::{join, join_all};
use http_body_util::{BodyExt as _, Empty, Limited};
use hyper::client::conn::http1;
use hyper::{Request, Uri};
use hyper_util::rt::TokioIo;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::net::TcpSocket;
use tokio::sync::oneshot;

use super::book::Book;
use crate::clock::{Clock, sleep, stamp};
use crate::faults::{Delivery, Faults};
use crate::tasks::Tasks;

/// Source: mPAY24's own plugin, default timeout of a callback.
const ANSWER_WITHIN: Duration = Duration::from_secs(20);
const ANSWER_MAX: usize = 64 * 1024;

/// How the control side wants a callback bent.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Options {
    /// Stands in the confirmation address in place of the shop's secret; empty takes the secret
    /// out. The secret is the parameter with `secret`, `token` or `key` in its name, else the last
    /// one.
    secret: Option<String>,
    /// The source: a loopback address is really used, any other is claimed in `X-Forwarded-For`.
    from: Option<IpAddr>,
    /// Percent-encode ISO-8859-1 instead of UTF-8.
    latin1: bool,
    /// So many at once, 1 to 20.
    times: Option<u32>,
    /// Delivered before the control call is answered.
    pub(crate) before_answer: bool,
}

/// One callback to deliver.
#[derive(Clone, Debug)]
pub(crate) struct Notice {
    pub(crate) mpay_tid: u64,
    pub(crate) tid: String,
    pub(crate) status: &'static str,
    pub(crate) cents: u32,
    pub(crate) address: String,
    pub(crate) parameters: Vec<(&'static str, String)>,
    pub(crate) options: Options,
}

/// Delivers callbacks and writes down what became of them.
pub(crate) struct Courier {
    pub(crate) tasks: Tasks,
    pub(crate) faults: Arc<Faults>,
    pub(crate) clock: Arc<Clock>,
    pub(crate) book: Arc<Mutex<Book>>,
    /// Callbacks that wait for the next one of their tid.
    pub(crate) waiting: Mutex<HashMap<String, Vec<oneshot::Sender<()>>>>,
}

impl Courier {
    /// Delivers in a task of its own.
    pub(crate) fn send(self: &Arc<Self>, notice: Notice) {
        let courier = Arc::clone(self);
        if self.tasks.start(async move { courier.deliver(notice).await }).is_none() {
            tracing::warn!("too many tasks, a callback is lost");
        }
    }

    /// Delivers as the faults in force say, and returns when that is done.
    pub(crate) async fn deliver(&self, notice: Notice) {
        let times = match self.faults.meet_callback() {
            Delivery::Once => notice.options.times.unwrap_or(1).clamp(1, 20),
            Delivery::Repeated(times) => times,
            Delivery::Never => return self.log(&notice, json!({ "dropped": true })),
            Delivery::AfterNext(wait) => {
                self.wait_for_next(&notice.tid, wait).await;
                1
            }
        };
        join_all((0..times).map(|_| self.call(&notice))).await;
        let waiting =
            self.waiting.lock().unwrap_or_else(PoisonError::into_inner).remove(&notice.tid);
        for earlier in waiting.into_iter().flatten() {
            if earlier.send(()).is_err() {
                tracing::debug!(tid = notice.tid, "a held callback did not wait so long");
            }
        }
    }

    async fn wait_for_next(&self, tid: &str, wait: Duration) {
        let (go, gone) = oneshot::channel();
        self.waiting
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .entry(tid.to_owned())
            .or_default()
            .push(go);
        tokio::select! {
            next = gone => if next.is_err() { tracing::debug!(tid, "nobody releases a held callback") },
            () = sleep(wait) => {}
        }
    }

    async fn call(&self, notice: &Notice) {
        let outcome = tokio::time::timeout(ANSWER_WITHIN, get(notice)).await;
        let outcome = outcome.unwrap_or_else(|_late| Err("no answer within 20 s".to_owned()));
        self.log(
            notice,
            match outcome {
                Ok((status, body)) => {
                    json!({ "http_status": status, "answer": body, "ok": status == 200 && body.starts_with("OK") })
                }
                Err(error) => json!({ "error": error, "ok": false }),
            },
        );
    }

    fn log(&self, notice: &Notice, outcome: Value) {
        let mut entry = json!({ "status": notice.status, "amount": notice.cents, "at": stamp(self.clock.now()),
            "url": notice.url() });
        if let (Some(entry), Value::Object(outcome)) = (entry.as_object_mut(), outcome) {
            entry.extend(outcome);
        }
        self.book
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .log_callback(notice.mpay_tid, entry);
    }
}

impl Notice {
    fn url(&self) -> String {
        let address =
            self.options.secret.as_deref().map(|secret| with_secret(&self.address, secret));
        extended(address.as_deref().unwrap_or(&self.address), &self.parameters, self.options.latin1)
    }
}

/// The address with `secret` in the place of the shop's own.
fn with_secret(address: &str, secret: &str) -> String {
    let Some((base, query)) = address.split_once('?') else { return address.to_owned() };
    let mut pairs: Vec<String> = query.split('&').map(ToOwned::to_owned).collect();
    let telling = |pair: &String| {
        let name = pair.split('=').next().unwrap_or_default().to_ascii_lowercase();
        ["secret", "token", "key"].iter().any(|word| name.contains(word))
    };
    let place = pairs.iter().position(telling).unwrap_or(pairs.len() - 1);
    let replaced = pairs.remove(place);
    if !secret.is_empty() {
        let name = replaced.split('=').next().unwrap_or_default();
        pairs.insert(place, format!("{name}={}", encoded(secret, false)));
    }
    if pairs.is_empty() { base.to_owned() } else { format!("{base}?{}", pairs.join("&")) }
}

/// The address with parameters appended after its own.
pub(crate) fn extended(
    address: &str,
    parameters: &[(&'static str, String)],
    latin1: bool,
) -> String {
    let pairs: Vec<String> = parameters
        .iter()
        .map(|(name, value)| format!("{name}={}", encoded(value, latin1)))
        .collect();
    let joint = if address.contains('?') { '&' } else { '?' };
    if pairs.is_empty() {
        address.to_owned()
    } else {
        format!("{address}{joint}{}", pairs.join("&"))
    }
}

/// Everything but letters and digits escaped, blanks as `+`, as mPAY24 does it.
fn encoded(text: &str, latin1: bool) -> String {
    let bytes: Vec<u8> = if latin1 {
        text.chars().map(|c| u8::try_from(u32::from(c)).unwrap_or(b'?')).collect()
    } else {
        text.into()
    };
    let escape = |byte: u8| match byte {
        b' ' => "+".to_owned(),
        byte if byte.is_ascii_alphanumeric() => char::from(byte).to_string(),
        byte => format!("%{byte:02X}"),
    };
    bytes.into_iter().map(escape).collect()
}

/// Where an address leads, if that is loopback over plain HTTP.
fn target(uri: &Uri) -> Result<SocketAddr, String> {
    let host = uri.host().unwrap_or_default().trim_matches(['[', ']']);
    let ip =
        if host == "localhost" { Some(IpAddr::V4(Ipv4Addr::LOCALHOST)) } else { host.parse().ok() };
    match ip.filter(IpAddr::is_loopback) {
        Some(ip) if uri.scheme_str() == Some("http") => {
            Ok(SocketAddr::from((ip, uri.port_u16().unwrap_or(80))))
        }
        Some(_) | None => Err("not called: only plain http to loopback".to_owned()),
    }
}

async fn get(notice: &Notice) -> Result<(u16, String), String> {
    let uri: Uri = notice.url().parse().map_err(|error| format!("address: {error}"))?;
    let target = target(&uri)?;
    let from = notice.options.from;
    let socket = if target.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() };
    let socket = socket.map_err(|error| error.to_string())?;
    if let Some(source) = from.filter(|ip| ip.is_loopback() && ip.is_ipv4() == target.is_ipv4()) {
        socket
            .bind(SocketAddr::from((source, 0)))
            .map_err(|error| format!("source {source}: {error}"))?;
    }
    let stream = socket.connect(target).await.map_err(|error| format!("connect: {error}"))?;
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    let mut request =
        Request::get(path).header("host", target.to_string()).header("connection", "close");
    if let Some(claimed) = from.filter(|ip| !ip.is_loopback()) {
        request = request.header("x-forwarded-for", claimed.to_string());
    }
    let request = request.body(Empty::<Bytes>::new()).map_err(|error| error.to_string())?;
    let (sender, connection) =
        http1::handshake(TokioIo::new(stream)).await.map_err(|error| error.to_string())?;
    let (answer, ended) = join(exchange(sender, request), connection).await;
    if let Err(error) = ended {
        tracing::debug!(%error, "callback connection ended early");
    }
    answer
}

async fn exchange(
    mut sender: http1::SendRequest<Empty<Bytes>>,
    request: Request<Empty<Bytes>>,
) -> Result<(u16, String), String> {
    let response = sender.send_request(request).await.map_err(|error| error.to_string())?;
    let status = response.status().as_u16();
    let body = Limited::new(response.into_body(), ANSWER_MAX)
        .collect()
        .await
        .map_err(|error| error.to_string())?;
    let text: String = String::from_utf8_lossy(&body.to_bytes()).chars().take(200).collect();
    Ok((status, text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_follow_our_own_and_are_over_escaped() {
        let url = extended(
            "http://a/c?secret=s",
            &[("TID", "A-1".to_owned()), ("X", "ü 1".to_owned())],
            false,
        );
        assert_eq!(url, "http://a/c?secret=s&TID=A%2D1&X=%C3%BC+1");
        assert!(extended("http://a/c", &[("X", "ü€".to_owned())], true).ends_with("?X=%FC%3F"));
    }

    #[test]
    fn the_secret_can_be_swapped_or_taken_out() {
        assert_eq!(with_secret("http://a/c?secret=s&p=1", "x"), "http://a/c?secret=x&p=1");
        assert_eq!(with_secret("http://a/c?p=1&s=2", "x"), "http://a/c?p=1&s=x");
        assert_eq!(with_secret("http://a/c?secret=s", ""), "http://a/c");
    }

    #[test]
    fn only_loopback_is_called() {
        for (address, called) in [
            ("http://127.0.0.1:8/c", true),
            ("http://localhost/c", true),
            ("http://[::1]:9/c", true),
        ] {
            assert_eq!(target(&address.parse().unwrap()).is_ok(), called);
        }
        for address in ["http://10.0.0.1/c", "http://shop.example/c", "https://127.0.0.1/c"] {
            assert!(target(&address.parse().unwrap()).is_err(), "{address}");
        }
    }
}
