//! Odd answers: given by the outside itself, and not understood. One may lie in what was asked,
//! which is then asked again and again; many about different things lie in the outside.

use std::cell::RefCell;
use std::collections::{HashSet, VecDeque};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::rc::Rc;

use uuid::Uuid;

/// How many are remembered.
const REMEMBERED: usize = 64;

/// From so many customers on, one after the other and nobody else in between, it lies in the
/// outside: whoever wants to blame it needs as many accounts, and that nobody buys there.
const MANY: usize = 5;

/// What of a question an odd answer may be to blame on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// What customers typed, another text in each order: a stranger could write as many odd ones as
    /// it takes.
    OfAnOrder,
    /// The same, of this account.
    OfCustomer(Uuid),
    /// One thing, by its mark.
    Of(String),
    /// Nothing: all of the question is ours.
    Ours,
}

/// What was answered oddly of late; clones share it.
#[derive(Clone, Debug, Default)]
pub struct Oddities(Rc<RefCell<Seen>>);

#[derive(Debug, Default)]
struct Seen {
    marks: VecDeque<u64>,
    /// Whose content alone was answered oddly since one's was answered well; at most `MANY`.
    customers: HashSet<Uuid>,
}

impl Oddities {
    /// Takes note of an odd answer; true when it says nothing of the outside. About one thing only
    /// the first does.
    #[must_use]
    pub fn excuse(&self, content: &Content) -> bool {
        match content {
            Content::OfAnOrder => true,
            Content::OfCustomer(account_id) => self.are_few_with(*account_id),
            Content::Of(mark) => self.is_known(mark),
            Content::Ours => false,
        }
    }

    /// Takes note of an answer that was understood.
    pub fn answered_well(&self, content: &Content) {
        match content {
            Content::OfCustomer(_) => self.0.borrow_mut().customers.clear(),
            Content::OfAnOrder | Content::Of(_) | Content::Ours => {}
        }
    }

    fn are_few_with(&self, account_id: Uuid) -> bool {
        let customers = &mut self.0.borrow_mut().customers;
        if customers.len() < MANY {
            customers.insert(account_id);
        }
        customers.len() < MANY
    }

    fn is_known(&self, mark: &str) -> bool {
        let mut hasher = DefaultHasher::new();
        mark.hash(&mut hasher);
        let mark = hasher.finish();
        let seen = &mut self.0.borrow_mut().marks;
        if seen.contains(&mark) {
            return true;
        }
        if seen.len() == REMEMBERED {
            seen.pop_front();
        }
        seen.push_back(mark);
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thing_counts_once_until_many_others_came_and_an_orders_content_never() {
        let oddities = Oddities::default();
        let excused = |mark: &str| oddities.excuse(&Content::Of(mark.to_owned()));
        assert!(!excused("a card") && excused("a card") && !excused("another"));
        let others = (0..REMEMBERED).filter(|no| excused(&no.to_string())).count();
        assert_eq!(others, 0);
        assert!(!excused("a card"), "nothing is remembered for ever");
        assert!(oddities.excuse(&Content::OfAnOrder) && !oddities.excuse(&Content::Ours));
    }
    #[test]
    fn what_one_customer_typed_never_counts_and_what_many_did_in_a_row_does() {
        let oddities = Oddities::default();
        let of = |no: usize| Content::OfCustomer(Uuid::from_u128(no as u128));
        assert!((0..100).all(|_| oddities.excuse(&of(1))));
        assert!((2..MANY).all(|no| oddities.excuse(&of(no))));
        oddities.answered_well(&Content::Ours);
        assert!(
            !oddities.excuse(&of(MANY)) && !oddities.excuse(&of(1)),
            "nobody is answered well any more"
        );
        oddities.answered_well(&of(9));
        assert!(oddities.excuse(&of(1)));
    }
}
