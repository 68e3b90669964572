//! The binary: reads the command line and says how it ended.

use std::process::ExitCode;

use clap::Parser;
use starjack::command::{Command, run};

#[actix_web::main]
async fn main() -> ExitCode {
    starjack::telemetry::start();
    match run(Command::parse()).await {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            tracing::error!(error = format!("{error:#}"), "starjack ends");
            ExitCode::from(starjack::command::exit_code(&error))
        }
    }
}
