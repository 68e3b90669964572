//! A supplier's list of a day, page by page.

use crate::integrations::Outcome;
use crate::integrations::lift::{Sold, SoldPage};

/// The most pages of one day: far more than any operator sells. A supplier that answers full pages
/// for ever ends here.
const MOST_PAGES: usize = 200;

/// What a list of a day brought.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Listed {
    /// The bookings; `None` when a page is missing, and then nothing of the list is believed.
    pub(super) sold: Option<Vec<Sold>>,
    /// Why it is not the whole list, in words for people.
    pub(super) flaw: Option<String>,
}

/// Reads a list with `page`, which answers the page after a mark. A booking that the list lacks is
/// only suspicious: whoever compares looks for each of ours under its reference, also when pages
/// moved while they were read.
pub(super) async fn read(mut page: impl AsyncFnMut(Option<String>) -> Outcome<SoldPage>) -> Listed {
    let mut sold = Vec::new();
    let mut unreadable = 0;
    let mut after = None;
    for _page in 0..MOST_PAGES {
        let answer = match page(after.clone()).await.told() {
            Ok(answer) => answer,
            Err(why) => {
                return Listed { sold: None, flaw: Some(format!("no list of the day: {why}")) };
            }
        };
        sold.extend(answer.sold);
        unreadable += answer.unreadable;
        let Some(next) = answer.next else {
            let flaw = (unreadable > 0)
                .then(|| format!("{unreadable} entries of the list of the day cannot be read"));
            return Listed { sold: Some(sold), flaw };
        };
        if after.as_ref() == Some(&next) {
            break;
        }
        after = Some(next);
    }
    Listed { sold: Some(sold), flaw: Some("the list of the day has no end".to_owned()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::integrations::lift::{Booking, Found, FoundState};

    fn booked(no: usize) -> Sold {
        let booking = Booking { ticket_reference: no.to_string(), handle: no.to_string() };
        Sold {
            reference: format!("A{no:010}-1"),
            found: Found { booking, state: FoundState::Live },
            price: None,
        }
    }

    fn place(after: Option<String>) -> usize {
        after.map_or(0, |after| after.parse().unwrap())
    }

    #[actix_rt::test]
    async fn an_entry_that_cannot_be_read_ends_no_list_and_is_said() {
        let pages = async |after| {
            let no = place(after);
            let sold = vec![booked(no)];
            let next = (no < 2).then(|| (no + 1).to_string());
            Outcome::Done(SoldPage { sold, unreadable: usize::from(no == 0), next })
        };
        let listed = read(pages).await;
        assert_eq!(listed.sold, Some((0..3).map(booked).collect()));
        assert_eq!(listed.flaw.as_deref(), Some("1 entries of the list of the day cannot be read"));
    }

    #[actix_rt::test]
    async fn a_list_of_which_a_page_is_missing_is_none() {
        let pages = async |after| match place(after) {
            0 => Outcome::Done(SoldPage {
                sold: vec![booked(0)],
                unreadable: 0,
                next: Some("1".to_owned()),
            }),
            _ => Outcome::Unknown("hung".to_owned()),
        };
        let flaw = Some("no list of the day: hung".to_owned());
        assert_eq!(read(pages).await, Listed { sold: None, flaw });
    }

    #[actix_rt::test]
    async fn a_list_without_an_end_is_bounded_whether_its_mark_moves_or_not() {
        for (moves, pages) in [(true, MOST_PAGES), (false, 2)] {
            let endless = async |after| {
                let next = if moves { place(after) + 1 } else { 7 };
                Outcome::Done(SoldPage {
                    sold: vec![booked(next)],
                    unreadable: 0,
                    next: Some(next.to_string()),
                })
            };
            let listed = read(endless).await;
            assert_eq!(listed.sold.map(|sold| sold.len()), Some(pages));
            assert_eq!(listed.flaw.as_deref(), Some("the list of the day has no end"));
        }
    }
}
