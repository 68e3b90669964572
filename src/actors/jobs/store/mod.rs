//! All SQL of jobs.

pub(super) mod admin_list;
pub(super) mod purge;

use std::time::Duration;

use chrono::{DateTime, Utc};
use sea_orm::sea_query::{ExprTrait, LockBehavior, LockType, OnConflict, Query, SelectStatement};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, Condition, ConnectionTrait, DbBackend, DbErr, EntityTrait,
    FromQueryResult, Order, QueryFilter, QueryOrder, QuerySelect, TryInsertResult, sea_query::Expr,
};
use starjack_entity::job;
use uuid::Uuid;

use crate::clock;
use crate::ids;
pub use admin_list::{JobState, Listed};

const WAITING: &str = "waiting";
const RUNNING: &str = "running";
pub(super) const DONE: &str = "done";
const DEAD: &str = "dead";

/// Longest `last_error` that the table holds.
const ERROR_CHARS: usize = 160;

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

/// A job handed out to one worker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Job {
    /// Its row.
    pub id: Uuid,
    /// Which handler works it off.
    pub kind: String,
    /// What the handler needs, as JSON.
    pub payload: String,
    /// The same in every repeat: the key for peers that tell repeats apart.
    pub dedup_key: String,
    /// From 1; this attempt included.
    pub attempt: i32,
    /// Proves that the job is still ours.
    pub lease: Uuid,
}

/// What is claimed: which kinds, how many at most, by when, for how long.
#[derive(Clone, Debug)]
pub struct Claim {
    /// Only jobs of these kinds.
    pub kinds: Vec<&'static str>,
    /// At most so many.
    pub limit: u64,
    /// Due at this moment.
    pub now: DateTime<Utc>,
    /// Nobody else gets them for so long.
    pub lease: Duration,
}

/// Where a job goes when its attempt is over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is worked off.
    Done,
    /// It waits until `run_at`; an attempt that `counts` brings it nearer to its last.
    Waiting {
        /// Not before.
        run_at: DateTime<Utc>,
        /// Why, without personal data.
        why: String,
        /// Whether the attempt counts.
        counts: bool,
    },
    /// Only a person brings it back.
    Dead {
        /// Why, without personal data.
        why: String,
    },
}

/// How many jobs of a kind are in a state, and since when the oldest of them is due.
#[derive(Clone, Debug, PartialEq, Eq, FromQueryResult)]
pub struct Depth {
    /// Which handler works them off.
    pub kind: String,
    /// `waiting`, `running` or `dead`.
    pub state: String,
    /// How many.
    pub jobs: i64,
    /// The earliest moment at which one of them may run.
    pub oldest: DateTime<Utc>,
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
        state: Set(WAITING.to_owned()),
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
        TryInsertResult::Inserted(_) | TryInsertResult::Conflicted | TryInsertResult::Empty => {
            Ok(())
        }
    }
}

/// Takes due jobs under one new lease, oldest first, in one statement: two workers never get the
/// same one. Jobs whose lease ran out are due again. Each claim counts an attempt, also one that is
/// never heard of again.
///
/// # Errors
/// The database's.
pub async fn claim(db: &impl ConnectionTrait, claim: Claim) -> Result<Vec<Job>, DbErr> {
    let lease = Uuid::new_v4();
    let until = claim.now + claim.lease;
    let rows = job::Entity::update_many()
        .col_expr(job::Column::State, Expr::value(RUNNING))
        .col_expr(job::Column::Lease, Expr::value(lease))
        .col_expr(job::Column::LeasedUntil, Expr::value(until.fixed_offset()))
        .col_expr(job::Column::Attempts, Expr::col(job::Column::Attempts).add(1))
        .filter(job::Column::Id.in_subquery(due(&claim, db.get_database_backend())))
        .exec_with_returning(db)
        .await?;
    let mut jobs: Vec<_> = rows
        .into_iter()
        .map(|row| Job {
            id: row.id,
            kind: row.kind,
            payload: row.payload,
            dedup_key: row.dedup_key,
            attempt: row.attempts,
            lease,
        })
        .collect();
    jobs.sort_by_key(|job| job.id);
    Ok(jobs)
}

fn due(claim: &Claim, backend: DbBackend) -> SelectStatement {
    let now = claim.now.fixed_offset();
    let waits =
        Condition::all().add(job::Column::State.eq(WAITING)).add(job::Column::RunAt.lte(now));
    let lost =
        Condition::all().add(job::Column::State.eq(RUNNING)).add(job::Column::LeasedUntil.lte(now));
    let mut select = Query::select();
    select
        .column(job::Column::Id)
        .from(job::Entity)
        .cond_where(Condition::any().add(waits).add(lost))
        .and_where(job::Column::Kind.is_in(claim.kinds.iter().copied()))
        .order_by(job::Column::RunAt, Order::Asc)
        .order_by(job::Column::Id, Order::Asc)
        .limit(claim.limit);
    if backend == DbBackend::Postgres {
        select.lock_with_behavior(LockType::Update, LockBehavior::SkipLocked);
    }
    select
}

/// Writes what became of an attempt, if the lease still holds at `now`; answers whether it did.
/// Under a lost lease nothing is changed: the job belongs to somebody else.
///
/// # Errors
/// The database's.
pub async fn acknowledge(
    db: &impl ConnectionTrait,
    job: &Job,
    verdict: Verdict,
    now: DateTime<Utc>,
) -> Result<bool, DbErr> {
    let update = job::Entity::update_many()
        .col_expr(job::Column::Lease, Expr::value(None::<Uuid>))
        .col_expr(job::Column::LeasedUntil, Expr::value(None::<DateTime<chrono::FixedOffset>>));
    let update = match verdict {
        Verdict::Done => update
            .col_expr(job::Column::State, Expr::value(DONE))
            .col_expr(job::Column::DoneAt, Expr::value(now.fixed_offset())),
        Verdict::Waiting { run_at, why, counts } => {
            let not_counted = i32::from(!counts);
            update
                .col_expr(job::Column::State, Expr::value(WAITING))
                .col_expr(job::Column::RunAt, Expr::value(run_at.fixed_offset()))
                .col_expr(job::Column::Attempts, Expr::col(job::Column::Attempts).sub(not_counted))
                .col_expr(job::Column::LastError, Expr::value(shorten(&why)))
        }
        Verdict::Dead { why } => update
            .col_expr(job::Column::State, Expr::value(DEAD))
            .col_expr(job::Column::LastError, Expr::value(shorten(&why))),
    };
    let changed = update
        .filter(job::Column::Id.eq(job.id))
        .filter(job::Column::State.eq(RUNNING))
        .filter(job::Column::Lease.eq(job.lease))
        .filter(job::Column::LeasedUntil.gt(now.fixed_offset()))
        .exec(db)
        .await?;
    Ok(changed.rows_affected == 1)
}

/// Brings a dead job back with all its attempts; answers whether it was dead.
///
/// # Errors
/// The database's.
pub async fn redrive(
    db: &impl ConnectionTrait,
    id: Uuid,
    now: DateTime<Utc>,
) -> Result<bool, DbErr> {
    let changed = job::Entity::update_many()
        .col_expr(job::Column::State, Expr::value(WAITING))
        .col_expr(job::Column::RunAt, Expr::value(now.fixed_offset()))
        .col_expr(job::Column::Attempts, Expr::value(0))
        .filter(job::Column::Id.eq(id))
        .filter(job::Column::State.eq(DEAD))
        .exec(db)
        .await?;
    Ok(changed.rows_affected == 1)
}

/// What is not done yet, by kind and state.
///
/// # Errors
/// The database's.
pub async fn depths(db: &impl ConnectionTrait) -> Result<Vec<Depth>, DbErr> {
    job::Entity::find()
        .select_only()
        .column(job::Column::Kind)
        .column(job::Column::State)
        .column_as(job::Column::Id.count(), "jobs")
        .column_as(job::Column::RunAt.min(), "oldest")
        // not the many that are done: the index begins with the state
        .filter(job::Column::State.is_in([WAITING, RUNNING, DEAD]))
        .group_by(job::Column::Kind)
        .group_by(job::Column::State)
        .into_model::<Depth>()
        .all(db)
        .await
}

/// The jobs in a state, newest first, older than `before`, at most `limit`.
///
/// # Errors
/// The database's.
pub async fn in_state(
    db: &impl ConnectionTrait,
    state: JobState,
    before: Option<Uuid>,
    limit: u64,
) -> Result<Vec<Listed>, DbErr> {
    let mut find = job::Entity::find().filter(job::Column::State.eq(state.word()));
    if let Some(before) = before {
        find = find.filter(job::Column::Id.lt(before));
    }
    let rows = find.order_by_desc(job::Column::Id).limit(limit).all(db).await?;
    Ok(rows.into_iter().map(Listed::from).collect())
}

/// One job.
///
/// # Errors
/// The database's.
pub async fn one(db: &impl ConnectionTrait, id: Uuid) -> Result<Option<Listed>, DbErr> {
    Ok(job::Entity::find_by_id(id).one(db).await?.map(Listed::from))
}

fn shorten(why: &str) -> String {
    why.chars().take(ERROR_CHARS).collect()
}
