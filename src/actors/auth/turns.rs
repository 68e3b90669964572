//! Whose turn it is: networks wait in a ring and take turns, so that a flood from one of them is
//! felt by that one alone. Those that an account was logged in from before have a ring of their
//! own, which goes first.

use std::collections::{HashMap, VecDeque};

use super::throttle::{Key, key};

/// How many networks may wait in a ring. Each work takes about 25 ms of two threads: the last of
/// them waits a second.
const NETWORKS: usize = 64;

/// How much of one network may wait: families and hotels share an address.
const OF_ONE_NETWORK: usize = 8;

/// After so many turns of known networks one of the others has its turn.
const KNOWN_IN_A_ROW: u32 = 4;

/// Where somebody waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    network: Key,
    known: bool,
}

impl Place {
    /// Somebody of whom it is known that this place is theirs: an account that is logged in or was
    /// logged in from here.
    pub(super) fn known(place: &str) -> Self {
        Self { network: key(&["place", place]), known: true }
    }

    /// Anybody.
    pub(super) fn unknown(place: &str) -> Self {
        Self { known: false, ..Self::known(place) }
    }
}

/// All that waits for its turn.
pub(super) struct Turns<T> {
    known: Ring<T>,
    unknown: Ring<T>,
    known_in_a_row: u32,
}

struct Ring<T> {
    waiting: HashMap<Key, VecDeque<T>>,
    /// Each network once.
    order: VecDeque<Key>,
}

impl<T> Default for Turns<T> {
    fn default() -> Self {
        Self { known: Ring::default(), unknown: Ring::default(), known_in_a_row: 0 }
    }
}

impl<T> Default for Ring<T> {
    fn default() -> Self {
        Self { waiting: HashMap::new(), order: VecDeque::new() }
    }
}

impl<T> Turns<T> {
    /// Queues up, or answers `false`: too much of this network waits, or too many networks do.
    pub(super) fn push(&mut self, place: Place, work: T) -> bool {
        let ring = if place.known { &mut self.known } else { &mut self.unknown };
        ring.push(place.network, work)
    }

    /// What is done next.
    pub(super) fn pop(&mut self) -> Option<T> {
        if self.known_in_a_row >= KNOWN_IN_A_ROW || self.known.order.is_empty() {
            self.known_in_a_row = 0;
            if let Some(work) = self.unknown.pop() {
                return Some(work);
            }
        }
        self.known_in_a_row += 1;
        self.known.pop()
    }
}

impl<T> Ring<T> {
    fn push(&mut self, network: Key, work: T) -> bool {
        if let Some(own) = self.waiting.get_mut(&network) {
            let fits = own.len() < OF_ONE_NETWORK;
            if fits {
                own.push_back(work);
            }
            return fits;
        }
        let fits = self.order.len() < NETWORKS;
        if fits {
            self.waiting.insert(network, VecDeque::from([work]));
            self.order.push_back(network);
        }
        fits
    }

    fn pop(&mut self) -> Option<T> {
        let network = self.order.pop_front()?;
        let own = self.waiting.get_mut(&network)?;
        let work = own.pop_front();
        if own.is_empty() {
            self.waiting.remove(&network);
        } else {
            self.order.push_back(network);
        }
        work
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(turns: &mut Turns<String>) -> String {
        std::iter::from_fn(|| turns.pop()).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn networks_take_turns_and_what_one_has_waiting_is_bounded() {
        let mut turns = Turns::default();
        let taken =
            (0..20).filter(|no| turns.push(Place::unknown("flood"), format!("flood{no}"))).count();
        assert_eq!(taken, OF_ONE_NETWORK);
        assert!(turns.push(Place::unknown("hotel"), "hotel0".to_owned()));
        assert!(turns.push(Place::unknown("hotel"), "hotel1".to_owned()));
        assert_eq!(
            all(&mut turns),
            "flood0 hotel0 flood1 hotel1 flood2 flood3 flood4 flood5 flood6 flood7"
        );
        assert!(turns.push(Place::unknown("flood"), String::new()), "its places are free again");
    }

    #[test]
    fn known_networks_go_first_and_starve_nobody() {
        let mut turns = Turns::default();
        for no in 0..6 {
            assert!(turns.push(Place::unknown("far"), format!("far{no}")));
            assert!(turns.push(Place::known("home"), format!("home{no}")));
        }
        assert_eq!(
            all(&mut turns),
            "home0 home1 home2 home3 far0 home4 home5 far1 far2 far3 far4 far5"
        );
    }

    #[test]
    fn many_networks_of_strangers_leave_the_places_of_known_ones_free() {
        let mut turns = Turns::default();
        let unknown = (0..100)
            .filter(|no| turns.push(Place::unknown(&no.to_string()), "far".to_owned()))
            .count();
        assert_eq!(unknown, NETWORKS);
        assert!(turns.push(Place::known("home"), "home".to_owned()));
        assert_eq!(turns.pop().unwrap(), "home");
    }
}
