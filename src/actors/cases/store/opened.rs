//! A case's way: opened once, agreed to once, closed once. Each is written in the caller's
//! transaction.

use chrono::{DateTime, FixedOffset, Utc};
use sea_orm::sea_query::{Expr, OnConflict};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, DatabaseTransaction, DbErr, EntityTrait, QueryFilter,
    TryInsertResult,
};
use starjack_entity::case_file;
use uuid::Uuid;

use super::super::Closing;
use crate::clock;
use crate::ids;
use crate::money::Cents;

/// Longest reason of a case, in characters.
const REASON: usize = 64;
/// Longest text of both sides, in characters.
const DETAIL: usize = 255;

/// A case that is to be opened; what is not known of it is left out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Opening {
    /// What it is about, as a slug.
    pub kind: &'static str,
    /// What tells it from others of its kind; opened twice under one key it is one case.
    pub key: String,
    /// Both sides in words, without personal data; cut after 255 characters.
    pub detail: String,
    /// Why, as a slug; cut after 64 characters.
    pub reason: Option<String>,
    /// The money that it is about.
    pub amount: Option<Cents>,
    /// The order.
    pub order: Option<Uuid>,
    /// The payment's number within its order.
    pub payment: Option<i32>,
    /// The line's number within its order.
    pub line: Option<i32>,
    /// The operator's key.
    pub operator: Option<String>,
    /// Whose difference it is: a reference, a transaction or a series of invoices.
    pub subject: Option<String>,
    /// What is suggested, as a slug; a person may agree to it.
    pub action: Option<&'static str>,
}

/// Open cases that nobody has to close any more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// What they are about.
    pub kind: &'static str,
    /// Their orders.
    pub orders: Vec<Uuid>,
    /// One payment of these orders; all of their cases without it.
    pub payment: Option<i32>,
}

/// Opens a case and alarms, unless there is one under its key; says whether it is new.
///
/// # Errors
/// The database's.
pub async fn open(tx: &DatabaseTransaction, opening: Opening) -> Result<bool, DbErr> {
    let Opening { kind, key, order, payment, line, operator, subject, reason, .. } = opening;
    let key = format!("{kind}/{key}");
    let row = case_file::ActiveModel {
        id: Set(ids::new_id()),
        order_id: Set(order),
        kind: Set(kind.to_owned()),
        detail: Set(opening.detail.chars().take(DETAIL).collect()),
        opened_at: Set(clock::now().into()),
        payment_no: Set(payment),
        amount_cents: Set(opening.amount),
        reason: Set(reason.as_ref().map(|reason| reason.chars().take(REASON).collect())),
        dedup_key: Set(Some(key)),
        subject: Set(subject.clone()),
        operator: Set(operator.clone()),
        line_no: Set(line),
        action: Set(opening.action.map(str::to_owned)),
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
            event = "case.opened",
            alert = true,
            kind,
            order.id = order.map(tracing::field::display),
            payment,
            line,
            operator,
            subject,
            reason,
            "a case was opened"
        );
    }
    Ok(is_new)
}

/// Closes an open case; one that is closed stays as it was closed first.
///
/// # Errors
/// The database's.
pub async fn close(tx: &DatabaseTransaction, closing: &Closing) -> Result<(), DbErr> {
    case_file::Entity::update_many()
        .col_expr(case_file::Column::ClosedAt, Expr::value(clock::now().fixed_offset()))
        .col_expr(case_file::Column::ClosedBy, Expr::value(closing.by))
        .col_expr(case_file::Column::ClosedReason, Expr::value(closing.reason.clone()))
        .col_expr(case_file::Column::BankReference, Expr::value(closing.bank_reference.clone()))
        .filter(case_file::Column::Id.eq(closing.case))
        .filter(case_file::Column::ClosedAt.is_null())
        .exec(tx)
        .await?;
    Ok(())
}

/// Closes, in nobody's name, what nobody has to close any more.
///
/// # Errors
/// The database's.
pub async fn close_by_itself(
    tx: &DatabaseTransaction,
    waiting: Waiting,
    reason: &str,
) -> Result<(), DbErr> {
    let mut close = case_file::Entity::update_many()
        .col_expr(case_file::Column::ClosedAt, Expr::value(clock::now().fixed_offset()))
        .col_expr(case_file::Column::ClosedReason, Expr::value(reason))
        .filter(case_file::Column::Kind.eq(waiting.kind))
        .filter(case_file::Column::ClosedAt.is_null())
        .filter(case_file::Column::OrderId.is_in(waiting.orders));
    if let Some(payment) = waiting.payment {
        close = close.filter(case_file::Column::PaymentNo.eq(payment));
    }
    close.exec(tx).await?;
    Ok(())
}

/// Notes that staff agrees to what is suggested; says whether that is new. `None` for a case
/// that is closed, is unknown or suggests nothing.
///
/// # Errors
/// The database's.
pub async fn agree(
    tx: &DatabaseTransaction,
    id: Uuid,
    by: Uuid,
    now: DateTime<Utc>,
) -> Result<Option<bool>, DbErr> {
    let row = case_file::Entity::find_by_id(id).one(tx).await?;
    if row.is_none_or(|row| row.closed_at.is_some() || row.action.is_none()) {
        return Ok(None);
    }
    let noted = case_file::Entity::update_many()
        .col_expr(case_file::Column::AgreedBy, Expr::value(by))
        .col_expr(case_file::Column::AgreedAt, Expr::value(now.fixed_offset()))
        .filter(case_file::Column::Id.eq(id))
        .filter(case_file::Column::AgreedAt.is_null())
        .exec(tx)
        .await?;
    Ok(Some(noted.rows_affected == 1))
}

/// Closes what was agreed to and carried out, in the name of who agreed.
///
/// # Errors
/// The database's.
pub async fn close_agreed(tx: &DatabaseTransaction, id: Uuid, reason: &str) -> Result<(), DbErr> {
    case_file::Entity::update_many()
        .col_expr(case_file::Column::ClosedAt, Expr::value(clock::now().fixed_offset()))
        .col_expr(case_file::Column::ClosedBy, Expr::col(case_file::Column::AgreedBy))
        .col_expr(case_file::Column::ClosedReason, Expr::value(reason))
        .filter(case_file::Column::Id.eq(id))
        .filter(case_file::Column::ClosedAt.is_null())
        .exec(tx)
        .await?;
    Ok(())
}

/// Asks staff anew, with another suggestion or none: what was agreed to cannot be done.
///
/// # Errors
/// The database's.
pub async fn ask_anew(
    tx: &DatabaseTransaction,
    id: Uuid,
    action: Option<&'static str>,
    why: &str,
) -> Result<(), DbErr> {
    tracing::warn!(event = "case.action_failed", alert = true, case = %id, why, "what was agreed to cannot be done");
    let reason: String = why.chars().take(REASON).collect();
    case_file::Entity::update_many()
        .col_expr(case_file::Column::Action, Expr::value(action))
        .col_expr(case_file::Column::AgreedAt, Expr::value(None::<DateTime<FixedOffset>>))
        .col_expr(case_file::Column::AgreedBy, Expr::value(None::<Uuid>))
        .col_expr(case_file::Column::Reason, Expr::value(reason))
        .filter(case_file::Column::Id.eq(id))
        .exec(tx)
        .await?;
    Ok(())
}
