//! The SQL of runs: what was requested, and how it ended.

pub(super) mod cases;
pub(super) mod our_records;

use chrono::{DateTime, NaiveDate, Utc};
use sea_orm::sea_query::{Expr, OnConflict};
use sea_orm::{
    ColumnTrait, DatabaseTransaction, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
    TryInsertResult,
};
use starjack_entity::reconciliation;
use uuid::Uuid;

use crate::actors::fleet::Fence;
use crate::actors::jobs::{self, NewJob};
use crate::clock;
use crate::ids;
use crate::io::{Io, IoError};

/// The kind of the jobs that compare.
pub(super) const RUN_JOB: &str = "reconcile";

/// With whom a day is compared.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Scope {
    /// The operator under this key.
    Operator(String),
    /// The payment provider.
    Payments,
    /// Nobody: our own invoices.
    Invoices,
}

impl Scope {
    /// As it stands in the database and in JSON: `operator/solden`, `payments`, `invoices`.
    #[must_use]
    pub fn word(&self) -> String {
        match self {
            Self::Operator(key) => format!("operator/{key}"),
            Self::Payments => "payments".to_owned(),
            Self::Invoices => "invoices".to_owned(),
        }
    }

    /// The scope of a word.
    #[must_use]
    pub fn of(word: &str) -> Option<Self> {
        match word {
            "payments" => Some(Self::Payments),
            "invoices" => Some(Self::Invoices),
            other => other.strip_prefix("operator/").map(|key| Self::Operator(key.to_owned())),
        }
    }
}

/// A comparison that was requested.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    /// Its id outward.
    pub id: Uuid,
    /// With whom.
    pub scope: String,
    /// Which day, in the other side's time zone.
    pub day: NaiveDate,
    /// Which admin requested it; `None` for the daily one and the command line.
    pub wished_by: Option<Uuid>,
    /// When.
    pub wished_at: DateTime<Utc>,
    /// When it was through.
    pub ended_at: Option<DateTime<Utc>>,
    /// How many tickets, payments or invoices were compared.
    pub compared: i32,
    /// How many of them differ.
    pub differences: i32,
    /// How many cases were opened: a difference that is known has its case already.
    pub opened: i32,
    /// What could not be asked, so that this part of the comparison is missing.
    pub not_told: Option<String>,
}

/// How a run ended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Tally {
    pub(super) compared: usize,
    pub(super) differences: usize,
    pub(super) opened: usize,
    pub(super) not_told: Option<String>,
}

/// Requests a day's comparisons, each once where `once` says so; answers those that are new.
///
/// # Errors
/// The database's.
pub async fn request(
    io: &Io,
    requests: Vec<(Scope, NaiveDate)>,
    (once, by): (bool, Option<Uuid>),
) -> Result<Vec<Run>, IoError> {
    let write = io.write(move |tx| {
        Box::pin(async move {
            let mut new = Vec::new();
            for (scope, day) in requests {
                new.extend(request_one(tx, (scope.word(), day), once, by).await?);
            }
            Ok::<_, IoError>(new)
        })
    });
    write.await
}

/// The daily request of whoever has that singleton task: each day's comparison once; answers those
/// that are new.
///
/// # Errors
/// The database's; `Fenced` when another replica has the singleton task now: nothing is kept.
pub(super) async fn request_daily(
    io: &Io,
    requests: Vec<(Scope, NaiveDate)>,
    fence: Fence,
) -> Result<Vec<Run>, IoError> {
    let write = io.write(move |tx| {
        Box::pin(async move {
            fence.check(tx).await?;
            let mut new = Vec::new();
            for (scope, day) in requests {
                new.extend(request_one(tx, (scope.word(), day), true, None).await?);
            }
            Ok::<_, IoError>(new)
        })
    });
    write.await
}

async fn request_one(
    tx: &DatabaseTransaction,
    (scope, day): (String, NaiveDate),
    once: bool,
    by: Option<Uuid>,
) -> Result<Option<Run>, DbErr> {
    let id = ids::new_id();
    let now = clock::now();
    let row = reconciliation::Model {
        id,
        once: once.then(|| format!("{scope}/{day}")),
        scope,
        day,
        wished_by: by,
        wished_at: now.into(),
        ended_at: None,
        compared: 0,
        differences: 0,
        opened: 0,
        not_told: None,
    };
    let inserted = reconciliation::Entity::insert(reconciliation::ActiveModel::from(row.clone()))
        .on_conflict(OnConflict::new().do_nothing().to_owned())
        .try_insert()
        .exec_without_returning(tx)
        .await?;
    if !matches!(inserted, TryInsertResult::Inserted(1..)) {
        return Ok(None);
    }
    let payload = format!("{{\"run\":\"{id}\"}}");
    jobs::enqueue(
        tx,
        NewJob { kind: RUN_JOB, payload, dedup_key: format!("{RUN_JOB}/{id}"), run_at: now },
    )
    .await?;
    Ok(Some(run_of(row)))
}

/// The comparisons, newest first, older than `before`, at most `limit`.
///
/// # Errors
/// The database's.
pub async fn runs(io: &Io, before: Option<Uuid>, limit: u64) -> Result<Vec<Run>, IoError> {
    let read = io.read(move |db| {
        Box::pin(async move {
            let mut find = reconciliation::Entity::find()
                .order_by_desc(reconciliation::Column::Id)
                .limit(limit);
            if let Some(before) = before {
                find = find.filter(reconciliation::Column::Id.lt(before));
            }
            Ok::<_, IoError>(find.all(db).await?.into_iter().map(run_of).collect())
        })
    });
    read.await
}

/// One comparison.
///
/// # Errors
/// The database's.
pub async fn run(io: &Io, id: Uuid) -> Result<Option<Run>, IoError> {
    let read = io.read(move |db| {
        Box::pin(async move {
            Ok::<_, IoError>(reconciliation::Entity::find_by_id(id).one(db).await?.map(run_of))
        })
    });
    read.await
}

/// Writes down how a comparison ended.
pub(super) async fn end(io: &Io, id: Uuid, tally: Tally) -> Result<(), IoError> {
    let count = |number: usize| i32::try_from(number).unwrap_or(i32::MAX);
    let write = io.write(move |tx| {
        Box::pin(async move {
            reconciliation::Entity::update_many()
                .col_expr(reconciliation::Column::EndedAt, Expr::value(clock::now().fixed_offset()))
                .col_expr(reconciliation::Column::Compared, Expr::value(count(tally.compared)))
                .col_expr(
                    reconciliation::Column::Differences,
                    Expr::value(count(tally.differences)),
                )
                .col_expr(reconciliation::Column::Opened, Expr::value(count(tally.opened)))
                .col_expr(
                    reconciliation::Column::NotTold,
                    Expr::value(
                        tally.not_told.map(|why| why.chars().take(160).collect::<String>()),
                    ),
                )
                .filter(reconciliation::Column::Id.eq(id))
                .exec(tx)
                .await?;
            Ok::<_, IoError>(())
        })
    });
    write.await
}

fn run_of(row: reconciliation::Model) -> Run {
    Run {
        id: row.id,
        scope: row.scope,
        day: row.day,
        wished_by: row.wished_by,
        wished_at: row.wished_at.to_utc(),
        ended_at: row.ended_at.map(|at| at.to_utc()),
        compared: row.compared,
        differences: row.differences,
        opened: row.opened,
        not_told: row.not_told,
    }
}
