//! The orders of a replica that have a time of their own, the next one first.

use std::collections::{BTreeSet, HashMap};

use uuid::Uuid;

use crate::actors::order::rules::record::Moment;

/// Which order is due when; each has one time at most. Every operation costs the logarithm of how
/// many there are.
#[derive(Debug, Default)]
pub(super) struct Due {
    at: HashMap<Uuid, Moment>,
    in_order: BTreeSet<(Moment, Uuid)>,
}

impl Due {
    /// Gives an order its time; one that it had before is forgotten.
    pub(super) fn insert(&mut self, id: Uuid, at: Moment) {
        self.remove(id);
        self.at.insert(id, at);
        self.in_order.insert((at, id));
    }

    /// Forgets an order's time; nothing happens where it has none.
    pub(super) fn remove(&mut self, id: Uuid) {
        if let Some(at) = self.at.remove(&id) {
            self.in_order.remove(&(at, id));
        }
    }

    /// When the next one is due.
    pub(super) fn next(&self) -> Option<Moment> {
        self.in_order.first().map(|(at, _)| *at)
    }

    /// Takes out an order whose time has come, the earliest first.
    pub(super) fn pop(&mut self, now: Moment) -> Option<Uuid> {
        let (_, id) = *self.in_order.first().filter(|(at, _)| *at <= now)?;
        self.remove(id);
        Some(id)
    }
}

#[cfg(test)]
mod tests {
    use chrono::{TimeDelta, TimeZone, Utc};

    use super::*;

    #[test]
    fn orders_come_by_their_last_time_and_none_too_early() {
        let at = |seconds| {
            Utc.with_ymd_and_hms(2026, 12, 1, 8, 0, 0).unwrap() + TimeDelta::seconds(seconds)
        };
        let [one, two, three, gone] = [1, 2, 3, 4].map(Uuid::from_u128);
        let mut due = Due::default();
        for (id, seconds) in
            [(one, 1), (two, 9), (three, 2), (gone, 0), (one, 5), (two, 3), (three, 2)]
        {
            due.insert(id, at(seconds));
        }
        due.remove(gone);
        due.remove(gone);
        assert_eq!(due.next(), Some(at(2)));
        let until_four: Vec<Uuid> = std::iter::from_fn(|| due.pop(at(4))).collect();
        assert_eq!(until_four, [three, two]);
        assert_eq!((due.next(), due.pop(at(5)), due.next()), (Some(at(5)), Some(one), None));
    }
}
