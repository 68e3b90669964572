//! What is forgotten of people by itself.

use chrono::{DateTime, TimeDelta, Utc};

use super::store;
use crate::actors::fleet::Fence;
use crate::io::{Io, IoError};

/// How long holders are kept: after the last day of a ticket, or after the end of an order that
/// came to nothing.
pub const KEEP_HOLDERS: TimeDelta = TimeDelta::days(90);

/// Erases holders' names and birth dates, and reasons of returns, of orders that nobody comes back
/// to, and what was added to a deleted account while its end was not known everywhere; answers how
/// many rows. Twice changes nothing. Of holders and reasons a transaction writes a few hundred
/// rows, however many there are, and what fails of one kind keeps no other.
///
/// # Errors
/// The first of the database's; `Fenced` when another replica does this now.
pub async fn erase_old(io: &Io, now: DateTime<Utc>, fence: Option<Fence>) -> Result<u64, IoError> {
    let mut erased = 0;
    let mut failed = None;
    for old in [Old::Holders, Old::Reasons, Old::Remains] {
        loop {
            match erase_some(io, (old, now), fence.clone()).await {
                Ok(0) => break,
                Ok(rows) => erased += rows,
                Err(error) => {
                    failed = failed.or(Some(error));
                    break;
                }
            }
        }
    }
    failed.map_or(Ok(erased), Err)
}

/// What is erased for itself.
#[derive(Clone, Copy)]
enum Old {
    Holders,
    Reasons,
    Remains,
}

async fn erase_some(
    io: &Io,
    (old, now): (Old, DateTime<Utc>),
    fence: Option<Fence>,
) -> Result<u64, IoError> {
    let write = io.write(move |tx| {
        Box::pin(async move {
            if let Some(fence) = fence {
                fence.check(tx).await?;
            }
            let before = now - KEEP_HOLDERS;
            let erased = match old {
                Old::Holders => store::erase_holders(tx, before).await,
                Old::Reasons => store::erase_reasons(tx, before).await,
                Old::Remains => store::erase_remains(tx).await,
            };
            Ok::<_, IoError>(erased?)
        })
    });
    write.await
}
