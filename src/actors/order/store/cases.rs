//! The SQL of cases: what a person must close, opened once with the commit that it follows from.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use sea_orm::sea_query::{Expr, OnConflict};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, DatabaseTransaction, DbErr, EntityTrait,
    QueryFilter, QueryOrder, QuerySelect,
};
use starjack_entity::{case_file, orders, payment};
use uuid::Uuid;

use super::Store;
use crate::actors::order::rules::effects::{CaseKind, Closing, Effects, NewCase};
use crate::actors::order::rules::lifecycle::PaymentState;
use crate::actors::order::rules::record::Order;
use crate::clock;
use crate::ids;
use crate::io::IoError;
use crate::money::Cents;

/// A case as an admin sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Case {
    /// Its id outward.
    pub id: Uuid,
    /// What it is about: a word of [`CaseKind`].
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
    /// The line's number within its order.
    pub line_no: Option<i32>,
    /// What reconciliation suggests.
    pub action: Option<String>,
    /// When a person agreed to that.
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
    /// By which account; `None` when it settled itself.
    pub by: Option<Uuid>,
    /// Why, in the words of who closed it.
    pub reason: String,
    /// What the bank calls the transfer.
    pub bank_reference: Option<String>,
}

/// Which cases.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wanted {
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

/// Writes what a turn says about cases.
pub(in crate::actors::order) async fn write(
    tx: &DatabaseTransaction,
    order: &Order,
    effects: &Effects,
) -> Result<(), DbErr> {
    for (payment, kind, how) in &effects.settled {
        let settled = case_file::Entity::update_many()
            .col_expr(case_file::Column::ClosedAt, Expr::value(clock::now().fixed_offset()))
            .col_expr(case_file::Column::ClosedReason, Expr::value(*how))
            .filter(case_file::Column::OrderId.eq(order.id))
            .filter(case_file::Column::PaymentNo.eq(*payment))
            .filter(case_file::Column::Kind.eq(kind.word()))
            .filter(case_file::Column::ClosedAt.is_null());
        settled.exec(tx).await?;
    }
    for case in &effects.cases {
        open(tx, order, case).await?;
    }
    for closing in &effects.closed {
        close(tx, closing).await?;
    }
    Ok(())
}

async fn open(db: &impl ConnectionTrait, order: &Order, case: &NewCase) -> Result<(), DbErr> {
    let kind = case.kind.word();
    tracing::error!(alert = true, order.id = %order.id, payment = case.payment, kind, "a case for a person");
    let row = case_file::ActiveModel {
        id: Set(ids::new_id()),
        order_id: Set(Some(order.id)),
        kind: Set(kind.to_owned()),
        detail: Set(format!("payment {} of order {}", case.payment, order.number)),
        opened_at: Set(clock::now().into()),
        closed_at: Set(None),
        payment_no: Set(Some(case.payment)),
        amount_cents: Set(Some(case.amount)),
        reason: Set(Some(case.reason.chars().take(64).collect())),
        dedup_key: Set(Some(format!("{kind}/{}/{}/{}", order.id, case.payment, case.mark))),
        closed_by: Set(None),
        closed_reason: Set(None),
        bank_reference: Set(None),
        ..Default::default()
    };
    case_file::Entity::insert(row)
        .on_conflict(OnConflict::new().do_nothing().to_owned())
        .try_insert()
        .exec_without_returning(db)
        .await?;
    Ok(())
}

/// Closes an open case; one that is closed stays as it was closed first.
async fn close(tx: &impl ConnectionTrait, closing: &Closing) -> Result<(), DbErr> {
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

impl Store {
    /// The cases that fit.
    ///
    /// # Errors
    /// The database's.
    pub async fn case_files(&self, wanted: Wanted) -> Result<Vec<Case>, IoError> {
        self.io().read(move |db| Box::pin(async move { Ok(list(db, wanted).await?) })).await
    }

    /// One case.
    ///
    /// # Errors
    /// The database's.
    pub async fn case_file(&self, id: Uuid) -> Result<Option<Case>, IoError> {
        let read = self.io().read(move |db| {
            Box::pin(async move {
                let rows: Vec<_> =
                    case_file::Entity::find_by_id(id).one(db).await?.into_iter().collect();
                Ok::<_, IoError>(with_their_payments(db, rows).await?.pop())
            })
        });
        read.await
    }

    /// Closes a case that needs nothing but somebody's word; twice changes nothing more.
    ///
    /// # Errors
    /// The database's.
    pub async fn close_case(&self, closing: Closing) -> Result<(), IoError> {
        self.io().write(move |tx| Box::pin(async move { Ok(close(tx, &closing).await?) })).await
    }

    /// Opens the case of an order that could not be saved, because the provider names its
    /// transaction for another one too.
    ///
    /// # Errors
    /// The database's.
    pub async fn open_case_of_two_orders(&self, order: &Order) -> Result<(), IoError> {
        let order = order.clone();
        let write = self.io().write(move |tx| {
            Box::pin(async move {
                for row in &order.payments {
                    let Some(tid) = row.tid.clone() else { continue };
                    let other = payment::Entity::find()
                        .filter(payment::Column::Tid.eq(tid.clone()))
                        .filter(payment::Column::OrderId.ne(order.id));
                    if other.one(tx).await?.is_some() {
                        let (kind, reason) = (CaseKind::TwoOrders, format!("transaction {tid}"));
                        let case = NewCase {
                            payment: row.no,
                            kind,
                            amount: row.amount,
                            reason,
                            mark: tid,
                        };
                        open(tx, &order, &case).await?;
                    }
                }
                Ok::<_, IoError>(())
            })
        });
        write.await
    }

    /// Payments that wait for a bank and were never asked about: order, number and the provider's
    /// id; at most 1000.
    ///
    /// # Errors
    /// The database's.
    pub async fn suspended(&self) -> Result<Vec<(Uuid, i32, String)>, IoError> {
        let read = self.io().read(|db| {
            Box::pin(async move {
                let rows = payment::Entity::find()
                    .filter(payment::Column::State.eq(PaymentState::Suspended.word()))
                    .filter(payment::Column::StatusCalls.eq(0))
                    .limit(1000)
                    .all(db)
                    .await?;
                Ok::<_, IoError>(
                    rows.into_iter()
                        .filter_map(|row| Some((row.order_id, row.no, row.tid?)))
                        .collect(),
                )
            })
        });
        read.await
    }
}

async fn list(db: &impl ConnectionTrait, wanted: Wanted) -> Result<Vec<Case>, DbErr> {
    let Wanted { open, kind, oldest_first, after, limit } = wanted;
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
        let closed = row.closed_at.map(|at| Closed {
            at: at.to_utc(),
            by: row.closed_by,
            reason: row.closed_reason.unwrap_or_default(),
            bank_reference: row.bank_reference,
        });
        Case {
            id: row.id,
            kind: row.kind,
            order_id: row.order_id,
            order_number: order.map(|order| order.number.clone()),
            payment_no: row.payment_no,
            reference: payment
                .map(|payment| payment.reference.clone())
                .or_else(|| row.operator.as_ref().and(row.subject.clone())),
            transaction: payment.and_then(|payment| payment.tid.clone()).or_else(|| {
                let of_nobody = row.operator.is_none() && row.order_id.is_none();
                row.subject.clone().filter(|_| of_nobody)
            }),
            operator: row.operator,
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
    };
    Ok(rows.into_iter().map(shown).collect())
}
