//! Deleting an account: refused while an order or money is open, else whole or not at all.

use std::net::IpAddr;

use sea_orm::DbErr;
use secrecy::SecretString;
use uuid::Uuid;

use super::store;
use crate::actors::auth;
use crate::clock;
use crate::io::{Io, IoError};

/// Why an account was not deleted; nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum DeleteError {
    /// These orders are not settled: one waits, money is owed or on its way back, or a person has
    /// to look at it.
    #[error("orders of the account are open")]
    Open(Vec<String>),
    /// The account runs the shop.
    #[error("the account is an admin's")]
    Admin,
    /// The password was wrong, or tried too often.
    #[error(transparent)]
    Account(#[from] auth::Error),
}

impl From<DbErr> for DeleteError {
    fn from(error: DbErr) -> Self {
        Self::Account(error.into())
    }
}

impl From<IoError> for DeleteError {
    fn from(error: IoError) -> Self {
        Self::Account(error.into())
    }
}

/// Deletes an account. Its sessions end, its address may open another account, and an e-mail says
/// so to it. Tickets that are valid stay valid, and cannot be given back any more. A second time
/// there is no account.
///
/// # Errors
/// See [`DeleteError`].
pub async fn delete_account(
    (accounts, io): (&auth::Desk, &Io),
    account_id: Uuid,
    password: SecretString,
    from: Option<IpAddr>,
) -> Result<(), DeleteError> {
    let owner = accounts.owner(account_id, password, from).await?;
    if owner.is_admin() {
        return Err(DeleteError::Admin);
    }
    let now = clock::now();
    let ended = io
        .write(move |tx| {
            Box::pin(async move {
                auth::lock(tx, &owner).await?;
                let open = store::open_orders(tx, account_id).await?;
                if !open.is_empty() {
                    return Err(DeleteError::Open(open));
                }
                store::erase_things(tx, account_id).await?;
                Ok::<_, DeleteError>(auth::erase(tx, &owner, now).await?)
            })
        })
        .await?;
    accounts.end_sessions(ended, now);
    tracing::info!(account.id = %account_id, "an account was deleted by its owner");
    Ok(())
}
