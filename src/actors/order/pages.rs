//! How many payment pages an order may have, and when a further one is opened at its customer's request. Pure.

use std::collections::BTreeSet;

use super::advance::{Effects, Turn};
use super::lifecycle::{OrderState, PaymentState};
use super::protection::Protection;
use super::record::{Moment, Order, Payment};
use super::rules::Rules;

/// Opens a further payment page where the newest one failed, is over or may have lost its session; `None` where it can be
/// paid. Money that comes twice goes back by itself.
///
/// # Errors
/// `TooLate` once the order does not wait for its payment any more, `TooMany` after [`MOST_PAGES`] pages.
pub fn wish_page(order: &mut Order, now: Moment, rules: &Rules) -> Result<Option<Effects>, NoPage> {
    if order.state != OrderState::Paying {
        return Err(NoPage::TooLate);
    }
    let stood: BTreeSet<i32> = order.payments.iter().filter(|row| !row.never_stood()).map(|row| row.page_no).collect();
    let newest = stood.last().copied().unwrap_or(0);
    let rows = || order.payments.iter().filter(|row| row.page_no == newest);
    // a page that nobody touches loses its session at the provider after half its life
    let fresh = |row: &Payment| row.url.is_none() && !row.is_lost() || now < row.opened_at + rules.page_life / 2;
    if rows().all(|row| row.state == PaymentState::Opened && fresh(row)) && newest > 0 {
        return Ok(None);
    }
    if !may_open_page(order, rules) {
        return Err(NoPage::TooMany);
    }
    Turn::new(order, now, rules).add_page();
    order.next_at = Some(now);
    Ok(Some(Effects::default()))
}

/// Most payment pages that are ever opened for an order, those whose address was lost too. After a restore so many more are looked
/// for than the backup knows: whatever was opened in between is found.
pub const MOST_PAGES: usize = 8;

/// Whether an order may have a further payment page.
pub(super) fn may_open_page(order: &Order, rules: &Rules) -> bool {
    let opened: BTreeSet<i32> = order.payments.iter().filter(|row| !row.never_stood()).map(|row| row.page_no).collect();
    opened.len() < MOST_PAGES || !rules.keeps(Protection::BoundedPages)
}

/// Why no further payment page is opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoPage {
    /// The order does not wait for its payment any more.
    TooLate,
    /// It had too many already.
    TooMany,
}
