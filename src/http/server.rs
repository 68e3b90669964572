//! The web server: its limits, and the order in which a request passes through.

use std::io;
use std::net::TcpListener;
use std::time::Duration;

use actix_web::body::MessageBody;
use actix_web::dev::{Server, ServiceFactory, ServiceRequest, ServiceResponse};
use actix_web::middleware::from_fn;
use actix_web::{App, Error, HttpServer, web};
use utoipa_actix_web::AppExt;

use super::state::State;
use super::{body, cors, door, head, headers, leaving, problem, request_id, routes, test_routes};

/// How long the head of a request may take to arrive.
const HEAD_PATIENCE: Duration = Duration::from_secs(5);

/// How long a closing client may take.
const GOODBYE_PATIENCE: Duration = Duration::from_secs(2);

/// How long an idle connection is kept.
const KEEP_ALIVE: Duration = Duration::from_secs(60);

/// How many connections one worker holds at once. Known limit: actix-http 3.20 watches the time of a connection's first
/// head only; a client that begins a second one and never ends it keeps its place until it goes.
const CONNECTIONS_PER_WORKER: usize = 4096;

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
    let (breakable, https) = (state.breakable, state.https);
    App::new()
        .app_data(state)
        .configure(body::configure)
        .into_utoipa_app()
        .configure(|api| {
            if breakable {
                test_routes(api);
            }
        })
        .configure(routes)
        .into_app()
        .default_service(web::to(problem::unmatched))
        .wrap(from_fn(door::refuse_nul))
        .wrap(from_fn(leaving::turn_away))
        .wrap(from_fn(head::answer))
        .wrap(from_fn(request_id::watch))
        .wrap(from_fn(cors::share))
        .wrap(headers::defaults(https))
}

/// Serves on a listener that is already bound, so that port 0 works; stops only through its handle.
///
/// # Errors
/// The listener cannot be used.
pub fn serve(state: web::Data<State>, listener: TcpListener, workers: usize) -> io::Result<Server> {
    let server = HttpServer::new(move || app(state.clone()))
        .workers(workers)
        .max_connections(CONNECTIONS_PER_WORKER)
        .client_request_timeout(HEAD_PATIENCE)
        .client_disconnect_timeout(GOODBYE_PATIENCE)
        .keep_alive(KEEP_ALIVE)
        .shutdown_timeout(STOP_PATIENCE_SECONDS)
        .disable_signals()
        .listen(listener)?
        .run();
    Ok(server)
}
