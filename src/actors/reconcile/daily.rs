//! The daily comparisons: yesterday, once a fleet, at a time of the other side's own zone.

use std::collections::HashMap;
use std::time::Duration;

use chrono::{NaiveDate, NaiveTime};
use chrono_tz::Europe::Vienna;
use serde::Deserialize;

use super::books::Books;
use super::store::{self, Scope};
use crate::clock;

/// When days are compared by themselves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Whether they are; `starjack reconcile` and admins compare at any time.
    pub daily: bool,
    /// From when on yesterday is compared, in the other side's time zone; default 04:00.
    pub at: NaiveTime,
    /// A doubt older than this needs a person's eyes and alarms; default 15 minutes.
    #[serde(deserialize_with = "clock::deserialize")]
    pub alarm_after: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        let at = NaiveTime::MIN + chrono::TimeDelta::hours(4);
        Self { daily: true, at, alarm_after: Duration::from_secs(15 * 60) }
    }
}

/// How often the time is looked at.
const LOOK: Duration = Duration::from_secs(60);

impl Books {
    /// Wishes for ever for each day's comparisons. Every replica does; a day's wish is one row, so the first one counts.
    pub async fn keep_daily(self, settings: Settings) {
        if !settings.daily {
            return std::future::pending().await;
        }
        let mut wished: HashMap<Scope, NaiveDate> = HashMap::new();
        loop {
            let due: Vec<(Scope, NaiveDate)> =
                self.everybody().into_iter().filter_map(|scope| self.due(scope, settings.at)).collect();
            let new: Vec<_> = due.into_iter().filter(|(scope, day)| wished.get(scope) != Some(day)).collect();
            if !new.is_empty() {
                match store::wish(&self.io, new.clone(), (true, None)).await {
                    Ok(runs) => {
                        wished.extend(new);
                        if !runs.is_empty() {
                            self.wake();
                        }
                    }
                    Err(error) => tracing::warn!(%error, "the daily comparisons could not be wished for"),
                }
            }
            clock::sleep(LOOK).await;
        }
    }

    /// Yesterday, once it is late enough there.
    fn due(&self, scope: Scope, at: NaiveTime) -> Option<(Scope, NaiveDate)> {
        let zone = match &scope {
            Scope::Operator(key) => self.lift.contract(key)?.time_zone,
            Scope::Payments | Scope::Invoices => Vienna,
        };
        let local = clock::now().with_timezone(&zone).naive_local();
        (local.time() >= at).then(|| Some((scope, local.date().pred_opt()?))).flatten()
    }
}
