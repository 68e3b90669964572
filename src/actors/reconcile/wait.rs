//! A comparison requested at the command line: a running server does it, whoever requested waits.

use std::fmt;
use std::time::Duration;

use anyhow::Context as _;
use clap::Args;

use super::store::{self, Run, Scope};
use crate::actors::liftoperator::catalogue::store::load;
use crate::clock::{self, Deadline};
use crate::io::Io;
use crate::typed::Day;

/// How often the end is looked for.
const LOOK: Duration = Duration::from_millis(250);

/// Which day is to be compared, with whom.
#[derive(Debug, Args)]
pub struct DayToCompare {
    /// The day, `YYYY-MM-DD`, in each other side's own time zone.
    #[arg(long)]
    day: Day,
    /// With this operator alone, by its key; with everybody without it.
    #[arg(long, value_name = "KEY")]
    operator: Option<String>,
    /// How long is waited for a running server.
    #[arg(long, default_value = "10m", value_parser = |text: &str| clock::parse(text).ok_or("not like 90s or 10m"))]
    patience: Duration,
}

/// Requests a day's comparisons and waits until they are through.
///
/// # Errors
/// No such operator; no server worked them off within `patience` (they stay requested); the
/// database's.
pub async fn request_and_wait(io: &Io, request: DayToCompare) -> anyhow::Result<Vec<Run>> {
    let DayToCompare { day: Day(day), operator, patience } = request;
    let kept = load(io).await.context("the catalogue cannot be read")?;
    let (sold, _removed) = kept.catalogues();
    let scopes: Vec<Scope> = match operator {
        Some(key) => {
            anyhow::ensure!(
                sold.operator(&key).is_some(),
                "no operator is sold under the key {key}"
            );
            vec![Scope::Operator(key)]
        }
        None => {
            let operators =
                sold.operators().iter().map(|operator| Scope::Operator(operator.key.clone()));
            operators.chain([Scope::Payments, Scope::Invoices]).collect()
        }
    };
    let requests = scopes.into_iter().map(|scope| (scope, day)).collect();
    let requested = store::request(io, requests, (false, None)).await?;
    let deadline = Deadline::after(patience);
    let mut runs = Vec::new();
    for run in requested {
        runs.push(loop {
            if let Some(ended) = store::run(io, run.id).await?.filter(|run| run.ended_at.is_some())
            {
                break ended;
            }
            anyhow::ensure!(
                !deadline.is_over(),
                "no server compared {} with {} within {patience:?}",
                run.day,
                run.scope
            );
            clock::sleep(LOOK).await;
        });
    }
    Ok(runs)
}

impl Run {
    /// Whether everything was asked and nothing differs.
    #[must_use]
    pub fn agrees(&self) -> bool {
        self.ended_at.is_some() && self.differences == 0 && self.not_told.is_none()
    }
}

impl fmt::Display for Run {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { scope, day, compared, differences, opened, not_told, .. } = self;
        write!(f, "{day} {scope}: {compared} compared, {differences} differ, {opened} new cases")?;
        not_told.as_ref().map_or(Ok(()), |why| write!(f, "; not told: {why}"))
    }
}
