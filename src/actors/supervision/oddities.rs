//! Odd answers: given by the outside itself, and not understood. One may lie in what was asked, which is then asked again and
//! again; many about different things lie in the outside.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::rc::Rc;

/// How many are remembered.
const REMEMBERED: usize = 64;

/// What of a question an odd answer may be to blame on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// What customers typed, another text in each order: a stranger could write as many odd ones as it takes.
    OfAnOrder,
    /// One thing, by its mark.
    Of(String),
    /// Nothing: all of the question is ours.
    Ours,
}

/// What was answered oddly of late; clones share it.
#[derive(Clone, Debug, Default)]
pub struct Oddities(Rc<RefCell<VecDeque<u64>>>);

impl Oddities {
    /// Takes note of an odd answer; true when it says nothing of the outside. About one thing only the first does.
    #[must_use]
    pub fn excuse(&self, content: &Content) -> bool {
        match content {
            Content::OfAnOrder => true,
            Content::Of(mark) => self.is_known(mark),
            Content::Ours => false,
        }
    }

    fn is_known(&self, mark: &str) -> bool {
        let mut hasher = DefaultHasher::new();
        mark.hash(&mut hasher);
        let mark = hasher.finish();
        let mut seen = self.0.borrow_mut();
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
}
