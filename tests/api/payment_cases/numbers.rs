//! Every case has its test.

use std::collections::BTreeSet;
use std::path::Path;

/// The numbers of all cases; one without a test would have to be left out here, with the reason.
const CASES: std::ops::RangeInclusive<u32> = 1..=35;

#[test]
fn every_case_has_its_test() {
    let mut found = BTreeSet::new();
    for folder in ["src", "tests"] {
        look(&Path::new(env!("CARGO_MANIFEST_DIR")).join(folder), &mut found);
    }
    let missing: Vec<u32> = CASES.filter(|case| !found.contains(case)).collect();
    assert!(missing.is_empty(), "no test of the cases {missing:?}");
    let unknown: Vec<&u32> = found.iter().filter(|case| !CASES.contains(*case)).collect();
    assert!(unknown.is_empty(), "there are no cases {unknown:?}");
}

/// The numbers of the tests in a folder: functions with `#[test]` or its like above them, or named
/// in `both_databases!`.
fn look(folder: &Path, found: &mut BTreeSet<u32>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            look(&path, found);
        } else if path.extension().is_some_and(|end| end == "rs") {
            found.extend(cases_of(&std::fs::read_to_string(&path).unwrap()));
        }
    }
}

fn cases_of(text: &str) -> Vec<u32> {
    let mut cases = Vec::new();
    for (at, _) in text.match_indices("fn case_") {
        let name = text[at + 3..].split('(').next().unwrap();
        let line = text[..at].rfind('\n').map_or(0, |end| end + 1);
        let is_test = text[..line].trim_end().ends_with("test]");
        let is_story = text.split("both_databases!(").nth(1).is_some_and(|rest| {
            rest.split(");").next().unwrap().split(',').any(|story| story.trim() == name)
        });
        if is_test || is_story {
            cases.push(name.split('_').nth(1).unwrap().parse().unwrap());
        }
    }
    cases
}

#[test]
fn a_function_that_no_runner_runs_is_no_test() {
    let told = concat!("both_databases!(case_01_a, b);\nasync fn case_", "01_a() {}\n");
    let run = concat!("#[tokio::test]\nasync fn case_", "02_c() {}\n");
    let forgotten = concat!("async fn case_", "03_d() {}\n");
    assert_eq!(cases_of(&format!("{told}{run}{forgotten}")), [1, 2]);
}
