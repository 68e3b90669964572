//! The binary: reads the command line and says how it ended.

use std::io::Write as _;
use std::process::ExitCode;

use clap::Parser;
use rustix::fs::Mode;
use starjack::command::{Command, run};

#[actix_web::main]
async fn main() -> ExitCode {
    // database, documents and logs are nobody else's
    rustix::process::umask(Mode::RWXG | Mode::RWXO);
    let command = Command::parse();
    let for_people = command.is_for_people();
    if !for_people {
        starjack::telemetry::start();
    }
    match run(command).await {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            tracing::error!(event = "server.ends", error = format!("{error:#}"), "starjack ends");
            if for_people && writeln!(std::io::stderr(), "starjack ends: {error:#}").is_err() {
                tracing::debug!("nobody reads stderr");
            }
            ExitCode::from(starjack::command::exit_code(&error))
        }
    }
}
