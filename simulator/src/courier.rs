//! Callbacks of suppliers: an HTTP GET to our address, once, at most 20 seconds, only to loopback;
//! doubled, held back or dropped as the faults in force say.

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
use serde_json::{Value, json};
use tokio::net::TcpSocket;
use tokio::sync::oneshot;

use crate::clock::{Clock, sleep, stamp};
use crate::faults::{Delivery, Faults};
use crate::supplier::Supplier;
use crate::tasks::Tasks;

/// Source: mPAY24's own plugin, default timeout of a callback.
const ANSWER_WITHIN: Duration = Duration::from_secs(20);
const ANSWER_MAX: usize = 64 * 1024;

/// One callback to deliver.
#[derive(Clone, Debug)]
pub(crate) struct Callback {
    /// What it is about: one that is held back waits for the next one of this.
    pub(crate) subject: String,
    pub(crate) url: String,
    /// The source: a loopback address is really used, any other is claimed in `X-Forwarded-For`.
    pub(crate) from: Option<IpAddr>,
    /// So many at once, 1 to 20.
    pub(crate) times: u32,
    /// Under which the ledger finds what became of it.
    pub(crate) entry: u64,
    /// What the ledger says of it besides.
    pub(crate) says: Value,
}

/// Writes down what became of a callback.
type Log = Box<dyn Fn(u64, Value) + Send + Sync>;

/// Delivers a supplier's callbacks and writes down what became of them.
pub(crate) struct Courier {
    supplier: &'static Supplier,
    tasks: Tasks,
    faults: Arc<Faults>,
    clock: Arc<Clock>,
    /// Whether an answer, with status and text, is taken for a yes.
    accepts: fn(u16, &str) -> bool,
    log: Log,
    /// Callbacks that wait for the next one of their subject.
    waiting: Mutex<HashMap<String, Vec<oneshot::Sender<()>>>>,
}

impl Courier {
    pub(crate) fn new(
        supplier: &'static Supplier,
        (tasks, faults, clock): (Tasks, Arc<Faults>, Arc<Clock>),
        accepts: fn(u16, &str) -> bool,
        log: impl Fn(u64, Value) + Send + Sync + 'static,
    ) -> Self {
        let log = Box::new(log);
        Self { supplier, tasks, faults, clock, accepts, log, waiting: Mutex::default() }
    }

    /// Delivers in a task of its own.
    pub(crate) fn send(self: &Arc<Self>, callback: Callback) {
        let courier = Arc::clone(self);
        if self.tasks.start(async move { courier.deliver(callback).await }).is_none() {
            tracing::warn!("too many tasks, a callback is lost");
        }
    }

    /// Delivers as the faults in force say, and returns when that is done.
    pub(crate) async fn deliver(&self, callback: Callback) {
        let times = match self.faults.meet_callback(self.supplier) {
            Delivery::Once => callback.times.clamp(1, 20),
            Delivery::Repeated(times) => times,
            Delivery::Never => return self.note(&callback, json!({ "dropped": true })),
            Delivery::AfterNext(wait) => {
                self.wait_for_next(&callback.subject, wait).await;
                1
            }
        };
        join_all((0..times).map(|_| self.call(&callback))).await;
        let waiting =
            self.waiting.lock().unwrap_or_else(PoisonError::into_inner).remove(&callback.subject);
        for earlier in waiting.into_iter().flatten() {
            if earlier.send(()).is_err() {
                tracing::debug!(callback.subject, "a held callback did not wait so long");
            }
        }
    }

    async fn wait_for_next(&self, subject: &str, wait: Duration) {
        let (go, gone) = oneshot::channel();
        self.waiting
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .entry(subject.to_owned())
            .or_default()
            .push(go);
        tokio::select! {
            next = gone => if next.is_err() { tracing::debug!(subject, "nobody releases a held callback") },
            () = sleep(wait) => {}
        }
    }

    async fn call(&self, callback: &Callback) {
        let outcome = tokio::time::timeout(ANSWER_WITHIN, get(callback)).await;
        let outcome = outcome.unwrap_or_else(|_late| Err("no answer within 20 s".to_owned()));
        let became = match outcome {
            Ok((status, body)) => {
                let ok = (self.accepts)(status, &body);
                json!({ "http_status": status, "answer": body, "ok": ok })
            }
            Err(error) => json!({ "error": error, "ok": false }),
        };
        self.note(callback, became);
    }

    fn note(&self, callback: &Callback, became: Value) {
        let mut entry = json!({ "at": stamp(self.clock.now()), "url": callback.url });
        if let Some(entry) = entry.as_object_mut() {
            for part in [callback.says.clone(), became] {
                if let Value::Object(part) = part {
                    entry.extend(part);
                }
            }
        }
        (self.log)(callback.entry, entry);
    }
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

async fn get(callback: &Callback) -> Result<(u16, String), String> {
    let uri: Uri = callback.url.parse().map_err(|error| format!("address: {error}"))?;
    let target = target(&uri)?;
    let from = callback.from;
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
