//! Logs: one event, one line of JSON, with ids and without personal data.

use std::fs::File;
use std::sync::Mutex;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;

/// Switches logging to stderr on for the process; what is not said by `RUST_LOG` is `info` and
/// above. A second call changes nothing.
pub fn start() {
    start_in(std::io::stderr);
}

/// The same into a file, where people read what else is said.
pub fn start_in_file(file: File) {
    start_in(Mutex::new(file));
}

fn start_in(writer: impl for<'a> MakeWriter<'a> + Send + Sync + 'static) {
    let filter =
        EnvFilter::try_from_default_env().unwrap_or_else(|_unset| EnvFilter::new("info,sqlx=warn"));
    let json = tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        .with_current_span(true)
        .with_span_list(false);
    if json.with_env_filter(filter).with_writer(writer).try_init().is_err() {
        tracing::debug!("logging was on already");
    }
}
