//! Which epoch a database is in, and whether it is the database that it says it is: a copy forgets what was given out after it.

use sea_orm::sea_query::OnConflict;
use sea_orm::{ActiveValue::Set, ConnectionTrait, DbBackend, DbErr, EntityTrait, Statement};
use starjack_entity::setting;

use crate::ids::Epoch;
use crate::io::{Io, IoError};

const LETTER: &str = "epoch";
const IDENTITY: &str = "database";

/// The cluster and the database in it, and the cluster's timeline: the first two change with a copy, the last one with a
/// restore to a moment and with a fail-over.
const ASK_IDENTITY: &str = "SELECT concat((SELECT system_identifier FROM pg_control_system()), '/', \
    (SELECT oid FROM pg_database WHERE datname = current_database()), '/', (SELECT timeline_id FROM pg_control_checkpoint()))";

/// A database that was restored or moved, and nobody said so.
#[derive(Debug, thiserror::Error)]
#[error(
    "this database is a copy: what was sold, booked and invoiced after it was taken is not in it. Run `starjack restored`, \
     also where it was only moved, then start again"
)]
pub struct Copied;

/// The epoch's letter.
///
/// # Errors
/// The database's.
pub async fn read(io: &Io) -> Result<Epoch, IoError> {
    io.read(|db| Box::pin(async move { Ok::<_, IoError>(within(db).await?) })).await
}

/// The epoch's letter, within other work.
///
/// # Errors
/// The database's.
pub async fn within(db: &impl ConnectionTrait) -> Result<Epoch, DbErr> {
    let kept = kept(db, LETTER).await?;
    Ok(kept.and_then(|letter| Epoch::of(&letter)).unwrap_or(Epoch::FIRST))
}

/// Enters another epoch and takes the database for the original from now on.
///
/// # Errors
/// The database's.
pub async fn enter(db: &impl ConnectionTrait, epoch: Epoch) -> Result<(), DbErr> {
    keep(db, LETTER, epoch.to_string()).await?;
    match identity(db).await? {
        Some(identity) => keep(db, IDENTITY, identity).await,
        None => Ok(()),
    }
}

/// Whether this is the database that was last served from; the first one to be asked is. Always so on SQLite, whose file has
/// no identity.
///
/// # Errors
/// The database's.
pub async fn is_original(io: &Io) -> Result<bool, IoError> {
    io.write(|tx| {
        Box::pin(async move {
            let Some(now) = identity(tx).await? else { return Ok(true) };
            let Some(before) = kept(tx, IDENTITY).await? else {
                keep(tx, IDENTITY, now).await?;
                return Ok(true);
            };
            if before != now && without_timeline(&before) == without_timeline(&now) {
                let advice =
                    "run `starjack restored` if a backup was restored; after a fail-over that lost nothing, go on";
                tracing::error!(alert = true, advice, "the database cluster has another timeline than before");
                keep(tx, IDENTITY, now.clone()).await?;
            }
            Ok::<_, IoError>(without_timeline(&before) == without_timeline(&now))
        })
    })
    .await
}

fn without_timeline(identity: &str) -> Option<&str> {
    identity.rsplit_once('/').map(|(rest, _)| rest)
}

async fn identity(db: &impl ConnectionTrait) -> Result<Option<String>, DbErr> {
    if db.get_database_backend() != DbBackend::Postgres {
        return Ok(None);
    }
    let row = db.query_one_raw(Statement::from_string(DbBackend::Postgres, ASK_IDENTITY)).await?;
    row.map(|row| row.try_get_by_index(0)).transpose()
}

async fn kept(db: &impl ConnectionTrait, name: &str) -> Result<Option<String>, DbErr> {
    Ok(setting::Entity::find_by_id(name).one(db).await?.map(|row| row.value))
}

async fn keep(db: &impl ConnectionTrait, name: &str, value: String) -> Result<(), DbErr> {
    let row = setting::ActiveModel { name: Set(name.to_owned()), value: Set(value) };
    let newest = OnConflict::column(setting::Column::Name).update_column(setting::Column::Value).to_owned();
    setting::Entity::insert(row).on_conflict(newest).exec_without_returning(db).await?;
    Ok(())
}
