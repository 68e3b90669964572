//! The SQL of looking for orders: what a customer filters, and what the desk is told on the
//! telephone.

use chrono::NaiveDate;
use sea_orm::sea_query::{Expr, ExprTrait, Func, LikeExpr, SimpleExpr};
use sea_orm::{
    ColumnTrait, Condition, EntityTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait, Select,
};
use starjack_entity::{account, order_line, orders};
use uuid::Uuid;

use super::Store;
use crate::actors::order::rules::lifecycle::OrderState;
use crate::actors::order::rules::record::Order;
use crate::io::IoError;
use crate::typed;

/// Which of an account's orders are wanted, and in which order.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Only in this state.
    pub state: Option<OrderState>,
    /// Only with a ticket that is valid on this day.
    pub day: Option<NaiveDate>,
    /// Only with a ticket of this operator.
    pub operator: Option<String>,
    /// The first placed first; else the last.
    pub oldest_first: bool,
}

impl Store {
    /// An account's orders that a filter wants, from after the order `after` on, at most `limit`.
    ///
    /// # Errors
    /// The database's.
    pub async fn of_account(
        &self,
        account_id: Uuid,
        filter: Filter,
        after: Option<Uuid>,
        limit: u64,
    ) -> Result<Vec<Order>, IoError> {
        let mut wanted = Condition::all().add(orders::Column::AccountId.eq(account_id));
        if let Some(state) = filter.state {
            wanted = wanted.add(orders::Column::State.eq(state.word()));
        }
        if filter.day.is_some() || filter.operator.is_some() {
            // of this order: a list of all that have such a line would be one of the whole shop
            let of_order = Expr::col((order_line::Entity, order_line::Column::OrderId))
                .equals((orders::Entity, orders::Column::Id));
            let mut lines = order_line::Entity::find().filter(of_order);
            if let Some(day) = filter.day {
                lines = lines
                    .filter(order_line::Column::ValidFrom.lte(day))
                    .filter(order_line::Column::ValidTo.gte(day));
            }
            if let Some(operator) = filter.operator {
                lines = lines.filter(order_line::Column::Operator.eq(operator));
            }
            wanted = wanted.add(Expr::exists(orders_of(lines)));
        }
        self.found(wanted, filter.oldest_first, after, limit).await
    }

    /// The orders of all customers that a text means, newest first: an order's number, a ticket's
    /// number, an address, a card's number or its last four signs, or the beginnings of the names
    /// of a buyer or a holder. None for a text that means nothing.
    ///
    /// # Errors
    /// The database's.
    pub async fn search(
        &self,
        text: &str,
        before: Option<Uuid>,
        limit: u64,
    ) -> Result<Vec<Order>, IoError> {
        let text = typed::visible(text).trim().to_owned();
        if text.chars().count() < 2 {
            return Ok(Vec::new());
        }
        self.found(meant_by(&text), false, before, limit).await
    }

    async fn found(
        &self,
        wanted: Condition,
        oldest_first: bool,
        after: Option<Uuid>,
        limit: u64,
    ) -> Result<Vec<Order>, IoError> {
        let read = self.io().read(move |db| {
            Box::pin(async move {
                // ids are UUIDv7: their order is the order of placing
                let mut find =
                    orders::Entity::find().filter(wanted).select_only().column(orders::Column::Id);
                find = match (after, oldest_first) {
                    (Some(after), true) => find.filter(orders::Column::Id.gt(after)),
                    (Some(after), false) => find.filter(orders::Column::Id.lt(after)),
                    (None, _) => find,
                };
                find = if oldest_first {
                    find.order_by_asc(orders::Column::Id)
                } else {
                    find.order_by_desc(orders::Column::Id)
                };
                Ok::<Vec<Uuid>, IoError>(find.limit(limit).into_tuple().all(db).await?)
            })
        });
        self.load_all(read.await?).await
    }
}

/// What the desk's text may mean; each is asked for by itself.
fn meant_by(text: &str) -> Condition {
    let plain = typed::unmixed(text);
    let number = orders::Column::Number.eq(plain.to_ascii_uppercase());
    let ticket = Condition::any()
        .add(order_line::Column::TicketReference.eq(text))
        .add(order_line::Column::Reference.eq(text))
        .add(on_card(&plain))
        .add(named(
            text,
            (order_line::Column::HolderFirstName, order_line::Column::HolderLastName),
        ));
    let buyer = Condition::any()
        .add(account::Column::Email.eq(typed::address(text)))
        .add(named(text, (account::Column::FirstName, account::Column::LastName)));
    let buyers = account::Entity::find().select_only().column(account::Column::Id).filter(buyer);
    Condition::any()
        .add(number)
        .add(orders::Column::Id.in_subquery(orders_of(order_line::Entity::find().filter(ticket))))
        .add(orders::Column::AccountId.in_subquery(buyers.into_query()))
}

/// Whether a line's card ends with these signs, at least four of them; `****4643` as it is shown
/// means the last four.
fn on_card(plain: &str) -> Condition {
    let signs = plain.trim_start_matches('*');
    if signs.len() < 4 || !signs.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return Condition::any().add(Expr::val(false).eq(true));
    }
    let number =
        Func::cust("REPLACE").arg(Expr::col(order_line::Column::CardNumber)).arg("-").arg("");
    Condition::any().add(SimpleExpr::from(number).like(format!("%{}", signs.to_ascii_uppercase())))
}

/// Whether each word of a text begins the one or the other name, whatever their case.
fn named<C: ColumnTrait>(text: &str, (first, last): (C, C)) -> Condition {
    let mut all = Condition::all();
    for word in text.split_whitespace().take(6) {
        let mut either = Condition::any();
        for spelling in spellings(word) {
            for column in [first, last] {
                let name = Func::lower(Expr::col(column));
                either = either.add(SimpleExpr::from(name).like(begins_with(&spelling)));
            }
        }
        all = all.add(either);
    }
    all
}

/// A word as databases lower it: PostgreSQL knows all letters, SQLite those of ASCII.
fn spellings(word: &str) -> Vec<String> {
    let ascii = word.to_ascii_lowercase();
    let mut rest = ascii.chars();
    let capital = rest.next().map(|first| {
        if first.is_ascii() { first.to_string() } else { first.to_uppercase().collect() }
    });
    let mut all = vec![word.to_lowercase(), capital.unwrap_or_default() + rest.as_str(), ascii];
    all.dedup();
    all
}

fn begins_with(text: &str) -> LikeExpr {
    let escaped: String = text
        .chars()
        .flat_map(|sign| matches!(sign, '%' | '_' | '\\').then_some('\\').into_iter().chain([sign]))
        .collect();
    LikeExpr::new(format!("{escaped}%")).escape('\\')
}

fn orders_of(lines: Select<order_line::Entity>) -> sea_orm::sea_query::SelectStatement {
    lines.select_only().column(order_line::Column::OrderId).into_query()
}
