//! Works off the jobs that ask for an e-mail: reads what it says, renders it, hands it to the post.

use std::rc::Rc;
use std::time::Duration;

use futures_util::future::LocalBoxFuture;
use serde::Serialize;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::actor::Post;
use super::order_facts::{Describe, OrderFacts, ReturnFacts, greeted};
use super::payload::{KIND, Payload};
use super::store::{self, OrderRows};
use super::templates::{self, Letterhead, Rendered};
use crate::actors::auth;
use crate::actors::invoice::{Archive, InvoiceNumber};
use crate::actors::jobs::{Handler, Job, JobEnd};
use crate::clock::Deadline;
use crate::integrations::Outcome;
use crate::integrations::mail::{Attachment, OutgoingEmail};
use crate::io::{Io, IoError};
use crate::language::Language;

/// How long the post may take for one e-mail; shorter than an attempt of its job.
const SEND: Duration = Duration::from_secs(30);
/// The pause when the post provably took nothing.
const POST_IS_SHUT: Duration = Duration::from_secs(60);
/// From this attempt on an e-mail leaves without an invoice that cannot be had: better late than
/// never, better bare than late.
const WITHOUT_INVOICE: i32 = 4;

/// Sends e-mails. All parts live on the thread of the worker.
pub struct Sender {
    /// The database.
    pub io: Io,
    /// Where the invoices stand.
    pub archive: Archive,
    /// What stands on every e-mail.
    pub head: Letterhead,
    /// Who takes them.
    pub post: Box<dyn Post>,
    /// Who knows what e-mails about accounts say.
    pub accounts: Box<dyn AccountFiles>,
    /// What the catalogue knows of tickets.
    pub describe: Describe,
}

/// Whoever knows what an e-mail about an account says.
pub trait AccountFiles {
    /// Reads it; the same code in every repeat. `None` when the e-mail is not wanted any more.
    ///
    /// # Errors
    /// Why it cannot be read now, without personal data.
    fn facts(
        &self,
        email: auth::AccountEmail,
    ) -> LocalBoxFuture<'_, Result<Option<auth::EmailFacts>, String>>;
}

/// What the templates of account e-mails see; a template that uses what its e-mail does not have
/// fails.
#[derive(Serialize)]
struct AccountContext {
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<String>,
    /// Until when the code counts.
    #[serde(skip_serializing_if = "Option::is_none")]
    until: Option<String>,
    /// When what it tells of was changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    changed: Option<String>,
}

/// An e-mail that only lacks its Message-Id.
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
        let email = OutgoingEmail {
            message_id: message_id(&job.dedup_key, &self.head.domain),
            to: draft.to,
            subject: draft.words.subject,
            text: draft.words.text,
            html: draft.words.html,
            attachments: draft.attachments,
        };
        match self.post.send(email, Deadline::after(SEND)).await {
            Outcome::Done(()) => JobEnd::Done,
            Outcome::Refused(refusal) => {
                JobEnd::Dead { why: format!("the e-mail was refused: {}", refusal.code) }
            }
            Outcome::NotSent(why) => {
                JobEnd::Later { after: POST_IS_SHUT, why: format!("not sent: {why}") }
            }
            Outcome::Pending { ask_after } => {
                JobEnd::Again { after: Some(ask_after), why: "accepted, but not for sure".into() }
            }
            Outcome::Unknown(why) => JobEnd::Again { after: None, why: format!("in doubt: {why}") },
        }
    }

    /// The e-mail a job asks for, or how the job ends without one.
    async fn draft(&self, job: &Job) -> Result<Draft, JobEnd> {
        let payload = serde_json::from_str(&job.payload).map_err(|error| JobEnd::Dead {
            why: format!("its payload cannot be read: {error}"),
        })?;
        match payload {
            Payload::Account(email) => self.account_draft(email).await,
            Payload::OrderFinished { order_id } => self.finished_draft(order_id, job.attempt).await,
            Payload::OrderRejected { order_id } => {
                self.order_draft("order_rejected", order_id, None).await
            }
            Payload::OrderUndone { order_id } => {
                self.order_draft("order_undone", order_id, None).await
            }
            Payload::MoneyReturned { order_id, payment } => {
                self.order_draft("money_returned", order_id, Some(payment)).await
            }
            Payload::TicketReturn { order_id, line, kept } => {
                self.return_draft(order_id, line, kept).await
            }
        }
    }

    async fn account_draft(&self, email: auth::AccountEmail) -> Result<Draft, JobEnd> {
        let name = match email {
            auth::AccountEmail::AccountCode { .. } => "account_code",
            auth::AccountEmail::AccountExists { .. } => "account_exists",
            auth::AccountEmail::PasswordResetCode { .. } => "password_reset_code",
            auth::AccountEmail::PasswordChanged { .. } => "password_changed",
            auth::AccountEmail::AddressCode { .. } => "address_code",
            auth::AccountEmail::AddressTaken { .. } => "address_taken",
            auth::AccountEmail::AddressChanged { .. } => "address_changed",
            auth::AccountEmail::AccountDeleted { .. } => "account_deleted",
        };
        let facts =
            self.accounts.facts(email).await.map_err(|why| JobEnd::Again { after: None, why })?;
        let Some(facts) = facts else {
            return Err(JobEnd::Done);
        };
        let language = facts.language;
        let context = AccountContext {
            name: facts
                .names
                .map(|names| greeted(language, &names.first, &names.last))
                .unwrap_or_default(),
            code: facts.code,
            until: facts.expires_at.map(|at| language.moment(at)),
            changed: facts.changed_at.map(|at| language.moment(at)),
        };
        Ok(Draft {
            to: facts.email,
            words: self.render(name, language, context)?,
            attachments: Vec::new(),
        })
    }

    async fn order_draft(
        &self,
        name: &str,
        order_id: Uuid,
        payment: Option<i32>,
    ) -> Result<Draft, JobEnd> {
        let rows = self.order(order_id).await?;
        let facts = OrderFacts::of(&rows, payment, &self.describe);
        let words = self.render(name, Language::stored(&rows.account.language), facts)?;
        Ok(Draft { to: rows.account.email, words, attachments: Vec::new() })
    }

    async fn return_draft(&self, order_id: Uuid, line: i32, kept: bool) -> Result<Draft, JobEnd> {
        let rows = self.order(order_id).await?;
        let facts = ReturnFacts::of(&rows, line, kept, &self.describe);
        let facts = facts.ok_or_else(|| JobEnd::Dead { why: "there is no such line".into() })?;
        let words =
            self.render("ticket_return", Language::stored(&rows.account.language), facts)?;
        Ok(Draft { to: rows.account.email, words, attachments: Vec::new() })
    }

    async fn finished_draft(&self, order_id: Uuid, attempt: i32) -> Result<Draft, JobEnd> {
        let rows = self.order(order_id).await?;
        let mut facts = OrderFacts::of(&rows, None, &self.describe);
        let mut attachments = Vec::new();
        if let Some(number) = &rows.invoice {
            attachments.extend(self.invoice(number, attempt).await?);
        }
        facts.attached = !attachments.is_empty();
        let words =
            self.render("order_finished", Language::stored(&rows.account.language), facts)?;
        Ok(Draft { to: rows.account.email, words, attachments })
    }

    async fn order(&self, id: Uuid) -> Result<OrderRows, JobEnd> {
        let read = self
            .io
            .read(move |db| Box::pin(async move { Ok::<_, IoError>(store::order(db, id).await?) }))
            .await;
        let rows = read.map_err(|error| JobEnd::Again { after: None, why: error.to_string() })?;
        let rows = rows.ok_or_else(|| JobEnd::Dead { why: "there is no such order".into() })?;
        // whoever has deleted the account wants no more e-mails, and has no address here
        if rows.account.erased_at.is_some() { Err(JobEnd::Done) } else { Ok(rows) }
    }

    async fn invoice(
        &self,
        number: &InvoiceNumber,
        attempt: i32,
    ) -> Result<Option<Attachment>, JobEnd> {
        match self.archive.document(number).await {
            Ok((_path, content)) => Ok(Some(Attachment {
                name: format!("{number}.pdf"),
                media_type: "application/pdf",
                content: content.into(),
            })),
            Err(error) if attempt < WITHOUT_INVOICE => {
                Err(JobEnd::Again { after: None, why: error.to_string() })
            }
            Err(error) => {
                tracing::error!(event = "email.without_invoice", invoice.number = %number, error = %error, "an e-mail leaves without its invoice");
                Ok(None)
            }
        }
    }

    fn render(
        &self,
        name: &str,
        language: Language,
        facts: impl Serialize,
    ) -> Result<Rendered, JobEnd> {
        templates::render(name, language, &self.head, facts)
            .map_err(|error| JobEnd::Dead { why: format!("it cannot be rendered: {error}") })
    }
}

/// The same sender for the jobs that an older version leaves to this one.
pub struct Notices(pub Rc<Sender>);

impl Handler for Notices {
    fn kind(&self) -> &'static str {
        auth::NOTICE_JOB
    }

    fn run(&self, job: Job) -> LocalBoxFuture<'_, JobEnd> {
        self.0.run(job)
    }
}

/// The same in every repeat of a job, so that an e-mail that was sent twice is recognised as one.
fn message_id(dedup_key: &str, domain: &str) -> String {
    let hash: String =
        Sha256::digest(dedup_key).iter().take(16).map(|byte| format!("{byte:02x}")).collect();
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
