//! The cases that an order's commits open and close.

use sea_orm::{ColumnTrait, DatabaseTransaction, DbErr, EntityTrait, QueryFilter};
use starjack_entity::payment;

use super::Store;
use crate::actors::cases::store::opened;
use crate::actors::cases::{CaseKind, Opening, Waiting};
use crate::actors::order::rules::effects::{Effects, NewCase};
use crate::actors::order::rules::record::Order;
use crate::io::IoError;

/// Writes what a turn says about cases.
pub(super) async fn write(
    tx: &DatabaseTransaction,
    order: &Order,
    effects: &Effects,
) -> Result<(), DbErr> {
    for (payment, kind, how) in &effects.settled {
        let waiting =
            Waiting { kind: kind.word(), orders: vec![order.id], payment: Some(*payment) };
        opened::close_by_itself(tx, waiting, how).await?;
    }
    for case in &effects.cases {
        open(tx, order, case).await?;
    }
    for closing in &effects.closed {
        opened::close(tx, closing).await?;
    }
    Ok(())
}

async fn open(tx: &DatabaseTransaction, order: &Order, case: &NewCase) -> Result<(), DbErr> {
    let opening = Opening {
        kind: case.kind.word(),
        key: format!("{}/{}/{}", order.id, case.payment, case.mark),
        detail: format!("payment {} of order {}", case.payment, order.number),
        reason: Some(case.reason.clone()),
        amount: Some(case.amount),
        order: Some(order.id),
        payment: Some(case.payment),
        ..Opening::default()
    };
    opened::open(tx, opening).await?;
    Ok(())
}

impl Store {
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
                        let kind = CaseKind::TwoOrders;
                        let reason = format!("transaction {tid}");
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
}
