//! The door to reconciliation: what is requested, what came of it, what staff agrees to; and the
//! worker behind it.

use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use chrono::NaiveDate;
use futures_util::FutureExt;
use futures_util::future::LocalBoxFuture;
use serde::Deserialize;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::store::cases::{self as differences, MEND_JOB};
use super::store::{self, RUN_JOB, Run, Scope};
use super::{apply, run};
use crate::actors::cases;
use crate::actors::jobs::{Handler, Job, JobEnd, Jobs, Settings, work_off};
use crate::actors::liftoperator::{Facade, MayWrite};
use crate::actors::order::Desk as OrderDesk;
use crate::actors::payment::Desk as PaymentDesk;
use crate::io::{Io, IoError};

/// Longest time of one comparison: a day may have thousands of tickets, and an operator's pace is
/// kept.
const LONGEST: Duration = Duration::from_secs(30 * 60);

/// Longest attempt to carry out what was agreed to: a few questions to one side.
const LONGEST_MEND: Duration = Duration::from_secs(180);

/// The door to reconciliation; cheap to clone.
#[derive(Clone)]
pub struct ReconcileDesk {
    pub(super) io: Io,
    pub(super) lift: Facade,
    pub(super) payment: PaymentDesk,
    pub(super) orders: OrderDesk,
    runs: Jobs,
    mends: Jobs,
}

/// Why nothing was agreed to.
#[derive(Debug, thiserror::Error)]
pub enum AgreeError {
    /// The case is unknown, closed, or suggests nothing.
    #[error("there is nothing to agree to")]
    Nothing,
    /// The database did not do it.
    #[error("the case could not be saved")]
    Io(#[from] IoError),
}

impl ReconcileDesk {
    /// The door; [`ReconcileDesk::keep`] is the worker behind it. `pause` is the one after a job's
    /// first failed attempt.
    #[must_use]
    pub fn new(
        io: &Io,
        (lift, payment, orders): (Facade, PaymentDesk, OrderDesk),
        pause: Duration,
    ) -> Self {
        let jobs = |run_deadline: Duration| {
            let lease = run_deadline + Duration::from_secs(60);
            Jobs::new(
                io.clone(),
                Settings {
                    in_flight: 2,
                    run_deadline,
                    lease,
                    first_pause: pause,
                    ..Settings::default()
                },
            )
        };
        Self {
            runs: jobs(LONGEST),
            mends: jobs(LONGEST_MEND),
            io: io.clone(),
            lift,
            payment,
            orders,
        }
    }

    /// Works off comparisons, and beside them what was agreed to, until `stop`.
    pub async fn keep(self, stop: CancellationToken) {
        let runs = work_off(self.runs.clone(), vec![Rc::new(Runner(self.clone()))], stop.clone());
        let mends = work_off(self.mends.clone(), vec![Rc::new(Mender(self.clone()))], stop);
        futures_util::future::join(runs, mends).await;
    }

    /// Requests a day's comparisons with these, or with everybody; answers them as they wait.
    ///
    /// # Errors
    /// The database's.
    pub async fn request(
        &self,
        day: NaiveDate,
        scope: Option<Scope>,
        by: Uuid,
    ) -> Result<Vec<Run>, IoError> {
        let scopes = scope.map_or_else(|| self.everybody(), |scope| vec![scope]);
        let requests = scopes.into_iter().map(|scope| (scope, day)).collect();
        let runs = store::request(&self.io, requests, (false, Some(by))).await?;
        self.runs.wake();
        Ok(runs)
    }

    /// Everybody with whom there is something to compare.
    #[must_use]
    pub fn everybody(&self) -> Vec<Scope> {
        let operators = self.lift.states().into_iter().map(|(key, _)| Scope::Operator(key));
        operators.chain([Scope::Payments, Scope::Invoices]).collect()
    }

    /// Whether there is a contract with this operator.
    #[must_use]
    pub fn knows(&self, operator: &str) -> bool {
        self.lift.contract(operator).is_some()
    }

    /// The comparisons, newest first, older than `before`, at most `limit`.
    ///
    /// # Errors
    /// The database's.
    pub async fn runs(&self, before: Option<Uuid>, limit: u64) -> Result<Vec<Run>, IoError> {
        store::runs(&self.io, before, limit).await
    }

    /// Agrees to what a case suggests: a job carries it out and closes the case. Twice is once.
    ///
    /// # Errors
    /// See [`AgreeError`].
    pub async fn agree(&self, case: Uuid, by: Uuid) -> Result<(), AgreeError> {
        differences::agree(&self.io, case, by).await?.ok_or(AgreeError::Nothing)?;
        self.mends.wake();
        Ok(())
    }

    /// The cases that comparisons open, among all others.
    #[must_use]
    pub fn cases(&self) -> cases::Desk {
        cases::Desk::new(&self.io)
    }

    pub(super) fn wake(&self) {
        self.runs.wake();
    }

    /// Reads, and writes that are harmless to repeat, need no lease of an order.
    #[expect(
        clippy::unused_self,
        reason = "whoever asks the outside asks in the name of these books"
    )]
    pub(super) fn may_write(&self) -> MayWrite {
        Arc::new(|| true)
    }
}

#[derive(Deserialize)]
struct RunPayload {
    run: Uuid,
}

#[derive(Deserialize)]
struct CasePayload {
    case: Uuid,
}

struct Runner(ReconcileDesk);

impl Handler for Runner {
    fn kind(&self) -> &'static str {
        RUN_JOB
    }

    fn run(&self, job: Job) -> LocalBoxFuture<'_, JobEnd> {
        async move {
            let Ok(RunPayload { run }) = serde_json::from_str(&job.payload) else {
                return JobEnd::Dead { why: "its payload is not one of ours".to_owned() };
            };
            let ended = async {
                let Some(requested) = store::run(&self.0.io, run).await?.filter(|run| run.ended_at.is_none()) else {
                    return Ok(());
                };
                let tally = run::compare(&self.0, &requested).await?;
                tracing::info!(scope = requested.scope, day = %requested.day, ?tally, "a day was compared");
                store::end(&self.0.io, run, tally).await
            };
            end_of(ended.await)
        }
        .boxed_local()
    }
}

struct Mender(ReconcileDesk);

impl Handler for Mender {
    fn kind(&self) -> &'static str {
        MEND_JOB
    }

    fn run(&self, job: Job) -> LocalBoxFuture<'_, JobEnd> {
        async move {
            let Ok(CasePayload { case }) = serde_json::from_str(&job.payload) else {
                return JobEnd::Dead { why: "its payload is not one of ours".to_owned() };
            };
            match differences::agreed(&self.0.io, case).await {
                Ok(Some(agreed)) => apply::mend(&self.0, agreed).await,
                // somebody closed it in the meantime
                Ok(None) => JobEnd::Done,
                Err(error) => end_of(Err(error)),
            }
        }
        .boxed_local()
    }
}

fn end_of(ended: Result<(), IoError>) -> JobEnd {
    match ended {
        Ok(()) => JobEnd::Done,
        Err(error) => JobEnd::Again { after: None, why: error.to_string() },
    }
}
