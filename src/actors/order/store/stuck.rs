//! The SQL of stuck orders: which they are, and the case that each of them opens.

use std::collections::BTreeMap;

use chrono::TimeDelta;
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DatabaseTransaction, DbErr, EntityTrait, QueryFilter,
    QuerySelect,
};
use starjack_entity::{order_line, orders, payment};
use uuid::Uuid;

use super::Store;
use crate::actors::cases::store::{opened, shown};
use crate::actors::cases::{Opening, Waiting};
use crate::actors::fleet::Fence;
use crate::actors::order::rules::record::Moment;
use crate::clock;
use crate::io::IoError;

/// The kind of such a case.
pub(in crate::actors::order) const STUCK: &str = "stuck";
/// How such a case is closed when the order has gone on.
const WENT_ON: &str = "the order has gone on";
/// Most stuck orders that one look takes; the others follow.
const MOST: u64 = 1000;
/// Since when an order is stuck, and why: the oldest of its reasons.
type Stuck = BTreeMap<Uuid, (Moment, String)>;

impl Store {
    /// Opens the case of each order that is stuck for longer than `after`, and closes those of
    /// orders that are not any more.
    ///
    /// # Errors
    /// The database's; `Fenced` when another replica does this now.
    pub async fn alarm(&self, after: TimeDelta, fence: Fence) -> Result<(), IoError> {
        let before = clock::now() - after;
        // first what is open: a case that is opened meanwhile is not taken for one that is over
        let open = self
            .io()
            .read(|db| {
                Box::pin(async move { Ok::<_, IoError>(shown::orders_with(db, STUCK).await?) })
            })
            .await?;
        let found = self
            .io()
            .read(move |db| Box::pin(async move { Ok::<_, IoError>(find(db, before).await?) }));
        let (stuck, all_seen) = found.await?;
        let new = stuck.keys().any(|id| !open.contains(id));
        // of more than one look takes nobody knows which are over
        let over: Vec<Uuid> =
            open.into_iter().filter(|id| all_seen && !stuck.contains_key(id)).collect();
        if !new && over.is_empty() {
            return Ok(());
        }
        let write = self.io().write(move |tx| {
            Box::pin(async move {
                fence.check(tx).await?;
                for (id, (since, reason)) in stuck {
                    open_case(tx, id, since, reason).await?;
                }
                let waiting = Waiting { kind: STUCK, orders: over, payment: None };
                opened::close_by_itself(tx, waiting, WENT_ON).await?;
                Ok::<_, IoError>(())
            })
        });
        write.await
    }
}

/// What is stuck, and whether that is all.
async fn find(db: &impl ConnectionTrait, before: Moment) -> Result<(Stuck, bool), DbErr> {
    let mut stuck = Stuck::new();
    let mut note = |id: Uuid, since: Moment, reason: String| {
        let known = stuck.entry(id).or_insert_with(|| (since, reason.clone()));
        if since < known.0 {
            *known = (since, reason);
        }
    };
    // a mark is set when its time has come, and one that staff has accepted waits for nobody
    let line = Condition::any()
        .add(order_line::Column::DoubtSince.lte(before.fixed_offset()))
        .add(order_line::Column::PersonSince.is_not_null());
    let lines = order_line::Entity::find()
        .filter(line)
        .filter(order_line::Column::PersonAccepted.eq(false))
        .limit(MOST);
    let lines = lines.all(db).await?;
    let mut most = lines.len();
    for row in lines {
        let since = row.doubt_since.or(row.person_since).map_or(before, |at| at.to_utc());
        note(
            row.order_id,
            since,
            row.person_reason.unwrap_or_else(|| "in_doubt_too_long".to_owned()),
        );
    }
    let money = Condition::any()
        .add(payment::Column::DoubtSince.lte(before.fixed_offset()))
        .add(payment::Column::PersonSince.is_not_null());
    let payments = payment::Entity::find()
        .filter(money)
        .filter(payment::Column::PersonAccepted.eq(false))
        .limit(MOST);
    let payments = payments.all(db).await?;
    most = most.max(payments.len());
    for row in payments {
        let since = row.doubt_since.or(row.person_since).map_or(before, |at| at.to_utc());
        note(
            row.order_id,
            since,
            row.person_reason.unwrap_or_else(|| "in_doubt_too_long".to_owned()),
        );
    }
    let overdue = orders::Entity::find()
        .filter(orders::Column::NextAt.lte(before.fixed_offset()))
        .limit(MOST);
    let overdue = overdue.all(db).await?;
    most = most.max(overdue.len());
    for row in overdue {
        let since = row.next_at.map_or(before, |at| at.to_utc());
        note(row.id, since, "not_driven".to_owned());
    }
    Ok((stuck, u64::try_from(most).is_ok_and(|most| most < MOST)))
}

/// Once for each time that an order is stuck: a person who closes it is not told again of the same.
async fn open_case(
    tx: &DatabaseTransaction,
    id: Uuid,
    since: Moment,
    reason: String,
) -> Result<(), DbErr> {
    let opening = Opening {
        kind: STUCK,
        key: format!("{id}/{}", since.timestamp_micros()),
        detail: format!("stuck since {since}"),
        reason: Some(reason),
        order: Some(id),
        ..Opening::default()
    };
    opened::open(tx, opening).await?;
    Ok(())
}
