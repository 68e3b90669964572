//! The limits of whoever is not logged in. A network's own limit is looked at first.
//!
//! A log-in is counted for this account from this network, for this network, and for this account
//! from anywhere. The last two never stop a network from which the account was logged in before, so
//! that whoever attacks an account from elsewhere does not lock its owner out; unknown callers are
//! slowed down to one attempt a pause then, and a code by e-mail lets them in.
//!
//! An e-mail's limits are such that nobody is kept out by another's requests: an address that is
//! sent no more for now was sent codes that still count, because the limit's window is not longer
//! than a code's life. One is not: of a change of address only the account that asked has the code,
//! and 18 of others' keep an owner from moving there as long as they go on.

use std::time::Duration;

use super::desk::Desk;
use super::error::Error;
use super::origin::Origin;
use super::throttle::{Event, Rule, key};

/// How long a code for a new password counts at least.
const WHILE_A_RESET_COUNTS: Duration = Duration::from_secs(9 * 60);
/// How long a code for an account counts at least.
const WHILE_AN_OPENING_COUNTS: Duration = Duration::from_secs(29 * 60);
const QUARTER_HOUR: Duration = Duration::from_secs(15 * 60);
const HOUR: Duration = Duration::from_secs(60 * 60);

/// A limit of one network, and one of all networks of one customer of a provider.
#[derive(Clone, Copy, Debug)]
pub(super) struct PerNetwork {
    network: Rule,
    site: Rule,
}

/// The limits of one kind of e-mail.
pub(super) struct EmailLimits {
    /// Requests, whatever the address.
    asked: PerNetwork,
    /// To one address, by one network.
    by_one: PerNetwork,
    /// To one address, by anybody.
    to_one: Rule,
    /// By the whole shop, so that nobody who has very many networks makes it a nuisance.
    in_all: Rule,
    /// Once those are spent, the first request of a site: whoever spent them has few sites, and all
    /// others one each.
    first_of_site: Rule,
    /// Such first ones of the whole shop.
    first_in_all: Rule,
}

/// Failed log-ins of one account from one network.
pub(super) const PAIR: PerNetwork = per_network("pair", "pair of a site", 10, QUARTER_HOUR);

/// Failed log-ins from one network, whatever the account.
pub(super) const NETWORK: PerNetwork = per_network("network", "site", 100, QUARTER_HOUR);

/// Failed log-ins of one account from anywhere, before unknown callers are slowed down.
pub(super) const ACCOUNT: Rule = Rule { name: "account", limit: 50, window: QUARTER_HOUR };

/// How fast unknown callers may go on then.
pub(super) const UNKNOWN_NETWORKS: Rule =
    Rule { name: "unknown networks", limit: 1, window: Duration::from_secs(10) };

/// Old passwords typed wrong by one who is logged in.
pub(super) const OLD_PASSWORDS: Rule =
    Rule { name: "old passwords", limit: 10, window: QUARTER_HOUR };

/// Wrong codes of an account's second factor from anywhere: six digits are few enough to be
/// guessed. Recovery codes, which are not, let its owner in meanwhile.
pub(super) const SECOND_FACTORS: Rule =
    Rule { name: "second factors", limit: 10, window: QUARTER_HOUR };

/// Right passwords of one account from one network without its second factor, where a security key
/// is asked then: what is asked is kept, and the oldest gives way.
pub(super) const KEYS_ASKED: PerNetwork =
    per_network("keys asked", "keys asked of a site", 20, QUARTER_HOUR);

/// Codes typed for an account, without the right ones.
pub(super) const CONFIRMATIONS: PerNetwork =
    per_network("confirmations", "confirmations of a site", 40, QUARTER_HOUR);

/// Codes typed for a new password, without the right ones.
pub(super) const RESETS: PerNetwork = per_network("resets", "resets of a site", 40, QUARTER_HOUR);

/// Refresh tokens that were refused.
pub(super) const REFRESHES: PerNetwork =
    per_network("refreshes", "refreshes of a site", 100, QUARTER_HOUR);

/// Refresh tokens of one session, of which each writes a row: a page that is open all day needs one
/// in a quarter of an hour.
pub(super) const SESSION_REFRESHES: Rule =
    Rule { name: "refreshes of a session", limit: 60, window: QUARTER_HOUR };

/// E-mails with a code for an account, which counts for half an hour.
pub(super) const OPENING_EMAILS: EmailLimits = EmailLimits {
    asked: per_network("openings", "openings of a site", 40, QUARTER_HOUR),
    by_one: per_network("openings by one", "openings by one site", 3, WHILE_AN_OPENING_COUNTS),
    to_one: Rule { name: "openings to one", limit: 6, window: WHILE_AN_OPENING_COUNTS },
    in_all: Rule { name: "openings in all", limit: 1_000, window: HOUR },
    first_of_site: Rule { name: "first opening of a site", limit: 1, window: HOUR },
    first_in_all: Rule { name: "first openings in all", limit: 1_000, window: HOUR },
};

/// E-mails with a code for another address, which counts for half an hour and for the account that
/// asked. Counted for each account, and not with those for an account: whoever had others sent to
/// an address would keep its owner from moving there.
pub(super) const ADDRESS_EMAILS: EmailLimits = EmailLimits {
    asked: per_network("address changes", "address changes of a site", 40, QUARTER_HOUR),
    by_one: per_network(
        "address changes by one",
        "address changes by one site",
        3,
        WHILE_AN_OPENING_COUNTS,
    ),
    to_one: Rule { name: "address changes to one", limit: 6, window: WHILE_AN_OPENING_COUNTS },
    in_all: Rule { name: "address changes in all", limit: 1_000, window: HOUR },
    first_of_site: Rule { name: "first address change of a site", limit: 1, window: HOUR },
    first_in_all: Rule { name: "first address changes in all", limit: 1_000, window: HOUR },
};

/// E-mails about a change to one address, whoever's accounts ask for them: more than one account
/// may have, and no flood.
pub(super) const CHANGES_TO_ONE: Rule =
    Rule { name: "changes to one", limit: 18, window: WHILE_AN_OPENING_COUNTS };

/// E-mails with a code for a new password, which counts for ten minutes.
pub(super) const RESET_EMAILS: EmailLimits = EmailLimits {
    asked: per_network("reset requests", "reset requests of a site", 40, QUARTER_HOUR),
    by_one: per_network(
        "reset requests by one",
        "reset requests by one site",
        3,
        WHILE_A_RESET_COUNTS,
    ),
    to_one: Rule { name: "reset requests to one", limit: 6, window: WHILE_A_RESET_COUNTS },
    in_all: Rule { name: "reset requests in all", limit: 1_000, window: HOUR },
    first_of_site: Rule { name: "first reset request of a site", limit: 1, window: HOUR },
    first_in_all: Rule { name: "first reset requests in all", limit: 1_000, window: HOUR },
};

const fn per_network(
    network: &'static str,
    site: &'static str,
    limit: u32,
    window: Duration,
) -> PerNetwork {
    PerNetwork {
        network: Rule { name: network, limit, window },
        site: Rule { name: site, limit: 3 * limit, window },
    }
}

impl PerNetwork {
    /// What is counted of one network alone.
    pub(super) fn event(&self, origin: Origin, about: &str) -> Event {
        (self.network, key(&[about, &origin.network()]))
    }

    /// What is counted where somebody asks from here; `about` whom, where that matters.
    pub(super) fn events(&self, origin: Origin, about: &str) -> Vec<Event> {
        let site = origin.site().map(|site| (self.site, key(&[about, &site])));
        std::iter::once(self.event(origin, about)).chain(site).collect()
    }
}

/// One alarm an hour for a limit of the whole shop.
pub(super) const ALARM: Rule = Rule { name: "alarm", limit: 1, window: HOUR };

impl Desk {
    /// Counts one refused try from here, and answers what to say of it.
    pub(super) async fn refused(&self, rules: PerNetwork, origin: Origin, error: Error) -> Error {
        let counted = self.count(&rules.events(origin, "")).await;
        counted.err().map_or(error, |refusal| Error::Throttled(refusal.wait))
    }

    /// Counts a request for an e-mail `about` an address; `false` when it has enough of them for
    /// now, which is not said to who asks.
    ///
    /// The limit of the whole shop does not stop who asks from where the account `is_known` from:
    /// else whoever has many networks keeps everybody out.
    pub(super) async fn may_send(
        &self,
        emails: &EmailLimits,
        about: &str,
        (origin, is_known): (Origin, bool),
    ) -> Result<bool, Error> {
        // on its own: an address that is sent no more must not spare its network's limit
        let asked = self.count(&emails.asked.events(origin, "")).await;
        asked.map_err(|refusal| Error::Throttled(refusal.wait))?;
        let mut events = emails.by_one.events(origin, about);
        events.push((emails.to_one, key(&[about])));
        let of_address = events.clone();
        if !is_known {
            events.push((emails.in_all, key(&[])));
        }
        let Err(mut refusal) = self.count(&events).await else { return Ok(true) };
        if refusal.rule == emails.in_all {
            if self.inner.counts.count(&[(ALARM, key(&[refusal.rule.name]))]).is_ok() {
                tracing::error!(
                    event = "auth.emails_limited",
                    rule = refusal.rule.name,
                    "so many ask for e-mails that a site gets one an hour for now"
                );
            }
            let first =
                [(emails.first_of_site, key(&[&origin.widest()])), (emails.first_in_all, key(&[]))];
            match self.count(&[of_address, first.to_vec()].concat()).await {
                Ok(()) => return Ok(true),
                Err(later) => refusal = later,
            }
        }
        if refusal.rule == emails.first_of_site || refusal.rule == emails.first_in_all {
            return Err(Error::Throttled(refusal.wait));
        }
        tracing::warn!(rule = refusal.rule.name, "an address asks for too many e-mails");
        Ok(false)
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;
    use crate::actors::auth::code::Purpose;
    use crate::actors::auth::tests::two_replicas;

    #[tokio::test]
    async fn once_a_flood_has_spent_all_emails_every_other_site_gets_one_an_hour() {
        let (_folder, desk, _other) = two_replicas().await;
        let ask = async |from: &str, about: &str| {
            let origin = Origin::of(Some(from.parse().unwrap()));
            desk.may_send(&OPENING_EMAILS, about, (origin, false)).await
        };
        for no in 0..1_000 {
            let asked = ask(&format!("198.18.{}.1", no / 40), &format!("{no}@example.org")).await;
            assert!(matches!(asked, Ok(true)), "{no}: {asked:?}");
        }
        assert!(
            matches!(ask("203.0.113.9", "anna@example.org").await, Ok(true)),
            "a newcomer is kept out"
        );
        assert!(matches!(ask("203.0.113.9", "ben@example.org").await, Err(Error::Throttled(_))));
        for no in 0..9 {
            let of_one_site =
                ask(&format!("2001:db8:0:{no}::1"), &format!("{no}@example.net")).await;
            assert_eq!(matches!(of_one_site, Ok(true)), no == 0, "{no}: {of_one_site:?}");
        }
    }

    #[test]
    fn an_address_that_is_sent_no_more_emails_has_codes_that_count() {
        let asked = "2026-12-19T08:00:59Z".parse().unwrap();
        let kinds = [
            (OPENING_EMAILS, Purpose::Registration),
            (ADDRESS_EMAILS, Purpose::AddressChange),
            (RESET_EMAILS, Purpose::PasswordReset),
        ];
        for (emails, purpose) in kinds {
            let life = purpose.ends(asked) - asked;
            for rule in [emails.to_one, emails.by_one.network, emails.by_one.site] {
                assert!(TimeDelta::from_std(rule.window).unwrap() <= life, "{rule:?}");
            }
        }
    }
}
