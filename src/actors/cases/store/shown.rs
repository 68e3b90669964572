//! Reading cases, each with its order's number and what its payment is called.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbErr, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder,
    QuerySelect,
};
use starjack_entity::{case_file, orders, payment};
use uuid::Uuid;

use super::super::CaseKind;
use crate::money::Cents;

/// A case as an admin sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Case {
    /// Its id outward.
    pub id: Uuid,
    /// What it is about, as a slug.
    pub kind: String,
    /// The order.
    pub order_id: Option<Uuid>,
    /// The order's number.
    pub order_number: Option<String>,
    /// The payment's number within its order.
    pub payment_no: Option<i32>,
    /// Our reference of the payment page.
    pub reference: Option<String>,
    /// The provider's own id of the transaction.
    pub transaction: Option<String>,
    /// The operator's key.
    pub operator: Option<String>,
    /// Whose difference it is: a reference, a transaction or a series of invoices.
    pub subject: Option<String>,
    /// The line's number within its order.
    pub line_no: Option<i32>,
    /// What is suggested.
    pub action: Option<String>,
    /// When staff agreed to that.
    pub agreed_at: Option<DateTime<Utc>>,
    /// Both sides in words.
    pub detail: String,
    /// The money that it is about.
    pub amount: Cents,
    /// Three letters of ISO 4217.
    pub currency: String,
    /// Why, as a slug.
    pub reason: String,
    /// Since when.
    pub opened_at: DateTime<Utc>,
    /// How it ended.
    pub closed: Option<Closed>,
}

/// How a case ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Closed {
    /// When.
    pub at: DateTime<Utc>,
    /// By which account; `None` when it closed by itself.
    pub by: Option<Uuid>,
    /// Why, in the words of who closed it.
    pub reason: String,
    /// What the bank calls the transfer.
    pub bank_reference: Option<String>,
}

/// Which cases.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CaseQuery {
    /// Those that wait, or those that ended.
    pub open: bool,
    /// Of one kind only.
    pub kind: Option<CaseKind>,
    /// Oldest first, else newest first.
    pub oldest_first: bool,
    /// Only those after this one, in that order.
    pub after: Option<Uuid>,
    /// At most so many.
    pub limit: u64,
}

/// The cases that are asked for.
///
/// # Errors
/// The database's.
pub async fn list(db: &impl ConnectionTrait, query: CaseQuery) -> Result<Vec<Case>, DbErr> {
    let CaseQuery { open, kind, oldest_first, after, limit } = query;
    // ids are UUIDv7: their order is the order of opening
    let mut find = case_file::Entity::find().limit(limit);
    find = match open {
        true => find.filter(case_file::Column::ClosedAt.is_null()),
        false => find.filter(case_file::Column::ClosedAt.is_not_null()),
    };
    if let Some(kind) = kind {
        find = find.filter(case_file::Column::Kind.eq(kind.word()));
    }
    find = match (after, oldest_first) {
        (None, _) => find,
        (Some(after), true) => find.filter(case_file::Column::Id.gt(after)),
        (Some(after), false) => find.filter(case_file::Column::Id.lt(after)),
    };
    find = match oldest_first {
        true => find.order_by_asc(case_file::Column::Id),
        false => find.order_by_desc(case_file::Column::Id),
    };
    let rows = find.all(db).await?;
    with_their_payments(db, rows).await
}

/// One case, if there is one.
///
/// # Errors
/// The database's.
pub async fn find(db: &impl ConnectionTrait, id: Uuid) -> Result<Option<Case>, DbErr> {
    let row = case_file::Entity::find_by_id(id).one(db).await?;
    Ok(with_their_payments(db, row.into_iter().collect()).await?.pop())
}

/// An order's cases, oldest first.
///
/// # Errors
/// The database's.
pub async fn of_order(db: &impl ConnectionTrait, order: Uuid) -> Result<Vec<Case>, DbErr> {
    let find = case_file::Entity::find().filter(case_file::Column::OrderId.eq(order));
    let rows = find.order_by_asc(case_file::Column::Id).all(db).await?;
    with_their_payments(db, rows).await
}

/// The cases of a kind, open or closed, whose subject begins so.
///
/// # Errors
/// The database's.
pub async fn of_subject(
    db: &impl ConnectionTrait,
    kind: &str,
    beginning: &str,
) -> Result<Vec<Case>, DbErr> {
    let rows = case_file::Entity::find()
        .filter(case_file::Column::Kind.eq(kind))
        .filter(case_file::Column::Subject.starts_with(beginning));
    with_their_payments(db, rows.all(db).await?).await
}

/// How often a case about this subject was closed for this reason.
///
/// # Errors
/// The database's.
pub async fn count_closed(
    db: &impl ConnectionTrait,
    kind: &str,
    subject: &str,
    reason: &str,
) -> Result<u64, DbErr> {
    let closed = case_file::Entity::find()
        .filter(case_file::Column::Kind.eq(kind))
        .filter(case_file::Column::Subject.eq(subject))
        .filter(case_file::Column::ClosedReason.eq(reason));
    closed.count(db).await
}

/// The orders that have an open case of this kind.
///
/// # Errors
/// The database's.
pub async fn orders_with(db: &impl ConnectionTrait, kind: &str) -> Result<Vec<Uuid>, DbErr> {
    let open = case_file::Entity::find()
        .filter(case_file::Column::Kind.eq(kind))
        .filter(case_file::Column::ClosedAt.is_null());
    Ok(open.all(db).await?.into_iter().filter_map(|row| row.order_id).collect())
}

/// How many cases of each kind are open.
///
/// # Errors
/// The database's.
pub async fn counts(db: &impl ConnectionTrait) -> Result<Vec<(String, i64)>, DbErr> {
    case_file::Entity::find()
        .select_only()
        .column(case_file::Column::Kind)
        .column_as(case_file::Column::Id.count(), "cases")
        .filter(case_file::Column::ClosedAt.is_null())
        .group_by(case_file::Column::Kind)
        .into_tuple()
        .all(db)
        .await
}

async fn with_their_payments(
    db: &impl ConnectionTrait,
    rows: Vec<case_file::Model>,
) -> Result<Vec<Case>, DbErr> {
    let ids: Vec<Uuid> = rows.iter().filter_map(|row| row.order_id).collect();
    let numbers =
        orders::Entity::find().filter(orders::Column::Id.is_in(ids.clone())).all(db).await?;
    let numbers: HashMap<Uuid, orders::Model> =
        numbers.into_iter().map(|row| (row.id, row)).collect();
    let payments =
        payment::Entity::find().filter(payment::Column::OrderId.is_in(ids)).all(db).await?;
    let payments: HashMap<_, _> =
        payments.into_iter().map(|row| ((row.order_id, row.no), row)).collect();
    let shown = |row: case_file::Model| {
        let order = row.order_id.and_then(|id| numbers.get(&id));
        let payment = row.order_id.zip(row.payment_no).and_then(|key| payments.get(&key));
        case_of(row, order, payment)
    };
    Ok(rows.into_iter().map(shown).collect())
}

fn case_of(
    row: case_file::Model,
    order: Option<&orders::Model>,
    payment: Option<&payment::Model>,
) -> Case {
    let closed = row.closed_at.map(|at| Closed {
        at: at.to_utc(),
        by: row.closed_by,
        reason: row.closed_reason.unwrap_or_default(),
        bank_reference: row.bank_reference,
    });
    // an operator's subject is a ticket's reference; that of nobody, a transaction
    let ticket = row.operator.as_ref().and(row.subject.clone());
    let is_nobodys = row.operator.is_none() && row.order_id.is_none();
    let orphan = row.subject.clone().filter(|_| is_nobodys);
    Case {
        id: row.id,
        kind: row.kind,
        order_id: row.order_id,
        order_number: order.map(|order| order.number.clone()),
        payment_no: row.payment_no,
        reference: payment.map(|payment| payment.reference.clone()).or(ticket),
        transaction: payment.and_then(|payment| payment.tid.clone()).or(orphan),
        operator: row.operator,
        subject: row.subject,
        line_no: row.line_no,
        action: row.action,
        agreed_at: row.agreed_at.map(|at| at.to_utc()),
        detail: row.detail,
        amount: row.amount_cents.unwrap_or_default(),
        currency: order.map(|order| order.currency.clone()).unwrap_or_default(),
        reason: row.reason.unwrap_or_default(),
        opened_at: row.opened_at.to_utc(),
        closed,
    }
}
