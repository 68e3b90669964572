//! `starjack import operators`: shows what files would change in what is sold, and takes it when
//! told to.

use std::path::PathBuf;

use anyhow::bail;
use clap::Args;

use super::file::{plain, text};
use crate::actors::liftoperator::catalogue::import::{Import, OperatorChange, Plan, preview, take};
use crate::app::contract;
use crate::config::Config;
use crate::integrations::lift;
use crate::io::Io;

/// Largest file, in bytes.
const MOST_BYTES: u64 = 16 << 20;

/// Which operators are brought in or removed.
#[derive(Debug, Args)]
pub struct OperatorFiles {
    /// Files of the form of the sample catalogue, each with any number of `[[operator]]`.
    #[arg(value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// Takes the changes; without it they are only shown.
    #[arg(long)]
    pub take: bool,
    /// An operator that is not sold any more; the only way to remove one.
    #[arg(long, value_name = "KEY")]
    pub remove: Vec<String>,
}

/// Imports; answers what is to be printed.
///
/// # Errors
/// Names the file, the line and what to do; then nothing was changed.
pub async fn operators(
    args: &OperatorFiles,
    config: &Config,
    io: &Io,
    by: String,
) -> anyhow::Result<String> {
    if args.files.is_empty() && args.remove.is_empty() {
        bail!("name at least one file to import, or an operator to --remove");
    }
    let mut imports = Vec::new();
    for file in &args.files {
        imports.push(Import::read(&plain(&file.display().to_string()), &text(file, MOST_BYTES)?)?);
    }
    let plan = if args.take {
        take(io, imports, args.remove.clone(), by).await?
    } else {
        preview(io, imports, args.remove.clone()).await?
    };
    Ok(report(&plan, config, args.take))
}

fn report(plan: &Plan, config: &Config, taken: bool) -> String {
    let mut lines: Vec<String> =
        plan.shared.iter().map(|line| format!("~ all operators: {}", plain(line))).collect();
    for (key, change) in &plan.by_operator {
        let operator = plan.catalogue.operator(key);
        match change {
            OperatorChange::Added => {
                let (name, products) =
                    operator.map_or(("", 0), |one| (one.name.as_str(), one.products.len()));
                lines.push(format!("+ {key}: {}, products: {products}", plain(name)));
            }
            OperatorChange::Changed(what) => {
                lines.push(format!("~ {key}"));
                lines.extend(what.iter().map(|line| format!("    {}", plain(line))));
            }
            OperatorChange::Removed => {
                lines.push(format!("- {key}: not sold any more; its open orders are still served"))
            }
        }
        let warning =
            operator.filter(|_| *change != OperatorChange::Removed).and_then(|operator| {
                match contract(config, operator) {
                    Err(error) => Some(format!("{error:#}: it will be listed as down")),
                    Ok(contract) => lift::connect(&contract)
                        .err()
                        .map(|error| format!("{error:#}: it will be listed as down")),
                }
            });
        lines.extend(warning.map(|warning| format!("  ! {warning}")));
    }
    if plan.unchanged > 0 {
        lines.push(format!("= unchanged: {}", plan.unchanged));
    }
    if !plan.absent.is_empty() {
        lines.push(format!("= not in the import, they stay: {}", plan.absent.join(", ")));
    }
    lines.push(match (plan.is_empty(), taken) {
        (true, _) => "Nothing to change.".to_owned(),
        (false, true) => {
            format!(
                "Taken as version {}; running servers follow within some seconds.",
                plan.version
            )
        }
        (false, false) => "Nothing was changed yet; the same with --take takes it.".to_owned(),
    });
    lines.join("\n")
}
