//! What happens to money behind our back: at the provider's portal, at the payer's bank, and by
//! itself.

use std::rc::Rc;
use std::time::Duration;

use starjack::clock;
use starjack::integrations::payment::ObservedState;

use super::super::ledger::place;
use super::abilities::Ability;
use super::payers::{Claimed, report};
use super::prng::Prng;
use super::workload::Town;

/// Portal staff looks at the transaction too: nobody moves what moved a moment ago, for of two who
/// give back the same money at once no rule of one side makes one.
const QUIET: Duration = Duration::from_secs(40);
/// So often it is looked whether it is quiet; then it is left alone.
const LOOKS: u32 = 20;
/// So often it is looked whether a ticket was booked.
const BOOKED: u32 = 1000;

/// Everything that will be done to a transaction that was just made.
pub(super) fn begin(town: &Rc<Town>, prng: &Prng, tid: &str) {
    let no = place(tid);
    let mut ledger = town.books.open();
    let money = &mut ledger.money[no];
    money.no_credits = town.abilities.has(Ability::NoCredits) && prng.percent(50);
    if town.abilities.has(Ability::ClosedCards) && prng.percent(60) {
        let closed = prng.one(&[3600, 3600, 86_400]);
        money.closed_until = Some(clock::instant() + Duration::from_secs(closed));
    }
    drop(ledger);
    if town.abilities.has(Ability::Portal) && prng.percent(50) {
        town.begin(portal(Rc::clone(town), prng.another(), no));
    }
    if town.abilities.has(Ability::Vanishes) && prng.percent(50) {
        town.begin(vanish(Rc::clone(town), prng.another(), no));
    }
    if town.abilities.has(Ability::ChargesBack) && prng.percent(40) {
        town.begin(charge_back(Rc::clone(town), prng.another(), no));
    }
}

/// Soon, after a while, or as soon as a ticket is booked for it.
async fn sometime(town: &Town, prng: &Prng, no: usize) {
    if prng.percent(60) {
        return clock::sleep(prng.millis(0, prng.one(&[2000, 20_000, 120_000, 600_000]))).await;
    }
    let page = town.books.open().money[no].page.clone();
    let number = page.rsplit_once('-').map_or_else(String::new, |(number, _)| format!("{number}-"));
    for _look in 0..BOOKED {
        if town.books.open().tickets.iter().any(|ticket| ticket.reference.starts_with(&number)) {
            return;
        }
        clock::sleep(prng.millis(10, 60)).await;
    }
}

async fn portal(town: Rc<Town>, prng: Prng, no: usize) {
    sometime(&town, &prng, no).await;
    for _look in 0..LOOKS {
        if !town.books.open().money[no].is_moving(QUIET) {
            break;
        }
        clock::sleep(prng.millis(5000, 20_000)).await;
    }
    let mut ledger = town.books.open();
    if ledger.money[no].is_moving(QUIET) || ledger.money[no].waits {
        return;
    }
    let part = prng.one(&[None, None, Some(1000), Some(2000)]);
    let back = ledger.give_back_at_portal(no, part);
    drop(ledger);
    town.trace.note(|| format!("{back} of {no} went back at the portal"));
}

async fn vanish(town: Rc<Town>, prng: Prng, no: usize) {
    sometime(&town, &prng, no).await;
    let failed = town.books.open().fail_reservation(no);
    town.trace.note(|| format!("reservation {no} failed by itself {failed}"));
}

/// Reported at once, once or twice, or not at all where the day is compared; the books follow.
async fn charge_back(town: Rc<Town>, prng: Prng, no: usize) {
    sometime(&town, &prng, no).await;
    let shown_after = prng.millis(0, prng.one(&[1000, 60_000, 300_000]));
    let mut ledger = town.books.open();
    let back = ledger.charge_back(no, shown_after);
    let page = ledger.money[no].page.clone();
    drop(ledger);
    town.trace.note(|| format!("{back} of {no} are charged back, seen after {shown_after:?}"));
    let reports = if town.is_compared { prng.one(&[0, 1, 1, 2]) } else { prng.one(&[1, 2]) };
    for _report in 0..if back > 0 { reports } else { 0 } {
        report(
            &town,
            prng.another(),
            Claimed { no, page: page.clone(), amount: back, state: ObservedState::ChargedBack },
        );
    }
}
