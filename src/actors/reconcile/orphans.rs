//! What stands at the suppliers under references of ours that these books do not know: sold before
//! a backup was restored that is older. Whoever has such a ticket may have paid for it, so ticket
//! and money are one question: the money is looked for under the ticket's order number, and goes
//! back only after the tickets.

use super::apply::{PAUSE, Stop, history};
use super::compare::{Action, Difference, Kind};
use super::desk::ReconcileDesk;
use super::run::Comparing;
use super::store::cases::{About, Agreed};
use super::store::our_records;
use crate::actors::order::rules::payment_pages::MOST_PAGES;
use crate::actors::payment::MoneyMove;
use crate::ids::{self, OrderNumber};
use crate::integrations::payment::{CreditAmount, Observed, ObservedState, StatusKey};
use crate::integrations::{Outcome, RefusalKind};
use crate::io::IoError;
use crate::money::Cents;

/// What the provider holds for an order that is not in the books.
#[derive(Debug)]
pub(super) struct Orphan {
    /// What each of its transactions holds, and the case that it becomes.
    pub(super) money: Vec<(Difference, About)>,
    /// In words, for the case of its ticket.
    pub(super) words: String,
    /// Whether all pages were told of; otherwise nothing is suggested for its tickets.
    pub(super) told: bool,
}

/// Looks for the money of an order that is not in the books. A look is a status call, of which a
/// transaction has three, ever: so only the first of its tickets has it done, the others are told
/// what came of it.
///
/// # Errors
/// The database's.
pub(super) async fn look(books: &ReconcileDesk, number: &str) -> Result<Orphan, IoError> {
    if let Some(words) = our_records::said_of_orphan(&books.io, number.to_owned()).await? {
        let told = !words.contains(NOT_TOLD);
        return Ok(Orphan { money: Vec::new(), words, told });
    }
    let order = OrderNumber::stored(number.to_owned());
    let mut money = Vec::new();
    let mut found = Vec::new();
    let mut told = true;
    for page in (1..).take(MOST_PAGES) {
        match books.payment.payment_status(StatusKey::Page(order.page(page))).await {
            Outcome::Done(None) => {}
            Outcome::Done(Some(seen)) => match held(books, &seen).await {
                Ok(0) => {}
                Ok(cents) => {
                    found.push(format!(
                        "{}.{:02} {} {:?}",
                        cents / 100,
                        cents % 100,
                        seen.currency,
                        seen.state
                    ));
                    money.push(case_of(&seen, cents));
                }
                Err(_why) => told = false,
            },
            Outcome::Refused(_)
            | Outcome::NotSent(_)
            | Outcome::Pending { .. }
            | Outcome::Unknown(_) => told = false,
        }
    }
    let words = match (told, found.is_empty()) {
        (false, _) => format!("{MONEY}{NOT_TOLD}, look in the provider's portal"),
        (true, true) => format!("{MONEY}none is held"),
        (true, false) => format!("{MONEY}{}, a case of its own", found.join(", ").to_lowercase()),
    };
    Ok(Orphan { money, words, told })
}

impl Comparing<'_> {
    /// Of a ticket that is none of ours only its own people can tell; of one that is named as ours
    /// the money is looked for first.
    pub(super) async fn differs_of_anybody(
        &mut self,
        mut difference: Difference,
        mut about: About,
    ) -> Result<(), IoError> {
        // beyond the last case nothing is written, so nobody is asked either: the calls are few
        if difference.kind == Kind::TicketUnknown && self.has_room() {
            match about.subject.split_once('-').filter(|_| ids::is_ticket(&about.subject)) {
                None => difference.action = None,
                Some((number, _)) => {
                    let orphan = look(self.books, number).await?;
                    difference.action = difference.action.filter(|_| orphan.told);
                    about.detail = format!("{}; {}", about.detail, orphan.words);
                    for (money, about) in orphan.money {
                        self.differs(money, about).await?;
                    }
                }
            }
        }
        self.differs(difference, about).await
    }
}

/// Before what is said of an order's money in the case of its ticket.
pub(super) const MONEY: &str = "money of the order: ";
const NOT_TOLD: &str = "not told";

/// What the provider still has of a transaction.
async fn held(books: &ReconcileDesk, seen: &Observed) -> Result<Cents, String> {
    match seen.state {
        ObservedState::Reserved => Ok(seen.amount),
        ObservedState::Failed | ObservedState::Reversed | ObservedState::ChargedBack => Ok(0),
        ObservedState::Suspended | ObservedState::Other => Err("undecided".to_owned()),
        ObservedState::Billed | ObservedState::Credited => {
            let history = books.payment.history(seen.tid.clone()).await.told()?;
            Ok(history.captured - history.credited - history.charged_back)
        }
    }
}

/// The case of money that is nobody's: what is reserved is released, what was taken is given back.
pub(super) fn case_of(seen: &Observed, amount: Cents) -> (Difference, About) {
    let reserved = seen.state == ObservedState::Reserved;
    let (action, theirs) =
        if reserved { (Action::Release, "reserved") } else { (Action::GiveBack, "billed") };
    let detail = format!("ours: nothing; theirs: {theirs} under {}", seen.reference);
    let about = About { subject: seen.tid.clone(), detail, ..About::default() };
    (Difference { kind: Kind::MoneyUnknown, action: Some(action), amount }, about)
}

/// Gives back what the provider holds for an order that is not in the books. A whole credit is
/// harmless to repeat: the provider never gives back more than was billed.
pub(super) async fn give_back(books: &ReconcileDesk, case: &Agreed) -> Result<(), Stop> {
    tickets_first(books, case).await?;
    let before = history(books, case).await?;
    if before.captured <= before.credited + before.charged_back {
        return Ok(());
    }
    if before.credited > 0 || before.charged_back > 0 {
        return Err(Stop::Never(
            None,
            "a part went back already: give back the rest at the provider".to_owned(),
        ));
    }
    let refund = MoneyMove::Credit(case.subject.clone(), CreditAmount::Full);
    match books.payment.move_money(refund, books.may_write()).await {
        Outcome::Done(()) if history(books, case).await?.credited >= before.captured => Ok(()),
        Outcome::Done(()) => Err(Stop::Again("the provider's books do not show it yet".to_owned())),
        Outcome::Refused(refusal) if refusal.kind == RefusalKind::NotCreditable => {
            Err(Stop::Never(None, "it cannot be credited: send it by bank transfer".to_owned()))
        }
        Outcome::Refused(refusal) => Err(Stop::Never(None, refusal.code)),
        other @ (Outcome::NotSent(_) | Outcome::Pending { .. } | Outcome::Unknown(_)) => {
            Err(Stop::Later(PAUSE, other.why()))
        }
    }
}

/// Money goes back after the tickets: nobody shall ski on what was paid back, and who keeps a
/// ticket has paid for it.
pub(super) async fn tickets_first(books: &ReconcileDesk, case: &Agreed) -> Result<(), Stop> {
    let page = case.detail.split_whitespace().find(|word| ids::is_page(word));
    let Some((number, _)) = page.and_then(|page| page.split_once('-')) else { return Ok(()) };
    let tickets = our_records::orphan_tickets(&books.io, number.to_owned()).await?;
    if tickets.iter().any(|ticket| ticket.kept) {
        return Err(Stop::Never(None, "a ticket of its order was kept: it is paid for".to_owned()));
    }
    if tickets.iter().any(|ticket| ticket.open && !ticket.agreed) {
        return Err(Stop::Never(
            Some(case.action),
            "agree to withdraw its tickets first".to_owned(),
        ));
    }
    if tickets.iter().any(|ticket| ticket.open) {
        return Err(Stop::Later(PAUSE, "its tickets are withdrawn first".to_owned()));
    }
    Ok(())
}
