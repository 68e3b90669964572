//! Whose an order is: what placing must know of the account, and to whom the invoice goes.

use chrono::TimeDelta;
use sea_orm::prelude::DateTimeWithTimeZone;
use sea_orm::sea_query::{Expr, LockType};
use sea_orm::{
    ColumnTrait, DatabaseTransaction, DbErr, EntityTrait, ExprTrait as _, PaginatorTrait,
    QueryFilter, QueryOrder, QuerySelect,
};
use starjack_entity::{account, orders};
use uuid::Uuid;

use super::Store;
use crate::actors::invoice::{ADDRESS_ABOVE, Buyer};
use crate::actors::order::rules::account_limits::{AccountLimits, OverLimit};
use crate::actors::order::rules::lifecycle::OrderState;
use crate::actors::order::rules::record::Order;
use crate::fonts;
use crate::integrations::RefusalKind;
use crate::language::Language;
use crate::money::Cents;
use crate::typed::{self, Billing};

/// How long an order that was rejected, or undone for a day that was taken, counts for how many its
/// account may place.
const REJECTIONS_COUNT: TimeDelta = TimeDelta::hours(1);

/// What placing must know of an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Customer {
    /// First and last name, as they stand on invoices.
    pub name: String,
    /// Where its invoices go, unless an order says otherwise.
    pub billing: Option<Billing>,
}

/// Why no invoice could be written for an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::actors::order) enum NotBillable {
    /// It would need the buyer's address, and there is none.
    NoAddress,
    /// It cannot show this character of the buyer's name.
    NoGlyph(char),
}

impl Customer {
    /// Where the invoice of a new order will go, once it can say all that it must: what the order
    /// says, else what the account says. What is missing is asked for before anything is paid.
    ///
    /// # Errors
    /// `NoAddress`, `NoGlyph`.
    pub(in crate::actors::order) fn billable(
        self,
        total: Cents,
        said: Option<Billing>,
    ) -> Result<Option<Billing>, NotBillable> {
        let billing = said.or(self.billing);
        if total > ADDRESS_ABOVE && billing.is_none() {
            return Err(NotBillable::NoAddress);
        }
        // accounts may be older than what is asked of names now
        let missing = fonts::first_missing(&self.name).filter(|_| total > 0);
        missing.map_or(Ok(billing), |sign| Err(NotBillable::NoGlyph(sign)))
    }
}

impl Store {
    /// The account of a new order; `None` when there is none, or none any more. Orders that are
    /// placed at once look one after the other.
    ///
    /// # Errors
    /// The database's; `Json` when the address was not written by this program.
    pub async fn customer(
        &self,
        tx: &DatabaseTransaction,
        account_id: Uuid,
    ) -> Result<Option<Customer>, DbErr> {
        let row =
            account::Entity::find_by_id(account_id).lock(LockType::NoKeyUpdate).one(tx).await?;
        let may_order = |row: &account::Model| row.erased_at.is_none() && row.disabled_at.is_none();
        let Some(row) = row.filter(may_order) else { return Ok(None) };
        Ok(Some(Customer {
            name: typed::full_name(&row.first_name, &row.last_name),
            billing: row.billing.as_deref().map(billing_of).transpose()?,
        }))
    }

    /// Why the account of a new order may place no more: too many of the others wait to be paid, or
    /// came to nothing in the hour before; then the oldest of those that count says how long it
    /// must wait.
    ///
    /// # Errors
    /// The database's.
    pub(in crate::actors::order) async fn too_many(
        &self,
        tx: &DatabaseTransaction,
        new: &Order,
        limits: AccountLimits,
    ) -> Result<Option<OverLimit>, DbErr> {
        let others = orders::Entity::find()
            .filter(orders::Column::AccountId.eq(new.account_id))
            .filter(orders::Column::Id.ne(new.id));
        let waits = [OrderState::Placed, OrderState::Paying].map(OrderState::word);
        let unpaid = others.clone().filter(orders::Column::State.is_in(waits)).count(tx).await?;
        if unpaid >= u64::from(limits.most_unpaid) {
            return Ok(Some(OverLimit::Unpaid(limits.most_unpaid)));
        }
        let since = new.placed_at - REJECTIONS_COUNT;
        // not those that an operator refused
        let day_taken = orders::Column::State
            .eq(OrderState::Undone.word())
            .and(orders::Column::Refusal.eq(RefusalKind::CardTaken.slug()));
        let came_to_nothing = orders::Column::State.eq(OrderState::Rejected.word()).or(day_taken);
        let oldest: Option<DateTimeWithTimeZone> = others
            .select_only()
            .column(orders::Column::PlacedAt)
            .filter(orders::Column::PlacedAt.gt(since.fixed_offset()))
            .filter(came_to_nothing)
            .order_by_desc(orders::Column::PlacedAt)
            .offset(u64::from(limits.most_rejected.saturating_sub(1)))
            .limit(1)
            .into_tuple()
            .one(tx)
            .await?;
        Ok(oldest.map(|oldest| {
            OverLimit::Rejected((oldest.to_utc() - since).to_std().unwrap_or_default())
        }))
    }

    /// Keeps with a new order where its invoice goes; what the account says later changes nothing.
    ///
    /// # Errors
    /// The database's.
    pub(in crate::actors::order) async fn bill(
        &self,
        tx: &DatabaseTransaction,
        order_id: Uuid,
        billing: &Billing,
    ) -> Result<(), DbErr> {
        let billing =
            serde_json::to_string(billing).map_err(|error| DbErr::Json(error.to_string()))?;
        orders::Entity::update_many()
            .col_expr(orders::Column::Billing, Expr::value(billing))
            .filter(orders::Column::Id.eq(order_id))
            .exec(tx)
            .await?;
        Ok(())
    }
}

/// To whom an order's invoice goes, and in which language; an order that an older version placed
/// says the name alone.
pub(in crate::actors::order) async fn buyer_of(
    tx: &DatabaseTransaction,
    order_id: Uuid,
) -> Result<(Buyer, Language), DbErr> {
    let found =
        orders::Entity::find_by_id(order_id).find_also_related(account::Entity).one(tx).await?;
    let (billing, account) =
        found.map(|(order, account)| (order.billing, account)).unwrap_or_default();
    let language =
        account.as_ref().map(|account| Language::stored(&account.language)).unwrap_or_default();
    let name = account
        .map(|account| typed::full_name(&account.first_name, &account.last_name))
        .unwrap_or_default();
    let billing = billing.as_deref().map(billing_of).transpose()?;
    Ok((Buyer::of(name, billing, language), language))
}

fn billing_of(text: &str) -> Result<Billing, DbErr> {
    serde_json::from_str(text).map_err(|error| DbErr::Json(error.to_string()))
}
