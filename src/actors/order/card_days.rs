//! The SQL of a card's days: one ticket a card, operator and day, decided by the key of the table.

use sea_orm::sea_query::{OnConflict, Query};
use sea_orm::{ActiveValue::Set, ColumnTrait, DatabaseTransaction, DbErr, EntityTrait, QueryFilter, TryInsertResult};
use starjack_entity::{orders, ticket_day};
use uuid::Uuid;

use super::record::{Line, Order, Ticket};
use super::store::Store;
use crate::io::IoError;

impl Store {
    /// Reserves the days of every line, one statement a line: a season pass has about two hundred. Answers the line whose card has a ticket there on such a day already.
    ///
    /// # Errors
    /// The database's.
    pub async fn reserve_days(&self, tx: &DatabaseTransaction, order: &Order) -> Result<Option<i32>, DbErr> {
        let mut lines: Vec<_> = order.lines.iter().collect();
        // always in one order, so that two baskets with the same cards wait for each other instead of both failing
        lines.sort_unstable_by_key(|line| {
            let Ticket { operator, card_number, valid_from, .. } = &line.ticket;
            (operator, card_number, *valid_from)
        });
        for line in lines {
            let rows = days_of(order.id, line);
            let wanted = rows.len() as u64;
            let inserted = ticket_day::Entity::insert_many(rows)
                .on_conflict(OnConflict::new().do_nothing().to_owned())
                .try_insert()
                .exec_without_returning(tx)
                .await?;
            if !matches!(inserted, TryInsertResult::Inserted(rows) if rows == wanted) {
                return Ok(Some(line.no));
            }
        }
        Ok(None)
    }

    /// Id and number of the account's own order that has a ticket on this card, operator and day.
    ///
    /// # Errors
    /// The database's.
    pub async fn order_on_card(&self, account_id: Uuid, ticket: &Ticket) -> Result<Option<(Uuid, String)>, IoError> {
        let ticket = ticket.clone();
        self.io()
            .read(move |db| {
                Box::pin(async move {
                    // a card may be registered in several accounts: whatever strangers have on it is not told
                    let taken = Query::select()
                        .column(ticket_day::Column::OrderId)
                        .from(ticket_day::Entity)
                        .and_where(ticket_day::Column::Operator.eq(ticket.operator))
                        .and_where(ticket_day::Column::CardNumber.eq(ticket.card_number))
                        .and_where(ticket_day::Column::Day.between(ticket.valid_from, ticket.valid_to))
                        .take();
                    let own = orders::Entity::find()
                        .filter(orders::Column::AccountId.eq(account_id))
                        .filter(orders::Column::Id.in_subquery(taken));
                    Ok(own.one(db).await?.map(|row| (row.id, row.number)))
                })
            })
            .await
    }
}

/// A row for each day on which a line's ticket may be used, in the order of days. Whoever chooses among several days still
/// keeps all of them: two tickets of one card there must not overlap.
fn days_of(order_id: Uuid, line: &Line) -> Vec<ticket_day::ActiveModel> {
    let Ticket { operator, card_number, valid_from, valid_to, .. } = &line.ticket;
    let days = valid_from.iter_days().take_while(|day| day <= valid_to);
    let row = |day| ticket_day::ActiveModel {
        operator: Set(operator.clone()),
        card_number: Set(card_number.clone()),
        day: Set(day),
        order_id: Set(order_id),
        line_no: Set(line.no),
    };
    days.map(row).collect()
}
