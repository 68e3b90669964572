//! Logs: one event, one line of JSON on stderr, with ids and without personal data.

use tracing_subscriber::EnvFilter;

/// Switches logging on for the process; what is not said by `RUST_LOG` is `info` and above.
/// A second call changes nothing.
pub fn start() {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_unset| EnvFilter::new("info,sqlx=warn"));
    let json = tracing_subscriber::fmt().json().flatten_event(true).with_current_span(true).with_span_list(false);
    if json.with_env_filter(filter).with_writer(std::io::stderr).try_init().is_err() {
        tracing::debug!("logging was on already");
    }
}
