//! All SQL of singletons. Whether a holder lives is told by its replica's row and the database's
//! clock, as for orders; whether it does the task, by its beats.

use sea_orm::{
    ConnectionTrait, DatabaseTransaction, DbBackend, DbErr, EntityTrait, Statement, Value,
};
use starjack_entity::duty;
use uuid::Uuid;

use crate::io::{Io, IoError};

/// What the database says of a singleton task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Standing {
    /// The fence: it grows with each holder.
    pub(super) token: i64,
    /// Grows with each request.
    pub(super) wishes: i64,
}

/// How long a holder may be silent before somebody else does the task; as long as a replica's
/// lease.
const SILENT: &str = "interval '6 seconds'";

/// When another replica than its holder may take a singleton task: nobody has it, its holder is
/// dead, or lives and has not said for too long that it does it. Of an older version's holder,
/// which never says so, only the first two are known.
const IS_FREE: &str = "(duty.holder IS NULL OR NOT EXISTS \
    (SELECT 1 FROM replica WHERE incarnation = duty.holder AND alive_until > clock_timestamp()) \
    OR COALESCE(duty.beat_token = duty.token AND duty.beat_until < clock_timestamp(), FALSE))";

/// Takes a singleton task under a new token, which ends every older one; `None` when another
/// replica does it.
pub(super) async fn take(
    io: &Io,
    name: &'static str,
    holder: Uuid,
) -> Result<Option<Standing>, IoError> {
    if !io.is_postgres() {
        let sql = "INSERT INTO duty (name, token, holder, wishes) VALUES ($1, 1, $2, 0) ON CONFLICT (name) \
                   DO UPDATE SET token = duty.token + 1, holder = excluded.holder RETURNING token, wishes";
        return standing_after(
            io,
            Statement::from_sql_and_values(DbBackend::Sqlite, sql, [name.into(), holder.into()]),
        )
        .await;
    }
    // everybody looks every second: only whoever may take it writes
    if !may_take(io, name, holder).await? {
        return Ok(None);
    }
    let sql = format!(
        "INSERT INTO duty (name, token, holder, wishes, beat_token, beat_until) \
         VALUES ($1, 1, $2, 0, 1, clock_timestamp() + {SILENT}) \
         ON CONFLICT (name) DO UPDATE SET token = duty.token + 1, holder = excluded.holder, \
         beat_token = duty.token + 1, beat_until = excluded.beat_until \
         WHERE duty.holder = $2 OR {IS_FREE} RETURNING token, wishes"
    );
    standing_after(
        io,
        Statement::from_sql_and_values(DbBackend::Postgres, sql, [name.into(), holder.into()]),
    )
    .await
}

async fn may_take(io: &Io, name: &'static str, holder: Uuid) -> Result<bool, IoError> {
    let sql = format!(
        "SELECT NOT EXISTS (SELECT 1 FROM duty WHERE name = $1 AND holder IS DISTINCT FROM $2 AND NOT {IS_FREE})"
    );
    let asked =
        Statement::from_sql_and_values(DbBackend::Postgres, sql, [name.into(), holder.into()]);
    io.read(move |db| {
        Box::pin(async move {
            let row = db.query_one_raw(asked).await?;
            Ok(row.map_or(Ok(false), |row| row.try_get_by_index(0))?)
        })
    })
    .await
}

/// Says that the holder of this token does the task, and answers how it stands; `None` when the
/// token is not the newest.
pub(super) async fn beat(
    io: &Io,
    name: &'static str,
    token: i64,
) -> Result<Option<Standing>, IoError> {
    let sql = format!(
        "UPDATE duty SET beat_token = token, beat_until = clock_timestamp() + {SILENT} \
         WHERE name = $1 AND token = $2 RETURNING token, wishes"
    );
    standing_after(
        io,
        Statement::from_sql_and_values(DbBackend::Postgres, sql, [name.into(), token.into()]),
    )
    .await
}

async fn standing_after(io: &Io, statement: Statement) -> Result<Option<Standing>, IoError> {
    io.write(move |tx| {
        Box::pin(async move {
            let Some(row) = tx.query_one_raw(statement).await? else { return Ok(None) };
            Ok(Some(Standing {
                token: row.try_get("", "token")?,
                wishes: row.try_get("", "wishes")?,
            }))
        })
    })
    .await
}

/// How a singleton task stands; `None` when nobody ever had it.
pub(super) async fn standing(io: &Io, name: &'static str) -> Result<Option<Standing>, IoError> {
    io.read(move |db| {
        Box::pin(async move {
            let row = duty::Entity::find_by_id(name).one(db).await?;
            Ok(row.map(|row| Standing { token: row.token, wishes: row.wishes }))
        })
    })
    .await
}

/// Gives a singleton task back, if the token is still the newest.
pub(super) async fn release(io: &Io, name: &'static str, token: i64) -> Result<(), IoError> {
    let words: [Value; 2] = [name.into(), token.into()];
    run(io, "UPDATE duty SET holder = NULL WHERE name = $1 AND token = $2", words.into()).await
}

/// Requests that whoever has a singleton task does it now. A request for what nobody ever had is
/// not kept: its first holder begins at once.
pub(super) async fn request(io: &Io, name: &'static str) -> Result<(), IoError> {
    run(io, "UPDATE duty SET wishes = wishes + 1 WHERE name = $1", vec![name.into()]).await
}

async fn run(io: &Io, sql: &'static str, words: Vec<Value>) -> Result<(), IoError> {
    let backend = if io.is_postgres() { DbBackend::Postgres } else { DbBackend::Sqlite };
    let statement = Statement::from_sql_and_values(backend, sql, words);
    io.write(move |tx| Box::pin(async move { Ok(tx.execute_raw(statement).await.map(drop)?) }))
        .await
}

/// Whether the token is the newest, and stays it until the transaction ends: whoever takes the task
/// waits for that.
pub(super) async fn is_newest(
    tx: &DatabaseTransaction,
    name: &'static str,
    token: i64,
) -> Result<bool, DbErr> {
    let backend = tx.get_database_backend();
    let lock = if backend == DbBackend::Postgres { " FOR SHARE" } else { "" };
    let sql = format!("SELECT token FROM duty WHERE name = $1 AND token = $2{lock}");
    let row = tx
        .query_one_raw(Statement::from_sql_and_values(backend, sql, [name.into(), token.into()]))
        .await?;
    Ok(row.is_some())
}
