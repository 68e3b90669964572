//! Whether the database has room for the connections of all replicas: too few are noticed under
//! load, when it is too late.

use sea_orm::{ConnectionTrait, DbBackend, Statement};

use crate::io::{Io, IoError};

/// Most database connections of a replica, unless the configuration says otherwise.
pub const CONNECTIONS: u32 = 16;

/// Looks whether PostgreSQL allows so many connections to each of so many replicas.
///
/// # Errors
/// `Unsafe` says what to change; the database's.
pub async fn check_room(io: &Io, replicas: u32, connections: u32) -> Result<(), IoError> {
    if !io.is_postgres() {
        return Ok(());
    }
    let most = show(io, "max_connections").await?;
    let reserved = show(io, "superuser_reserved_connections").await?;
    let wanted = replicas.saturating_mul(connections);
    let free = most.saturating_sub(reserved);
    if wanted > free {
        return Err(IoError::Unsafe(format!(
            "database.replicas ({replicas}) × database.connections ({connections}) = {wanted} connections, but PostgreSQL \
             allows {free} (max_connections {most} less {reserved} reserved); lower one of the two or raise max_connections"
        )));
    }
    tracing::info!(
        replicas,
        connections,
        wanted,
        free,
        "the database has room for the connections of all replicas"
    );
    Ok(())
}

async fn show(io: &Io, setting: &'static str) -> Result<u32, IoError> {
    let sql = format!("SELECT setting::integer FROM pg_settings WHERE name = '{setting}'");
    io.read(move |db| {
        Box::pin(async move {
            let row = db.query_one_raw(Statement::from_string(DbBackend::Postgres, sql)).await?;
            let value: i32 = row.map_or(Ok(0), |row| row.try_get_by_index(0))?;
            Ok(u32::try_from(value).unwrap_or_default())
        })
    })
    .await
}
