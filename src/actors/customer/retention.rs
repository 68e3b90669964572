//! What is forgotten of people by itself.

use chrono::{DateTime, TimeDelta, Utc};

use super::store;
use crate::actors::fleet::Fence;
use crate::io::{Io, IoError};

/// How long holders are kept: after the last day of a ticket, or after the end of an order that came to nothing.
pub const KEEP_HOLDERS: TimeDelta = TimeDelta::days(90);

/// Erases holders' names and birth dates, and reasons of returns, of orders that nobody comes back to, and what was added to a
/// deleted account while its end was not known everywhere; answers how many rows. Twice changes nothing. Each transaction is a
/// short one, however much there is.
///
/// # Errors
/// The database's; `Fenced` when another replica does this now.
pub async fn erase_old(io: &Io, now: DateTime<Utc>, fence: Option<Fence>) -> Result<u64, IoError> {
    let mut erased = 0;
    loop {
        let rows = erase_some(io, now, fence.clone()).await?;
        if rows == 0 {
            return Ok(erased);
        }
        erased += rows;
    }
}

async fn erase_some(io: &Io, now: DateTime<Utc>, fence: Option<Fence>) -> Result<u64, IoError> {
    let write = io.write(move |tx| {
        Box::pin(async move {
            if let Some(fence) = fence {
                fence.check(tx).await?;
            }
            let before = now - KEEP_HOLDERS;
            let holders = store::erase_holders(tx, before).await?;
            let reasons = store::erase_reasons(tx, before).await?;
            Ok::<_, IoError>(holders + reasons + store::erase_remains(tx).await?)
        })
    });
    write.await
}
