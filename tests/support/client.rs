//! Calls as a client makes them, with answers that are easy to look at.

use std::net::Ipv4Addr;
use std::time::Duration;

use reqwest::header::{CONTENT_TYPE, HeaderMap};
use reqwest::{Method, RequestBuilder};
use serde_json::Value;

/// Longest wait for one answer.
const DEADLINE: Duration = Duration::from_secs(30);

/// Somebody who calls one base address, logged in or not.
#[derive(Clone, Debug)]
pub(crate) struct Client {
    http: reqwest::Client,
    base: String,
    token: Option<String>,
    /// Where it calls from, as a proxy tells it.
    address: Option<Ipv4Addr>,
}

/// What came back.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    /// The body when it is JSON, else `null`.
    pub(crate) json: Value,
    pub(crate) bytes: Vec<u8>,
}

impl Client {
    pub(crate) fn new(base: &str) -> Self {
        // the first test of a process chooses it for all
        drop(rustls::crypto::aws_lc_rs::default_provider().install_default());
        // nothing is tried twice here, and a kept connection may be closed by the server (408, or
        // its keep-alive is over) just when the next request takes it: each request has a
        // connection of its own
        let http = reqwest::Client::builder()
            .no_proxy()
            .pool_max_idle_per_host(0)
            .timeout(DEADLINE)
            .build()
            .unwrap();
        Self { http, base: base.trim_end_matches('/').to_owned(), token: None, address: None }
    }

    /// Its access token.
    pub(crate) fn token(&self) -> &str {
        self.token.as_deref().unwrap()
    }

    /// The same client with an access token.
    pub(crate) fn with_token(&self, token: &str) -> Self {
        Self { token: Some(token.to_owned()), ..self.clone() }
    }

    /// The same client in a network of its own, so that no limit takes many people for one.
    pub(crate) fn in_network(&self, no: u64) -> Self {
        let [.., a, b] = no.to_be_bytes();
        Self { address: Some(Ipv4Addr::new(10, a, b, 1)), ..self.clone() }
    }

    /// The same client at another replica.
    pub(crate) fn at(&self, base: &str) -> Self {
        Self { base: base.trim_end_matches('/').to_owned(), ..self.clone() }
    }

    /// A request to `path` that may be given more before it is sent.
    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.http.request(method, format!("{}{path}", self.base));
        let request = match self.address {
            Some(address) => request.header("x-forwarded-for", address.to_string()),
            None => request,
        };
        match &self.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }

    pub(crate) async fn delete(&self, path: &str) -> Answer {
        Answer::to(self.request(Method::DELETE, path)).await.unwrap()
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.try_get(path).await.unwrap_or_else(|error| panic!("GET {path}: {error:?}"))
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Answer {
        self.try_post(path, body).await.unwrap_or_else(|error| panic!("POST {path}: {error:?}"))
    }

    /// For servers that may be dead.
    pub(crate) async fn try_get(&self, path: &str) -> reqwest::Result<Answer> {
        Answer::to(self.request(Method::GET, path)).await
    }

    /// For servers that may be dead.
    pub(crate) async fn try_post(&self, path: &str, body: &Value) -> reqwest::Result<Answer> {
        Answer::to(self.request(Method::POST, path).json(body)).await
    }
}

impl Answer {
    /// The answer to a request.
    pub(crate) async fn to(request: RequestBuilder) -> reqwest::Result<Self> {
        let answer = request.send().await?;
        let status = answer.status().as_u16();
        let headers = answer.headers().clone();
        let bytes = answer.bytes().await?.to_vec();
        Ok(Self {
            status,
            headers,
            json: serde_json::from_slice(&bytes).unwrap_or_default(),
            bytes,
        })
    }

    /// The JSON of an answer that must have this status.
    #[track_caller]
    pub(crate) fn expect(self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", String::from_utf8_lossy(&self.bytes));
        self.json
    }

    /// Says that this is a problem document of this status and type, and gives it.
    #[track_caller]
    pub(crate) fn expect_problem(self, status: u16, slug: &str) -> Value {
        let text = String::from_utf8_lossy(&self.bytes).into_owned();
        assert_eq!(self.status, status, "{text}");
        assert_eq!(self.header(CONTENT_TYPE.as_str()), "application/problem+json", "{text}");
        assert_eq!(self.json["type"], slug, "{text}");
        assert_eq!(self.json["status"], status, "{text}");
        self.json
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }
}
