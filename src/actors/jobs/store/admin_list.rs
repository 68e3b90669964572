//! Jobs as people see them: without their payloads.

use chrono::{DateTime, Utc};
use starjack_entity::job;
use uuid::Uuid;

/// A state that jobs can be listed by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JobState {
    /// It runs when its time comes.
    Waiting,
    /// A worker has it.
    Running,
    /// Only a person brings it back.
    Dead,
}

/// A job without what its handler needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// Its row.
    pub id: Uuid,
    /// Which handler works it off.
    pub kind: String,
    /// What it is about: kinds and ids.
    pub key: String,
    /// `waiting`, `running`, `done` or `dead`.
    pub state: String,
    /// Attempts that began.
    pub attempts: i32,
    /// Not before.
    pub run_at: DateTime<Utc>,
    /// When it was written.
    pub created_at: DateTime<Utc>,
    /// Why its last attempt failed, without personal data.
    pub last_error: Option<String>,
}

impl JobState {
    /// The state's word in the table.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Running => "running",
            Self::Dead => "dead",
        }
    }
}

impl From<job::Model> for Listed {
    fn from(row: job::Model) -> Self {
        Self {
            id: row.id,
            kind: row.kind,
            key: row.dedup_key,
            state: row.state,
            attempts: row.attempts,
            run_at: row.run_at.to_utc(),
            created_at: row.created_at.to_utc(),
            last_error: row.last_error,
        }
    }
}
