//! `starjack refresh`: shows what an operator's supplier sells otherwise than we do, and takes what
//! was shown.

use anyhow::{Context as _, bail};
use clap::Args;

use super::file::plain;
use crate::actors::liftoperator::Facade;
use crate::actors::liftoperator::catalogue::refresh::{RefreshError, Shown, look, take};
use crate::actors::liftoperator::catalogue::store;
use crate::actors::supervision::{Policy, System};
use crate::app::contract;
use crate::config::Config;
use crate::io::Io;

/// Which operator is refreshed.
#[derive(Debug, Args)]
pub struct RefreshArgs {
    /// The operator's key.
    #[arg(value_name = "OPERATOR")]
    pub operator: String,
    /// Takes the prices and withdrawn products that were shown under this fingerprint; without it
    /// they are only shown.
    #[arg(long, value_name = "FINGERPRINT")]
    pub take: Option<String>,
}

/// Refreshes; answers what is to be printed.
///
/// # Errors
/// Says what the supplier or the database did not do; then nothing was changed.
pub async fn refresh(
    args: &RefreshArgs,
    config: &Config,
    io: &Io,
    by: String,
) -> anyhow::Result<String> {
    let (sold, _removed) = store::load(io).await?.catalogues();
    let operator = sold.operator(&args.operator);
    let operator = operator.with_context(|| RefreshError::NotSold(args.operator.clone()))?;
    let system = System::start()?;
    let lift = Facade::start(&system, vec![contract(config, operator)?], &Policy::default());
    let shown = look(io, &lift, &args.operator).await.map_err(unchanged)?;
    let Some(fingerprint) = &args.take else { return Ok(show(&shown)) };
    if *fingerprint != shown.fingerprint {
        bail!("{}; nothing was changed, it is now\n{}", RefreshError::Changed, show(&shown));
    }
    let version = take(io, shown, by).await.map_err(unchanged)?;
    Ok(format!("Taken as version {version}; running servers follow within some seconds."))
}

fn unchanged(error: RefreshError) -> anyhow::Error {
    anyhow::Error::new(error).context("nothing was changed")
}

fn show(shown: &Shown) -> String {
    let line = |difference: &crate::actors::liftoperator::catalogue::Difference| {
        let sign = if difference.can_be_taken() { '~' } else { '!' };
        format!("{sign} {}", plain(&difference.to_string()))
    };
    let mut lines: Vec<String> = shown.differences.iter().map(line).collect();
    lines.push(match (shown.differences.is_empty(), shown.refusal()) {
        (true, _) => "Nothing differs.".to_owned(),
        (false, Some(why)) => format!("{} Nothing can be taken.", why.en),
        (false, None) => {
            format!(
                "Nothing was changed yet; the same with --take {} takes what is marked ~.",
                shown.fingerprint
            )
        }
    });
    lines.join("\n")
}
