//! All SQL of the admins' audit.

use std::collections::HashMap;

use sea_orm::{
    ActiveValue::Set, ColumnTrait, Condition, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
};
use serde::Deserialize;
use starjack_entity::{account, audit};
use uuid::Uuid;

use crate::clock;
use crate::ids;
use crate::io::{Io, IoError};

/// What an admin is about to do.
#[derive(Clone, Debug)]
pub struct AuditEntry {
    /// Who.
    pub account_id: Uuid,
    /// What, at most 32 characters.
    pub action: &'static str,
    /// To whom, at most 120 characters.
    pub subject: String,
    /// Why, at most 200 characters.
    pub reason: Option<String>,
    /// In which request, at most 64 characters; none at the command line.
    pub request_id: Option<String>,
}

/// How the actions end that only read.
const READ: &str = ".read";

/// How the actions of log-ins begin.
const LOG_IN: &str = "log_in";

/// An audit entry that was written down, with the address of who did it.
#[derive(Clone, Debug)]
pub struct Row {
    /// Its row.
    pub row: audit::Model,
    /// The admin's address; `None` when the account is gone.
    pub email: Option<String>,
}

/// Writes down an audit entry, and gives its row's id.
///
/// # Errors
/// The database's: then it must not be done.
pub async fn write_audit(io: &Io, entry: AuditEntry) -> Result<Uuid, IoError> {
    let id = ids::new_id();
    let row = audit::ActiveModel {
        id: Set(id),
        account_id: Set(entry.account_id),
        action: Set(entry.action.to_owned()),
        subject: Set(entry.subject.chars().take(120).collect()),
        at: Set(clock::now().into()),
        reason: Set(entry.reason),
        request_id: Set(entry.request_id),
    };
    io.write(move |tx| {
        Box::pin(async move {
            audit::Entity::insert(row).exec_without_returning(tx).await?;
            Ok::<_, IoError>(id)
        })
    })
    .await
}

/// An audit entry that was written down.
///
/// # Errors
/// The database's.
pub async fn audit_entry(io: &Io, id: Uuid) -> Result<Option<audit::Model>, IoError> {
    io.read(move |db| Box::pin(async move { Ok(audit::Entity::find_by_id(id).one(db).await?) }))
        .await
}

/// What of the audit is wanted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = AuditKind)]
pub enum Written {
    /// What was done.
    #[default]
    Changes,
    /// What was read of customers.
    Reads,
    /// Log-ins of admins, and those whose second factor was refused.
    LogIns,
    /// All of it.
    All,
}

impl Written {
    fn condition(self) -> Condition {
        let is_read = audit::Column::Action.ends_with(READ);
        let is_log_in = audit::Column::Action.starts_with(LOG_IN);
        match self {
            Self::Changes => Condition::any().add(is_read).add(is_log_in).not(),
            Self::Reads => Condition::all().add(is_read),
            Self::LogIns => Condition::all().add(is_log_in),
            Self::All => Condition::all(),
        }
    }
}

/// What was written down of a kind, newest first, older than `before`, at most `limit`; only what
/// is about `subject` when one is named.
///
/// # Errors
/// The database's.
pub async fn audit_entries(
    io: &Io,
    (subject, kind): (Option<String>, Written),
    before: Option<Uuid>,
    limit: u64,
) -> Result<Vec<Row>, IoError> {
    io.read(move |db| {
        Box::pin(async move {
            let mut find = audit::Entity::find();
            find = find.filter(kind.condition());
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
            let written =
                |row: audit::Model| Row { email: emails.get(&row.account_id).cloned(), row };
            Ok(rows.into_iter().map(written).collect())
        })
    })
    .await
}
