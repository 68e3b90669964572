//! Our staff: refunds by hand what cannot be credited, deals with what waits for staff, and now
//! and then meddles.

use std::collections::BTreeMap;
use std::rc::Rc;

use chrono::TimeDelta;
use starjack::actors::cases::{self, Case, CaseQuery, CloseError};
use starjack::actors::order::StaffCommand;
use starjack::actors::order::rules::effects::{CaseKind, Closing};
use starjack::actors::order::rules::lifecycle::OrderState;
use starjack::actors::order::rules::payment::PAGE_NOT_ANSWERED;
use starjack::actors::order::rules::record::Order;
use starjack::clock;
use starjack::integrations::RefusalKind;
use uuid::Uuid;

use super::super::ledger::place;
use super::super::world::CUSTOMER;
use super::abilities::Ability;
use super::prng::Prng;
use super::workload::Town;

/// So long a mark, or a case, waits for staff.
const PATIENCE: TimeDelta = TimeDelta::seconds(150);
/// So long where everybody is at the gates.
const AWAY: TimeDelta = TimeDelta::minutes(40);

/// Transfers that are being booked, by their case.
type Transfers = BTreeMap<Uuid, Case>;

/// Somebody at the desk, who now and then meddles.
pub(crate) async fn desk(town: Rc<Town>, prng: Prng) {
    let meddles = prng.percent(20);
    let staff = prng.another();
    let is_away = town.abilities.has(Ability::Gates) && prng.percent(30);
    let patience = if is_away { AWAY } else { PATIENCE };
    let mut transfers = Transfers::new();
    loop {
        clock::sleep(prng.millis(15_000, 30_000)).await;
        let ids: Vec<Uuid> = town.accepted.borrow().iter().map(|(id, _)| *id).collect();
        for id in ids {
            let order = town.order(id);
            let may = matches!(
                order.state,
                OrderState::Authorised | OrderState::Issued | OrderState::Undoing
            );
            if meddles && may && prng.percent(10) {
                let command = prng.one(&[StaffCommand::Retry, StaffCommand::Undo]);
                if order.state == OrderState::Undoing && command == StaffCommand::Undo {
                    town.books.open().let_go.insert(order.number.to_string());
                }
                let granted =
                    town.ask(|desk| async move { desk.grant(id, command).await.is_ok() }).await;
                town.trace.note(|| format!("wished {command:?} {granted:?}"));
            }
            if is_called(&town, &order) {
                look_after(&town, (&staff, patience), &order).await;
            }
        }
        if !town.abilities.are_none() {
            transfer(&town, &mut transfers).await;
        }
    }
}

/// Where nobody outside does anything strange, time ends every mark but one: of a page whose calls
/// were all spent and lost only the provider's portal knows whether somebody paid at its last
/// moment.
fn is_called(town: &Town, order: &Order) -> bool {
    let mut open = order.marks().filter(|mark| !mark.accepted);
    !town.abilities.are_none() || open.all(|mark| mark.reason == PAGE_NOT_ANSWERED)
}

/// A mark waits for staff: something is asked again, undone, or taken as it is, until nobody is
/// needed any more. Of a ticket that was used while its order is undone, staff says whether it is
/// paid or let go.
async fn look_after(town: &Town, (prng, patience): (&Prng, TimeDelta), order: &Order) {
    let mut since = order.marks().filter(|mark| !mark.accepted).map(|mark| mark.since);
    if since.next().is_none_or(|since| clock::now() < since + patience) {
        return;
    }
    let used = order.marks().any(|mark| mark.reason == RefusalKind::TicketUsed.slug());
    let command = prng.one(&[
        StaffCommand::Retry,
        StaffCommand::Accept,
        StaffCommand::Accept,
        StaffCommand::Undo,
    ]);
    if used && order.state == OrderState::Undoing && command == StaffCommand::Undo {
        town.books.open().let_go.insert(order.number.to_string());
    }
    // whoever says that nothing is reserved has looked at the provider's portal
    let command = if command == StaffCommand::Accept && is_reserved_still(town, order) {
        StaffCommand::Retry
    } else {
        command
    };
    let id = order.id;
    let granted = town.ask(|desk| async move { desk.grant(id, command).await.map(drop) }).await;
    if used
        && order.state == OrderState::Undoing
        && command == StaffCommand::Accept
        && matches!(granted, Some(Ok(())))
    {
        // an earlier word of staff did not arrive, and the tickets were kept
        town.books.open().let_go.remove(&order.number.to_string());
    }
    town.trace.note(|| format!("staff wished {command:?} {granted:?}"));
}

/// Whether the provider holds a reservation of which staff was called because its release is
/// refused.
fn is_reserved_still(town: &Town, order: &Order) -> bool {
    let refused = order.payments.iter().filter(|row| {
        row.attention
            .as_ref()
            .is_some_and(|mark| !mark.accepted && mark.reason == "money_back_refused")
    });
    let ledger = town.books.open();
    refused.filter_map(|row| row.tid.as_ref()).any(|tid| ledger.money[place(tid)].reserved)
}

/// What is owed is booked and then sent by bank transfer, once for each case, and not at all where
/// it went back otherwise.
async fn transfer(town: &Town, transfers: &mut Transfers) {
    let owed = CaseQuery {
        open: true,
        kind: Some(CaseKind::Owed),
        oldest_first: true,
        after: None,
        limit: 100,
    };
    let cases = town.database.without_faults(cases::Desk::new(town.store.io()).list(owed)).unwrap();
    let due = cases.into_iter().filter(|case| clock::now() > case.opened_at + PATIENCE);
    transfers.extend(due.map(|case| (case.id, case)));
    let mut left = Transfers::new();
    for (id, case) in std::mem::take(transfers) {
        let no = place(case.transaction.as_ref().unwrap());
        if !is_as_we_know(town, &case, no) {
            continue;
        }
        let reason = "sent by bank transfer".to_owned();
        let closing = Closing {
            case: id,
            by: CUSTOMER,
            reason,
            bank_reference: Some(format!("transfer {id}")),
        };
        let booked = town.ask(|desk| async move { desk.owed_is_paid(closing).await }).await;
        town.trace.note(|| {
            format!("transferred {} {:?}", case.amount, booked.as_ref().map(Result::is_ok))
        });
        match booked {
            Some(Ok(_)) => {
                town.books.open().money[no].transferred += case.amount;
            }
            // nobody knows yet whether it was booked
            Some(Err(CloseError::Io(_))) | None => drop(left.insert(id, case)),
            Some(Err(CloseError::Unknown | CloseError::Closed(_) | CloseError::Owed)) => {}
        }
    }
    *transfers = left;
}

/// Whoever sends money looks into the provider's books before: what was given back there without us
/// is written down first. And who works there sees that it is being sent.
fn is_as_we_know(town: &Town, case: &Case, no: usize) -> bool {
    let order = town.order(case.order_id.unwrap());
    let row = order.payments.iter().find(|row| Some(row.no) == case.payment_no);
    let mut ledger = town.books.open();
    let money = &mut ledger.money[no];
    money.moved_at = Some(clock::instant());
    row.is_some_and(|row| money.credited <= row.returned - row.transferred)
}
