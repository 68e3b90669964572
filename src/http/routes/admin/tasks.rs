//! The background tasks of this replica.

use std::collections::BTreeMap;

use actix_web::{HttpResponse, get, web};
use chrono::{DateTime, Utc};
use serde::Serialize;
use uuid::Uuid;

use crate::actors::fleet::{LastRun, TaskStatus};
use crate::http::{Admin, Problem, State};

/// What the server does without being asked.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = BackgroundTask)]
pub struct TaskView {
    #[schema(example = "sweep")]
    name: &'static str,
    scope: TaskScope,
    /// Whether the replica that answers does it now.
    here: bool,
    /// The pause between two runs in milliseconds; `null` for what waits until it is told.
    #[schema(required)]
    every_ms: Option<u64>,
    /// Its last run on the replica that answers; `null` before the first, and for what has none.
    #[schema(required)]
    last_run: Option<RunView>,
    /// When the next run is due.
    #[schema(required)]
    next_at: Option<DateTime<Utc>>,
}

/// Who does a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum TaskScope {
    /// Every replica for itself.
    EveryReplica,
    /// One replica for all.
    Singleton,
}

/// How a run went.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = BackgroundTaskRun)]
pub struct RunView {
    at: DateTime<Utc>,
    took_ms: u64,
    /// Why it failed; `null` when it did not.
    #[schema(required)]
    error: Option<String>,
}

/// The background tasks of the replica that answers.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = BackgroundTasks)]
pub struct TasksView {
    replica: Uuid,
    items: Vec<TaskView>,
}

/// What the server does without being asked: when it did so last, how long it took, whether it
/// failed and when it is due again, by its name. Each replica tells its own; of a singleton task
/// the one with `here`.
#[utoipa::path(tag = "admin", operation_id = "list_tasks", security(("bearer" = [])),
    responses((status = 200, description = "The tasks", body = TasksView)))]
#[get("/api/v1/admin/tasks")]
pub(in crate::http) async fn list(
    state: web::Data<State>,
    _admin: Admin,
) -> Result<HttpResponse, Problem> {
    let held: BTreeMap<_, _> = state.fleet.singletons.known().into_iter().collect();
    let view = |task: TaskStatus| {
        let here = !task.is_singleton || held.get(task.name).is_some_and(Option::is_some);
        TaskView { here, ..TaskView::from(task) }
    };
    let items = state.fleet.tasks.list().into_iter().map(view).collect();
    Ok(HttpResponse::Ok().json(TasksView { replica: state.replica, items }))
}

impl From<TaskStatus> for TaskView {
    fn from(task: TaskStatus) -> Self {
        Self {
            name: task.name,
            scope: if task.is_singleton { TaskScope::Singleton } else { TaskScope::EveryReplica },
            here: false,
            every_ms: task.every.map(|every| milliseconds(every.as_millis())),
            next_at: task.next_at(),
            last_run: task.last.map(RunView::from),
        }
    }
}

impl From<LastRun> for RunView {
    fn from(run: LastRun) -> Self {
        Self { at: run.at, took_ms: milliseconds(run.took.as_millis()), error: run.error }
    }
}

fn milliseconds(counted: u128) -> u64 {
    u64::try_from(counted).unwrap_or(u64::MAX)
}
