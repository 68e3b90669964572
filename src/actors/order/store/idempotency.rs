//! The SQL of idempotency keys: which request is known again by which answer, and how long its text
//! is kept.

use chrono::TimeDelta;
use sea_orm::sea_query::{Expr, OnConflict};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, DatabaseTransaction, DbErr, EntityTrait, QueryFilter,
    TryInsertResult,
};
use starjack_entity::{idempotency, payment_callback};
use uuid::Uuid;

use super::Store;
use crate::actors::fleet::Fence;
use crate::actors::order::rules::record::Moment;
use crate::clock;
use crate::io::{Io, IoError};

/// What a request is known again by, each SHA-256 in hex.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Marks {
    /// Of what it asks for, however it is written.
    pub asked: String,
    /// Of its bytes: versions that know no other still ask for it.
    pub bytes: String,
}

/// What placing answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placed {
    /// The order's id.
    pub id: Uuid,
    /// The stored status.
    pub status: i32,
    /// The stored body.
    pub body: String,
}

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

/// How long the text of an answer is kept, which names the holders; its key finds the order for
/// ever.
const KEEP_ANSWER: TimeDelta = TimeDelta::hours(24);
/// How long the text of a callback is kept, in which the provider may name the payer; what it
/// claimed stays.
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
    pub async fn remembered(
        &self,
        account_id: Uuid,
        key: String,
        marks: Marks,
    ) -> Result<Remembered, IoError> {
        self.io()
            .read(move |db| {
                Box::pin(async move {
                    let Some(row) =
                        idempotency::Entity::find_by_id((account_id, key)).one(db).await?
                    else {
                        return Ok(Remembered::Nothing);
                    };
                    if row.body_hash != marks.bytes && row.asked_hash != Some(marks.asked) {
                        return Ok(Remembered::OtherBody);
                    }
                    Ok(Remembered::Answer(Placed {
                        id: row.order_id,
                        status: row.status,
                        body: row.body,
                    }))
                })
            })
            .await
    }

    /// Writes the answer under its key, in the order's own transaction; `false` when another order
    /// has it.
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
}
