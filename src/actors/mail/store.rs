//! All SQL of e-mails: what they say is read when they leave, from the tables that may hold names.

use sea_orm::{ConnectionTrait, DbErr, EntityTrait, ModelTrait, QueryOrder};
use starjack_entity::{account, order_line, orders, payment};
use uuid::Uuid;

use crate::actors::invoice::{self, InvoiceNumber};

/// A line of an order.
pub(super) type LineRow = order_line::Model;
/// A transaction at the payment provider.
pub(super) type PaymentRow = payment::Model;

/// An order as its e-mails tell of it.
pub(super) struct OrderRows {
    pub(super) order: orders::Model,
    pub(super) lines: Vec<LineRow>,
    pub(super) payments: Vec<PaymentRow>,
    pub(super) account: account::Model,
    pub(super) invoice: Option<InvoiceNumber>,
}

/// Reads an order with its lines, payments, customer and invoice; none when there is no such order.
pub(super) async fn order(db: &impl ConnectionTrait, id: Uuid) -> Result<Option<OrderRows>, DbErr> {
    let Some((order, Some(account))) =
        orders::Entity::find_by_id(id).find_also_related(account::Entity).one(db).await?
    else {
        return Ok(None);
    };
    let lines =
        order.find_related(order_line::Entity).order_by_asc(order_line::Column::No).all(db).await?;
    let payments =
        order.find_related(payment::Entity).order_by_asc(payment::Column::No).all(db).await?;
    let invoice = invoice::number_of_order(db, id).await?;
    Ok(Some(OrderRows { order, lines, payments, account, invoice }))
}
