//! The simulator as a process: prints its addresses as one JSON line, then runs until it is told to
//! end.

use std::io::Write as _;
use std::net::SocketAddr;

use anyhow::Context as _;
use clap::Parser;
use starjack_simulator::{Config, start};
use tokio::signal::unix::{SignalKind, signal};

/// Every supplier of starjack as a strict local server.
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    /// Address of the control side; port 0 picks one. The contracts' ports are always picked.
    #[arg(long, default_value = "127.0.0.1:0")]
    listen: SocketAddr,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let filter =
        tracing_subscriber::EnvFilter::try_from_default_env().unwrap_or_else(|_| "info".into());
    tracing_subscriber::fmt().with_writer(std::io::stderr).with_env_filter(filter).init();
    let mut terminate = signal(SignalKind::terminate()).context("SIGTERM")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("SIGINT")?;
    let listen_ip = arguments.listen.ip();
    let simulator =
        start(Config { control: arguments.listen, listen_ip, ..Config::default() }).await?;
    say(&simulator.endpoints.to_json())?;
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    simulator.stop().await;
    Ok(())
}

fn say(endpoints: &serde_json::Value) -> anyhow::Result<()> {
    let mut stdout = std::io::stdout().lock();
    writeln!(stdout, "{endpoints}").context("stdout")?;
    stdout.flush().context("stdout")
}
