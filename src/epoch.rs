//! Which epoch a database is in, and whether it is the database that it says it is: a copy forgets
//! what was given out after it.

use sea_orm::sea_query::OnConflict;
use sea_orm::{ActiveValue::Set, ConnectionTrait, DbBackend, DbErr, EntityTrait, Statement};
use starjack_entity::setting;

use crate::ids::Epoch;
use crate::io::{Io, IoError};
use crate::timeline;

const LETTER: &str = "epoch";
const IDENTITY: &str = "database";

/// The cluster and the database in it; after them in the identity comes the cluster's timeline. The
/// first two change with a copy, the last one with a restore to a moment and with a fail-over.
const PLACE: &str = "concat((SELECT system_identifier FROM pg_control_system()), '/', \
    (SELECT oid FROM pg_database WHERE datname = current_database()))";

/// A database that was restored or moved, and nobody said so.
#[derive(Debug, thiserror::Error)]
#[error(
    "this database is a copy: what was sold, booked and invoiced after it was taken is not in it. Run `starjack restored`, \
     also where it was only moved, then start again"
)]
pub struct Copied;

/// A database whose cluster has another timeline than before, and nobody said why.
#[derive(Debug, thiserror::Error)]
#[error(
    "a standby took over this database, or it was restored to a moment: what was committed last may not be in it, although it was \
     asked for and answered. End every server. If nothing can be lost, because the standby is synchronous, run \
     `starjack restored --lost-nothing`; otherwise, and if you are not sure, `starjack restored --newest ORDER`, which is always \
     safe. Then start again"
)]
pub struct Switched;

/// How a database stands to the one that was last served from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It is that one.
    Same,
    /// It is that one on another timeline.
    OtherTimeline,
    /// It is another one.
    Copy,
}

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

/// How the database stands to the one that was last served from; the first one to be asked is that
/// one. Always the same on SQLite, whose file has no identity.
///
/// # Errors
/// The database's.
pub async fn standing(io: &Io) -> Result<Standing, IoError> {
    io.write(|tx| {
        Box::pin(async move {
            let Some(now) = identity(tx).await? else { return Ok(Standing::Same) };
            let Some(before) = kept(tx, IDENTITY).await? else {
                keep(tx, IDENTITY, now).await?;
                return Ok(Standing::Same);
            };
            Ok::<_, IoError>(if before == now {
                Standing::Same
            } else if without_timeline(&before) == without_timeline(&now) {
                Standing::OtherTimeline
            } else {
                Standing::Copy
            })
        })
    })
    .await
}

/// Takes a database that only has another timeline for the one that was last served from: nothing
/// was lost. Answers how it stood; a copy stays one.
///
/// # Errors
/// The database's.
pub async fn lost_nothing(io: &Io) -> Result<Standing, IoError> {
    let before = standing(io).await?;
    if before == Standing::OtherTimeline {
        io.write(|tx| {
            Box::pin(async move {
                if let Some(now) = identity(tx).await? {
                    keep(tx, IDENTITY, now).await?;
                }
                Ok::<_, IoError>(())
            })
        })
        .await?;
    }
    Ok(before)
}

fn without_timeline(identity: &str) -> Option<&str> {
    identity.rsplit_once('/').map(|(rest, _)| rest)
}

async fn identity(db: &impl ConnectionTrait) -> Result<Option<String>, DbErr> {
    if db.get_database_backend() != DbBackend::Postgres {
        return Ok(None);
    }
    let ask = format!("SELECT concat({PLACE}, '/', {})", timeline::NOW);
    let row = db.query_one_raw(Statement::from_string(DbBackend::Postgres, ask)).await?;
    row.map(|row| row.try_get_by_index(0)).transpose()
}

async fn kept(db: &impl ConnectionTrait, name: &str) -> Result<Option<String>, DbErr> {
    Ok(setting::Entity::find_by_id(name).one(db).await?.map(|row| row.value))
}

async fn keep(db: &impl ConnectionTrait, name: &str, value: String) -> Result<(), DbErr> {
    let row = setting::ActiveModel { name: Set(name.to_owned()), value: Set(value) };
    let newest =
        OnConflict::column(setting::Column::Name).update_column(setting::Column::Value).to_owned();
    setting::Entity::insert(row).on_conflict(newest).exec_without_returning(db).await?;
    Ok(())
}
