//! Each rule switched off is caught: this proves that the model can fail. The world of each is well
//! with every rule on.

use super::*;

/// Most states that a mutant may live in before it has to be caught.
const ENOUGH: usize = 400_000;

/// Most states of each of their worlds with every rule on, in the short run of every day.
const ENOUGH_OF_EACH: usize = 25_000;

/// Each rule, and the world in which it is needed.
fn mutants() -> Vec<(Protection, Setting)> {
    let base = setting(1, false, OnRefusal::Undo);
    let with = |budget: Budget| Setting { budget, ..base };
    let two = |budget: Budget| Setting { budget, lines: 2, on_refusal: OnRefusal::Keep, ..base };
    let both = |budget: Budget| Setting { lines: 2, ..with(budget) };
    let paid = Budget { payments: 1, ..NOTHING };
    let twice = Budget { faults: 2, cancels: 1, payments: 2, ..NOTHING };
    let crash = Budget { faults: 1, crashes: 1, payments: 1, ..NOTHING };
    let at_the_end = Setting { ends_in: TimeDelta::minutes(10), ..with(paid) };
    vec![
        (Protection::FindFirst, with(twice)),
        (Protection::InFlightLimit, with(twice)),
        (Protection::BurnReference, Setting { dedups: true, ..two(twice) }),
        (Protection::OnePayment, with(twice)),
        (Protection::CaptureIssuedOnly, two(twice)),
        (Protection::HistoryFirst, two(Budget { faults: 3, ..paid })),
        (Protection::IntentFirst, with(crash)),
        (Protection::VersionCheck, with(crash)),
        (Protection::LookAgainAtPages, with(Budget { late_pays: 1, ..paid })),
        (Protection::CountDeniedCalls, with(Budget { lost_reports: 1, denials: 1, ..paid })),
        (Protection::CountForThePage, with(Budget { declines: 2, faults: 1, ..paid })),
        (Protection::KeepClaims, with(Budget { charge_backs: 1, lags: 1, ..paid })),
        (Protection::CreditedIsLookedUp, with(Budget { lost_reports: 1, portal: 1, ..paid })),
        (
            Protection::NothingDueIsFinal,
            Setting { free: true, ..two(Budget { faults: 1, fails: 1, ..paid }) },
        ),
        (Protection::UnpaidIsACase, two(Budget { faults: 1, portal: 1, ..paid })),
        (Protection::PartsByHand, two(Budget { faults: 1, crashes: 1, transfers: 1, ..paid })),
        (Protection::RefusedByHand, with(Budget { faults: 1, closed_cards: 1, ..paid })),
        (Protection::GrowingPauses, both(Budget { faults: 1, uses: 1, ..paid })),
        (Protection::UsedTicketsEnd, both(Budget { faults: 1, uses: 1, ..paid })),
        (
            Protection::PortalCreditsCount,
            two(Budget { transfers: 1, portal: 1, returns: 2, ..paid }),
        ),
        (Protection::KeyedCases, two(Budget { transfers: 1, portal: 2, returns: 2, ..paid })),
        (Protection::OneOrderADay, with(Budget { rivals: 1, ..paid })),
        (Protection::DecideFirst, at_the_end),
        (Protection::SettleEveryIntent, with(Budget { booked_again: 1, returns: 1, ..paid })),
        (Protection::BoundedPages, with(Budget { dead_pages: 1, ..NOTHING })),
        (Protection::RestoredTicketsFirst, with(Budget { backups: 1, cancels: 1, ..paid })),
        (Protection::RestoredMoneyFirst, with(Budget { backups: 1, faults: 1, away: 1, ..paid })),
        (Protection::RestoredTicketsFirst, two(Budget { backups: 1, cancels: 1, ..paid })),
    ]
}

#[test]
#[expect(clippy::print_stderr, reason = "how each was caught, for whoever runs it by hand")]
fn every_rule_that_is_switched_off_is_caught() {
    for (protection, setting) in mutants() {
        let run = explore(&Setting { off: Some(protection), most_states: ENOUGH, ..setting });
        match run {
            Err(violation) => {
                eprintln!("{protection:?}: {}", violation.lines().next().unwrap_or_default())
            }
            Ok(states) => panic!("{protection:?} is off and nothing noticed in {states} states"),
        }
    }
}

#[test]
#[expect(clippy::print_stderr, reason = "how much was explored, for whoever runs it by hand")]
fn every_world_of_a_mutant_ends_right_with_every_rule_on() {
    let mut wrong = vec![];
    for (protection, setting) in mutants() {
        // the large ones are explored further elsewhere
        let most_states =
            if setting.most_states > 100_000 { setting.most_states } else { ENOUGH_OF_EACH };
        match explore(&Setting { most_states, ..setting }) {
            Ok(states) => eprintln!("{protection:?}: {states} states"),
            Err(violation) => wrong.push(format!("{protection:?}: {violation}")),
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}
