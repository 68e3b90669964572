//! `starjack import areas`: ski areas from OpenSkiMap, shown and then taken.

use std::io::{BufReader, Read};
use std::path::PathBuf;

use anyhow::{Context as _, bail, ensure};
use clap::Args;

use super::file::{open, plain};
use crate::actors::liftoperator::areas::{
    ATTRIBUTION, Change, MapFile, Plan, Skipped, Tie, preview, read, take,
};
use crate::io::Io;

/// Largest file, in bytes; OpenSkiMap's whole world has some 50 MB.
const MOST_BYTES: u64 = 512 << 20;
/// How many areas of each kind are named.
const NAMED: usize = 10;

/// Which areas are brought in.
#[derive(Debug, Args)]
pub struct AreaFile {
    /// OpenSkiMap's `ski_areas.geojson`, up to 512 MiB and 200000 features.
    #[arg(value_name = "FILE")]
    pub file: Option<PathBuf>,
    /// Takes the changes; without it they are only shown.
    #[arg(long)]
    pub take: bool,
    /// Only areas of this country, two letters; may be given several times.
    #[arg(long, value_name = "AT")]
    pub country: Vec<String>,
    /// Says that an operator is sold in an area: a source of the area and the operator's key; no
    /// key unties.
    #[arg(long, value_name = "SOURCE=OPERATOR")]
    pub tie: Vec<Tie>,
}

/// Imports; answers what is to be printed.
///
/// # Errors
/// Names the file, the feature, the line and what is wrong; then nothing was changed.
pub async fn areas(args: &AreaFile, io: &Io, by: String) -> anyhow::Result<String> {
    ensure!(
        args.file.is_some() || !args.tie.is_empty(),
        "name a file to import, or an area to --tie"
    );
    let countries: Vec<String> =
        args.country.iter().map(|country| country.to_ascii_uppercase()).collect();
    if let Some(odd) =
        countries.iter().find(|one| one.len() != 2 || !one.bytes().all(|b| b.is_ascii_uppercase()))
    {
        bail!("{odd} is no country of two letters, such as AT");
    }
    let file = match &args.file {
        Some(path) => load(path, &countries)?,
        None => MapFile::default(),
    };
    let skipped = file.skipped;
    let plan = if args.take {
        take(io, file, args.tie.clone(), by).await?
    } else {
        preview(io, file, args.tie.clone()).await?
    };
    Ok(report(&plan, skipped, args.take))
}

fn load(path: &std::path::Path, countries: &[String]) -> anyhow::Result<MapFile> {
    let name = plain(&path.display().to_string());
    let file = open(path)?;
    let length = file.metadata().map_or(0, |about| about.len());
    ensure!(length <= MOST_BYTES, "{name} is longer than {} MiB; split it", MOST_BYTES >> 20);
    let mut file = BufReader::with_capacity(1 << 18, file.take(MOST_BYTES));
    let mut begin = Vec::new();
    file.by_ref()
        .take(3)
        .read_to_end(&mut begin)
        .with_context(|| format!("{name} cannot be read"))?;
    ensure!(!begin.is_empty(), "{name} is empty");
    ensure!(
        !matches!(begin.get(..2), Some([0xff, 0xfe] | [0xfe, 0xff])),
        "{name} is written in UTF-16; save it as UTF-8"
    );
    let begin = if begin == *b"\xef\xbb\xbf" { &[][..] } else { &begin };
    read(begin.chain(file), countries)
        .map_err(|fault| anyhow::anyhow!("{name}: {}; nothing was changed", plain(&fault)))
}

fn report(plan: &Plan, skipped: Skipped, taken: bool) -> String {
    let mut lines = Vec::new();
    for (change, sign, word, count) in
        [(Change::Added, '+', "new", plan.added), (Change::Changed, '~', "changed", plan.changed)]
    {
        let names =
            plan.changes.iter().filter(|(_, one)| **one == change).map(|(name, _)| plain(name));
        lines.extend(names.take(NAMED).map(|name| format!("{sign} {name}")));
        if count > NAMED {
            lines.push(format!("{sign} … {count} {word} in all"));
        }
    }
    for (count, what) in [
        (plan.unchanged, "unchanged"),
        (plan.absent, "kept and not in the file, they stay"),
        (skipped.unnamed, "left out: without a name"),
        (skipped.unsourced, "left out: without a source to know them by"),
        (skipped.not_operating, "left out: not operating"),
        (skipped.elsewhere, "left out: in another country"),
        (skipped.unreadable, "left out: cannot be read, the log says why"),
    ] {
        if count > 0 {
            lines.push(format!("= {what}: {count}"));
        }
    }
    lines.push(match (plan.changes.is_empty(), taken) {
        (true, _) => "Nothing to change.".to_owned(),
        (false, true) => {
            format!("Taken. Wherever these areas are shown, so must be: {ATTRIBUTION}")
        }
        (false, false) => "Nothing was changed yet; the same with --take takes it.".to_owned(),
    });
    lines.join("\n")
}
