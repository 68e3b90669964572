//! What only the people who run the server see, on a listener of its own: metrics, and why it is or
//! is not ready.

mod gauges;
mod metrics;
mod ready;
mod text;

use std::io;
use std::net::TcpListener;

use actix_web::dev::Server;
use actix_web::middleware::from_fn;
use actix_web::{App, HttpServer, web};

use super::state::State;
use crate::http::middleware::fallback;
use crate::http::middleware::head;
use crate::http::middleware::headers;
use crate::http::middleware::request_id;
use gauges::Gauges;

/// Seconds that a scrape under way is waited for at the end.
const STOP_PATIENCE_SECONDS: u64 = 1;

/// Serves on a listener that is already bound; stops only through its handle.
///
/// # Errors
/// The listener cannot be used.
pub fn serve(state: web::Data<State>, listener: TcpListener) -> io::Result<Server> {
    let gauges = web::Data::new(Gauges::new(state.orders.store().clone(), state.jobs.clone()));
    let app = move || {
        App::new()
            .app_data(state.clone())
            .app_data(gauges.clone())
            .service(crate::http::routes::health::live)
            .route("/readyz", web::get().to(ready::show))
            .route("/metrics", web::get().to(metrics::show))
            .default_service(web::to(fallback::unmatched))
            .wrap(from_fn(head::answer))
            .wrap(from_fn(request_id::watch))
            .wrap(headers::defaults(false))
    };
    let server = HttpServer::new(app)
        .workers(1)
        .max_connections(64)
        .shutdown_timeout(STOP_PATIENCE_SECONDS)
        .disable_signals()
        .listen(listener)?
        .run();
    Ok(server)
}
