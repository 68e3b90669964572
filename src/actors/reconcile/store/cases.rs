//! The SQL of the cases that differences open: once each, agreed to once, closed when both sides
//! say the same.

use sea_orm::sea_query::{Expr, OnConflict};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, DatabaseTransaction, DbErr, EntityTrait, PaginatorTrait,
    QueryFilter, TryInsertResult,
};
use starjack_entity::case_file;
use uuid::Uuid;

use crate::actors::jobs::{self, NewJob};
use crate::actors::reconcile::compare::{Action, Difference};
use crate::clock;
use crate::ids;
use crate::io::{Io, IoError};

/// The kind of the jobs that carry out what was agreed to.
pub(in crate::actors::reconcile) const MEND_JOB: &str = "mend";
/// How a case is closed once both sides say the same.
pub(in crate::actors::reconcile) const APPLIED: &str = "mended";

/// Whose difference it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::actors::reconcile) struct About {
    /// The reference, the transaction or the series.
    pub(in crate::actors::reconcile) subject: String,
    pub(in crate::actors::reconcile) operator: Option<String>,
    pub(in crate::actors::reconcile) order_id: Option<Uuid>,
    pub(in crate::actors::reconcile) line_no: Option<i32>,
    pub(in crate::actors::reconcile) payment_no: Option<i32>,
    /// Both sides in words, without personal data.
    pub(in crate::actors::reconcile) detail: String,
}

/// A case that was agreed to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::actors::reconcile) struct Agreed {
    pub(in crate::actors::reconcile) id: Uuid,
    pub(in crate::actors::reconcile) subject: String,
    pub(in crate::actors::reconcile) operator: Option<String>,
    pub(in crate::actors::reconcile) order_id: Option<Uuid>,
    pub(in crate::actors::reconcile) line_no: Option<i32>,
    pub(in crate::actors::reconcile) payment_no: Option<i32>,
    pub(in crate::actors::reconcile) action: Action,
    /// Both sides in words, as they were.
    pub(in crate::actors::reconcile) detail: String,
}

/// Opens the case of a difference, unless it is known; answers whether it is new. One that was
/// repaired and differs again is.
pub(in crate::actors::reconcile) async fn open(
    io: &Io,
    difference: Difference,
    about: About,
) -> Result<bool, IoError> {
    let write = io.write(move |tx| {
        Box::pin(async move { Ok::<_, IoError>(open_in(tx, &difference, about).await?) })
    });
    write.await
}

async fn open_in(
    tx: &DatabaseTransaction,
    difference: &Difference,
    about: About,
) -> Result<bool, DbErr> {
    let kind = difference.kind.word();
    let place = about.operator.clone().unwrap_or_default();
    let mended = case_file::Entity::find()
        .filter(case_file::Column::Kind.eq(kind))
        .filter(case_file::Column::Subject.eq(about.subject.clone()))
        .filter(case_file::Column::ClosedReason.eq(APPLIED));
    let before = mended.count(tx).await?;
    let row = case_file::ActiveModel {
        id: Set(ids::new_id()),
        order_id: Set(about.order_id),
        kind: Set(kind.to_owned()),
        detail: Set(about.detail.chars().take(255).collect()),
        opened_at: Set(clock::now().into()),
        payment_no: Set(about.payment_no),
        line_no: Set(about.line_no),
        amount_cents: Set(Some(difference.amount)),
        dedup_key: Set(Some(format!("{kind}/{place}/{}/{before}", about.subject))),
        subject: Set(Some(about.subject.clone())),
        operator: Set(about.operator),
        action: Set(difference.action.map(|action| action.word().to_owned())),
        ..Default::default()
    };
    let inserted = case_file::Entity::insert(row)
        .on_conflict(OnConflict::new().do_nothing().to_owned())
        .try_insert()
        .exec_without_returning(tx)
        .await?;
    let is_new = matches!(inserted, TryInsertResult::Inserted(1..));
    if is_new {
        tracing::error!(
            alert = true,
            kind,
            subject = about.subject,
            place,
            "a difference for a person"
        );
    }
    Ok(is_new)
}

/// Notes that a person agrees to what is suggested, and asks for its job; twice is once. `None` for
/// a case that is closed, is unknown or suggests nothing.
pub(in crate::actors::reconcile) async fn agree(
    io: &Io,
    id: Uuid,
    by: Uuid,
) -> Result<Option<()>, IoError> {
    let write = io.write(move |tx| {
        Box::pin(async move {
            let Some(row) = case_file::Entity::find_by_id(id).one(tx).await? else {
                return Ok(None);
            };
            if row.closed_at.is_some() || row.action.is_none() {
                return Ok(None);
            }
            let now = clock::now();
            let noted = case_file::Entity::update_many()
                .col_expr(case_file::Column::AgreedBy, Expr::value(by))
                .col_expr(case_file::Column::AgreedAt, Expr::value(now.fixed_offset()))
                .filter(case_file::Column::Id.eq(id))
                .filter(case_file::Column::AgreedAt.is_null())
                .exec(tx)
                .await?;
            if noted.rows_affected == 1 {
                let payload = format!("{{\"case\":\"{id}\"}}");
                // a case whose suggestion changed is agreed to anew
                let dedup_key = format!("{MEND_JOB}/{id}/{}", now.timestamp_micros());
                jobs::enqueue(tx, NewJob { kind: MEND_JOB, payload, dedup_key, run_at: now })
                    .await?;
            }
            Ok::<_, IoError>(Some(()))
        })
    });
    write.await
}

/// A case that was agreed to and is still open.
pub(in crate::actors::reconcile) async fn agreed(
    io: &Io,
    id: Uuid,
) -> Result<Option<Agreed>, IoError> {
    let read = io.read(move |db| {
        Box::pin(async move {
            let row = case_file::Entity::find_by_id(id)
                .filter(case_file::Column::ClosedAt.is_null())
                .filter(case_file::Column::AgreedAt.is_not_null())
                .one(db)
                .await?;
            Ok::<_, IoError>(row.and_then(|row| {
                Some(Agreed {
                    id: row.id,
                    subject: row.subject?,
                    operator: row.operator,
                    order_id: row.order_id,
                    line_no: row.line_no,
                    payment_no: row.payment_no,
                    action: Action::of(&row.action?)?,
                    detail: row.detail,
                })
            }))
        })
    });
    read.await
}

/// Closes a case because both sides say the same.
pub(in crate::actors::reconcile) async fn close_mended(io: &Io, id: Uuid) -> Result<(), IoError> {
    let write = io.write(move |tx| {
        Box::pin(async move {
            case_file::Entity::update_many()
                .col_expr(case_file::Column::ClosedAt, Expr::value(clock::now().fixed_offset()))
                .col_expr(case_file::Column::ClosedBy, Expr::col(case_file::Column::AgreedBy))
                .col_expr(case_file::Column::ClosedReason, Expr::value(APPLIED))
                .filter(case_file::Column::Id.eq(id))
                .filter(case_file::Column::ClosedAt.is_null())
                .exec(tx)
                .await?;
            Ok::<_, IoError>(())
        })
    });
    write.await
}

/// Asks a person anew, with another suggestion or none: what was agreed to cannot be done.
pub(in crate::actors::reconcile) async fn ask_anew(
    io: &Io,
    id: Uuid,
    action: Option<Action>,
    why: String,
) -> Result<(), IoError> {
    tracing::warn!(alert = true, case = %id, why, "what was agreed to cannot be done");
    let write = io.write(move |tx| {
        Box::pin(async move {
            case_file::Entity::update_many()
                .col_expr(case_file::Column::Action, Expr::value(action.map(Action::word)))
                .col_expr(
                    case_file::Column::AgreedAt,
                    Expr::value(None::<chrono::DateTime<chrono::FixedOffset>>),
                )
                .col_expr(case_file::Column::AgreedBy, Expr::value(None::<Uuid>))
                .col_expr(
                    case_file::Column::Reason,
                    Expr::value(why.chars().take(64).collect::<String>()),
                )
                .filter(case_file::Column::Id.eq(id))
                .exec(tx)
                .await?;
            Ok::<_, IoError>(())
        })
    });
    write.await
}
