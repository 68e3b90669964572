//! One attempt to log in, counted before its password is checked.

use uuid::Uuid;

use super::code::keyed_hash;
use super::desk::Desk;
use super::error::Error;
use super::throttle::{ACCOUNT, Key, NETWORK, PAIR, Rule, STRANGERS, key};
use secrecy::ExposeSecret;

/// What an attempt was counted as.
pub(super) struct Attempt {
    pair: Key,
    others: Vec<(Rule, Key)>,
}

impl Desk {
    /// Counts an attempt, or says how long to wait. A network from which the account was logged in before waits only for
    /// its own failures on this account. An address without an account is treated as one that was never logged in.
    pub(super) async fn admit(&self, email: &str, network: &str, is_known: bool) -> Result<Attempt, Error> {
        let counter = &self.inner.counter;
        let mut attempt = Attempt { pair: key(&["pair", email, network]), others: Vec::new() };
        if let Some(wait) = counter.count(PAIR, attempt.pair).await {
            return Err(Error::Throttled(wait));
        }
        for (rule, key) in [(NETWORK, key(&["network", network])), (ACCOUNT, key(&["account", email]))] {
            let Some(wait) = counter.count(rule, key).await else {
                attempt.others.push((rule, key));
                continue;
            };
            if is_known {
                continue;
            }
            let pause = if rule == ACCOUNT { counter.count(STRANGERS, key).await } else { Some(wait) };
            if let Some(wait) = pause {
                attempt.did_not_count(self).await;
                return Err(Error::Throttled(wait));
            }
        }
        Ok(attempt)
    }

    /// What is kept of a network: nothing that says where it is, nor that two accounts share it.
    pub(super) fn network_hash(&self, account: Uuid, network: &str) -> String {
        keyed_hash(self.inner.secret.expose_secret(), &["known network", &account.to_string(), network])
    }
}

impl Attempt {
    /// The password was right: this network's failures on the account are forgiven, the attempt itself is none.
    pub(super) async fn succeeded(self, desk: &Desk) {
        desk.inner.counter.forget(PAIR, self.pair).await;
        self.take_back_others(desk).await;
    }

    /// The password was not even checked.
    pub(super) async fn did_not_count(self, desk: &Desk) {
        desk.inner.counter.uncount(PAIR, self.pair).await;
        self.take_back_others(desk).await;
    }

    async fn take_back_others(self, desk: &Desk) {
        for (rule, key) in self.others {
            desk.inner.counter.uncount(rule, key).await;
        }
    }
}
