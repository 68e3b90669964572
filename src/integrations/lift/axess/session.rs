//! The one session that an incarnation keeps at Axess.

use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::Instant;

use crate::clock;

/// A session is renewed after this time; the server forgets it after an hour.
const LIFE: Duration = Duration::from_secs(55 * 60);

/// The session's place; whoever finds it empty or old logs in while the others wait.
#[derive(Default)]
pub(super) struct Place(pub(super) Mutex<Option<Session>>);

/// A session at the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Session {
    id: String,
    since: Instant,
}

impl Session {
    /// A session that begins now.
    pub(super) fn begin(id: String) -> Self {
        Self { id, since: clock::instant() }
    }

    /// What the server calls it.
    pub(super) fn id(&self) -> &str {
        &self.id
    }

    /// Whether it may be used at `now`: not about to end, and not the one that the server said it
    /// had forgotten.
    pub(super) fn is_good(&self, now: Instant, forgotten: Option<&str>) -> bool {
        now.duration_since(self.since) < LIFE && Some(self.id.as_str()) != forgotten
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_is_given_up_before_its_hour_is_over_or_when_it_was_forgotten() {
        let session = Session::begin("7".into());
        let now = session.since;
        assert!(session.is_good(now, None));
        assert!(session.is_good(now, Some("6")));
        assert!(!session.is_good(now, Some("7")));
        assert!(session.is_good(now + Duration::from_secs(54 * 60), None));
        assert!(!session.is_good(now + Duration::from_secs(55 * 60), None));
    }
}
