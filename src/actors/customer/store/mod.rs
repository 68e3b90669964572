//! All SQL of deleting and forgetting.

pub(super) mod export;

use chrono::{DateTime, NaiveDate, Utc};
use sea_orm::sea_query::{self, Expr, SelectStatement};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder,
    QuerySelect, QueryTrait,
};
use starjack_entity::{account, card, case_file, idempotency, order_event, order_line, orders};
use uuid::Uuid;

use crate::actors::order::rules::lifecycle::OrderState;

/// Most orders that a refusal names.
const MOST_NAMED: u64 = 20;

/// The states in which an order has ended.
const ENDS: [OrderState; 3] = [OrderState::Finished, OrderState::Rejected, OrderState::Undone];

/// What stands in the place of an erased birth date: the column holds a day in every version.
const NO_BIRTH_DATE: Option<NaiveDate> = NaiveDate::from_ymd_opt(1900, 1, 1);

/// Most rows of one kind that are erased at a time.
const MOST_ROWS: u64 = 500;

/// The detail of a transition that holds the customer's own words.
const ASKED_BACK: &str = "%return_asked:%";

/// The numbers of an account's orders that are not settled: not ended, with something still to be
/// asked or done, or with a case that waits for staff.
pub(super) async fn open_orders(
    db: &impl ConnectionTrait,
    account_id: Uuid,
) -> Result<Vec<String>, DbErr> {
    let cases = case_file::Entity::find()
        .select_only()
        .column(case_file::Column::OrderId)
        .filter(case_file::Column::ClosedAt.is_null())
        .filter(case_file::Column::OrderId.is_not_null())
        .into_query();
    let open = Condition::any()
        .add(orders::Column::State.is_not_in(ENDS.map(OrderState::word)))
        .add(orders::Column::NextAt.is_not_null())
        .add(orders::Column::Id.in_subquery(cases));
    orders::Entity::find()
        .select_only()
        .column(orders::Column::Number)
        .filter(orders::Column::AccountId.eq(account_id))
        .filter(open)
        .order_by_asc(orders::Column::PlacedAt)
        .limit(MOST_NAMED)
        .into_tuple()
        .all(db)
        .await
}

/// Erases an account's cards, the answers to its orders and the addresses said with them. Orders
/// keep the number of the card that each ticket is on.
pub(super) async fn erase_things(db: &impl ConnectionTrait, account_id: Uuid) -> Result<(), DbErr> {
    card::Entity::delete_many().filter(card::Column::AccountId.eq(account_id)).exec(db).await?;
    idempotency::Entity::delete_many()
        .filter(idempotency::Column::AccountId.eq(account_id))
        .exec(db)
        .await?;
    // each invoice has a copy of its own
    orders::Entity::update_many()
        .col_expr(orders::Column::Billing, Expr::value(None::<String>))
        .col_expr(orders::Column::ReturnUrl, Expr::value(None::<String>))
        .filter(orders::Column::AccountId.eq(account_id))
        .exec(db)
        .await?;
    Ok(())
}

/// Erases what a replica that did not know it yet has added to deleted accounts.
pub(super) async fn erase_remains(db: &impl ConnectionTrait) -> Result<u64, DbErr> {
    let erased = || {
        account::Entity::find()
            .select_only()
            .column(account::Column::Id)
            .filter(account::Column::ErasedAt.is_not_null())
            .into_query()
    };
    let cards = card::Entity::delete_many()
        .filter(card::Column::AccountId.in_subquery(erased()))
        .exec(db)
        .await?;
    let answers = idempotency::Entity::delete_many()
        .filter(idempotency::Column::AccountId.in_subquery(erased()))
        .exec(db)
        .await?;
    Ok(cards.rows_affected + answers.rows_affected)
}

/// Erases the holders of orders that have been settled and over since `before`; answers how many
/// rows, at most [`MOST_ROWS`] at a time.
pub(super) async fn erase_holders(
    db: &impl ConnectionTrait,
    before: DateTime<Utc>,
) -> Result<u64, DbErr> {
    use order_line::Column::{
        HolderBirthDate, HolderFirstName, HolderLastName, No, OrderId, ValidTo,
    };
    let over = Condition::any()
        .add(ValidTo.lt(before.date_naive()))
        .add(OrderId.in_subquery(came_to_nothing(before)));
    let due = order_line::Entity::find()
        .select_only()
        .columns([OrderId, No])
        .filter(Condition::any().add(HolderFirstName.ne("")).add(HolderLastName.ne("")))
        .filter(OrderId.in_subquery(settled()))
        .filter(over)
        .limit(MOST_ROWS)
        .into_query();
    let key = Expr::tuple([Expr::column(OrderId), Expr::column(No)]);
    let lines = order_line::Entity::update_many()
        .col_expr(HolderFirstName, Expr::value(""))
        .col_expr(HolderLastName, Expr::value(""))
        .col_expr(HolderBirthDate, Expr::value(NO_BIRTH_DATE))
        .filter(sea_query::ExprTrait::in_subquery(key, due))
        .exec(db)
        .await?;
    Ok(lines.rows_affected)
}

/// Erases what customers wrote beside a return, of orders that are settled, before then; answers
/// how many rows, at most [`MOST_ROWS`] at a time.
pub(super) async fn erase_reasons(
    db: &impl ConnectionTrait,
    before: DateTime<Utc>,
) -> Result<u64, DbErr> {
    let rows = order_event::Entity::find()
        .filter(order_event::Column::Detail.like(ASKED_BACK))
        .filter(order_event::Column::At.lt(before.fixed_offset()))
        .filter(order_event::Column::OrderId.in_subquery(settled()))
        .limit(MOST_ROWS)
        .all(db)
        .await?;
    let mut erased = 0;
    for row in rows {
        let what =
            row.detail.as_deref().and_then(|detail| detail.split(':').next()).map(str::to_owned);
        let update = order_event::Entity::update_many()
            .col_expr(order_event::Column::Detail, Expr::value(what))
            .filter(order_event::Column::OrderId.eq(row.order_id))
            .filter(order_event::Column::Version.eq(row.version))
            .filter(order_event::Column::No.eq(row.no));
        erased += update.exec(db).await?.rows_affected;
    }
    Ok(erased)
}

/// Orders that have ended and of which nothing more is to be asked.
fn settled() -> SelectStatement {
    orders::Entity::find()
        .select_only()
        .column(orders::Column::Id)
        .filter(orders::Column::State.is_in(ENDS.map(OrderState::word)))
        .filter(orders::Column::NextAt.is_null())
        .into_query()
}

/// Orders that ended before then without a ticket.
fn came_to_nothing(before: DateTime<Utc>) -> SelectStatement {
    orders::Entity::find()
        .select_only()
        .column(orders::Column::Id)
        .filter(
            orders::Column::State
                .is_in([OrderState::Rejected, OrderState::Undone].map(OrderState::word)),
        )
        .filter(orders::Column::EnteredAt.lt(before.fixed_offset()))
        .into_query()
}
