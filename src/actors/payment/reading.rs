//! One reading of all open payments, page by page.

use std::collections::HashMap;
use std::time::Duration;

use super::Desk;
use crate::clock;
use crate::integrations::payment::{Observed, OpenPayments};

/// The most payments that one call lists.
const PAGE: u32 = 500;

/// How far a page reaches back into the one before. Payments that leave the list between two calls
/// (captured, released) move those behind them forward, past the next page's beginning: up to so
/// many, a call a second, are made up for. When more leave, the two pages have no payment in
/// common, and the reading says that it may lack some; what it lacks is still open, so the next
/// reading shows it. Payments that come in stand in front and only show some twice.
const OVERLAP: u32 = 50;

/// The most pages of one reading: more than 18,000 open payments. A provider that answers full
/// pages for ever ends here.
const MOST_PAGES: u32 = 40;

/// What one reading of the list of open payments brought.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reading {
    /// The payments, newest first, each once and as it was shown last.
    pub payments: Vec<Observed>,
    /// The transaction ids of the entries that could not be read; empty where not even the id could
    /// be.
    pub unreadable: Vec<String>,
    /// Why open payments may be missing beside the unreadable ones; `None` when it was read to its
    /// end.
    pub cut: Option<Cut>,
}

/// Why a reading may lack open payments.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Cut {
    /// A page was not answered.
    #[error("a page is missing: {0}")]
    Unanswered(String),
    /// Too many payments left it while it was read.
    #[error("the list moved while it was read")]
    Moved,
    /// The provider answers full pages without end.
    #[error("the list has no end")]
    Endless,
}

impl From<Vec<Observed>> for Reading {
    /// A list that was read to its end.
    fn from(payments: Vec<Observed>) -> Self {
        Self { payments, ..Self::default() }
    }
}

impl Reading {
    /// Whether the provider surely does not list this transaction (any more): what could not be
    /// read may be it.
    #[must_use]
    pub fn lacks(&self, tid: &str) -> bool {
        let may_be = |unreadable: &String| unreadable.is_empty() || unreadable == tid;
        self.cut.is_none()
            && !self.payments.iter().any(|seen| seen.tid == tid)
            && !self.unreadable.iter().any(may_be)
    }

    /// Why it may lack open payments, in words for people.
    #[must_use]
    pub fn flaw(&self) -> Option<String> {
        let unreadable = (!self.unreadable.is_empty())
            .then(|| format!("{} cannot be read", self.unreadable.len()));
        self.cut.as_ref().map(ToString::to_string).or(unreadable)
    }
}

/// A reading under way.
#[derive(Default)]
struct Pages {
    reading: Reading,
    /// Where each transaction stands in the reading, readable or not.
    places: HashMap<String, Option<usize>>,
}

impl Pages {
    /// Adds a page; answers how many of its entries were seen before, and how many are new.
    fn take(&mut self, page: OpenPayments) -> (usize, usize) {
        let mut seen = 0;
        let mut new = 0;
        for tid in page.unreadable {
            if !tid.is_empty() && self.places.contains_key(&tid) {
                seen += 1;
                continue;
            }
            if !tid.is_empty() {
                self.places.insert(tid.clone(), None);
            }
            self.reading.unreadable.push(tid);
            new += 1;
        }
        for payment in page.payments {
            let known = self.places.get(&payment.tid).copied();
            (seen, new) = if known.is_some() { (seen + 1, new) } else { (seen, new + 1) };
            if let Some(shown) =
                known.flatten().and_then(|place| self.reading.payments.get_mut(place))
            {
                *shown = payment;
            } else {
                self.places.insert(payment.tid.clone(), Some(self.reading.payments.len()));
                self.reading.payments.push(payment);
            }
        }
        (seen, new)
    }
}

impl Desk {
    /// Reads all that the provider lists as reserved or in progress, with `pause` between two
    /// calls. What was read before something went wrong is answered too. Harmless to repeat.
    pub async fn read_open(&self, pause: Duration) -> Reading {
        let mut pages = Pages::default();
        let cut = self.read_pages(&mut pages, pause).await.err();
        let reading = Reading { cut, ..pages.reading };
        if !reading.unreadable.is_empty() {
            let entries = reading.unreadable.len();
            let tids = reading.unreadable.join(" ");
            tracing::error!(
                event = "payment.list_unreadable",
                alert = true,
                entries,
                tids,
                "entries of the list of open payments cannot be read"
            );
        }
        if reading.cut == Some(Cut::Endless) {
            let payments = reading.payments.len();
            tracing::error!(
                event = "payment.list_endless",
                alert = true,
                payments,
                "the list of open payments has no end; what was read is taken"
            );
        }
        reading
    }

    async fn read_pages(&self, pages: &mut Pages, pause: Duration) -> Result<(), Cut> {
        let mut begin = 0;
        let mut moved = false;
        for _page in 0..MOST_PAGES {
            if begin > 0 {
                clock::sleep(pause).await;
            }
            let page = self.list_open(begin, PAGE).await.told().map_err(Cut::Unanswered)?;
            // an entry that cannot be read was sent all the same: it takes its place, and its page
            // is full with it
            let sent = page.sent();
            let (seen, new) = pages.take(page);
            moved |= begin > 0 && seen == 0;
            if sent < PAGE {
                return if moved { Err(Cut::Moved) } else { Ok(()) };
            }
            if new == 0 {
                // the offset is not heard
                return Err(Cut::Endless);
            }
            begin += sent - OVERLAP;
        }
        Err(Cut::Endless)
    }
}
