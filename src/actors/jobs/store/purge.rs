//! Forgetting jobs that were done long ago.

use chrono::{DateTime, Utc};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QuerySelect, QueryTrait,
};
use starjack_entity::job;

use super::DONE;
use crate::actors::fleet::Fence;
use crate::actors::jobs::queue::Jobs;
use crate::clock;
use crate::io::IoError;

/// Most jobs that are deleted in one transaction.
const MOST_PURGED: u64 = 1_000;

impl Jobs {
    /// Deletes what was done longer ago than it is kept; answers how many jobs. Jobs in any other
    /// state stay for ever. Each transaction is a short one, however much there is.
    ///
    /// # Errors
    /// The database's; `Fenced` when another replica does this now.
    pub async fn purge(&self, fence: Fence) -> Result<u64, IoError> {
        let before = clock::now() - self.settings.keep_done;
        let mut purged = 0;
        loop {
            let fence = fence.clone();
            let purge = self.io.write(move |tx| {
                Box::pin(async move {
                    fence.check(tx).await?;
                    Ok::<_, IoError>(purge_some(tx, before, MOST_PURGED).await?)
                })
            });
            match purge.await? {
                0 => return Ok(purged),
                some => purged += some,
            }
        }
    }
}

pub(in crate::actors::jobs) async fn purge_some(
    db: &impl ConnectionTrait,
    before: DateTime<Utc>,
    most: u64,
) -> Result<u64, DbErr> {
    let old = job::Entity::find()
        .select_only()
        .column(job::Column::Id)
        .filter(job::Column::State.eq(DONE))
        .filter(job::Column::DoneAt.lt(before.fixed_offset()))
        .limit(most)
        .into_query();
    let deleted =
        job::Entity::delete_many().filter(job::Column::Id.in_subquery(old)).exec(db).await?;
    Ok(deleted.rows_affected)
}
