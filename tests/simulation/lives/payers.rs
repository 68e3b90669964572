//! Payers with their tabs, and what the provider reports of them.

use std::collections::BTreeSet;
use std::rc::Rc;
use std::time::Duration;

use chrono::TimeDelta;
use starjack::actors::order::rules::lifecycle::has_ended;
use starjack::actors::order::rules::record::Order;
use starjack::clock;
use starjack::integrations::payment::{Callback, ObservedState};
use starjack::money::Cents;
use uuid::Uuid;

use super::super::money::Transaction;
use super::abilities::Ability;
use super::behind;
use super::prng::Prng;
use super::workload::Town;

/// So long after a page's end by our clock a payer may have paid it by the provider's.
const AFTER_ITS_END: TimeDelta = TimeDelta::seconds(60);
/// So often a report is repeated of a page that a restored backup does not know.
const REPEATS: u32 = 40;

/// So often somebody asks for a page of which no answer arrives.
const WISHES: u32 = 100;

/// Which payment it is of its page.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Which {
    /// The only one of its order.
    Only,
    /// The only one of its page.
    OfItsPage,
    /// One of several on its page, which closes once it is paid: whoever asks for the page is told
    /// of one, and then asks no more.
    OneOfSeveral,
}

/// What the provider reports.
#[derive(Clone)]
pub(super) struct Claimed {
    pub(super) no: usize,
    pub(super) page: String,
    pub(super) amount: Cents,
    pub(super) state: ObservedState,
}

/// Waits for a page, thinks, and pays: never, once, in two tabs, on two pages, first a wrong sum,
/// or too late.
pub(super) async fn pay(town: &Rc<Town>, prng: &Prng, id: Uuid) {
    let mut manner = prng.below(10);
    if town.abilities.has(Ability::Restores) && (2..=4).contains(&manner) {
        // what is paid before on the same page is hidden, and nobody remembers its report
        manner = 6;
    }
    if town.abilities.has(Ability::LosesPages) && prng.percent(50) {
        town.begin(insist(Rc::clone(town), prng.another(), id));
        if prng.percent(60) {
            return;
        }
    }
    if manner == 0 {
        return;
    }
    let too_late = manner == 1;
    let mut page = None;
    while page.is_none() && !has_ended(town.order(id).state) {
        clock::sleep(prng.millis(300, 1500)).await;
        page = payable(&town.order(id));
    }
    let Some((first, total)) = page else { return };
    let longest = u64::try_from(town.page_life.as_millis()).unwrap();
    clock::sleep(match until_the_end(town, prng, (id, &first)) {
        Some(pause) => pause,
        None if too_late => prng.millis(longest, longest + 20_000),
        None => prng.millis(800, 40_000),
    })
    .await;
    if town.abilities.has(Ability::WaitsForBank) && prng.percent(70) {
        return wait_for_bank(town, prng, (&first, total)).await;
    }
    if manner == 2 {
        transact(town, prng, (&first, total + prng.one(&[1, -1])), (id, Which::OneOfSeveral));
        clock::sleep(prng.millis(200, 20_000)).await;
    }
    let which = match manner {
        2..=4 => Which::OneOfSeveral,
        6.. => Which::Only,
        _ => Which::OfItsPage,
    };
    transact(town, prng, (&first, total), (id, which));
    if manner == 3 || manner == 4 {
        clock::sleep(prng.millis(0, 15_000)).await;
        transact(town, prng, (&first, total), (id, Which::OneOfSeveral));
    }
    if manner == 5 {
        let account = town.order(id).account_id;
        let opened = town.ask(|desk| async move { desk.open_page(account, id).await }).await;
        clock::sleep(prng.millis(500, 8000)).await;
        let payable = opened.and_then(Result::ok).and_then(|_| payable(&town.order(id)));
        // a further payment of the same page would hide the first one, of which nobody may have
        // reported
        let payable = payable.filter(|(second, _)| *second != first || town.abilities.are_none());
        if let Some((second, total)) = payable {
            transact(town, prng, (&second, total), (id, Which::OfItsPage));
        }
    }
}

/// Asks for a page again and again, until the order has ended or somebody says that it is enough.
async fn insist(town: Rc<Town>, prng: Prng, id: Uuid) {
    let account = town.order(id).account_id;
    for _time in 0..WISHES {
        clock::sleep(prng.millis(2000, 12_000)).await;
        let wished =
            town.ask(|desk| async move { desk.open_page(account, id).await.map(drop) }).await;
        town.trace.note(|| format!("wished a page {wished:?}"));
        if has_ended(town.order(id).state) {
            return;
        }
    }
}

/// The newest page that has an address, and the total.
fn payable(order: &Order) -> Option<(String, Cents)> {
    let page = order.payments.iter().rev().find(|row| row.url.is_some())?;
    Some((page.reference.to_string(), order.total))
}

/// The pause of somebody who pays around the end of the page, or of the time in which a ticket can
/// be loaded.
fn until_the_end(town: &Town, prng: &Prng, (id, page): (Uuid, &str)) -> Option<Duration> {
    if !town.abilities.has(Ability::PaysLate) || prng.percent(30) {
        return None;
    }
    let order = town.order(id);
    let end = order.payments.iter().find(|row| row.reference.as_str() == page)?.page_ends_at;
    let pays_at = if prng.percent(40) && order.ends_by < end + AFTER_ITS_END {
        order.ends_by - TimeDelta::seconds(2) + TimeDelta::from_std(prng.millis(0, 2200)).unwrap()
    } else {
        end - TimeDelta::seconds(20) + TimeDelta::from_std(prng.millis(0, 80_000)).unwrap()
    };
    Some((pays_at - clock::now()).to_std().unwrap_or_default())
}

/// An attempt that is declined, perhaps, and one that waits for its bank, which decides whenever it
/// likes.
async fn wait_for_bank(town: &Rc<Town>, prng: &Prng, (page, amount): (&str, Cents)) {
    let attempt = || Transaction { page: page.to_owned(), amount, ..Transaction::default() };
    if prng.percent(60) {
        let tid = town.books.open().transact(Transaction { failed: true, ..attempt() });
        town.trace.note(|| format!("declined {tid}"));
        clock::sleep(prng.millis(500, 8000)).await;
    }
    let tid = town.books.open().transact(Transaction { waits: true, ..attempt() });
    town.trace.note(|| format!("{tid} waits for its bank"));
    let own = Rc::clone(town);
    let prng = prng.another();
    let page = page.to_owned();
    town.begin(async move {
        clock::sleep(prng.millis(1000, prng.one(&[20_000, 150_000, 1_200_000]))).await;
        let billed = prng.percent(75);
        let no = tid.parse().unwrap();
        own.books.open().decide_payment(no, billed);
        own.trace.note(|| format!("the bank decides {tid}: {billed}"));
        if billed && prng.percent(40) {
            report(&own, prng, Claimed { no, page, amount, state: ObservedState::Billed });
        }
    });
}

/// Money is reserved, or billed at once; the provider reports it, or not. What is reserved is
/// listed, and what is billed alone on its page is seen when the page is looked after; anything
/// else only the report tells.
fn transact(
    town: &Rc<Town>,
    prng: &Prng,
    (page, amount): (&str, Cents),
    (id, which): (Uuid, Which),
) {
    let reserved = prng.percent(town.reserved);
    let tid = town.books.open().pay(page, amount, reserved);
    town.trace.note(|| format!("paid {tid} {amount} reserved {reserved}"));
    let may_be_lost = reserved || is_looked_after(town, page, (id, which));
    let copies = match (may_be_lost, reserved) {
        (true, false) if loses_reports(town) => prng.one(&[0, 0, 1]),
        (true, _) => prng.one(&[0, 1, 1, 2, 3]),
        (false, _) => prng.one(&[1, 2]),
    };
    let state = if reserved { ObservedState::Reserved } else { ObservedState::Billed };
    let no: usize = tid.parse().unwrap();
    if town.abilities.has(Ability::LateBooks) && !reserved {
        let mut ledger = town.books.open();
        let money = &mut ledger.money[no];
        money.billed_seen_at = Some(clock::instant() + prng.millis(0, 15_000));
        money.hidden = prng.percent(50);
    }
    for _copy in 0..copies {
        report(town, prng.another(), Claimed { no, page: page.to_owned(), amount, state });
    }
    if !town.abilities.are_none() {
        behind::begin(town, prng, &tid);
    }
}

fn loses_reports(town: &Town) -> bool {
    town.abilities.has(Ability::PaysLate) || town.abilities.has(Ability::Denies)
}

/// Whether a look at the page after its end, at the latest, finds a payment of now although nobody
/// reports it. A page whose end was passed already, before the clock was put back, was looked at as
/// well.
fn is_looked_after(town: &Town, page: &str, (id, which): (Uuid, Which)) -> bool {
    let longer =
        if town.abilities.has(Ability::PaysLate) { -AFTER_ITS_END } else { TimeDelta::seconds(70) };
    let is_seen = if town.abilities.has(Ability::PaysLate) {
        which != Which::OneOfSeveral && !town.time.was_put_back()
    } else {
        which == Which::Only
    };
    let order = is_seen.then(|| town.order(id));
    let row =
        order.iter().flat_map(|order| &order.payments).find(|row| row.reference.as_str() == page);
    row.is_some_and(|row| clock::now() + longer < row.page_ends_at)
}

fn callback(claimed: &Claimed) -> Callback {
    let status = match claimed.state {
        ObservedState::Billed => "BILLED",
        ObservedState::ChargedBack => "CHARGEBACK",
        ObservedState::Reserved => "RESERVED",
        other @ (ObservedState::Failed
        | ObservedState::Suspended
        | ObservedState::Reversed
        | ObservedState::Credited
        | ObservedState::Other) => unreachable!("{other:?} is not reported here"),
    };
    Callback {
        tid: claimed.no.to_string(),
        reference: claimed.page.clone(),
        secret: String::new(),
        status: status.to_owned(),
        state: claimed.state,
        amount: claimed.amount,
        currency: "EUR".to_owned(),
    }
}

/// The provider reports until somebody says that it was taken.
pub(super) fn report(town: &Rc<Town>, prng: Prng, claimed: Claimed) {
    let own = Rc::clone(town);
    // a report that is faster than the provider's books comes soon
    let soon = town.abilities.has(Ability::LateBooks) || town.abilities.has(Ability::ChargesBack);
    let known = !town.abilities.has(Ability::Restores);
    town.begin(async move {
        clock::sleep(prng.millis(10, if soon { 1500 } else { 9000 })).await;
        if claimed.state == ObservedState::Reserved {
            if let Some(door) = own.entrance.borrow().as_ref() {
                door.sweep.request();
            }
            return;
        }
        let mut repeats = 0;
        while known || repeats < REPEATS {
            let copy = callback(&claimed);
            let taken = own.ask(|desk| async move { desk.claimed(copy).await.is_ok() }).await;
            own.trace.note(|| format!("reported {} {:?} {taken:?}", claimed.no, claimed.state));
            if taken == Some(true) {
                return;
            }
            clock::sleep(prng.millis(3000, 12_000)).await;
            repeats += 1;
        }
    });
}

/// What we took of a reservation is reported too.
pub(crate) async fn postman(town: Rc<Town>, prng: Prng) {
    let mut told = BTreeSet::new();
    loop {
        clock::sleep(prng.millis(1500, 3000)).await;
        let all: Vec<_> = town
            .books
            .open()
            .money
            .iter()
            .map(|money| (money.page.clone(), money.captured))
            .collect();
        for (no, (page, captured)) in all.into_iter().enumerate() {
            if captured > 0 && told.insert(no) && prng.percent(50) {
                report(
                    &town,
                    prng.another(),
                    Claimed { no, page, amount: captured, state: ObservedState::Billed },
                );
            }
        }
    }
}
