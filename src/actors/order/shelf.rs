//! The SQL around an order: its idempotency key, lists and history.

use std::collections::HashMap;

use chrono::TimeDelta;
use sea_orm::sea_query::{Expr, OnConflict};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, DatabaseTransaction, DbErr, EntityTrait, QueryFilter, QueryOrder, TryInsertResult,
};
use starjack_entity::{idempotency, order_event, payment_callback};
use uuid::Uuid;

use super::place::{Marks, Placed};
use super::record::Moment;
use super::store::Store;
use crate::actors::fleet::Fence;
use crate::clock;
use crate::integrations::payment::Callback;
use crate::io::{Io, IoError};

/// What the database knows under an idempotency key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Remembered {
    /// Nothing.
    Nothing,
    /// The answer that was given.
    Answer(Placed),
    /// The key was used for another body.
    OtherBody,
}

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

/// How long the text of an answer is kept, which names the holders; its key finds the order for ever.
const KEEP_ANSWER: TimeDelta = TimeDelta::hours(24);
/// How long the text of a callback is kept, in which the provider may name the payer; what it claimed stays.
const KEEP_CALLBACK: TimeDelta = TimeDelta::days(30);

/// Forgets the texts that are too old; answers how many.
///
/// # Errors
/// The database's; `Fenced` when another replica does this now.
pub async fn forget_texts(io: &Io, now: Moment, fence: Option<Fence>) -> Result<u64, IoError> {
    let write = io.write(move |tx| {
        Box::pin(async move {
            if let Some(fence) = fence {
                fence.check(tx).await?;
            }
            Ok::<_, IoError>(forget_texts_in(tx, now).await?)
        })
    });
    write.await
}

async fn forget_texts_in(tx: &DatabaseTransaction, now: Moment) -> Result<u64, DbErr> {
    let answers = idempotency::Entity::update_many()
        .col_expr(idempotency::Column::Body, Expr::value(""))
        .filter(idempotency::Column::Body.ne(""))
        .filter(idempotency::Column::CreatedAt.lt((now - KEEP_ANSWER).fixed_offset()))
        .exec(tx)
        .await?;
    let callbacks = payment_callback::Entity::update_many()
        .col_expr(payment_callback::Column::Raw, Expr::value(""))
        .filter(payment_callback::Column::Raw.ne(""))
        .filter(payment_callback::Column::ReceivedAt.lt((now - KEEP_CALLBACK).fixed_offset()))
        .exec(tx)
        .await?;
    Ok(answers.rows_affected + callbacks.rows_affected)
}

impl Store {
    /// The answer that was given under a key.
    ///
    /// # Errors
    /// The database's.
    pub async fn remembered(&self, account_id: Uuid, key: String, marks: Marks) -> Result<Remembered, IoError> {
        self.io()
            .read(move |db| {
                Box::pin(async move {
                    let Some(row) = idempotency::Entity::find_by_id((account_id, key)).one(db).await? else {
                        return Ok(Remembered::Nothing);
                    };
                    if row.body_hash != marks.bytes && row.asked_hash != Some(marks.asked) {
                        return Ok(Remembered::OtherBody);
                    }
                    Ok(Remembered::Answer(Placed { id: row.order_id, status: row.status, body: row.body }))
                })
            })
            .await
    }

    /// Writes the answer under its key, in the order's own transaction; `false` when another order has it.
    ///
    /// # Errors
    /// The database's.
    pub async fn remember(
        &self,
        tx: &DatabaseTransaction,
        (key, marks): (&str, &Marks),
        account_id: Uuid,
        placed: &Placed,
    ) -> Result<bool, DbErr> {
        let row = idempotency::ActiveModel {
            account_id: Set(account_id),
            key: Set(key.to_owned()),
            body_hash: Set(marks.bytes.clone()),
            asked_hash: Set(Some(marks.asked.clone())),
            order_id: Set(placed.id),
            status: Set(placed.status),
            body: Set(placed.body.clone()),
            created_at: Set(clock::now().into()),
        };
        let inserted = idempotency::Entity::insert(row)
            .on_conflict(OnConflict::new().do_nothing().to_owned())
            .try_insert()
            .exec_without_returning(tx)
            .await?;
        Ok(matches!(inserted, TryInsertResult::Inserted(1..)))
    }

    /// The transitions that led an order to its version, oldest first; what came after it was loaded is not told of.
    ///
    /// # Errors
    /// The database's.
    pub async fn history(&self, id: Uuid, version: i64) -> Result<Vec<Past>, IoError> {
        Ok(self.histories(vec![(id, version)]).await?.remove(&id).unwrap_or_default())
    }

    /// The same of several orders, each with its version, by one query; nothing of an order that has none.
    ///
    /// # Errors
    /// The database's.
    pub async fn histories(&self, versions: Vec<(Uuid, i64)>) -> Result<HashMap<Uuid, Vec<Past>>, IoError> {
        self.io()
            .read(move |db| {
                Box::pin(async move {
                    let rows = order_event::Entity::find()
                        .filter(order_event::Column::OrderId.is_in(versions.iter().map(|(id, _)| *id)))
                        .order_by_asc(order_event::Column::Version)
                        .order_by_asc(order_event::Column::No)
                        .all(db)
                        .await?;
                    let versions: HashMap<Uuid, i64> = versions.into_iter().collect();
                    let mut all: HashMap<Uuid, Vec<Past>> = HashMap::new();
                    for row in rows.into_iter().filter(|row| Some(&row.version) <= versions.get(&row.order_id)) {
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
                Box::pin(async move { Ok(payment_callback::Entity::find_by_id(key).one(db).await?.is_some()) })
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
}
