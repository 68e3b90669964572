//! All SQL of the admins' audit.

use std::collections::HashMap;

use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use starjack_entity::{account, audit};
use uuid::Uuid;

use crate::clock;
use crate::ids;
use crate::io::{Io, IoError};

/// What an admin is about to do.
#[derive(Clone, Debug)]
pub struct Deed {
    /// Who.
    pub account_id: Uuid,
    /// What, at most 32 characters.
    pub action: &'static str,
    /// To whom, at most 120 characters.
    pub subject: String,
    /// Why, at most 200 characters.
    pub reason: Option<String>,
}

/// A deed that was written down, with the address of who did it.
#[derive(Clone, Debug)]
pub struct Written {
    /// Its row.
    pub row: audit::Model,
    /// The admin's address; `None` when the account is gone.
    pub email: Option<String>,
}

/// Writes down a deed, and gives its row's id.
///
/// # Errors
/// The database's: then it must not be done.
pub async fn write_down(io: &Io, deed: Deed) -> Result<Uuid, IoError> {
    let id = ids::new_id();
    let row = audit::ActiveModel {
        id: Set(id),
        account_id: Set(deed.account_id),
        action: Set(deed.action.to_owned()),
        subject: Set(deed.subject.chars().take(120).collect()),
        at: Set(clock::now().into()),
        reason: Set(deed.reason),
    };
    io.write(move |tx| {
        Box::pin(async move {
            audit::Entity::insert(row).exec_without_returning(tx).await?;
            Ok::<_, IoError>(id)
        })
    })
    .await
}

/// A deed that was written down.
///
/// # Errors
/// The database's.
pub async fn deed(io: &Io, id: Uuid) -> Result<Option<audit::Model>, IoError> {
    io.read(move |db| Box::pin(async move { Ok(audit::Entity::find_by_id(id).one(db).await?) })).await
}

/// The deeds, newest first, older than `before`, at most `limit`; only those to `subject` when one is named.
///
/// # Errors
/// The database's.
pub async fn deeds(
    io: &Io,
    subject: Option<String>,
    before: Option<Uuid>,
    limit: u64,
) -> Result<Vec<Written>, IoError> {
    io.read(move |db| {
        Box::pin(async move {
            let mut find = audit::Entity::find();
            if let Some(subject) = subject {
                find = find.filter(audit::Column::Subject.eq(subject));
            }
            if let Some(before) = before {
                find = find.filter(audit::Column::Id.lt(before));
            }
            let rows = find.order_by_desc(audit::Column::Id).limit(limit).all(db).await?;
            let admins: Vec<Uuid> = rows.iter().map(|row| row.account_id).collect();
            let emails: HashMap<Uuid, String> = account::Entity::find()
                .select_only()
                .column(account::Column::Id)
                .column(account::Column::Email)
                .filter(account::Column::Id.is_in(admins))
                .into_tuple()
                .all(db)
                .await?
                .into_iter()
                .collect();
            let written = |row: audit::Model| Written { email: emails.get(&row.account_id).cloned(), row };
            Ok(rows.into_iter().map(written).collect())
        })
    })
    .await
}
