//! All SQL of jobs.

use chrono::{DateTime, Utc};
use sea_orm::sea_query::OnConflict;
use sea_orm::{ActiveValue::Set, ConnectionTrait, DbErr, EntityTrait, TryInsertResult};
use starjack_entity::job;

use crate::clock;
use crate::ids;

/// A job to be written in the caller's transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewJob {
    /// Which handler works it off.
    pub kind: &'static str,
    /// What the handler needs, as JSON: ids and codes, no personal data.
    pub payload: String,
    /// A second job under the same key is not written; at most 120 characters.
    pub dedup_key: String,
    /// Not before.
    pub run_at: DateTime<Utc>,
}

/// Writes a job in the transaction of the state it follows from. Twice under one key writes one.
///
/// # Errors
/// The database's.
pub async fn enqueue(db: &impl ConnectionTrait, new: NewJob) -> Result<(), DbErr> {
    let row = job::ActiveModel {
        id: Set(ids::new_id()),
        kind: Set(new.kind.to_owned()),
        payload: Set(new.payload),
        dedup_key: Set(new.dedup_key),
        state: Set("waiting".to_owned()),
        run_at: Set(new.run_at.into()),
        attempts: Set(0),
        leased_until: Set(None),
        lease: Set(None),
        last_error: Set(None),
        created_at: Set(clock::now().into()),
        done_at: Set(None),
    };
    let inserted = job::Entity::insert(row)
        .on_conflict(OnConflict::column(job::Column::DedupKey).do_nothing().to_owned())
        .try_insert()
        .exec_without_returning(db)
        .await?;
    match inserted {
        TryInsertResult::Inserted(_) | TryInsertResult::Conflicted | TryInsertResult::Empty => Ok(()),
    }
}
