//! `starjack demo`: everything on one machine, every supplier simulated, and a basket that buys
//! itself.

mod basket;
mod setting;
mod store;
mod walk;

use std::fs::OpenOptions;
use std::net::SocketAddr;
use std::path::PathBuf;

use anyhow::Context as _;
use clap::Args;
use futures_util::FutureExt as _;

use crate::app::App;
use crate::config::Config;
use crate::io::Io;
use crate::process::{say, told_to_end};
use crate::telemetry;

/// How the demonstration runs.
#[derive(Debug, Args)]
pub struct Demo {
    /// Where the API listens; loopback only. Port 0 picks one.
    #[arg(long, default_value = "127.0.0.1:0")]
    pub listen: SocketAddr,
    /// Where metrics and readiness detail are; port 0 picks one.
    #[arg(long, default_value = "127.0.0.1:0")]
    pub operations: SocketAddr,
    /// Where the simulator's control side listens; port 0 picks one.
    #[arg(long, default_value = "127.0.0.1:0", conflicts_with = "external_simulator")]
    pub simulator: SocketAddr,
    /// The control address of a simulator that runs already, so that its ledger outlives this
    /// server.
    #[arg(long, value_name = "URL")]
    pub external_simulator: Option<String>,
    /// Folder of database and documents; a fresh one under `data/` without it.
    #[arg(long, value_name = "DIR", conflicts_with = "database")]
    pub data: Option<PathBuf>,
    /// A PostgreSQL database instead of the embedded one.
    #[arg(long, value_name = "URL")]
    pub database: Option<String>,
    /// Buys one basket at both gates before it says ready; its log goes to a file in the data
    /// folder.
    #[arg(long)]
    pub buy: bool,
}

/// Starts the demonstration, prints its addresses as one JSON line, buys when asked to, and runs
/// until it is told to end.
///
/// # Errors
/// Says what did not start, or at which step the purchase failed.
pub async fn run(demo: Demo) -> anyhow::Result<u8> {
    let is_loopback = demo.listen.ip().is_loopback() && demo.operations.ip().is_loopback();
    anyhow::ensure!(is_loopback, "the demo listens on loopback only");
    let told = told_to_end()?.boxed_local().shared();
    let folder = folder(&demo)?;
    let log = folder.join("starjack.log");
    if demo.buy {
        let file = OpenOptions::new().create(true).append(true).open(&log);
        telemetry::start_in_file(file.with_context(|| format!("cannot write {}", log.display()))?);
    }
    let (url, _lock) = setting::database(&demo, &folder)?;
    let io = Io::start(&url, 16).await?;
    anyhow::ensure!(
        !store::is_a_shops(&io).await?,
        "the database is a shop's: the demonstration opens accounts that anybody knows"
    );
    io.migrate().await?;
    setting::stock(&io).await?;
    let suppliers = setting::suppliers(&demo).await?;
    let people = setting::people(&io).await?;
    let base = setting::configuration(&demo, (&folder, &url), &suppliers.endpoints, &people);
    let config = Config::read(base, &[])?;
    let app = App::start(config, io.clone()).await?;
    let api = app.public_url.clone();
    say(&setting::first_line(&app, &suppliers.endpoints, &people).to_string())?;
    if demo.buy {
        let shop = basket::Shop::new(&api, &suppliers.endpoints, &people, &folder)?;
        tokio::select! {
            bought = shop.buy() => tell(bought, &walk::ready(&api, &suppliers.endpoints, &people, &log))?,
            () = told.clone() => {}
        }
    }
    let end = app.run_until(told).await;
    suppliers.stop().await;
    Ok(end.code())
}

/// Says that everything is ready, or at which step the purchase failed.
fn tell(bought: anyhow::Result<()>, ready: &str) -> anyhow::Result<()> {
    match bought {
        Ok(()) => say(ready),
        Err(error) => {
            say(&format!("FAILED      {error:#}"))?;
            Err(error)
        }
    }
}

/// The folder of database and documents: the one that was named, else a fresh one.
fn folder(demo: &Demo) -> anyhow::Result<PathBuf> {
    let fresh =
        || PathBuf::from(format!("data/demo-{}", crate::clock::now().format("%Y%m%d-%H%M%S-%3f")));
    let folder = demo.data.clone().unwrap_or_else(fresh);
    std::fs::create_dir_all(&folder)
        .with_context(|| format!("cannot make {}", folder.display()))?;
    std::path::absolute(&folder).context("the data folder has no path")
}
