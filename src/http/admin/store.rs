//! All SQL of the admins' audit.

use sea_orm::{ActiveValue::Set, EntityTrait};
use starjack_entity::audit;
use uuid::Uuid;

use crate::clock;
use crate::ids;
use crate::io::{Io, IoError};

/// Writes down that an account does `action` (at most 32 characters) to `subject` (at most 120).
///
/// # Errors
/// The database's: then it must not be done.
pub async fn write_down(io: &Io, account_id: Uuid, action: &'static str, subject: &str) -> Result<(), IoError> {
    let row = audit::ActiveModel {
        id: Set(ids::new_id()),
        account_id: Set(account_id),
        action: Set(action.to_owned()),
        subject: Set(subject.chars().take(120).collect()),
        at: Set(clock::now().into()),
    };
    io.write(move |tx| {
        Box::pin(async move {
            audit::Entity::insert(row).exec_without_returning(tx).await?;
            Ok::<_, IoError>(())
        })
    })
    .await
}
