//! The table of the matrix: moment × outcome → how the order ended.

use std::collections::BTreeMap;
use std::time::Duration;

use super::case::Played;
use super::harness::GoesOn;

/// Prints every case that killed a process, sorted by its moment.
pub(crate) fn print(all: &[Played], took: Duration) {
    let mut rows: BTreeMap<[String; 3], BTreeMap<String, usize>> = BTreeMap::new();
    for played in all.iter().filter(|played| played.case.point.is_some()) {
        let case = &played.case;
        let story = format!("{} at {}", case.story.name, case.story.operators.join(" and "));
        let goes_on = if case.goes_on == GoesOn::Itself { "itself" } else { "another" };
        let end = format!(
            "{}, {goes_on}{}",
            played.end,
            if played.killed { "" } else { ", NEVER REACHED" }
        );
        let end = if played.violations.is_empty() { end } else { format!("{end}, VIOLATION") };
        let key = [name(played), case.story.outcome.word().to_owned(), story];
        *rows.entry(key).or_default().entry(end).or_default() += 1;
    }
    eprintln!("| killed at | outcome | story | end, who went on |\n| --- | --- | --- | --- |");
    for ([point, outcome, story], ends) in &rows {
        let ends: Vec<String> = ends
            .iter()
            .map(|(end, times)| if *times == 1 { end.clone() } else { format!("{end} (x{times})") })
            .collect();
        eprintln!("| {point} | {outcome} | {story} | {} |", ends.join("; "));
    }
    let killed = all.iter().filter(|played| played.killed).count();
    let violations = wrong(all).len();
    eprintln!(
        "{} cases, {killed} kills, {} rows, {violations} violations, {:.0?}",
        all.len(),
        rows.len(),
        took
    );
}

fn name(played: &Played) -> String {
    let (point, nth) = played.case.point.clone().unwrap_or_default();
    if nth > 1 { format!("{point} (time {nth})") } else { point }
}

/// Everything that is wrong, with the case that it is about.
pub(crate) fn wrong(all: &[Played]) -> Vec<String> {
    let about = |played: &Played, says: &str| {
        format!("{} | {:?} goes on, {:.0?}: {says}", played.case, played.case.goes_on, played.took)
    };
    let mut wrong = Vec::new();
    for played in all {
        wrong.extend(played.violations.iter().map(|says| about(played, says)));
        if played.case.point.is_some() && !played.killed && played.violations.is_empty() {
            wrong.push(about(played, "the moment never came"));
        }
    }
    wrong
}
