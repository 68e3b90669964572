//! Works off the jobs that ask for a letter: reads what it says, renders it, hands it to the post.

use std::time::Duration;

use chrono::{DateTime, Utc};
use chrono_tz::Europe::Vienna;
use futures_util::future::LocalBoxFuture;
use serde::Serialize;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::letters::{self, Letterhead, Rendered};
use super::office::Post;
use super::order_facts::{OrderFacts, TitleOf};
use super::payload::{AccountLetter, KIND, Payload};
use super::store::{self, OrderRows};
use crate::actors::invoice::{Archive, InvoiceNumber};
use crate::actors::jobs::{Handler, Job, JobEnd};
use crate::clock::Deadline;
use crate::integrations::Outcome;
use crate::integrations::mail::{Attachment, OutgoingLetter};
use crate::io::{Io, IoError};

/// How long the post may take for one letter; shorter than an attempt of its job.
const SEND: Duration = Duration::from_secs(30);
/// The pause when the post provably took nothing.
const POST_IS_SHUT: Duration = Duration::from_secs(60);
/// From this attempt on a letter leaves without an invoice that cannot be had: better late than never, better bare than late.
const WITHOUT_INVOICE: i32 = 4;

/// Sends letters. All parts live on the thread of the worker.
pub struct Sender {
    /// The database.
    pub io: Io,
    /// Where the invoices stand.
    pub archive: Archive,
    /// What stands on every letter.
    pub head: Letterhead,
    /// Who takes them.
    pub post: Box<dyn Post>,
    /// Who knows what letters about accounts say.
    pub accounts: Box<dyn AccountFiles>,
    /// The names of tickets.
    pub title_of: TitleOf,
}

/// Whoever knows what a letter about an account says.
pub trait AccountFiles {
    /// Reads it; the same code in every repeat. `None` when the letter is not wanted any more.
    ///
    /// # Errors
    /// Why it cannot be read now, without personal data.
    fn facts(&self, letter: AccountLetter) -> LocalBoxFuture<'_, Result<Option<AccountFacts>, String>>;
}

/// What a letter about an account says; `Debug` is not derived because it names a person and a secret.
#[derive(Clone, PartialEq, Eq)]
pub struct AccountFacts {
    /// Where it goes.
    pub email: String,
    /// How the person is greeted.
    pub first_name: String,
    /// The six digits, where the letter has some.
    pub code: Option<String>,
    /// Until when they count.
    pub expires_at: Option<DateTime<Utc>>,
}

/// What the templates of account letters see.
#[derive(Serialize)]
struct AccountContext {
    first_name: String,
    code: Option<String>,
    until: Option<String>,
}

/// A letter that only lacks its Message-Id.
struct Draft {
    to: String,
    words: Rendered,
    attachments: Vec<Attachment>,
}

impl Sender {
    async fn send(&self, job: Job) -> JobEnd {
        let draft = match self.draft(&job).await {
            Ok(draft) => draft,
            Err(end) => return end,
        };
        let letter = OutgoingLetter {
            message_id: message_id(&job.dedup_key, &self.head.domain),
            to: draft.to,
            subject: draft.words.subject,
            text: draft.words.text,
            html: draft.words.html,
            attachments: draft.attachments,
        };
        match self.post.send(letter, Deadline::after(SEND)).await {
            Outcome::Done(()) => JobEnd::Done,
            Outcome::Refused(refusal) => JobEnd::Dead { why: format!("the letter was refused: {}", refusal.code) },
            Outcome::NotSent(why) => JobEnd::Later { after: POST_IS_SHUT, why: format!("not sent: {why}") },
            Outcome::Pending { ask_after } => {
                JobEnd::Again { after: Some(ask_after), why: "accepted, but not for sure".into() }
            }
            Outcome::Unknown(why) => JobEnd::Again { after: None, why: format!("in doubt: {why}") },
        }
    }

    /// The letter a job asks for, or how the job ends without one.
    async fn draft(&self, job: &Job) -> Result<Draft, JobEnd> {
        let payload = serde_json::from_str(&job.payload)
            .map_err(|error| JobEnd::Dead { why: format!("its payload cannot be read: {error}") })?;
        match payload {
            Payload::AccountCode { registration } => {
                self.account_draft("account_code", AccountLetter::Code(registration)).await
            }
            Payload::AccountExists { account } => {
                self.account_draft("account_exists", AccountLetter::Exists(account)).await
            }
            Payload::OrderFinished { order_id } => self.finished_draft(order_id, job.attempt).await,
            Payload::OrderRejected { order_id } => self.order_draft("order_rejected", order_id, None).await,
            Payload::OrderUndone { order_id } => self.order_draft("order_undone", order_id, None).await,
            Payload::MoneyReturned { order_id, payment } => {
                self.order_draft("money_returned", order_id, Some(payment)).await
            }
        }
    }

    async fn account_draft(&self, name: &str, letter: AccountLetter) -> Result<Draft, JobEnd> {
        let facts = self.accounts.facts(letter).await.map_err(|why| JobEnd::Again { after: None, why })?;
        let Some(facts) = facts else {
            return Err(JobEnd::Done);
        };
        let until = facts.expires_at.map(|at| at.with_timezone(&Vienna).format("%H:%M on %-d %b %Y").to_string());
        let context = AccountContext { first_name: facts.first_name, code: facts.code, until };
        Ok(Draft { to: facts.email, words: self.render(name, context)?, attachments: Vec::new() })
    }

    async fn order_draft(&self, name: &str, order_id: Uuid, payment: Option<i32>) -> Result<Draft, JobEnd> {
        let rows = self.order(order_id).await?;
        let facts = OrderFacts::of(&rows, payment, &self.title_of);
        Ok(Draft { to: rows.account.email, words: self.render(name, facts)?, attachments: Vec::new() })
    }

    async fn finished_draft(&self, order_id: Uuid, attempt: i32) -> Result<Draft, JobEnd> {
        let rows = self.order(order_id).await?;
        let mut facts = OrderFacts::of(&rows, None, &self.title_of);
        let mut attachments = Vec::new();
        if let Some(number) = &rows.invoice {
            attachments.extend(self.invoice(number, attempt).await?);
        }
        facts.attached = !attachments.is_empty();
        Ok(Draft { to: rows.account.email, words: self.render("order_finished", facts)?, attachments })
    }

    async fn order(&self, id: Uuid) -> Result<OrderRows, JobEnd> {
        let read = self.io.read(move |db| Box::pin(async move { Ok::<_, IoError>(store::order(db, id).await?) })).await;
        let rows = read.map_err(|error| JobEnd::Again { after: None, why: error.to_string() })?;
        rows.ok_or_else(|| JobEnd::Dead { why: "there is no such order".into() })
    }

    async fn invoice(&self, number: &InvoiceNumber, attempt: i32) -> Result<Option<Attachment>, JobEnd> {
        match self.archive.document(number).await {
            Ok((_path, content)) => Ok(Some(Attachment {
                name: format!("{number}.pdf"),
                media_type: "application/pdf",
                content: content.into(),
            })),
            Err(error) if attempt < WITHOUT_INVOICE => Err(JobEnd::Again { after: None, why: error.to_string() }),
            Err(error) => {
                tracing::error!(invoice.number = %number, error = %error, "a letter leaves without its invoice");
                Ok(None)
            }
        }
    }

    fn render(&self, name: &str, facts: impl Serialize) -> Result<Rendered, JobEnd> {
        letters::render(name, &self.head, facts)
            .map_err(|error| JobEnd::Dead { why: format!("it cannot be rendered: {error}") })
    }
}

/// The same in every repeat of a job, so that a letter that was sent twice is recognised as one.
fn message_id(dedup_key: &str, domain: &str) -> String {
    let hash: String = Sha256::digest(dedup_key).iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    format!("{hash}@{domain}")
}

impl Handler for Sender {
    fn kind(&self) -> &'static str {
        KIND
    }

    fn run(&self, job: Job) -> LocalBoxFuture<'_, JobEnd> {
        Box::pin(self.send(job))
    }
}
