//! The daily comparisons: yesterday, once a fleet, at a time of the other side's own zone.

use std::collections::HashMap;
use std::time::Duration;

use chrono::{NaiveDate, NaiveTime};
use chrono_tz::Europe::Vienna;
use serde::Deserialize;

use super::desk::ReconcileDesk;
use super::store::{self, Scope};
use crate::actors::fleet::{Fence, Held, Runs, SingletonTasks, Tasks};
use crate::clock;

/// When days are compared by themselves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Whether they are; `starjack reconcile` and admins compare at any time.
    pub daily: bool,
    /// From when on yesterday is compared, in the other side's time zone; default 04:00.
    pub at: NaiveTime,
    /// A doubt older than this needs staff's eyes and alarms; default 15 minutes.
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

/// The singleton task of requesting each day's comparisons.
const DAILY: &str = "daily books";

impl ReconcileDesk {
    /// Requests each day's comparisons for ever, on one replica for all; not at all where the
    /// settings say so.
    pub fn keep_daily(self, settings: Settings, tasks: &Tasks, singletons: SingletonTasks) {
        if !settings.daily {
            return;
        }
        let work = move |held: Held, runs: Runs| {
            let books = self.clone();
            async move { books.request_daily(settings, held.fence(), &runs).await }
        };
        tasks.keep_singleton(singletons, (DAILY, Some(LOOK)), work, std::future::pending);
    }

    /// A day's request is one row: what was requested before, here or elsewhere, is not requested
    /// again.
    async fn request_daily(&self, settings: Settings, fence: Fence, runs: &Runs) {
        let mut requested: HashMap<Scope, NaiveDate> = HashMap::new();
        while !fence.is_lost() {
            let due: Vec<(Scope, NaiveDate)> = self
                .everybody()
                .into_iter()
                .filter_map(|scope| self.due(scope, settings.at))
                .collect();
            let new: Vec<_> =
                due.into_iter().filter(|(scope, day)| requested.get(scope) != Some(day)).collect();
            let requests = async {
                if new.is_empty() {
                    return Ok(Vec::new());
                }
                store::request_daily(&self.io, new.clone(), fence.clone()).await
            };
            match runs.watch(requests).await {
                Ok(begun) => {
                    requested.extend(new);
                    if !begun.is_empty() {
                        self.wake();
                    }
                }
                Err(error) => {
                    tracing::warn!(%error, "the daily comparisons could not be requested")
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::actors::fleet::tests::fence;
    use crate::io::{Io, IoError};

    #[tokio::test]
    async fn a_days_comparison_is_requested_once_by_whoever_has_the_duty_now() {
        let folder = tempfile::tempdir().unwrap();
        let io = Io::start(&format!("sqlite://{}?mode=rwc", folder.path().join("db").display()), 4)
            .await
            .unwrap();
        io.migrate().await.unwrap();
        let requests = || vec![(Scope::Payments, NaiveDate::from_ymd_opt(2026, 12, 20).unwrap())];
        let former = fence(&io).await;
        let holder = fence(&io).await;
        assert!(matches!(
            store::request_daily(&io, requests(), former.clone()).await,
            Err(IoError::Fenced)
        ));
        assert!(former.is_lost() && store::runs(&io, None, 9).await.unwrap().is_empty());
        assert_eq!(store::request_daily(&io, requests(), holder.clone()).await.unwrap().len(), 1);
        assert!(
            store::request_daily(&io, requests(), holder).await.unwrap().is_empty(),
            "once a day"
        );
    }
}
