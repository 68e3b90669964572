//! The SQL around an order: its history, and the claims that came for it.

use std::collections::HashMap;

use sea_orm::sea_query::OnConflict;
use sea_orm::{
    ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
    TryInsertResult,
};
use starjack_entity::{order_event, payment, payment_callback};
use uuid::Uuid;

use super::Store;
use crate::actors::order::rules::lifecycle::PaymentState;
use crate::actors::order::rules::record::Moment;
use crate::clock;
use crate::integrations::payment::Callback;
use crate::io::IoError;

/// One transition of an order, for its history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Past {
    /// The version that brought it, and its number within that; they only grow.
    pub mark: (i64, i32),
    /// When.
    pub at: Moment,
    /// The state's word.
    pub state: String,
    /// Why, as a slug.
    pub detail: Option<String>,
}

fn past_of(row: order_event::Model) -> Past {
    Past { mark: (row.version, row.no), at: row.at.to_utc(), state: row.state, detail: row.detail }
}

impl Store {
    /// The transitions that led an order to its version, oldest first; what came after it was
    /// loaded is not told of.
    ///
    /// # Errors
    /// The database's.
    pub async fn history(&self, id: Uuid, version: i64) -> Result<Vec<Past>, IoError> {
        Ok(self.histories(vec![(id, version)]).await?.remove(&id).unwrap_or_default())
    }

    /// The same of several orders, each with its version, by one query; nothing of an order that
    /// has none.
    ///
    /// # Errors
    /// The database's.
    pub async fn histories(
        &self,
        versions: Vec<(Uuid, i64)>,
    ) -> Result<HashMap<Uuid, Vec<Past>>, IoError> {
        self.io()
            .read(move |db| {
                Box::pin(async move {
                    let rows = order_event::Entity::find()
                        .filter(
                            order_event::Column::OrderId.is_in(versions.iter().map(|(id, _)| *id)),
                        )
                        .order_by_asc(order_event::Column::Version)
                        .order_by_asc(order_event::Column::No)
                        .all(db)
                        .await?;
                    let versions: HashMap<Uuid, i64> = versions.into_iter().collect();
                    let mut all: HashMap<Uuid, Vec<Past>> = HashMap::new();
                    for row in rows
                        .into_iter()
                        .filter(|row| Some(&row.version) <= versions.get(&row.order_id))
                    {
                        all.entry(row.order_id).or_default().push(past_of(row));
                    }
                    Ok(all)
                })
            })
            .await
    }

    /// Whether the same claim was kept before.
    ///
    /// # Errors
    /// The database's.
    pub async fn knows_callback(&self, callback: &Callback) -> Result<bool, IoError> {
        let key = (callback.tid.clone(), callback.status.clone(), callback.amount);
        self.io()
            .read(move |db| {
                Box::pin(async move {
                    Ok(payment_callback::Entity::find_by_id(key).one(db).await?.is_some())
                })
            })
            .await
    }

    /// Keeps a callback; `false` when the same claim was kept before.
    ///
    /// # Errors
    /// The database's.
    pub async fn keep_callback(&self, callback: Callback, raw: String) -> Result<bool, IoError> {
        self.io()
            .write(move |tx| {
                Box::pin(async move {
                    let row = payment_callback::ActiveModel {
                        tid: Set(callback.tid),
                        status: Set(callback.status),
                        amount_cents: Set(callback.amount),
                        reference: Set(callback.reference),
                        raw: Set(raw),
                        received_at: Set(clock::now().into()),
                    };
                    let inserted = payment_callback::Entity::insert(row)
                        .on_conflict(OnConflict::new().do_nothing().to_owned())
                        .try_insert()
                        .exec_without_returning(tx)
                        .await?;
                    Ok(matches!(inserted, TryInsertResult::Inserted(1..)))
                })
            })
            .await
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
