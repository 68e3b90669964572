//! One attempt to log in, counted before its password is checked.

use secrecy::ExposeSecret;
use uuid::Uuid;

use super::code::keyed_hash;
use super::desk::Desk;
use super::error::Error;
use super::limits::{ACCOUNT, NETWORK, PAIR, UNKNOWN_NETWORKS};
use super::origin::Origin;
use super::throttle::{Event, key};

/// What an attempt was counted as.
pub(super) struct LogInAttempt {
    pair: Vec<Event>,
    others: Vec<Event>,
}

impl Desk {
    /// Counts an attempt, or says how long to wait. A network from which the account was logged in
    /// before waits only for its own failures on this account. An address without an account is
    /// treated as one that was never logged in.
    pub(super) async fn admit(
        &self,
        email: &str,
        origin: Origin,
        is_known: bool,
    ) -> Result<LogInAttempt, Error> {
        let account = (ACCOUNT, key(&[email]));
        let mut others = NETWORK.events(origin, "");
        if is_known {
            let pair = vec![PAIR.event(origin, email)];
            others.push(account);
            let counted = self.count_beside(&pair, &others).await;
            return Ok(LogInAttempt {
                pair,
                others: counted.map_err(|refusal| Error::Throttled(refusal.wait))?,
            });
        }
        let pair = PAIR.events(origin, email);
        let with = |last: Event| [others.as_slice(), &pair, &[last]].concat();
        match self.count(&with(account)).await {
            Ok(()) => others.push(account),
            Err(refusal) if refusal.rule == ACCOUNT => {
                let unknown = (UNKNOWN_NETWORKS, key(&[email]));
                self.count(&with(unknown)).await.map_err(|refusal| {
                    let waits = if refusal.rule == UNKNOWN_NETWORKS {
                        Error::Besieged
                    } else {
                        Error::Throttled
                    };
                    waits(refusal.wait)
                })?;
            }
            Err(refusal) => return Err(Error::Throttled(refusal.wait)),
        }
        Ok(LogInAttempt { pair, others })
    }

    /// What is kept of a network: nothing that says where it is, nor that two accounts share it.
    pub(super) fn network_hash(&self, account: Uuid, network: &str) -> String {
        keyed_hash(
            self.inner.secret.expose_secret(),
            &["known network", &account.to_string(), network],
        )
    }
}

impl LogInAttempt {
    /// The password was right: this network's failures on the account are forgiven, the attempt
    /// itself is none.
    pub(super) fn succeeded(self, desk: &Desk) {
        desk.forget(&self.pair);
        desk.take_back(&self.others);
    }

    /// The password was not even checked.
    pub(super) fn did_not_count(self, desk: &Desk) {
        desk.take_back(&[self.pair, self.others].concat());
    }
}
