//! Carrying out what staff agreed to. Every attempt looks first, so that it may run twice; a
//! case is closed once both sides say the same, and asked about anew where that cannot be.

use std::time::Duration;

use chrono::Utc;

use super::compare::{self, Action, Kind};
use super::desk::ReconcileDesk;
use super::orphans;
use super::run::ticket_of;
use super::store::cases::{self, Agreed};
use super::store::our_records::{self, OurLine};
use crate::actors::jobs::JobEnd;
use crate::actors::order::rules::lifecycle::{LineState, PaymentState};
use crate::actors::order::rules::record::Payment;
use crate::actors::order::{Again, ChangeError};
use crate::actors::payment::MoneyMove;
use crate::clock;
use crate::ids::Reference;
use crate::integrations::lift::{Found, FoundState};
use crate::integrations::{Outcome, RefusalKind};
use crate::io::IoError;

/// Pause before the outside is asked again that did not answer.
pub(super) const PAUSE: Duration = Duration::from_secs(5);
/// Pause before it is looked at again whether the order has followed.
const FOLLOW: Duration = Duration::from_secs(1);

/// What stands in the way of mending, for now or for good.
pub(super) enum Stop {
    /// The outside cannot be asked, or has not come so far: an attempt that does not count.
    Later(Duration, String),
    /// The order has not followed yet: an attempt that counts.
    Again(String),
    /// It cannot be done; another suggestion, if there is one.
    Never(Option<Action>, String),
}

impl From<IoError> for Stop {
    fn from(error: IoError) -> Self {
        Self::Again(error.to_string())
    }
}

impl From<ChangeError> for Stop {
    fn from(error: ChangeError) -> Self {
        match error {
            ChangeError::Io(error) => error.into(),
            other @ (ChangeError::Unknown
            | ChangeError::TooLate(_)
            | ChangeError::NotPaying(_)
            | ChangeError::TooManyPages
            | ChangeError::Not(_)
            | ChangeError::Return(_)) => Self::Never(None, other.to_string()),
        }
    }
}

/// Carries out what was agreed to in a case; twice is once.
pub(super) async fn mend(books: &ReconcileDesk, case: Agreed) -> JobEnd {
    let done = match case.action {
        Action::Withdraw => withdraw(books, &case).await,
        Action::IssueAgain => issue_again(books, &case).await,
        Action::GiveBack if case.line_no.is_none() => orphans::give_back(books, &case).await,
        Action::GiveBack => give_back(books, &case).await,
        Action::LookAgain => look_again(books, &case).await,
        Action::Book => book(books, &case).await,
        Action::Release => release(books, &case).await,
    };
    let end = match done {
        Ok(()) => cases::close_applied(&books.io, case.id).await,
        Err(Stop::Later(after, why)) => return JobEnd::Later { after, why },
        Err(Stop::Again(why)) => return JobEnd::Again { after: Some(FOLLOW), why },
        Err(Stop::Never(action, why)) => cases::ask_anew(&books.io, case.id, action, why).await,
    };
    match end {
        Ok(()) => JobEnd::Done,
        Err(error) => JobEnd::Again { after: None, why: error.to_string() },
    }
}

async fn withdraw(books: &ReconcileDesk, case: &Agreed) -> Result<(), Stop> {
    let line = line_of(books, case).await?;
    let sold = line.as_ref().is_some_and(|line| line.state == LineState::Issued);
    let known = line.as_ref().and_then(|line| line.handle.as_deref());
    let found = find(books, case).await?;
    for extra in compare::too_many(sold, known, &found) {
        if extra.state == FoundState::Pending {
            return Err(Stop::Later(
                FOLLOW,
                "a booking that is too much is not final yet".to_owned(),
            ));
        }
        match books.lift.cancel(operator(case)?, extra.booking.clone(), books.may_write()).await {
            Outcome::Done(()) => {}
            Outcome::Refused(refusal) if refusal.kind == RefusalKind::TicketUsed => {}
            Outcome::Refused(refusal) => {
                return Err(Stop::Never(None, refusal.kind.slug().to_owned()));
            }
            other @ (Outcome::NotSent(_) | Outcome::Pending { .. } | Outcome::Unknown(_)) => {
                return Err(Stop::Later(PAUSE, other.why()));
            }
        }
    }
    agree(books, case).await
}

async fn issue_again(books: &ReconcileDesk, case: &Agreed) -> Result<(), Stop> {
    let line = line_of(books, case).await?.ok_or_else(no_line)?;
    let today = today(books, case)?;
    let found = find(books, case).await?;
    match compare::ticket(Some(&ticket_of(&line)), &found, today) {
        Some(difference) if difference.action == Some(Action::IssueAgain) => {}
        Some(difference) if difference.kind == Kind::TicketMissing => {
            return Err(Stop::Never(difference.action, "it cannot be used any more".to_owned()));
        }
        Some(_) | None => return agree(books, case).await,
    }
    match books.orders.issue_again(line.order_id, line.no).await? {
        Again::Stands => agree(books, case).await,
        Again::Later(after, why) => Err(Stop::Later(after, why)),
        Again::Refused(why) => Err(Stop::Never(Some(Action::GiveBack), why)),
    }
}

async fn give_back(books: &ReconcileDesk, case: &Agreed) -> Result<(), Stop> {
    let line = line_of(books, case).await?.ok_or_else(no_line)?;
    let found = find(books, case).await?;
    if found.iter().any(|found| found.state != FoundState::Cancelled) {
        return agree(books, case).await;
    }
    books.orders.give_back_line(line.order_id, line.no).await?;
    let order = books.orders.store().load(line.order_id).await?.ok_or_else(no_line)?;
    // what a bank took back is not held any more
    let holds =
        |row: &&Payment| order.wanted == Some(row.no) && row.state != PaymentState::ChargedBack;
    let rest = order.payments.iter().filter(holds).map(Payment::held).sum::<i64>();
    if rest > order.issued_total() {
        return Err(Stop::Later(PAUSE, "the money has not gone back yet".to_owned()));
    }
    Ok(())
}

async fn look_again(books: &ReconcileDesk, case: &Agreed) -> Result<(), Stop> {
    let (Some(order), Some(no)) = (case.order_id, case.payment_no) else { return Err(no_line()) };
    let history = history(books, case).await?;
    let ours = our_records::payment_of(&books.io, case.subject.clone()).await?;
    match ours.map(|ours| compare::money(&ours.money, &history)) {
        Some(None) => return Ok(()),
        Some(Some(other)) if other.action != Some(Action::LookAgain) => {
            return Err(Stop::Never(
                other.action,
                "by now the books differ in another way".to_owned(),
            ));
        }
        Some(Some(_)) | None => {}
    }
    // what was released, or went back wholly, is not opened again
    let known = books.orders.store().load(order).await?.ok_or_else(no_line)?;
    let is_over = |state: PaymentState| {
        state == PaymentState::Reversed
            || (state == PaymentState::Returned && history.charged_back == 0)
    };
    if known.payments.iter().any(|row| row.no == no && is_over(row.state)) {
        return Err(Stop::Never(
            None,
            "only staff can tell why the provider moved more".to_owned(),
        ));
    }
    books.orders.look_again(order, no).await?;
    Err(Stop::Later(PAUSE, "the order has not followed the provider's books yet".to_owned()))
}

async fn book(books: &ReconcileDesk, case: &Agreed) -> Result<(), Stop> {
    let (Some(order), Some(no)) = (case.order_id, case.payment_no) else { return Err(no_line()) };
    let history = history(books, case).await?;
    books.orders.book_credit(order, no, history.credited).await?;
    if money_agrees(books, case).await? {
        Ok(())
    } else {
        Err(Stop::Later(PAUSE, "the books differ still".to_owned()))
    }
}

async fn release(books: &ReconcileDesk, case: &Agreed) -> Result<(), Stop> {
    if case.order_id.is_none() {
        orphans::tickets_first(books, case).await?;
    }
    if history(books, case).await?.reversed {
        return Ok(());
    }
    let release = MoneyMove::Reverse(case.subject.clone());
    match books.payment.move_money(release, books.may_write()).await {
        Outcome::Done(()) if history(books, case).await?.reversed => Ok(()),
        Outcome::Done(()) => Err(Stop::Again("the provider's books do not show it yet".to_owned())),
        Outcome::Refused(refusal) => Err(Stop::Never(None, refusal.code)),
        other @ (Outcome::NotSent(_) | Outcome::Pending { .. } | Outcome::Unknown(_)) => {
            Err(Stop::Later(PAUSE, other.why()))
        }
    }
}

/// Whether both sides say the same of a payment that has come to rest.
async fn money_agrees(books: &ReconcileDesk, case: &Agreed) -> Result<bool, Stop> {
    let ours = our_records::payment_of(&books.io, case.subject.clone()).await?;
    let history = history(books, case).await?;
    Ok(ours.is_some_and(|ours| compare::money(&ours.money, &history).is_none()))
}

pub(super) async fn history(
    books: &ReconcileDesk,
    case: &Agreed,
) -> Result<crate::integrations::payment::History, Stop> {
    let told = books.payment.history(case.subject.clone()).await.told();
    told.map_err(|why| Stop::Later(PAUSE, why))
}

/// Whether both sides say the same of a ticket now; what is left is another case's, or a person's.
/// Which booking stands is kept, for whoever cancels it later.
async fn agree(books: &ReconcileDesk, case: &Agreed) -> Result<(), Stop> {
    let line = line_of(books, case).await?;
    let found = find(books, case).await?;
    let mut standing = found.iter().filter(|found| found.state != FoundState::Cancelled);
    if let (Some(line), Some(only), None) = (&line, standing.next(), standing.next()) {
        books.orders.keep_booking(line.order_id, line.no, only.booking.clone()).await?;
    }
    match compare::ticket(line.as_ref().map(ticket_of).as_ref(), &found, today(books, case)?) {
        None => Ok(()),
        Some(difference)
            if difference.kind == Kind::TicketUsed || (line.is_none() && is_used(&found)) =>
        {
            Err(Stop::Never(None, "ticket_used".to_owned()))
        }
        Some(_) => Err(Stop::Again("the operator's books differ still".to_owned())),
    }
}

fn is_used(found: &[Found]) -> bool {
    found.iter().any(|found| found.state == FoundState::Used)
}

async fn find(books: &ReconcileDesk, case: &Agreed) -> Result<Vec<Found>, Stop> {
    let reference = Reference::stored(case.subject.clone());
    let told = books.lift.find(operator(case)?, reference, books.may_write()).await.told();
    told.map_err(|why| Stop::Later(PAUSE, why))
}

/// The line of the case's reference, if there is one; one that is still driven is not touched.
async fn line_of(books: &ReconcileDesk, case: &Agreed) -> Result<Option<OurLine>, Stop> {
    let line =
        our_records::lines_of(&books.io, vec![case.subject.clone()]).await?.remove(&case.subject);
    match line {
        Some(line) if !line.rests => Err(Stop::Later(PAUSE, "its order has not ended".to_owned())),
        line => Ok(line),
    }
}

fn operator(case: &Agreed) -> Result<&str, Stop> {
    case.operator
        .as_deref()
        .ok_or_else(|| Stop::Never(None, "the case names no operator".to_owned()))
}

fn today(books: &ReconcileDesk, case: &Agreed) -> Result<chrono::NaiveDate, Stop> {
    let contract = books.lift.contract(operator(case)?);
    Ok(contract.map_or_else(
        || clock::now().with_timezone(&Utc).date_naive(),
        |contract| clock::now().with_timezone(&contract.time_zone).date_naive(),
    ))
}

fn no_line() -> Stop {
    Stop::Never(None, "there is no such line or payment of ours".to_owned())
}
