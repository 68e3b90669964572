//! What a family pays together: fewer paying children, or less for everybody.

use serde::{Deserialize, Serialize};

use super::operator::Text;
use crate::money::Cents;

/// An operator's family price. It only ever lowers what each member would pay alone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Family {
    /// For people: the rule in one sentence.
    pub name: Text,
    /// The keys of the products that it is for.
    pub products: Vec<String>,
    /// The person categories that count as parents.
    pub parents: Vec<String>,
    /// The person categories that count as children.
    pub children: Vec<String>,
    /// Fewest parents, at least 1.
    pub least_parents: usize,
    /// Most parents.
    pub most_parents: usize,
    /// How many children pay, those with the highest prices first; all when absent.
    pub paying_children: Option<usize>,
    /// What a parent is let off, in per mille of the price; rounded so that the price is never
    /// higher.
    #[serde(default)]
    pub parent_permille_off: i64,
    /// What a paying child is let off, likewise.
    #[serde(default)]
    pub child_permille_off: i64,
}

/// These people are no family to this operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoFamily {
    /// Too few or too many parents.
    #[error("the number of parents does not fit")]
    Parents,
    /// No child among them.
    #[error("there is no child among them")]
    Children,
    /// A person, counted from 0, is neither.
    #[error("person {0} is neither a parent nor a child of a family price")]
    Neither(usize),
}

impl Family {
    /// What each member pays, from its category and the price that it would pay alone, in the same
    /// order.
    ///
    /// # Errors
    /// See [`NoFamily`].
    pub fn prices(&self, members: &[(&str, Cents)]) -> Result<Vec<Cents>, NoFamily> {
        let is_parent = |category: &str| self.parents.iter().any(|parent| parent == category);
        let is_child = |category: &str| self.children.iter().any(|child| child == category);
        if let Some(neither) =
            members.iter().position(|(category, _)| !is_parent(category) && !is_child(category))
        {
            return Err(NoFamily::Neither(neither));
        }
        let mut children: Vec<usize> =
            (0..members.len()).filter(|place| is_child(members[*place].0)).collect();
        if !(self.least_parents..=self.most_parents).contains(&(members.len() - children.len())) {
            return Err(NoFamily::Parents);
        }
        if children.is_empty() {
            return Err(NoFamily::Children);
        }
        let less =
            |permille: i64| move |(_, price): &(&str, Cents)| price * (1000 - permille) / 1000;
        let mut prices: Vec<Cents> = members.iter().map(less(self.parent_permille_off)).collect();
        children.sort_by_key(|place| std::cmp::Reverse(members[*place].1));
        for (paying, place) in children.into_iter().enumerate() {
            let pays = self.paying_children.is_none_or(|most| paying < most);
            prices[place] = if pays { less(self.child_permille_off)(&members[place]) } else { 0 };
        }
        Ok(prices)
    }
}
