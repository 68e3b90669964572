//! One supplier's HTTP client: built by its incarnation over the shared TLS settings, and asked
//! under a permit.
//!
//! It never repeats a request, follows no redirect, keeps no idle connection and knows no proxy:
//! whatever goes wrong is told to the asker as either provably not sent or unknown.

use std::error::Error;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use anyhow::Context;
use base64::Engine as _;
use bytes::{Bytes, BytesMut};
use reqwest::Url;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use rustls::ClientConfig;
use rustls_platform_verifier::BuilderVerifierExt;

use super::Permit;
use super::gate::{Gate, PERMIT_OVER};
use crate::clock::{self, Elapsed};
use crate::failpoints;
use crate::integrations::rate_limiter::RateLimiter;

/// The largest answer that is read unless the request says otherwise, in bytes.
const ANSWER_LIMIT: usize = 1 << 20;
/// What a proxy answers in place of a supplier that does not: said of the supplier, not of the
/// question.
const NOT_ITS_OWN: [u16; 3] = [502, 503, 504];
/// The longest media type that is kept, in characters.
const MEDIA_TYPE: usize = 64;
/// How long a connection may take to be made, its TLS handshake included.
const CONNECT_PATIENCE: Duration = Duration::from_secs(3);

/// The HTTP client of one incarnation for one supplier's address.
#[derive(Clone)]
pub struct Client {
    http: reqwest::Client,
    endpoint: String,
    pace: Option<RateLimiter>,
}

impl Client {
    /// Builds the client for `endpoint`, an `https` address without a trailing slash; `http` is for
    /// loopback only.
    ///
    /// # Errors
    /// `endpoint` is no such address, or the machine has no certificates to check a server by.
    pub fn new(endpoint: &str) -> anyhow::Result<Self> {
        let url = Url::parse(endpoint).context("the endpoint is not an address")?;
        let tls = match url.scheme() {
            "https" => tls()?,
            "http" if is_loopback(&url) => no_tls()?,
            other => {
                anyhow::bail!("the endpoint's scheme {other} is neither https nor http to loopback")
            }
        };
        let http = reqwest::Client::builder()
            .tls_backend_preconfigured(tls)
            .http1_only()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .pool_max_idle_per_host(0)
            .connect_timeout(CONNECT_PATIENCE)
            .build()
            .context("no HTTP client")?;
        Ok(Self { http, endpoint: endpoint.trim_end_matches('/').to_owned(), pace: None })
    }

    /// Sends at this pace, where there is one: a request waits for its turn, and is not sent when
    /// its deadline comes first.
    #[must_use]
    pub fn paced(self, pace: Option<RateLimiter>) -> Self {
        Self { pace, ..self }
    }

    /// Sends `request` once and reads the whole answer, whatever its status, before the permit's
    /// deadline. The permit is looked at after connecting and before the first byte of the body. A
    /// dropped call sends nothing that it has not begun to send.
    ///
    /// # Errors
    /// `NotSent`: nothing of the body left, ask again at leisure. `Unknown`: some of it did,
    /// anything may have happened.
    pub async fn send(&self, request: Request, permit: &Permit) -> Result<Answer, SendError> {
        let gate = Gate::closed();
        permit.note(false);
        let begun = clock::instant();
        let ended =
            clock::timeout_at(permit.deadline(), self.exchange(request, permit, &gate)).await;
        let failure = match ended {
            Ok(Ok(answer)) => {
                permit.note(!NOT_ITS_OWN.contains(&answer.status));
                let milliseconds = clock::since(begun).as_millis();
                tracing::debug!(
                    status = answer.status,
                    bytes = answer.body.len(),
                    milliseconds,
                    "the supplier answered"
                );
                return Ok(answer);
            }
            Ok(Err(failure)) => failure,
            Err(Elapsed) => {
                Failure { connecting: false, text: "no answer before the deadline".into() }
            }
        };
        if gate.abandon() || failure.connecting {
            Err(SendError::NotSent(failure.text))
        } else {
            Err(SendError::Unknown(failure.text))
        }
    }

    async fn exchange(
        &self,
        request: Request,
        permit: &Permit,
        gate: &Gate,
    ) -> Result<Answer, Failure> {
        let Request { method, path, headers, body, limit } = request;
        if let Some(pace) = &self.pace {
            pace.turn(permit.deadline()).await;
        }
        let mut outgoing =
            self.http.request(method, format!("{}{path}", self.endpoint)).headers(headers);
        if !body.is_empty() {
            outgoing = outgoing.body(reqwest::Body::wrap(gate.guard(body, permit)));
        } else if !gate.open(permit) {
            return Err(Failure { connecting: true, text: PERMIT_OVER.into() });
        }
        failpoints::here(|| format!("{}: not sent", permit.what()));
        let response = outgoing.send().await.map_err(Failure::of)?;
        failpoints::here(|| format!("{}: acted, answer not read", permit.what()));
        read(response, limit).await
    }
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client").finish_non_exhaustive()
    }
}

/// One request to the client's supplier.
pub struct Request {
    method: reqwest::Method,
    path: String,
    headers: HeaderMap,
    body: Bytes,
    limit: usize,
}

impl Request {
    /// A `POST` of `body` to the endpoint followed by `path`, which is empty or begins with a
    /// slash.
    pub fn post(
        path: impl Into<String>,
        content_type: &'static str,
        body: impl Into<Bytes>,
    ) -> Self {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
        Self {
            method: reqwest::Method::POST,
            path: path.into(),
            headers,
            body: body.into(),
            limit: ANSWER_LIMIT,
        }
    }

    /// A `GET` of the endpoint followed by `path`; it has no body, so its permit is looked at
    /// before connecting.
    pub fn get(path: impl Into<String>) -> Self {
        let headers = HeaderMap::new();
        Self {
            method: reqwest::Method::GET,
            path: path.into(),
            headers,
            body: Bytes::new(),
            limit: ANSWER_LIMIT,
        }
    }

    /// Adds a header, replacing an earlier one of that name; a value with control characters is
    /// left out.
    #[must_use]
    pub fn header(mut self, name: &'static str, value: &str) -> Self {
        if let Ok(mut value) = HeaderValue::from_str(value) {
            let name = HeaderName::from_static(name);
            value.set_sensitive(name == AUTHORIZATION);
            self.headers.insert(name, value);
        }
        self
    }

    /// Adds HTTP Basic credentials.
    #[must_use]
    pub fn basic_auth(self, user: &str, password: &str) -> Self {
        let pair = base64::engine::general_purpose::STANDARD.encode(format!("{user}:{password}"));
        self.header("authorization", &format!("Basic {pair}"))
    }

    /// Sets the largest answer to be read, in bytes; 1 MiB otherwise.
    #[must_use]
    pub fn limit(mut self, bytes: usize) -> Self {
        self.limit = bytes;
        self
    }
}

/// A whole answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The media type in lower case without its parameters; empty when the answer named none.
    pub content_type: String,
    /// The body, at most as long as the request's limit.
    pub body: Bytes,
}

/// Why there is no answer; the texts carry neither address nor content.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// Provably nothing of the body left us.
    #[error("not sent: {0}")]
    NotSent(String),
    /// Some of it left us; anything may have happened.
    #[error("no answer: {0}")]
    Unknown(String),
}

struct Failure {
    connecting: bool,
    text: String,
}

impl Failure {
    fn of(error: reqwest::Error) -> Self {
        let error = error.without_url();
        let connecting = error.is_connect();
        let mut text = error.to_string();
        let mut source = error.source();
        while let Some(cause) = source {
            text = format!("{text}: {cause}");
            source = cause.source();
        }
        Self { connecting, text }
    }
}

async fn read(mut response: reqwest::Response, limit: usize) -> Result<Answer, Failure> {
    let status = response.status().as_u16();
    let media_type = response
        .headers()
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let content_type = media_type.split(';').next().unwrap_or_default().trim();
    let content_type =
        content_type.chars().take(MEDIA_TYPE).collect::<String>().to_ascii_lowercase();
    let mut body = BytesMut::new();
    while let Some(chunk) = response.chunk().await.map_err(Failure::of)? {
        if body.len() + chunk.len() > limit {
            return Err(Failure {
                connecting: false,
                text: format!("the answer is longer than {limit} bytes"),
            });
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Answer { status, content_type, body: body.freeze() })
}

/// Whether the address names this machine, in digits or as `localhost`.
#[must_use]
pub fn is_loopback(url: &Url) -> bool {
    let Some(host) = url.host_str() else { return false };
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost"
        || address.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// The scheme, host and port of an address, as `https://host:8443`, without the port that the
/// scheme has anyway.
#[must_use]
pub fn origin(address: &str) -> Option<String> {
    let url = Url::parse(address).ok().filter(Url::has_host)?;
    Some(url.origin().ascii_serialization())
}

/// Whether a supplier's address is on this machine, as only a simulator's is.
#[must_use]
pub fn is_loopback_address(text: &str) -> bool {
    Url::parse(text).is_ok_and(|url| is_loopback(&url))
}

/// The one TLS configuration: building it reads every certificate of the machine, cloning it costs
/// two counters.
fn tls() -> anyhow::Result<ClientConfig> {
    static SHARED: OnceLock<Result<ClientConfig, rustls::Error>> = OnceLock::new();
    let build = || Ok(versions()?.with_platform_verifier()?.with_no_client_auth());
    SHARED.get_or_init(build).clone().context("no TLS configuration")
}

/// Trusts nobody, for loopback: a machine without certificates can still talk to itself.
fn no_tls() -> anyhow::Result<ClientConfig> {
    static SHARED: OnceLock<Result<ClientConfig, rustls::Error>> = OnceLock::new();
    let build = || {
        Ok(versions()?.with_root_certificates(rustls::RootCertStore::empty()).with_no_client_auth())
    };
    SHARED.get_or_init(build).clone().context("no TLS configuration")
}

fn versions() -> Result<rustls::ConfigBuilder<ClientConfig, rustls::WantsVerifier>, rustls::Error> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()
}

#[cfg(test)]
#[path = "client_tests.rs"]
mod tests;
