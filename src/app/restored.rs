//! What a database is told once after a backup was restored into it, and what its people are told
//! to do next.

use std::time::Duration;

use anyhow::Context as _;
use chrono::TimeDelta;
use clap::Args;

use crate::actors::order::RestoreTimes;
use crate::actors::{invoice, order};
use crate::clock;
use crate::config::Config;
use crate::epoch::{self, Standing};
use crate::ids::Epoch;
use crate::io::Io;

/// Pause after the database did not take it down.
const AGAIN: Duration = Duration::from_secs(1);

/// What a database has lost that was restored, or that a standby took over.
#[derive(Debug, Args)]
pub struct Lost {
    /// The newest order number that anybody has seen, or its first letter: in the payment
    /// provider's portal, in an e-mail.
    #[arg(long, value_name = "ORDER", required_unless_present = "lost_nothing")]
    newest: Option<String>,
    /// A standby took over that has every commit: nothing changes, and the servers may start.
    #[arg(long, conflicts_with = "newest")]
    lost_nothing: bool,
}

/// Moves on to a letter after the database's own and after that of `newest`, the newest order
/// number that anybody has seen.
///
/// # Errors
/// Says why the database cannot be served from yet.
pub async fn restored(config: &Config, io: &Io, lost: &Lost, by: String) -> anyhow::Result<String> {
    let Some(newest) = lost.newest.as_deref() else { return lost_nothing(io, &by).await };
    let newest = Epoch::of(newest)
        .context("--newest is an order number such as A7K2M9QX4TB, or its first letter")?;
    let settle = config.times.settle;
    let page_life = config.times.page_life;
    let settle = TimeDelta::from_std(settle)?;
    let page_life = TimeDelta::from_std(page_life)?;
    let done =
        order::restored(io, newest, RestoreTimes { now: clock::now(), settle, page_life }).await?;
    tracing::warn!(epoch = %done.epoch, by, "a backup was restored");
    let last = invoice::last_numbers(io).await?.join(", ");
    Ok(format!(
        "{done}\nThe last invoices in the books: {last}. Higher numbers that were given out are lost; keep them.\n\
         Now start the servers. What was sold after the backup is at the suppliers alone: see deploy/README.md."
    ))
}

async fn lost_nothing(io: &Io, by: &str) -> anyhow::Result<String> {
    match epoch::lost_nothing(io).await? {
        Standing::Copy => Err(epoch::Copied.into()),
        Standing::Same => {
            Ok("The database is the one that was last served from: there is nothing to say."
                .to_owned())
        }
        Standing::OtherTimeline => {
            tracing::warn!(by, "a standby took over that has every commit");
            Ok("Now start the servers: they go on as if nothing had happened.".to_owned())
        }
    }
}

/// Whoever was sold something that this database does not know would be sold it again. What a
/// restore to a moment leaves looks like what a standby leaves that took over, so whoever starts is
/// never sure; who lived through it is.
pub(super) async fn refuse_what_may_be_lost(config: &Config, io: &Io) -> anyhow::Result<()> {
    match epoch::standing(io).await? {
        Standing::Same => {}
        Standing::OtherTimeline => return Err(epoch::Switched.into()),
        Standing::Copy => return Err(epoch::Copied.into()),
    }
    if config.database.synchronous_standby == Some(true) {
        io.timeline.follow();
    }
    Ok(())
}

/// Ends once the database may have lost commits. A standby that took over with all of them is
/// written down, so that others may start on it.
pub(super) async fn watch_the_timeline(io: Io) {
    loop {
        tokio::select! {
            () = io.timeline.left() => return,
            () = io.timeline.followed() => note_the_timeline(&io).await,
        }
    }
}

async fn note_the_timeline(io: &Io) {
    while let Err(error) = epoch::lost_nothing(io).await {
        tracing::warn!(%error, "it could not be noted that a standby took over");
        clock::sleep(AGAIN).await;
    }
    tracing::info!("it is noted that a standby took over that has every commit");
}
