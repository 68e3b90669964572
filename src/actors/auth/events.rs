//! What becomes of attempts to log in: each is a line of the log that does not say whose it was,
//! and counted; very many failed ones are an alarm.

use std::borrow::Cow;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use secrecy::ExposeSecret;

use super::code::keyed_hash;
use super::desk::Desk;
use super::error::Error;
use super::limits::ALARM;
use super::origin::Origin;
use super::throttle::{Rule, key};

const HOUR: Duration = Duration::from_secs(60 * 60);

/// Failed log-ins of everybody that are worth an alarm.
pub(super) const FAILED_IN_ALL: Rule =
    Rule { name: "failed log-ins in all", limit: 1_000, window: HOUR };

/// Wrong codes for a new password, typed by everybody, that are worth an alarm.
pub(super) const WRONG_CODES_IN_ALL: Rule =
    Rule { name: "wrong reset codes in all", limit: 200, window: HOUR };

/// Signs of a hash in the log: enough to tell apart what one looks at.
const SHORT: usize = 16;

/// How an attempt ended, in the words of log and metrics.
const OUTCOMES: [&str; 9] = [
    "logged_in",
    "wrong_password",
    "throttled",
    "besieged",
    "busy",
    "fault",
    "second_factor_required",
    "wrong_second_factor",
    "disabled",
];

/// How often attempts ended how, since this process began.
#[derive(Default)]
pub(super) struct LogIns([AtomicU64; OUTCOMES.len()]);

impl Desk {
    /// How often attempts to log in ended how, since this process began.
    #[must_use]
    pub fn log_ins(&self) -> Vec<(&'static str, u64)> {
        OUTCOMES
            .into_iter()
            .zip(self.inner.log_ins.0.iter().map(|count| count.load(Ordering::Relaxed)))
            .collect()
    }

    /// How often which limit was reached, since this process began.
    #[must_use]
    pub fn limits_reached(&self) -> Vec<(Cow<'static, str>, u64)> {
        self.inner.counts.refused()
    }

    /// Notes how an attempt ended. Hashes in the log are keyed: equal ones tell that it is the same
    /// address or network again.
    pub(super) fn note_log_in<T>(
        &self,
        email: &str,
        origin: Origin,
        is_known: bool,
        end: &Result<T, Error>,
    ) {
        let no = match end {
            Ok(_) => 0,
            Err(Error::WrongPassword) => 1,
            Err(Error::Throttled(_)) => 2,
            Err(Error::Besieged(_)) => 3,
            Err(Error::Busy) => 4,
            Err(Error::SecondFactorRequired(_)) => 6,
            Err(Error::WrongSecondFactor(_) | Error::SecurityKeyNeeded(_)) => 7,
            Err(Error::Disabled) => 8,
            Err(_) => 5,
        };
        self.inner.log_ins.0[no].fetch_add(1, Ordering::Relaxed);
        tracing::info!(
            event = "auth.login",
            outcome = OUTCOMES[no],
            address = self.short_hash("log-in address", email),
            network = self.short_hash("log-in network", &origin.network()),
            known_network = is_known,
            "an attempt to log in"
        );
        if !matches!(end, Ok(_) | Err(Error::SecondFactorRequired(_))) {
            self.alarm_beyond(FAILED_IN_ALL);
        }
    }

    /// Counts one more of what is harmless until there is very much of it; then an alarm, at most
    /// one an hour.
    pub(super) fn alarm_beyond(&self, rule: Rule) {
        let counts = &self.inner.counts;
        if counts.count(&[(rule, key(&[]))]).is_err()
            && counts.count(&[(ALARM, key(&[rule.name]))]).is_ok()
        {
            tracing::error!(
                event = "auth.guessing",
                rule = rule.name,
                limit = rule.limit,
                "somebody may be guessing"
            );
        }
    }

    fn short_hash(&self, what: &str, of: &str) -> String {
        let mut hash = keyed_hash(self.inner.secret.expose_secret(), &[what, of]);
        hash.truncate(SHORT);
        hash
    }
}
