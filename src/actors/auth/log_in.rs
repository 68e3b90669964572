//! A log-in: the password first, then, to who has it, the second factor.

use std::net::IpAddr;

use chrono::{DateTime, Utc};
use secrecy::SecretString;
use uuid::Uuid;

use super::account::Role;
use super::desk::Desk;
use super::error::Error;
use super::limits::KEYS_ASKED;
use super::origin::Origin;
use super::password::Checked;
use super::refresh::{draw_token, token_ends};
use super::sessions::Pair;
use super::shown_factor::{ReadFactor, Shown, Use};
use super::store::{self, AccountRow, SessionRow};
use super::token::Bearer;
use super::turns::Place;
use crate::clock;
use crate::ids;

/// What somebody logs in with.
pub struct LogIn {
    /// The account's address; case does not count.
    pub email: String,
    /// Its password.
    pub password: SecretString,
    /// The second factor, where the account has one.
    pub shown: Option<Shown>,
}

impl Desk {
    /// Opens a session of an account without a second factor, as `log_in_with`.
    ///
    /// # Errors
    /// As `log_in_with`.
    pub async fn log_in(
        &self,
        email: &str,
        password: SecretString,
        from: Option<IpAddr>,
    ) -> Result<Pair, Error> {
        self.log_in_with(LogIn { email: email.to_owned(), password, shown: None }, from).await
    }

    /// Opens a session; of all that the account has open, so many stay as the settings say, and
    /// those unused for longest end. Takes as long for an unknown address as for a wrong password.
    /// The second factor is asked for, and what else there is to say of the account is said, only
    /// to who has the password.
    ///
    /// # Errors
    /// `WrongPassword`; `Throttled` and `Besieged` after too many failures, as `limits` says;
    /// `Busy`; `Disabled`; `SecondFactorRequired`, `WrongSecondFactor`, `SecurityKeyNeeded`;
    /// `Invalid` for what no second factor looks like: nothing was tried.
    pub async fn log_in_with(&self, log_in: LogIn, from: Option<IpAddr>) -> Result<Pair, Error> {
        let LogIn { email, password, shown } = log_in;
        let shown = shown.as_ref().map(ReadFactor::read).transpose()?;
        let email = email.trim().to_ascii_lowercase();
        let origin = Origin::of(from);
        let (found, is_known) = self.look_up(email.clone(), origin.network()).await?;
        let end = self.try_password(&email, (password, shown), origin, (found, is_known)).await;
        self.note_log_in(&email, origin, is_known, &end);
        end
    }

    async fn try_password(
        &self,
        email: &str,
        (password, shown): (SecretString, Option<ReadFactor>),
        origin: Origin,
        (found, is_known): (Option<AccountRow>, bool),
    ) -> Result<Pair, Error> {
        let attempt = self.admit(email, origin, is_known).await?;
        let hash = found.as_ref().map(|account| account.password_hash.clone());
        let widest = origin.widest();
        let place = if is_known { Place::known(&widest) } else { Place::unknown(&widest) };
        let checked = self.inner.hasher.check(place, password, hash).await;
        match (found, checked) {
            (Some(account), Ok(Checked { right: true, anew })) => {
                let end = self.open_session(account, anew, shown, origin).await;
                match &end {
                    Ok(_) => attempt.succeeded(self),
                    Err(
                        Error::WrongPassword
                        | Error::WrongSecondFactor(_)
                        | Error::SecurityKeyNeeded(_),
                    ) => {}
                    Err(_) => attempt.did_not_count(self),
                }
                end
            }
            (_, Ok(_)) => Err(Error::WrongPassword),
            (_, Err(error)) => {
                attempt.did_not_count(self);
                Err(error)
            }
        }
    }

    /// The account of an address, and whether it was logged in from this network before. An address
    /// without an account costs the same looks.
    pub(super) async fn look_up(
        &self,
        email: String,
        network: String,
    ) -> Result<(Option<AccountRow>, bool), Error> {
        let desk = self.clone();
        let look = self.inner.io.read(move |db| {
            Box::pin(async move {
                let found = store::account_of(db, &email).await?;
                let id = found.as_ref().map(|account| account.id).unwrap_or_default();
                let is_known =
                    store::knows_network(db, id, desk.network_hash(id, &network)).await?;
                Ok::<_, Error>((found, is_known))
            })
        });
        look.await
    }

    async fn open_session(
        &self,
        account: AccountRow,
        anew: Option<String>,
        shown: Option<ReadFactor>,
        origin: Origin,
    ) -> Result<Pair, Error> {
        let session_id = ids::new_id();
        let account_id = account.id;
        let now = clock::now();
        let used = self.second_factor(account_id, shown, (origin, now)).await?;
        let has_shown = used.is_some();
        let row = SessionRow {
            id: session_id,
            account_id,
            created_at: now.into(),
            revoked_at: None,
            used_at: Some(now.into()),
            network: Some(origin.masked()),
            proved_at: has_shown.then(|| now.into()),
        };
        let (token, hash) = draw_token()?;
        let network = self.network_hash(account_id, &origin.network());
        let checked = account.password_hash;
        let most = self.inner.settings.most_sessions;
        let written = self.inner.io.write(move |tx| {
            Box::pin(async move {
                let account = store::account_now(tx, account_id).await?;
                // a password that was changed while the old one was being checked opens nothing
                let account = account
                    .filter(|now| now.password_hash == checked)
                    .ok_or(Error::WrongPassword)?;
                if account.disabled_at.is_some() {
                    return Err(Error::Disabled);
                }
                let factor =
                    store::factor(tx, account_id).await?.filter(|row| row.confirmed_at.is_some());
                match used {
                    Some(used) if !used.up(tx, account_id, now).await? => {
                        return Err(Error::WrongSecondFactor(account_id));
                    }
                    // one that came to count meanwhile
                    None if factor.is_some() => return Err(Error::SecondFactorRequired(None)),
                    Some(_) | None => {}
                }
                if let Some(hash) = anew {
                    store::set_password(tx, account_id, hash).await?;
                }
                store::open_session(tx, row).await?;
                store::know_network(tx, account_id, network, now).await?;
                store::write_token(tx, (hash, None), session_id, token_ends(now, now)).await?;
                let role = Role::stored(&account.role)?;
                Ok((role, store::end_beyond(tx, account_id, most, now).await?))
            })
        });
        let (role, ended) = written.await?;
        self.note_ended(ended, now);
        if has_shown {
            self.forget_tries(account_id);
        }
        self.pair(
            Bearer { account: account_id, role, session: session_id, second_factor: has_shown },
            token,
        )
    }

    /// What is used up by what was shown; nothing where the account has no second factor, whatever
    /// that was.
    async fn second_factor(
        &self,
        account_id: Uuid,
        shown: Option<ReadFactor>,
        (origin, now): (Origin, DateTime<Utc>),
    ) -> Result<Option<Use>, Error> {
        let row = self.inner.io.read(move |db| Box::pin(store::factor(db, account_id))).await?;
        let Some(row) = row.filter(|row| row.confirmed_at.is_some()) else { return Ok(None) };
        match shown {
            Some(shown) => self.recognise(&row, (&shown, None), now).await.map(Some),
            None if self.asks_for_key(account_id).await? => {
                let asked = self.count(&KEYS_ASKED.events(origin, &account_id.to_string())).await;
                asked.map_err(|refusal| Error::Throttled(refusal.wait))?;
                Err(Error::SecondFactorRequired(
                    self.question(account_id, None, now).await?.map(Box::new),
                ))
            }
            None => Err(Error::SecondFactorRequired(None)),
        }
    }
}
