//! The times and limits of an order's rules, configurable so that tests and operators can shorten
//! them.

use chrono::TimeDelta;

use super::protection::Protection;
use super::record::Moment;

/// After so many attempts without success a pause is an eighth longer than the one before: whoever
/// was away for hours is asked within an eighth of that time, and nobody is asked the same more
/// than a few hundred times.
const EVEN: i32 = 24;
/// The longest pause of all, so that a supplier that is back after days is noticed the same day.
const LONGEST_PAUSE: TimeDelta = TimeDelta::hours(6);
/// The most often that any supplier is asked the same about the same line or payment of an order
/// within a day.
pub const MOST_A_DAY: i32 = 120;

/// How long an order waits for what.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Rules {
    /// How long checks are asked for in all.
    pub check_patience: TimeDelta,
    /// How long an order may stand in Placed by the wall clock.
    pub placed_limit: TimeDelta,
    /// How long a payment page can be paid.
    pub page_life: TimeDelta,
    /// How long after its page's life a payment may still be reported before the order is rejected.
    pub page_grace: TimeDelta,
    /// Longest life of one request at the payment provider.
    pub payment_settle: TimeDelta,
    /// How long a reservation can be taken.
    pub reservation_life: TimeDelta,
    /// How long a report of the payment provider is asked about that its books do not show.
    pub claim_patience: TimeDelta,
    /// A doubt older than this needs staff's eyes.
    pub doubt_alarm: TimeDelta,
    /// An undo older than this needs staff's eyes.
    pub undo_alarm: TimeDelta,
    /// First pause before asking again; doubled with each attempt.
    pub pause: TimeDelta,
    /// Longest pause before asking again, as long as it may be over soon; after [`EVEN`] attempts
    /// pauses grow beyond it.
    pub pause_limit: TimeDelta,
    /// Since when the wall clock has gone evenly, where that is known: what settles is counted from
    /// there.
    pub steady_since: Option<Moment>,
    /// Whether anything new is asked; false while draining, when only answers are saved.
    pub asking: bool,
    /// The one protection that is switched off; nothing but a mutant of the tests switches one off.
    pub off: Option<Protection>,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            check_patience: TimeDelta::seconds(20),
            placed_limit: TimeDelta::minutes(2),
            page_life: TimeDelta::minutes(30),
            page_grace: TimeDelta::minutes(15),
            payment_settle: TimeDelta::seconds(120),
            reservation_life: TimeDelta::days(14),
            claim_patience: TimeDelta::days(1),
            doubt_alarm: TimeDelta::minutes(15),
            undo_alarm: TimeDelta::days(7),
            pause: TimeDelta::milliseconds(500),
            pause_limit: TimeDelta::seconds(30),
            steady_since: None,
            asking: true,
            off: None,
        }
    }
}

impl Rules {
    /// Whether a protection is in force.
    #[must_use]
    pub fn keeps(&self, protection: Protection) -> bool {
        self.off != Some(protection)
    }

    /// The pause before attempt number `attempts` (from 1): doubled each time up to the limit, and
    /// growing beyond it by an eighth from attempt [`EVEN`] on, up to six hours.
    #[must_use]
    pub fn pause_after(&self, attempts: i32) -> TimeDelta {
        let doublings = u32::try_from(attempts.clamp(1, 20) - 1).unwrap_or(0);
        let mut pause = self
            .pause
            .checked_mul(1 << doublings)
            .map_or(self.pause_limit, |pause| pause.min(self.pause_limit));
        if self.keeps(Protection::GrowingPauses) {
            for _attempt in EVEN..attempts.min(EVEN + 200) {
                pause = (pause + pause / 8).min(LONGEST_PAUSE.max(self.pause_limit));
            }
        }
        pause
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_hours_so_that_a_year_of_asking_is_a_few_hundred_questions_a_season() {
        let rules = Rules::default();
        assert_eq!(rules.pause_after(1), TimeDelta::milliseconds(500));
        assert_eq!(rules.pause_after(EVEN), rules.pause_limit);
        assert_eq!(rules.pause_after(1000), LONGEST_PAUSE);
        let mut asked = 0;
        let mut passed = TimeDelta::zero();
        let mut in_a_day = 0;
        while passed < TimeDelta::days(30) {
            asked += 1;
            in_a_day += i32::from(passed < TimeDelta::days(1));
            passed += rules.pause_after(asked);
        }
        assert!(in_a_day <= MOST_A_DAY, "{in_a_day} times on the first day");
        assert!(asked < 250, "{asked} times in a month");
    }
}
