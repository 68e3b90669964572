//! What somebody must see has a name, and says nothing of people.

use std::collections::BTreeSet;

use starjack::events::EVENTS;

use crate::assert_none;
use crate::sources::sources;

/// What lines with a name may tell besides; address and network of a log-in are keyed hashes.
const FIELDS: [&str; 44] = [
    "actor",
    "address",
    "alert",
    "amount",
    "before",
    "case",
    "cause",
    "command",
    "currency",
    "entries",
    "error",
    "event",
    "from",
    "invoice.number",
    "job.attempt",
    "job.id",
    "job.kind",
    "kind",
    "known_network",
    "last",
    "limit",
    "line",
    "method",
    "network",
    "networks",
    "now",
    "operator",
    "order.id",
    "outcome",
    "panicked",
    "part",
    "payment",
    "payments",
    "place",
    "reason",
    "reference",
    "rule",
    "silence",
    "status",
    "subject",
    "thread",
    "tid",
    "tids",
    "why",
];

/// A line of the log in the sources.
struct Line {
    at: String,
    is_error: bool,
    /// The macro's arguments, one by one.
    arguments: Vec<String>,
}

impl Line {
    fn name(&self) -> Option<&str> {
        let named = self.arguments.iter().find_map(|one| one.strip_prefix("event = \""));
        named.and_then(|rest| rest.strip_suffix('"'))
    }

    /// The fields that it tells.
    fn fields(&self) -> impl Iterator<Item = &str> {
        let of_fields = self.arguments.iter().filter(|one| !one.starts_with('"'));
        of_fields.map(|one| one.split(" = ").next().unwrap_or(one).trim_start_matches(['%', '?']))
    }
}

fn lines() -> Vec<Line> {
    let mut found = Vec::new();
    for source in ["src", "rules/src"].into_iter().flat_map(sources) {
        for level in ["error", "warn", "info", "debug"] {
            let call = format!("tracing::{level}!(");
            for (at, _) in source.code.match_indices(&call) {
                let number = source.code[..at].lines().count();
                found.push(Line {
                    at: format!("{}:{number}", source.path),
                    is_error: level == "error",
                    arguments: arguments(&source.code[at + call.len()..]),
                });
            }
        }
    }
    assert!(found.len() > 100, "the log is written by tracing's macros");
    found
}

/// The arguments of a call whose text begins after its opening parenthesis.
fn arguments(text: &str) -> Vec<String> {
    let mut depth = 0;
    let mut quoted = false;
    let mut escaped = false;
    let mut all = vec![String::new()];
    for sign in text.chars() {
        let is_escape = quoted && sign == '\\' && !escaped;
        match sign {
            '"' if !escaped => quoted = !quoted,
            '(' | '[' | '{' if !quoted => depth += 1,
            ')' | ']' | '}' if !quoted && depth == 0 => break,
            ')' | ']' | '}' if !quoted => depth -= 1,
            ',' if !quoted && depth == 0 => {
                all.push(String::new());
                continue;
            }
            _ => {}
        }
        escaped = is_escape;
        if let Some(last) = all.last_mut() {
            last.push(sign);
        }
    }
    all.into_iter().map(|one| one.trim().to_owned()).filter(|one| !one.is_empty()).collect()
}

#[test]
fn what_somebody_must_see_has_a_name_of_the_list() {
    let known: BTreeSet<&str> = EVENTS.iter().map(|event| event.name).collect();
    let mut breaches = Vec::new();
    let mut used = BTreeSet::new();
    for line in lines() {
        let must = line.is_error || line.arguments.iter().any(|one| one == "alert = true");
        match line.name() {
            Some(name) if known.contains(name) => drop(used.insert(name.to_owned())),
            Some(name) => breaches.push(format!("{}: {name} is in no list", line.at)),
            None if must => breaches.push(format!("{} has no name", line.at)),
            None => {}
        }
    }
    let unused = known.iter().filter(|name| !used.contains(**name));
    breaches.extend(unused.map(|name| format!("nothing says {name}")));
    assert_none(breaches, "`event = \"…\"` names what happened, and src/events.rs lists the names");
}

#[test]
fn what_has_a_name_tells_nothing_of_people() {
    let mut breaches = Vec::new();
    let mut used = BTreeSet::new();
    for line in lines().iter().filter(|line| line.name().is_some()) {
        let others = line.fields().filter(|field| !FIELDS.contains(field));
        breaches.extend(others.map(|field| format!("{} tells {field}", line.at)));
        used.extend(line.fields().map(str::to_owned));
    }
    let unused = FIELDS.iter().filter(|field| !used.contains(**field));
    breaches.extend(unused.map(|field| format!("{field} is listed and told by nobody")));
    assert_none(breaches, "the fields of named events are those that this test lists");
}

#[test]
fn events_are_listed_in_order_and_once() {
    assert!(EVENTS.is_sorted_by(|one, other| one.name < other.name));
}

#[test]
fn arguments_are_told_apart() {
    let call = "event = \"a.b\", %error, at = f(1, 2), \"one, (two) \\\" three\"); other(3)";
    let told = ["event = \"a.b\"", "%error", "at = f(1, 2)", "\"one, (two) \\\" three\""];
    assert_eq!(arguments(call), told);
}
