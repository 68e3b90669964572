//! A client of bare sockets: sees resets, truncation and refused connections as they are.

use std::io::ErrorKind;

use serde_json::{Value, json};
use starjack_simulator::{Config, Simulator, start};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

pub(crate) type Headers<'a> = &'a [(&'a str, &'a str)];

/// What came back over one connection.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
    /// The announced length, which a truncated body does not reach.
    pub(crate) announced: usize,
}

impl Reply {
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        let line = self
            .head
            .lines()
            .find(|line| line.to_ascii_lowercase().starts_with(&format!("{name}:")));
        line.and_then(|line| line.split_once(':'))
            .map(|(_, value)| value.trim())
            .unwrap_or_default()
    }

    /// The text of the first element of that local name.
    pub(crate) fn tag(&self, name: &str) -> String {
        tag(&self.text(), name).unwrap_or_else(|| panic!("no {name} in {}", self.text()))
    }

    pub(crate) fn count(&self, name: &str) -> usize {
        self.text().matches(&format!("<{name}>")).count()
    }
}

pub(crate) fn tag(text: &str, name: &str) -> Option<String> {
    let from = text.split_once(&format!("<{name}>"))?.1;
    Some(from.split_once(&format!("</{name}>"))?.0.to_owned())
}

/// Sends one request over a connection of its own.
pub(crate) async fn ask(
    method: &str,
    url: &str,
    headers: Headers<'_>,
    body: &[u8],
) -> Result<Reply, ErrorKind> {
    let (host, path) = url.strip_prefix("http://").unwrap().split_once('/').unwrap();
    let mut head = format!(
        "{method} /{path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\nContent-Length: {}\r\n",
        body.len()
    );
    for (name, value) in headers {
        head += &format!("{name}: {value}\r\n");
    }
    let mut stream = TcpStream::connect(host).await.map_err(|error| error.kind())?;
    stream.write_all((head + "\r\n").as_bytes()).await.map_err(|error| error.kind())?;
    stream.write_all(body).await.map_err(|error| error.kind())?;
    read(&mut stream).await
}

async fn read(stream: &mut TcpStream) -> Result<Reply, ErrorKind> {
    let mut bytes = Vec::new();
    let within =
        tokio::time::timeout(std::time::Duration::from_secs(20), stream.read_to_end(&mut bytes));
    within.await.map_err(|_late| ErrorKind::TimedOut)?.map_err(|error| error.kind())?;
    let split = bytes
        .windows(4)
        .position(|window| window == b"\r\n\r\n")
        .ok_or(ErrorKind::UnexpectedEof)?;
    let head = String::from_utf8_lossy(&bytes[..split]).into_owned();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    let reply = Reply { status, head, body: bytes[split + 4..].to_vec(), announced: 0 };
    let announced = reply.header("content-length").parse().unwrap_or(0);
    Ok(Reply { announced, ..reply })
}

/// A shop that takes callbacks, tells their peer and request, and answers `OK`.
pub(crate) struct Shop {
    pub(crate) url: String,
    calls: tokio::sync::mpsc::Receiver<(String, String)>,
    _tasks: tokio::task::JoinSet<()>,
}

impl Shop {
    pub(crate) async fn open() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (tell, calls) = tokio::sync::mpsc::channel(100);
        let mut tasks = tokio::task::JoinSet::new();
        tasks.spawn(async move {
            loop {
                let (mut stream, peer) = listener.accept().await.unwrap();
                let mut head = vec![0; 4_096];
                let read = stream.read(&mut head).await.unwrap();
                let head = String::from_utf8_lossy(&head[..read]).into_owned();
                stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nOK").await.unwrap();
                tell.send((peer.ip().to_string(), head)).await.unwrap();
            }
        });
        Self { url, calls, _tasks: tasks }
    }

    /// The next callback: who called and the request's head.
    pub(crate) async fn next(&mut self) -> (String, String) {
        let within = tokio::time::timeout(std::time::Duration::from_secs(10), self.calls.recv());
        within.await.expect("no callback came").unwrap()
    }

    /// A callback that is already there.
    pub(crate) fn waiting(&mut self) -> Option<(String, String)> {
        self.calls.try_recv().ok()
    }
}

/// A simulator and its addresses as a client reads them.
pub(crate) struct World {
    pub(crate) simulator: Simulator,
    pub(crate) endpoints: Value,
}

impl World {
    pub(crate) async fn start() -> Self {
        Self::with(Config::default()).await
    }

    pub(crate) async fn with(config: Config) -> Self {
        let simulator = start(config).await.unwrap();
        let control = simulator.endpoints.control.clone();
        let endpoints =
            ask("GET", &format!("{control}/control/endpoints"), &[], b"").await.unwrap().json();
        assert_eq!(endpoints, simulator.endpoints.to_json());
        Self { simulator, endpoints }
    }

    pub(crate) fn access(&self, contract: &str, field: &str) -> String {
        self.endpoints[contract][field]
            .as_str()
            .unwrap_or_else(|| panic!("{contract} {field}"))
            .to_owned()
    }

    pub(crate) async fn control(&self, method: &str, path: &str, body: Value) -> Reply {
        let url = format!("{}/control/{path}", self.simulator.endpoints.control);
        let body = if body.is_null() { String::new() } else { body.to_string() };
        ask(method, &url, &[("content-type", "application/json")], body.as_bytes()).await.unwrap()
    }

    pub(crate) async fn ledger(&self, supplier: &str) -> Vec<Value> {
        let whole = self.control("GET", "ledger", Value::Null).await.json();
        whole[supplier].as_array().unwrap().clone()
    }

    pub(crate) async fn fault(&self, order: Value) {
        let reply = self.control("POST", "faults", order).await;
        assert_eq!(reply.status, 201, "{}", reply.text());
    }

    pub(crate) async fn clear(&self) {
        assert_eq!(self.control("DELETE", "faults", Value::Null).await.status, 204);
    }

    pub(crate) async fn advance(&self, seconds: u32) {
        assert_eq!(
            self.control("POST", "clock", json!({ "advance_seconds": seconds })).await.status,
            200
        );
    }

    /// Asks the ledger until it shows what is waited for, ten seconds at most.
    pub(crate) async fn until(
        &self,
        supplier: &str,
        fits: impl Fn(&[Value]) -> bool,
    ) -> Vec<Value> {
        let waiting = async {
            loop {
                let entries = self.ledger(supplier).await;
                if fits(&entries) {
                    return entries;
                }
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(std::time::Duration::from_secs(10), waiting)
            .await
            .expect("the ledger never showed it")
    }
}
