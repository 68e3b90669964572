//! Who has which streams open, how many there may be, and what ends them from outside.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::actors::auth;
use crate::clock;
use crate::http::{Customer, Problem};
use crate::language::both;

/// How often it is asked whether log-ins with open streams were ended, also when no replica tells
/// of it.
const LOOK: Duration = Duration::from_secs(3);

/// How many streams there may be, and how they are kept open.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Of one account.
    pub of_account: usize,
    /// In the process.
    pub in_all: usize,
    /// After so long without an event a comment says that somebody is there.
    pub heartbeat: Duration,
    /// A reader that takes nothing for so long is let go.
    pub patience: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            of_account: 8,
            in_all: 2000,
            heartbeat: Duration::from_secs(15),
            patience: Duration::from_secs(10),
        }
    }
}

/// All open streams of the process; cheap to clone.
#[derive(Clone, Debug)]
pub struct Streams {
    limits: Limits,
    open: Arc<Mutex<Open>>,
    closing: CancellationToken,
    actors: watch::Sender<()>,
}

#[derive(Debug, Default)]
struct Open {
    in_all: usize,
    of_accounts: HashMap<Uuid, usize>,
    /// How many streams a log-in has, and what ends them all.
    of_sessions: HashMap<Uuid, (usize, CancellationToken)>,
}

/// The place of one stream, given back when it is dropped.
#[derive(Debug)]
pub(super) struct Place {
    streams: Streams,
    customer: Customer,
    session_over: CancellationToken,
}

impl Streams {
    /// None is open yet.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            open: Arc::default(),
            closing: CancellationToken::new(),
            actors: watch::Sender::new(()),
        }
    }

    /// How many are open.
    #[must_use]
    pub fn count(&self) -> usize {
        self.lock().in_all
    }

    /// Ends all streams of a log-in.
    pub fn end_session(&self, session: Uuid) {
        if let Some((_, over)) = self.lock().of_sessions.get(&session) {
            over.cancel();
        }
    }

    /// Ends all streams and opens none any more: the server is about to stop.
    pub fn close(&self) {
        self.closing.cancel();
    }

    /// Tells those who watch the actors to look at once.
    pub fn actors_changed(&self) {
        self.actors.send_replace(());
    }

    /// Ends for ever the streams of log-ins that are over; one look serves all.
    pub async fn watch_sessions(&self, accounts: &auth::Desk) {
        let mut news = accounts.listen();
        loop {
            _ = auth::until_told_of_sessions(&mut news, LOOK).await;
            let sessions: Vec<Uuid> = self.lock().of_sessions.keys().copied().collect();
            if sessions.is_empty() {
                continue;
            }
            match accounts.ended(sessions).await {
                Ok(ended) => ended.into_iter().for_each(|session| self.end_session(session)),
                Err(error) => {
                    tracing::warn!(%error, "the log-ins of open streams could not be looked at")
                }
            }
        }
    }

    pub(super) fn watch_actors(&self) -> watch::Receiver<()> {
        self.actors.subscribe()
    }

    /// Takes a place.
    ///
    /// # Errors
    /// 429 when the account has as many as it may, 503 when the process has, or is about to stop.
    pub(super) fn enter(&self, customer: Customer) -> Result<Place, Problem> {
        if self.closing.is_cancelled() {
            return Err(Problem::unavailable(
                both(
                    "This replica is about to stop. Ask again, another one answers.",
                    "Dieser Server hört gleich auf. Fragen Sie noch einmal, ein anderer antwortet.",
                ),
                2,
            ));
        }
        let mut open = self.lock();
        if open.in_all >= self.limits.in_all {
            return Err(Problem::unavailable(
                both(
                    "Too many event streams are open. Ask again in a moment, or poll.",
                    "Es sind zu viele Ereignisströme offen. Fragen Sie gleich noch einmal, oder fragen Sie von Zeit zu Zeit ab.",
                ),
                10,
            ));
        }
        let of_account = open.of_accounts.entry(customer.account_id).or_default();
        if *of_account >= self.limits.of_account {
            return Err(Problem::throttled(
                both(
                    "This account has too many event streams open. Close one first.",
                    "Dieses Konto hat zu viele Ereignisströme offen. Schließen Sie zuerst einen.",
                ),
                10,
            ));
        }
        *of_account += 1;
        open.in_all += 1;
        let (of_session, over) = open.of_sessions.entry(customer.session).or_default();
        *of_session += 1;
        let session_over = over.clone();
        drop(open);
        Ok(Place { streams: self.clone(), customer, session_over })
    }

    fn lock(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Place {
    pub(super) fn limits(&self) -> Limits {
        self.streams.limits
    }

    /// Waits until the log-in is over: ended by somebody, or its access token expired.
    pub(super) async fn session_over(&self) {
        let left = (self.customer.expires_at - clock::now()).to_std().unwrap_or_default();
        tokio::select! {
            () = self.session_over.cancelled() => {}
            () = clock::sleep(left) => {}
        }
    }

    /// Waits until the server is about to stop.
    pub(super) async fn closing(&self) {
        self.streams.closing.cancelled().await;
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut open = self.streams.lock();
        open.in_all -= 1;
        if let Some(count) = open.of_accounts.get_mut(&self.customer.account_id) {
            *count -= 1;
            if *count == 0 {
                open.of_accounts.remove(&self.customer.account_id);
            }
        }
        if let Some((count, _)) = open.of_sessions.get_mut(&self.customer.session) {
            *count -= 1;
            if *count == 0 {
                open.of_sessions.remove(&self.customer.session);
            }
        }
    }
}
