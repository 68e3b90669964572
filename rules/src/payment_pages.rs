//! How many payment pages an order may have, how long it waits for one to be paid, and when a
//! further one is opened. Pure.

use std::collections::BTreeSet;

use chrono::TimeDelta;

use super::advance::{Effects, Turn};
use super::lifecycle::{OrderState, PaymentState};
use super::limits::Rules;
use super::protection::Protection;
use super::record::{Moment, Order, Payment};

/// Opens a further payment page where the newest one failed, is over or may have lost its session;
/// `None` where it can be paid. Money that comes twice goes back by itself.
///
/// # Errors
/// `TooLate` once the order does not wait for its payment any more, `TooMany` after [`MOST_PAGES`]
/// pages.
pub fn request_page(
    order: &mut Order,
    now: Moment,
    rules: &Rules,
) -> Result<Option<Effects>, NoPage> {
    if order.state != OrderState::Paying {
        return Err(NoPage::TooLate);
    }
    let stood: BTreeSet<i32> =
        order.payments.iter().filter(|row| !row.never_stood()).map(|row| row.page_no).collect();
    let newest = stood.last().copied().unwrap_or(0);
    let rows = || order.payments.iter().filter(|row| row.page_no == newest);
    // a page that nobody touches loses its session at the provider after half its life
    let fresh = |row: &Payment| {
        row.url.is_none() && !row.is_lost() || now < row.opened_at + rules.page_life / 2
    };
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

/// Most payment pages that are ever opened for an order, those whose address was lost too. After a
/// restore so many more are looked for than the backup knows: whatever was opened in between is
/// found.
pub const MOST_PAGES: usize = 8;

/// Whether an order may have a further payment page.
pub(crate) fn may_open_page(order: &Order, rules: &Rules) -> bool {
    let opened: BTreeSet<i32> =
        order.payments.iter().filter(|row| !row.never_stood()).map(|row| row.page_no).collect();
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

impl Turn<'_> {
    pub(crate) fn add_page(&mut self) {
        let page_no = self.order.payments.iter().map(|row| row.page_no).max().unwrap_or(0) + 1;
        let no = self.order.payments.iter().map(|row| row.no).max().unwrap_or(0) + 1;
        let page =
            Payment::page(self.order, (no, page_no), self.now, self.now + self.rules.page_life);
        self.order.payments.push(page);
    }

    /// A page whose address was lost is followed by another, after a pause that grows with each.
    pub(crate) fn next_page_at(&self) -> Moment {
        let last = self.order.payments.iter().max_by_key(|row| row.page_no);
        last.map_or(self.now, |row| row.opened_at + self.page_pause(row.page_no))
    }

    /// Pages are few, so that all of them last longer than a provider that does not answer for a
    /// while: four times as long after each, a third of a page's life at most.
    fn page_pause(&self, page_no: i32) -> TimeDelta {
        let longest = self.rules.page_life / 3;
        let times =
            4_i32.checked_pow(u32::try_from(page_no.max(1) - 1).unwrap_or(0)).unwrap_or(i32::MAX);
        self.rules.pause.checked_mul(times).map_or(longest, |pause| pause.min(longest))
    }

    pub(crate) fn paying_until(&self) -> Moment {
        if self.order.payments.iter().any(|row| row.state == PaymentState::Suspended) {
            return self.order.ends_by;
        }
        let opening = |row: &&Payment| {
            row.state == PaymentState::Opened && !row.is_lost() && self.now < row.page_ends_at
        };
        let pages = self.order.payments.iter().filter(|row| row.url.is_some() || opening(row));
        let last_page = pages.map(|row| row.page_ends_at).max();
        let page_ends = last_page.unwrap_or(self.order.entered_at + self.rules.page_life);
        (page_ends + self.rules.page_grace).min(self.order.ends_by)
    }
}
