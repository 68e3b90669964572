//! The web server: its limits, and the order in which a request passes through.

use std::io;
use std::net::TcpListener;
use std::time::Duration;

use actix_http::{HttpService, Protocol};
use actix_service::{IntoServiceFactory, apply_fn_factory, map_config};
use actix_web::body::MessageBody;
use actix_web::dev::{
    AppConfig, Server, Service as _, ServiceFactory, ServiceRequest, ServiceResponse,
};
use actix_web::middleware::from_fn;
use actix_web::{App, Error, web};
use futures_util::future::{Either, ready};
use tokio::net::TcpStream;
use utoipa_actix_web::AppExt;

use super::state::State;
use crate::http::middleware::connection::{Patience, Watched};
use crate::http::middleware::{
    body, connection, cors, draining, fallback, head, headers, nul, request_id, tarpit,
};
use crate::http::routes;

/// How long a closing client may take.
const GOODBYE_PATIENCE: Duration = Duration::from_secs(2);

/// How long a graceful stop waits for requests in flight, in seconds.
const STOP_PATIENCE_SECONDS: u64 = 30;

/// The application of one worker, for the server and for tests without a socket.
pub fn app(
    state: web::Data<State>,
) -> App<
    impl ServiceFactory<
        ServiceRequest,
        Config = (),
        Response = ServiceResponse<impl MessageBody>,
        Error = Error,
        InitError = (),
    >,
> {
    let breakable = state.face.breakable;
    let https = state.face.https;
    let services = state.clone();
    App::new()
        .app_data(state)
        .configure(|api| services.handles.give_to(api))
        .configure(body::configure)
        .into_utoipa_app()
        .configure(|api| {
            if breakable {
                routes::for_tests(api);
            }
        })
        .configure(routes::all)
        .into_app()
        .default_service(web::to(fallback::unmatched))
        .wrap(from_fn(tarpit::hold))
        .wrap(from_fn(nul::refuse))
        .wrap(from_fn(draining::turn_away))
        .wrap(from_fn(head::answer))
        .wrap(from_fn(request_id::watch))
        .wrap(from_fn(cors::share))
        .wrap(headers::defaults(https))
        .wrap(from_fn(connection::serve))
}

/// What the web server takes upon itself.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Threads that answer, at least 1.
    pub workers: usize,
    /// Most connections at a time, at least 1; those of event streams are among them.
    pub connections: usize,
    /// How long its peer may take.
    pub patience: Patience,
}

/// Serves on a listener that is already bound, so that port 0 works; stops only through its handle.
/// A connection beyond what its peer may have is closed at once.
///
/// # Errors
/// The listener cannot be used.
pub fn serve(state: web::Data<State>, listener: TcpListener, limits: Limits) -> io::Result<Server> {
    let address = listener.local_addr()?;
    let builder = Server::build()
        .workers(limits.workers)
        .max_concurrent_connections(limits.connections.div_ceil(limits.workers).max(1))
        .shutdown_timeout(STOP_PATIENCE_SECONDS)
        .disable_signals();
    let patience = limits.patience;
    let stopping = builder.graceful_shutdown_signal();
    // what `HttpServer` does too, but for the stream between socket and dispatcher
    let connections = move || {
        let stopping = stopping.clone();
        let door = state.face.door.clone();
        let http = HttpService::build()
            .keep_alive(patience.idle)
            .client_request_timeout(patience.head)
            .client_disconnect_timeout(GOODBYE_PATIENCE)
            .local_addr(address)
            .graceful_shutdown_signal(move || {
                let stopping = stopping.clone();
                async move { stopping.notified().await }
            })
            .on_connect_ext(|stream: &Watched, about| {
                about.insert(stream.watch());
            })
            .finish(map_config(app(state.clone()).into_factory(), |()| AppConfig::default()));
        apply_fn_factory(http, move |socket: TcpStream, http| {
            let from = socket.peer_addr().ok();
            match from.and_then(|from| door.place(from)) {
                Some(place) => {
                    let stream = Watched::new(socket, place, patience);
                    Either::Left(http.call((stream, Protocol::Http1, from)))
                }
                None => Either::Right(ready(Ok(()))),
            }
        })
    };
    Ok(builder.listen("http", listener, connections)?.run())
}
