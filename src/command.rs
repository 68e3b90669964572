//! The command line.

use std::fs::File;
use std::path::PathBuf;

use anyhow::Context as _;
use clap::{Args, Parser, Subcommand};
use secrecy::ExposeSecret;
use uuid::Uuid;

use crate::actors::auth::{self, Rotation};
use crate::actors::fleet::{CONNECTIONS, check_room};
use crate::actors::reconcile::{self, DayToCompare, Run};
use crate::app::{self, App};
use crate::clock;
use crate::config::{BadConfiguration, Config};
#[cfg(feature = "demonstration")]
use crate::demo::{self, Demo};
use crate::epoch;
use crate::http::store::{AuditEntry, write_audit};
use crate::import::{self, AreaFile, OperatorFiles, RefreshArgs};
use crate::io::Io;
use crate::process::{lock, say, told_to_end};

/// Sells lift tickets of many ski areas and loads each one onto the skier's own keycard.
#[derive(Debug, Parser)]
#[command(name = "starjack", version)]
pub struct Command {
    #[command(subcommand)]
    what: What,
}

impl Command {
    /// Whether people read what it prints: then its log goes to a file, which it names.
    #[must_use]
    pub fn is_for_people(&self) -> bool {
        match &self.what {
            #[cfg(feature = "demonstration")]
            What::Demo(demo) => demo.buy,
            What::Serve(_)
            | What::Migrate(_)
            | What::Restored { .. }
            | What::Keys { .. }
            | What::Import { .. }
            | What::Reconcile { .. }
            | What::Refresh { .. }
            | What::Admin { .. } => false,
        }
    }
}

#[derive(Debug, Subcommand)]
enum What {
    /// Runs everything on this machine with simulated suppliers; nothing needs to be installed.
    #[cfg(feature = "demonstration")]
    Demo(Demo),
    /// Runs a replica.
    Serve(Files),
    /// Brings the database to the newest schema.
    Migrate(Files),
    /// Tells a database that a backup was restored into it, once and before any server starts on
    /// it.
    Restored {
        #[command(flatten)]
        lost: app::Lost,
        #[command(flatten)]
        files: Files,
    },
    /// Manages the keys that sign access tokens.
    Keys {
        #[command(subcommand)]
        what: KeysWhat,
    },
    /// Brings in what is sold and where. Shows first what would change; `--take` takes it, whole or
    /// not at all.
    Import {
        #[command(subcommand)]
        what: ImportWhat,
    },
    /// Compares a day with the payment provider and the operators: a running server does it, this
    /// waits for it. Ends with 1 when something differs or could not be asked.
    Reconcile {
        #[command(flatten)]
        args: DayToCompare,
        #[command(flatten)]
        files: Files,
    },
    /// Asks an operator's supplier what it sells now. Shows first what differs; `--take` takes what
    /// was shown.
    Refresh {
        #[command(flatten)]
        args: RefreshArgs,
        #[command(flatten)]
        files: Files,
    },
    /// Manages the people who run the shop.
    Admin {
        #[command(subcommand)]
        what: AdminWhat,
    },
}

#[derive(Debug, Subcommand)]
enum ImportWhat {
    /// Lift operators with their products and prices.
    Operators {
        #[command(flatten)]
        args: OperatorFiles,
        #[command(flatten)]
        files: Files,
    },
    /// Ski areas from OpenSkiMap, also those that are not sold here.
    Areas {
        #[command(flatten)]
        args: AreaFile,
        #[command(flatten)]
        files: Files,
    },
}

#[derive(Debug, Subcommand)]
enum AdminWhat {
    /// Opens an account that may steer the shop, and prints the code with which its owner sets a
    /// password.
    Create {
        /// The address to log in with.
        email: String,
        #[command(flatten)]
        files: Files,
    },
    /// Takes the second factor of an account away whose owner has lost device and recovery codes,
    /// where no other admin can.
    ForgetSecondFactor {
        /// The address to log in with.
        email: String,
        #[command(flatten)]
        files: Files,
    },
}

#[derive(Debug, Subcommand)]
enum KeysWhat {
    /// Draws the next key, for all replicas: published at once, signing in five minutes, the one
    /// before it believed until its tokens have expired.
    Rotate {
        /// Somebody else may have the old key: it is not believed any more, and the new one signs
        /// at once.
        #[arg(long)]
        compromised: bool,
        #[command(flatten)]
        files: Files,
    },
}

/// Where the configuration stands.
#[derive(Debug, Args)]
pub struct Files {
    /// Configuration files; later ones win. Environment variables `STARJACK_SECTION__NAME` win over
    /// all.
    #[arg(long = "config", default_values_os_t = [PathBuf::from("config/base.toml")])]
    config: Vec<PathBuf>,
}

/// Carries out a command and answers the process's exit code.
///
/// # Errors
/// Says what did not work.
pub async fn run(command: Command) -> anyhow::Result<u8> {
    match command.what {
        #[cfg(feature = "demonstration")]
        What::Demo(demo) => demo::run(demo).await,
        What::Serve(files) => serve(&files).await,
        What::Migrate(files) => {
            open_database(&read(&files)?).await?;
            Ok(0)
        }
        What::Restored { lost, files } => {
            let config = read(&files)?;
            let _lock = own(&config)?;
            let io = open_database(&config).await?;
            say(&app::restored(&config, &io, &lost, somebody()).await?)?;
            Ok(0)
        }
        What::Keys { what: KeysWhat::Rotate { compromised, files } } => {
            rotate_keys(compromised, &files).await
        }
        What::Import { what: ImportWhat::Operators { args, files } } => {
            let config = read(&files)?;
            let io = open_database(&config).await?;
            say(&import::operators(&args, &config, &io, somebody()).await?)?;
            Ok(0)
        }
        What::Import { what: ImportWhat::Areas { args, files } } => {
            let io = open_database(&read(&files)?).await?;
            say(&import::areas(&args, &io, somebody()).await?)?;
            Ok(0)
        }
        What::Reconcile { args, files } => {
            let io = open_database(&read(&files)?).await?;
            let runs = reconcile::request_and_wait(&io, args).await?;
            runs.iter().try_for_each(|run| say(&run.to_string()))?;
            Ok(u8::from(!runs.iter().all(Run::agrees)))
        }
        What::Refresh { args, files } => {
            let config = read(&files)?;
            let io = open_database(&config).await?;
            say(&import::refresh(&args, &config, &io, somebody()).await?)?;
            Ok(0)
        }
        What::Admin { what: AdminWhat::Create { email, files } } => {
            create_admin(&email, &files).await
        }
        What::Admin { what: AdminWhat::ForgetSecondFactor { email, files } } => {
            forget_second_factor(&email, &files).await
        }
    }
}

/// The exit code of a failure: 78 for a configuration or a database that cannot be used as it is.
#[must_use]
pub fn exit_code(error: &anyhow::Error) -> u8 {
    if error.is::<BadConfiguration>()
        || error.is::<epoch::Copied>()
        || error.is::<epoch::Switched>()
    {
        78
    } else {
        1
    }
}

async fn serve(files: &Files) -> anyhow::Result<u8> {
    let told = told_to_end()?;
    let config = read(files)?;
    let _lock = own(&config)?;
    let io = open_database(&config).await?;
    let replicas = config.database.replicas.unwrap_or(1);
    let connections = config.database.connections;
    check_room(&io, replicas, connections.unwrap_or(CONNECTIONS))
        .await
        .context(BadConfiguration)?;
    let app = App::start(config, io).await?;
    tracing::info!(address = %app.address, operations = %app.operations, "ready");
    Ok(app.run_until(told).await.code())
}

fn read(files: &Files) -> anyhow::Result<Config> {
    Config::read(serde_json::json!({}), &files.config).context(BadConfiguration)
}

/// On SQLite one process drives all orders and takes every other for dead, so the data folder
/// belongs to it while it runs.
fn own(config: &Config) -> anyhow::Result<Option<File>> {
    if !config.database.url.expose_secret().starts_with("sqlite:") {
        return Ok(None);
    }
    std::fs::create_dir_all(&config.data).context("the data folder cannot be made")?;
    Ok(Some(lock(&config.data)?))
}

async fn open_database(config: &Config) -> anyhow::Result<Io> {
    std::fs::create_dir_all(&config.data)
        .with_context(|| format!("cannot make {}", config.data.display()))?;
    let io = Io::start(
        config.database.url.expose_secret(),
        config.database.connections.unwrap_or(CONNECTIONS),
    )
    .await?;
    io.migrate().await?;
    Ok(io)
}

/// Who works at the command line, for the record.
fn somebody() -> String {
    let user = std::env::var("USER").or_else(|_unset| std::env::var("LOGNAME"));
    format!("command line, {}", user.as_deref().unwrap_or("somebody"))
}

async fn create_admin(email: &str, files: &Files) -> anyhow::Result<u8> {
    let config = read(files)?;
    let io = open_database(&config).await?;
    let (code, ends) =
        auth::create_admin(&io, config.auth.secret.expose_secret().as_bytes(), email).await?;
    say(&format!(
        "{email} sets a password before {} by POST /api/v1/accounts/password-reset/confirmation with the code {}",
        ends.format("%Y-%m-%d %H:%M UTC"),
        code.expose_secret()
    ))?;
    Ok(0)
}

async fn forget_second_factor(email: &str, files: &Files) -> anyhow::Result<u8> {
    let io = open_database(&read(files)?).await?;
    let id =
        auth::account_id(&io, email).await?.with_context(|| format!("{email} has no account"))?;
    let action = "account.forget_second_factor";
    let subject = id.to_string();
    let reason = Some(somebody());
    write_audit(
        &io,
        AuditEntry { account_id: Uuid::nil(), action, subject, reason, request_id: None },
    )
    .await?;
    auth::forget_second_factor(&io, id).await?;
    say(&format!("{email} has no second factor any more, and sets one up at the next log-in"))?;
    Ok(0)
}

async fn rotate_keys(compromised: bool, files: &Files) -> anyhow::Result<u8> {
    let config = read(files)?;
    let io = open_database(&config).await?;
    let (rotation, action) = if compromised {
        (Rotation::Compromised, "replace_keys")
    } else {
        (Rotation::Planned, "rotate_keys")
    };
    let subject = "signing keys".to_owned();
    let reason = Some(somebody());
    write_audit(
        &io,
        AuditEntry { account_id: Uuid::nil(), action, subject, reason, request_id: None },
    )
    .await?;
    let new =
        auth::rotate(&io, config.auth.secret.expose_secret().as_bytes(), rotation, clock::now())
            .await?;
    say(&format!("key {} signs from {}", new.kid, new.signs_from))?;
    Ok(0)
}
