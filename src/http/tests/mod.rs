//! A real server on a port of its own.

mod accounts;
mod addresses;
mod billing;
mod callbacks;
mod connections;
mod face;
mod finding;
mod headers;
mod languages;
mod operations;
mod orders;
mod orders_shown;
mod own_data;
mod passwords;
mod refresh_limits;
mod schedule;
mod second_factor;
mod security_keys;
mod services;
mod sessions;
mod singletons;
mod staff;
mod values;

use std::net::{SocketAddr, TcpListener};
use std::time::Duration;

use actix_web::dev::ServerHandle;
use actix_web::web;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::fixture::{self, SECRET};
use super::{Limits, Patience, State, serve};
use crate::actors::auth::{self, Names, Role};
use crate::io::Io;
use crate::redis::Redis;

/// A server with a database of its own.
pub(crate) struct World {
    pub(crate) state: web::Data<State>,
    pub(crate) io: Io,
    pub(crate) auth: auth::Desk,
    pub(crate) address: SocketAddr,
    client: reqwest::Client,
    server: ServerHandle,
    _folder: TempDir,
}

/// An answer, read whole.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: reqwest::header::HeaderMap,
    pub(crate) body: Value,
}

fn client() -> reqwest::Client {
    let _second_time = rustls::crypto::aws_lc_rs::default_provider().install_default();
    reqwest::Client::builder().no_proxy().pool_max_idle_per_host(0).build().unwrap()
}

impl World {
    pub(crate) async fn start() -> Self {
        Self::with(|_state| {}).await
    }

    /// The same with another state.
    pub(crate) async fn with(change: impl FnOnce(&mut State)) -> Self {
        let (mut state, folder) = fixture::state().await;
        change(&mut state);
        Self::serve(state, folder)
    }

    /// A server that asks every admin for a second factor.
    pub(crate) async fn with_second_factor() -> Self {
        Self::set_to(auth::Settings {
            second_factor: auth::SecondFactor::Required,
            ..fixture::accounts()
        })
        .await
    }

    /// A server whose accounts are set so.
    pub(crate) async fn set_to(settings: auth::Settings) -> Self {
        let (mut state, folder) = fixture::state().await;
        state.auth =
            auth::Desk::open(state.io.clone(), Redis::off(), SECRET.to_vec().into(), settings)
                .await
                .unwrap();
        Self::serve(state, folder)
    }

    fn serve(state: State, folder: TempDir) -> Self {
        Self::serve_patiently(state, folder, Patience::default())
    }

    fn serve_patiently(mut state: State, folder: TempDir, patience: Patience) -> Self {
        let io = state.io.clone();
        let auth = state.auth.clone();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        state.face.door = state.face.door.moved_to(address);
        let state = web::Data::new(state);
        let server =
            serve(state.clone(), listener, Limits { workers: 1, connections: 64, patience })
                .unwrap();
        let handle = server.handle();
        actix_rt::spawn(server);
        let client = client();
        Self { state, io, auth, address, client, server: handle, _folder: folder }
    }

    pub(crate) fn call(&self, method: &str, path: &str) -> reqwest::RequestBuilder {
        let method = reqwest::Method::from_bytes(method.as_bytes()).unwrap();
        self.client
            .request(method, format!("http://{}{path}", self.address))
            .timeout(Duration::from_secs(30))
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Answer {
        answer(self.call("POST", path).json(body)).await
    }

    pub(crate) async fn account(&self, email: &str, role: Role) {
        let names = Names { first: "Anna".to_owned(), last: "Berg".to_owned() };
        auth::create_account(&self.io, email, "correct horse".to_owned().into(), names, role)
            .await
            .unwrap();
    }

    pub(crate) async fn log_in(&self, email: &str, password: &str) -> Answer {
        self.post("/api/v1/sessions", &json!({"email": email, "password": password})).await
    }
}

impl Drop for World {
    fn drop(&mut self) {
        drop(self.server.stop(false));
    }
}

pub(crate) async fn answer(request: reqwest::RequestBuilder) -> Answer {
    let response = request.send().await.unwrap();
    let status = response.status().as_u16();
    let headers = response.headers().clone();
    let bytes = response.bytes().await.unwrap();
    let body = if bytes.is_empty() { Value::Null } else { serde_json::from_slice(&bytes).unwrap() };
    Answer { status, headers, body }
}

impl Answer {
    /// Expects a whole problem: media type, slug, words and the request's id.
    #[track_caller]
    pub(crate) fn expect_problem(&self, status: u16, slug: &str) {
        assert_eq!(self.status, status, "{self:?}");
        assert_eq!(self.headers["content-type"], "application/problem+json", "{self:?}");
        assert_eq!(self.body["type"], slug, "{self:?}");
        assert_eq!(self.body["status"], status);
        assert_eq!(self.body["instance"], self.headers["x-request-id"].to_str().unwrap());
        for words in ["title", "detail"] {
            assert!(self.body[words].as_str().is_some_and(|text| text.len() > 5), "{self:?}");
        }
    }
}
