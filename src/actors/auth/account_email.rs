//! The e-mails that accounts ask for, and what they say.

use chrono::{DateTime, Utc};
use sea_orm::DbErr;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::account::Names;
use super::addresses::subject_of;
use super::code::{self, Purpose};
use super::error::Error;
use super::store;
use crate::actors::jobs::store::NewJob;
use crate::io::Io;
use crate::language::Language;

/// The kind of the jobs that ask for an e-mail.
pub const EMAIL_JOB: &str = "letter";

/// The kind of those that ask for an e-mail which an older version does not know: it leaves them to
/// this one.
pub const NOTICE_JOB: &str = "account_notice";

/// The payload of an e-mail that accounts ask for: ids only.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "letter", rename_all = "snake_case")]
pub enum AccountEmail {
    /// The code that confirms a registration.
    AccountCode {
        /// The registration's row.
        registration: Uuid,
    },
    /// The hint that an account exists already.
    AccountExists {
        /// The account's row.
        account: Uuid,
    },
    /// The code that allows a new password.
    PasswordResetCode {
        /// The request's row.
        reset: Uuid,
    },
    /// The news that the password was changed.
    PasswordChanged {
        /// The account's row.
        account: Uuid,
        /// When.
        at: DateTime<Utc>,
    },
    /// The code that changes an account's address, to the new one.
    AddressCode {
        /// The change's row.
        change: Uuid,
    },
    /// The hint that an address which somebody wanted for an account has one already.
    AddressTaken {
        /// The row of the account that has it.
        account: Uuid,
    },
    /// The news that the address was changed, to the old one.
    AddressChanged {
        /// The change's row.
        change: Uuid,
    },
    /// The news that the account was deleted, to the address that it had.
    AccountDeleted {
        /// The row that keeps the address for it.
        change: Uuid,
    },
}

/// What an e-mail of ours says, read when it is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EmailFacts {
    /// Where it goes.
    pub email: String,
    /// The person's names; nobody's in an e-mail to an address that is not confirmed.
    pub names: Option<Names>,
    /// The language to write in.
    pub language: Language,
    /// The ten signs, in the e-mails that bring some.
    pub code: Option<String>,
    /// Until when the code counts.
    pub expires_at: Option<DateTime<Utc>>,
    /// When what it tells of was changed or deleted.
    pub changed_at: Option<DateTime<Utc>>,
}

impl AccountEmail {
    /// Reads what the e-mail says. `None`: it is not wanted any more, because its code was used or
    /// is too old, a newer e-mail brings one, or nobody has the address; then nothing is sent.
    /// Asking twice answers the same code.
    ///
    /// # Errors
    /// The database's.
    pub async fn facts(
        &self,
        io: &Io,
        secret: &[u8],
        now: DateTime<Utc>,
    ) -> Result<Option<EmailFacts>, Error> {
        match *self {
            Self::AccountCode { registration } => {
                let row =
                    io.read(move |db| Box::pin(store::registration(db, registration))).await?;
                let row = row.filter(|row| row.expires_at.to_utc() > now);
                Ok(row.map(|row| EmailFacts {
                    code: Some(code::draw(
                        secret,
                        Purpose::Registration,
                        &[&row.email],
                        row.expires_at.to_utc(),
                    )),
                    expires_at: Some(row.expires_at.to_utc()),
                    changed_at: None,
                    email: row.email,
                    // whoever asked may be unknown to whoever reads it
                    names: None,
                    language: Language::stored(&row.language),
                }))
            }
            Self::AccountExists { account } | Self::AddressTaken { account } => {
                Ok(known(io, account).await?.map(to))
            }
            Self::PasswordResetCode { reset } => reset_code((io, secret), reset, now).await,
            Self::PasswordChanged { account, at } => {
                let facts = known(io, account).await?.map(to);
                Ok(facts.map(|facts| EmailFacts { changed_at: Some(at), ..facts }))
            }
            Self::AddressCode { change } => {
                let row = io.read(move |db| Box::pin(store::change(db, change))).await?;
                let Some(row) = row.filter(|row| row.changed_at.is_none()) else { return Ok(None) };
                let account = known(io, row.account_id).await?;
                Ok(account.and_then(|account| address_code(secret, (account, row), now)))
            }
            Self::AccountDeleted { change } => {
                let row = io.read(move |db| Box::pin(store::change(db, change))).await?;
                Ok(row.map(|row| EmailFacts {
                    email: row.old_email,
                    names: None,
                    language: Language::stored(&row.language),
                    code: None,
                    expires_at: None,
                    changed_at: row.changed_at.map(|at| at.to_utc()),
                }))
            }
            Self::AddressChanged { change } => {
                let row = io.read(move |db| Box::pin(store::change(db, change))).await?;
                let Some(row) = row.filter(|row| row.changed_at.is_some()) else { return Ok(None) };
                // told even where the account was deleted right afterwards: whoever did both may
                // not be its owner
                let names = known(io, row.account_id).await?.and_then(|account| to(account).names);
                Ok(Some(EmailFacts {
                    email: row.old_email,
                    names,
                    language: Language::stored(&row.language),
                    code: None,
                    expires_at: None,
                    changed_at: row.changed_at.map(|at| at.to_utc()),
                }))
            }
        }
    }

    /// The job that asks for it; `occasion` is unique, and the same in every repeat.
    pub(super) fn job(&self, occasion: &str, now: DateTime<Utc>) -> Result<NewJob, DbErr> {
        let payload =
            serde_json::to_string(self).map_err(|error| DbErr::Json(error.to_string()))?;
        let kind = match self {
            Self::AccountCode { .. }
            | Self::AccountExists { .. }
            | Self::PasswordResetCode { .. }
            | Self::PasswordChanged { .. } => EMAIL_JOB,
            Self::AddressCode { .. }
            | Self::AddressTaken { .. }
            | Self::AddressChanged { .. }
            | Self::AccountDeleted { .. } => NOTICE_JOB,
        };
        Ok(NewJob { kind, payload, dedup_key: format!("letter:{occasion}"), run_at: now })
    }
}

/// The e-mail that brings the code for a new password, while it counts.
async fn reset_code(
    (io, secret): (&Io, &[u8]),
    reset: Uuid,
    now: DateTime<Utc>,
) -> Result<Option<EmailFacts>, Error> {
    let row = io.read(move |db| Box::pin(store::reset(db, reset))).await?;
    let row = row.filter(|row| row.expires_at.to_utc() > now);
    let Some((id, ends)) = row.and_then(|row| Some((row.account_id?, row.expires_at.to_utc())))
    else {
        return Ok(None);
    };
    let account = known(io, id).await?;
    let id = id.to_string();
    Ok(account.map(|account| {
        let subject = [id.as_str(), &account.password_hash, &account.email];
        let code = code::draw(secret, Purpose::PasswordReset, &subject, ends);
        EmailFacts { code: Some(code), expires_at: Some(ends), ..to(account) }
    }))
}

/// The e-mail that brings the code for a change of address, while it counts.
fn address_code(
    secret: &[u8],
    (account, row): (store::AccountRow, store::ChangeRow),
    now: DateTime<Utc>,
) -> Option<EmailFacts> {
    let ends = row.expires_at.to_utc();
    let email = row.new_email?;
    let subject = subject_of(&account, &email);
    let code =
        code::draw(secret, Purpose::AddressChange, &subject.each_ref().map(String::as_str), ends);
    let facts = EmailFacts {
        email,
        // it is not confirmed that the address is theirs
        names: None,
        language: Language::stored(&row.language),
        code: Some(code),
        expires_at: Some(ends),
        changed_at: None,
    };
    (ends > now).then_some(facts)
}

async fn known(io: &Io, id: Uuid) -> Result<Option<store::AccountRow>, Error> {
    io.read(move |db| Box::pin(store::account(db, id))).await
}

/// An e-mail to an account that has nothing else to say.
fn to(account: store::AccountRow) -> EmailFacts {
    EmailFacts {
        email: account.email,
        names: Some(Names { first: account.first_name, last: account.last_name }),
        language: Language::stored(&account.language),
        code: None,
        expires_at: None,
        changed_at: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock;

    #[test]
    fn an_email_is_asked_for_by_ids() {
        let mail = AccountEmail::AccountCode { registration: Uuid::nil() };
        let payload = mail.job("once", clock::now()).unwrap().payload;
        assert_eq!(
            payload,
            r#"{"letter":"account_code","registration":"00000000-0000-0000-0000-000000000000"}"#
        );
        assert_eq!(serde_json::from_str::<AccountEmail>(&payload).unwrap(), mail);
    }
}
