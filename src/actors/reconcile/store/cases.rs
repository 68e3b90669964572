//! The cases that differences open: once each, agreed to once, closed when both sides say the same.

use uuid::Uuid;

use crate::actors::cases::Opening;
use crate::actors::cases::store::{opened, shown};
use crate::actors::jobs::{self, NewJob};
use crate::actors::reconcile::compare::{Action, Difference};
use crate::clock;
use crate::io::{Io, IoError};

/// The kind of the jobs that carry out what was agreed to.
pub(in crate::actors::reconcile) const MEND_JOB: &str = "mend";
/// How a case is closed once both sides say the same.
pub(in crate::actors::reconcile) const APPLIED: &str = "mended";

/// Whose difference it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::actors::reconcile) struct About {
    /// The reference, the transaction or the series.
    pub(in crate::actors::reconcile) subject: String,
    pub(in crate::actors::reconcile) operator: Option<String>,
    pub(in crate::actors::reconcile) order_id: Option<Uuid>,
    pub(in crate::actors::reconcile) line_no: Option<i32>,
    pub(in crate::actors::reconcile) payment_no: Option<i32>,
    /// Both sides in words, without personal data.
    pub(in crate::actors::reconcile) detail: String,
}

/// A case that was agreed to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::actors::reconcile) struct Agreed {
    pub(in crate::actors::reconcile) id: Uuid,
    pub(in crate::actors::reconcile) subject: String,
    pub(in crate::actors::reconcile) operator: Option<String>,
    pub(in crate::actors::reconcile) order_id: Option<Uuid>,
    pub(in crate::actors::reconcile) line_no: Option<i32>,
    pub(in crate::actors::reconcile) payment_no: Option<i32>,
    pub(in crate::actors::reconcile) action: Action,
    /// Both sides in words, as they were.
    pub(in crate::actors::reconcile) detail: String,
}

/// Opens the case of a difference, unless it is known; answers whether it is new. One that was
/// repaired and differs again is.
pub(in crate::actors::reconcile) async fn open(
    io: &Io,
    difference: Difference,
    about: About,
) -> Result<bool, IoError> {
    let write = io.write(move |tx| {
        Box::pin(async move {
            let kind = difference.kind.word();
            let before = shown::count_closed(tx, kind, &about.subject, APPLIED).await?;
            let place = about.operator.clone().unwrap_or_default();
            let opening = Opening {
                kind,
                key: format!("{place}/{}/{before}", about.subject),
                detail: about.detail,
                reason: None,
                amount: Some(difference.amount),
                order: about.order_id,
                payment: about.payment_no,
                line: about.line_no,
                operator: about.operator,
                subject: Some(about.subject),
                action: difference.action.map(Action::word),
            };
            Ok::<_, IoError>(opened::open(tx, opening).await?)
        })
    });
    write.await
}

/// Notes that staff agrees to what is suggested, and asks for its job; twice is once. `None` for
/// a case that is closed, is unknown or suggests nothing.
pub(in crate::actors::reconcile) async fn agree(
    io: &Io,
    id: Uuid,
    by: Uuid,
) -> Result<Option<()>, IoError> {
    let write = io.write(move |tx| {
        Box::pin(async move {
            let now = clock::now();
            let Some(is_new) = opened::agree(tx, id, by, now).await? else { return Ok(None) };
            if is_new {
                let payload = format!("{{\"case\":\"{id}\"}}");
                // a case whose suggestion changed is agreed to anew
                let dedup_key = format!("{MEND_JOB}/{id}/{}", now.timestamp_micros());
                jobs::enqueue(tx, NewJob { kind: MEND_JOB, payload, dedup_key, run_at: now })
                    .await?;
            }
            Ok::<_, IoError>(Some(()))
        })
    });
    write.await
}

/// A case that was agreed to and is still open.
pub(in crate::actors::reconcile) async fn agreed(
    io: &Io,
    id: Uuid,
) -> Result<Option<Agreed>, IoError> {
    let read =
        io.read(move |db| Box::pin(async move { Ok::<_, IoError>(shown::find(db, id).await?) }));
    let case = read.await?.filter(|case| case.closed.is_none() && case.agreed_at.is_some());
    Ok(case.and_then(|case| {
        Some(Agreed {
            id: case.id,
            subject: case.subject?,
            operator: case.operator,
            order_id: case.order_id,
            line_no: case.line_no,
            payment_no: case.payment_no,
            action: Action::of(&case.action?)?,
            detail: case.detail,
        })
    }))
}

/// Closes a case because both sides say the same.
pub(in crate::actors::reconcile) async fn close_applied(io: &Io, id: Uuid) -> Result<(), IoError> {
    let write = io.write(move |tx| {
        Box::pin(async move { Ok::<_, IoError>(opened::close_agreed(tx, id, APPLIED).await?) })
    });
    write.await
}

/// Asks staff anew, with another suggestion or none: what was agreed to cannot be done.
pub(in crate::actors::reconcile) async fn ask_anew(
    io: &Io,
    id: Uuid,
    action: Option<Action>,
    why: String,
) -> Result<(), IoError> {
    let action = action.map(Action::word);
    let write = io.write(move |tx| {
        Box::pin(async move { Ok::<_, IoError>(opened::ask_anew(tx, id, action, &why).await?) })
    });
    write.await
}
