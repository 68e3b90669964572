//! The provider's own books of money: every transaction, what was taken and what went back, and
//! since when they show it.

use std::collections::BTreeMap;
use std::time::Duration;

use starjack::clock;
use starjack::integrations::payment::{CreditAmount, History, Observed, ObservedState, StatusKey};
use starjack::integrations::{Outcome, RefusalKind};
use starjack::money::Cents;
use tokio::time::Instant;

use super::invariants::{Invariant, Violation};
use super::ledger::{Ledger, no_more, place};

/// The most status calls that the provider answers about a transaction, ever.
pub(crate) const STATUS_CALLS: u32 = 3;

/// One payment.
#[derive(Clone, Debug, Default)]
pub(crate) struct Transaction {
    /// The page's reference.
    pub(crate) page: String,
    pub(crate) amount: Cents,
    pub(crate) reserved: bool,
    pub(crate) reversed: bool,
    pub(crate) captured: Cents,
    pub(crate) credited: Cents,
    /// What the payer's bank took back.
    pub(crate) charged_back: Cents,
    /// What our staff sent by bank transfer, of which the provider knows nothing.
    pub(crate) transferred: Cents,
    /// What went back, was released or failed without us: at the provider's portal, or by itself.
    pub(crate) without_us: Cents,
    /// Its bank has not decided yet.
    pub(crate) waits: bool,
    /// The attempt failed, or what was reserved did.
    pub(crate) failed: bool,
    /// Its method has no credits.
    pub(crate) no_credits: bool,
    /// Its card is closed until then: whatever is credited to it is declined.
    pub(crate) closed_until: Option<Instant>,
    /// Status and history do not show before that it was billed.
    pub(crate) billed_seen_at: Option<Instant>,
    /// Status and history do not show before that it was charged back.
    pub(crate) taken_seen_at: Option<Instant>,
    /// Status does not know at all what it does not show yet; otherwise it shows something that
    /// waits.
    pub(crate) hidden: bool,
    /// How many status calls the provider has counted.
    pub(crate) calls: u32,
    /// When its books were last read for us, or money of it was last to move for us.
    pub(crate) moved_at: Option<Instant>,
}

impl Transaction {
    /// What is held of it, whatever the provider's books show already.
    pub(crate) fn held(&self) -> Cents {
        self.captured - self.credited - self.charged_back - self.transferred
    }

    /// Whether somebody else than us moved its money, or its money can go back by bank transfer.
    pub(crate) fn is_not_ours_alone(&self) -> bool {
        self.without_us + self.charged_back + self.transferred > 0
            || self.no_credits
            || self.closed_until.is_some()
    }

    /// Whether anything of it was under way for us a moment ago.
    pub(crate) fn is_moving(&self, for_so_long: Duration) -> bool {
        self.moved_at.is_some_and(|at| clock::instant() < at + for_so_long)
    }

    /// Whether the books show all of it.
    pub(crate) fn is_shown(&self) -> bool {
        self.is_billed_seen() && is_over(self.taken_seen_at)
    }

    fn is_billed_seen(&self) -> bool {
        is_over(self.billed_seen_at)
    }

    fn charge_back_seen(&self) -> Cents {
        if is_over(self.taken_seen_at) { self.charged_back } else { 0 }
    }

    /// What it is to the provider's status.
    fn seen(&self) -> ObservedState {
        match (self.captured, self.credited) {
            _ if self.waits => ObservedState::Suspended,
            _ if self.failed => ObservedState::Failed,
            _ if self.reserved => ObservedState::Reserved,
            _ if !self.is_billed_seen() => ObservedState::Suspended,
            _ if self.charge_back_seen() > 0 => ObservedState::ChargedBack,
            (0, _) => ObservedState::Reversed,
            (_, 0) => ObservedState::Billed,
            // in whatever part
            _ => ObservedState::Credited,
        }
    }
}

fn is_over(moment: Option<Instant>) -> bool {
    moment.is_none_or(|at| at <= clock::instant())
}

impl Ledger {
    /// A payer pays a page; answers the transaction's id.
    pub(crate) fn pay(&mut self, page: &str, amount: Cents, reserved: bool) -> String {
        let captured = if reserved { 0 } else { amount };
        self.transact(Transaction {
            page: page.to_owned(),
            amount,
            reserved,
            captured,
            ..Transaction::default()
        })
    }

    /// Writes a new transaction down; answers its id.
    pub(crate) fn transact(&mut self, transaction: Transaction) -> String {
        self.money.push(transaction);
        (self.money.len() - 1).to_string()
    }

    /// The page of a transaction.
    pub(crate) fn page_of(&self, tid: &str) -> String {
        self.money[place(tid)].page.clone()
    }

    /// The page of a transaction whose books are read, or whose money moves, for us.
    pub(crate) fn move_of(&mut self, tid: &str) -> String {
        let money = &mut self.money[place(tid)];
        money.moved_at = Some(clock::instant());
        money.page.clone()
    }

    pub(crate) fn capture(&mut self, tid: &str, amount: Cents) -> Outcome<()> {
        let money = &mut self.money[place(tid)];
        if money.failed {
            return declined();
        }
        if !money.reserved || amount > money.amount {
            return already();
        }
        (money.reserved, money.captured) = (false, amount);
        Outcome::Done(())
    }

    pub(crate) fn reverse(&mut self, tid: &str) -> Outcome<()> {
        let money = &mut self.money[place(tid)];
        if money.failed {
            return declined();
        }
        if !money.reserved {
            return already();
        }
        (money.reserved, money.reversed) = (false, true);
        self.look_at_money_that_went_back(tid);
        Outcome::Done(())
    }

    /// A ticket is cancelled before its money goes back: what is left must pay for what is on the
    /// cards. What went without us, and tickets that were used and that our staff let go, are
    /// nobody's mistake.
    fn look_at_money_that_went_back(&mut self, tid: &str) {
        let page = self.money[place(tid)].page.clone();
        let Some((number, _)) = page.rsplit_once('-') else { return };
        let own = |reference: &str| reference.rsplit_once('-').is_some_and(|(of, _)| of == number);
        let left = self.money.iter().filter(|money| own(&money.page)).map(|money| {
            let reserved = if money.reserved { money.amount } else { 0 };
            reserved + money.captured - money.credited + money.without_us
        });
        let live = self.tickets.iter().filter(|ticket| ticket.live && own(&ticket.reference));
        let live = live
            .filter(|ticket| !self.outlived.contains(&ticket.reference) && !self.is_let_go(ticket));
        let prices: BTreeMap<_, _> =
            live.map(|ticket| (&ticket.reference, ticket.order.price)).collect();
        let (left, due): (Cents, Cents) = (left.sum(), prices.values().sum());
        if left < due {
            let says = format!("{page} went back to {left} while tickets of {due} are live");
            self.slips.push(Violation { invariant: Invariant::TicketsFirst, says });
        }
    }

    pub(crate) fn credit(&mut self, tid: &str, amount: CreditAmount) -> Outcome<()> {
        let money = &mut self.money[place(tid)];
        let amount = match amount {
            CreditAmount::Full => money.captured,
            CreditAmount::Part(amount) => amount,
        };
        if money.no_credits {
            return Outcome::Refused(no_more(RefusalKind::NotCreditable));
        }
        let is_closed = money.closed_until.is_some() && !is_over(money.closed_until);
        if is_closed || amount == 0 || money.credited + money.charged_back + amount > money.captured
        {
            return declined();
        }
        money.credited += amount;
        self.look_at_money_that_went_back(tid);
        Outcome::Done(())
    }

    pub(crate) fn history(&self, tid: &str) -> Outcome<History> {
        let money = &self.money[place(tid)];
        if !money.is_billed_seen() {
            return Outcome::Done(History::default());
        }
        let captured = money.captured;
        let credited = money.credited;
        let reversed = money.reversed;
        Outcome::Done(History {
            captured,
            credited,
            reversed,
            charged_back: money.charge_back_seen(),
        })
    }

    /// What is reserved, newest first.
    pub(crate) fn open_payments(&self) -> Vec<Observed> {
        (0..self.money.len())
            .rev()
            .filter(|no| self.money[*no].reserved)
            .map(|no| self.observed(no))
            .collect()
    }

    /// The provider counts each call for the transaction that it answers, and denies all after the
    /// third.
    pub(crate) fn status(&mut self, key: &StatusKey) -> Outcome<Option<Observed>> {
        let is_known = |money: &Transaction| !money.hidden || money.is_billed_seen();
        let no = match key {
            StatusKey::Tid(tid) => Some(place(tid)),
            StatusKey::Page(page) => {
                self.money.iter().rposition(|money| money.page == page.as_str() && is_known(money))
            }
        };
        let Some(no) = no else { return Outcome::Done(None) };
        if self.money[no].calls >= STATUS_CALLS {
            return declined();
        }
        self.money[no].calls += 1;
        Outcome::Done(is_known(&self.money[no]).then(|| self.observed(no)))
    }

    /// How the provider shows a transaction.
    pub(crate) fn observed(&self, no: usize) -> Observed {
        let money = &self.money[no];
        let reference = money.page.clone();
        let currency = "EUR".to_owned();
        // of whatever part went back, the sum that was taken
        let amount = if money.captured > 0 { money.captured } else { money.amount };
        Observed { tid: no.to_string(), reference, state: money.seen(), amount, currency }
    }
}

/// What others do to a transaction, without us.
impl Ledger {
    /// Its bank decides about what waited.
    pub(crate) fn decide_payment(&mut self, no: usize, billed: bool) {
        let money = &mut self.money[no];
        (money.waits, money.failed) = (false, !billed);
        money.captured = if billed { money.amount } else { 0 };
    }

    /// What was reserved is not any more, and nobody said why.
    pub(crate) fn fail_reservation(&mut self, no: usize) -> bool {
        let money = &mut self.money[no];
        let fails = money.reserved;
        if fails {
            (money.reserved, money.failed, money.without_us) = (false, true, money.amount);
        }
        fails
    }

    /// Somebody releases it, or gives back the whole or a part of it, at the provider's portal;
    /// answers how much.
    pub(crate) fn give_back_at_portal(&mut self, no: usize, wanted: Option<Cents>) -> Cents {
        let money = &mut self.money[no];
        let left = money.held();
        let back = if money.reserved { money.amount } else { wanted.unwrap_or(left).min(left) };
        if money.reserved {
            (money.reserved, money.reversed) = (false, true);
        } else {
            money.credited += back;
        }
        money.without_us += back;
        back
    }

    /// The payer's bank takes back what is left of it, which the books show after a while; answers
    /// how much.
    pub(crate) fn charge_back(&mut self, no: usize, shown_after: Duration) -> Cents {
        let money = &mut self.money[no];
        let left = money.held();
        if left > 0 {
            money.charged_back += left;
            money.taken_seen_at = Some(clock::instant() + shown_after);
        }
        left
    }
}

fn declined<T>() -> Outcome<T> {
    Outcome::Refused(no_more(RefusalKind::PaymentDeclined))
}

fn already() -> Outcome<()> {
    Outcome::Unknown("already done".to_owned())
}
