//! Works off the jobs that write an invoice's document.

use futures_util::future::LocalBoxFuture;
use serde::{Deserialize, Serialize};

use super::archive::{Archive, ArchiveError};
use super::number::InvoiceNumber;
use crate::actors::jobs::{Handler, Job, JobEnd, NewJob};
use crate::clock;

const KIND: &str = "invoice_document";

/// Renders documents after the commit that issued them.
pub struct Writer {
    archive: Archive,
}

#[derive(Serialize, Deserialize)]
struct Payload {
    number: InvoiceNumber,
}

/// The job that writes the document of an invoice, for the commit that issues it.
#[must_use]
pub fn document_job(number: &InvoiceNumber) -> NewJob {
    NewJob {
        kind: KIND,
        payload: serde_json::json!({ "number": number }).to_string(),
        dedup_key: format!("{KIND}/{number}"),
        run_at: clock::now(),
    }
}

impl Writer {
    /// Writes into `archive`.
    #[must_use]
    pub fn new(archive: Archive) -> Self {
        Self { archive }
    }

    async fn write(&self, job: Job) -> JobEnd {
        let payload: Payload = match serde_json::from_str(&job.payload) {
            Ok(payload) => payload,
            Err(error) => {
                return JobEnd::Dead { why: format!("its payload cannot be read: {error}") };
            }
        };
        match self.archive.ensure_written(&payload.number).await {
            Ok(_path) => JobEnd::Done,
            Err(
                error @ (ArchiveError::NotFound
                | ArchiveError::Differs
                | ArchiveError::Unprintable(_)),
            ) => JobEnd::Dead { why: error.to_string() },
            Err(error @ (ArchiveError::Storage(_) | ArchiveError::Database(_))) => {
                JobEnd::Again { after: None, why: format!("{error}: {}", cause(&error)) }
            }
        }
    }
}

fn cause(error: &dyn std::error::Error) -> String {
    error.source().map(ToString::to_string).unwrap_or_default()
}

impl Handler for Writer {
    fn kind(&self) -> &'static str {
        KIND
    }

    fn run(&self, job: Job) -> LocalBoxFuture<'_, JobEnd> {
        Box::pin(self.write(job))
    }
}
