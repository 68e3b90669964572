//! Arrows only go down.

use std::collections::{BTreeMap, BTreeSet};

use crate::assert_none;
use crate::sources::{Source, root, sources};

/// Below everything: what they may import is said beside them.
const LOWER: [(&str, &[&str]); 16] = [
    ("clock", &[]),
    ("events", &[]),
    ("failpoints", &[]),
    ("no_failpoints", &[]),
    ("process", &[]),
    ("ids", &[]),
    ("money", &[]),
    ("language", &["money"]),
    ("network", &[]),
    ("telemetry", &[]),
    ("timeline", &[]),
    ("fonts", &[]),
    ("typed", &["fonts", "language"]),
    ("io", &["clock", "failpoints", "timeline"]),
    ("redis", &["clock", "io"]),
    ("epoch", &["ids", "io", "timeline"]),
];

/// Who may import whom, besides itself, from the ground up.
const LAYERS: [(&str, &[&str]); 9] = [
    ("integrations", &["clock", "failpoints", "ids", "language", "money", "network", "typed"]),
    (
        "actors",
        &[
            "integrations",
            "clock",
            "failpoints",
            "epoch",
            "fonts",
            "ids",
            "language",
            "money",
            "io",
            "redis",
            "typed",
        ],
    ),
    ("config", &["actors", "integrations", "clock", "network", "redis"]),
    (
        "http",
        &[
            "actors",
            "integrations",
            "clock",
            "ids",
            "language",
            "money",
            "network",
            "io",
            "redis",
            "typed",
        ],
    ),
    (
        "app",
        &[
            "http",
            "config",
            "actors",
            "integrations",
            "clock",
            "failpoints",
            "epoch",
            "ids",
            "io",
            "language",
            "network",
            "redis",
        ],
    ),
    (
        "demo",
        &[
            "process",
            "app",
            "config",
            "actors",
            "clock",
            "ids",
            "io",
            "money",
            "telemetry",
            "typed",
        ],
    ),
    ("import", &["app", "config", "actors", "integrations", "io"]),
    (
        "command",
        &[
            "demo", "import", "process", "app", "config", "http", "actors", "clock", "epoch",
            "ids", "io",
        ],
    ),
    ("lib", &[]),
];

/// Names, and which others each may use.
type Allowed = &'static [(&'static str, &'static [&'static str])];

/// The rooms of large folders, and which others each may use.
const ROOMS: [(&str, Allowed); 3] = [
    ("actors/order", &[("store", &[]), ("engine", &["store"]), ("desk", &["store", "engine"])]),
    (
        "actors/liftoperator",
        &[
            ("catalogue", &[]),
            ("areas", &[]),
            ("offers", &["catalogue"]),
            ("lift", &["catalogue", "offers"]),
        ],
    ),
    (
        "http",
        &[
            ("middleware", &[]),
            ("routes", &["middleware"]),
            ("operations", &["middleware", "routes"]),
        ],
    ),
];

#[test]
fn rooms_only_use_what_they_may() {
    let mut breaches = Vec::new();
    for (folder, rooms) in ROOMS {
        let within: Vec<&str> = folder.split('/').collect();
        for source in &sources(&format!("src/{folder}")) {
            let module = module_of(&source.path);
            let own = module.get(within.len()).map(String::as_str);
            let Some((own, may)) = rooms.iter().find(|(name, _)| Some(*name) == own) else {
                continue;
            };
            for name in imported(source, &within) {
                let is_room = rooms.iter().any(|(room, _)| *room == name);
                if is_room && name != *own && !may.contains(&name.as_str()) {
                    breaches.push(format!("{} uses {folder}/{name}", source.path));
                }
            }
        }
    }
    assert_none(breaches, "a room uses those below it, as its folder's `mod.rs` draws them");
}

#[test]
fn imports_only_go_down() {
    let allowed: Vec<_> = LOWER.into_iter().chain(LAYERS).collect();
    let mut breaches = Vec::new();
    for source in sources("src").iter().filter(|source| source.path != "src/main.rs") {
        let layer = module_of(&source.path)[0].clone();
        let (_, may) = allowed
            .iter()
            .find(|(name, _)| *name == layer)
            .unwrap_or_else(|| panic!("{layer} has no layer"));
        for name in imported(source, &[]) {
            if name != layer && !may.contains(&name.as_str()) {
                breaches.push(format!("{} imports {name}", source.path));
            }
        }
    }
    assert_none(
        breaches,
        "arrows only go down: http -> actors -> integrations, and io, clock, ids, money below all",
    );
}

/// Whom an actor says that it asks, in the last line of its module's own words: `//! Asks: jobs.`
fn asks(text: &str) -> Option<Vec<String>> {
    let line = text.lines().find_map(|line| line.strip_prefix("//! Asks: "))?;
    let names = line.trim_end_matches('.').split(", ").filter(|name| *name != "nobody");
    Some(names.map(str::to_owned).collect())
}

#[test]
fn actors_only_ask_whom_they_say_they_ask() {
    let all = sources("src/actors");
    let mut said: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for source in &all {
        let module = module_of(&source.path);
        if let ([_, name], Some(asked)) = (module.as_slice(), asks(&source.text)) {
            said.insert(name.clone(), asked);
        }
    }
    let mut used: BTreeSet<(String, String)> = BTreeSet::new();
    let mut breaches = Vec::new();
    for source in &all {
        let module = module_of(&source.path);
        let Some(own) = module.get(1) else { continue };
        let Some(may) = said.get(own) else {
            breaches.push(format!("{}: {own} does not say whom it asks", source.path));
            continue;
        };
        for name in imported(source, &["actors"]) {
            let is_type = name.starts_with(char::is_uppercase);
            if name == *own || is_type || !said.contains_key(&name) {
                continue;
            }
            if !may.contains(&name) {
                breaches.push(format!("{} asks {name}", source.path));
            }
            used.insert((own.clone(), name));
        }
    }
    for (own, asked) in &said {
        let unused = asked.iter().filter(|name| !used.contains(&(own.clone(), (*name).clone())));
        breaches.extend(unused.map(|name| format!("{own} says that it asks {name}, and does not")));
        if reaches(&said, own, own) {
            breaches.push(format!("{own} is asked by somebody whom it asks"));
        }
    }
    assert_none(breaches, "`//! Asks: …` at the top of an actor's module says whom it may ask");
}

/// Whether somebody whom `from` asks, however indirectly, asks `to`.
fn reaches(said: &BTreeMap<String, Vec<String>>, from: &str, to: &str) -> bool {
    let mut seen = BTreeSet::new();
    let mut open = vec![from.to_owned()];
    while let Some(name) = open.pop() {
        for asked in said.get(&name).into_iter().flatten() {
            if asked == to {
                return true;
            }
            if seen.insert(asked.clone()) {
                open.push(asked.clone());
            }
        }
    }
    false
}

#[test]
fn a_port_knows_no_other_port() {
    let is_folder = |name: &str| root().join("src/integrations").join(name).is_dir();
    let mut breaches = Vec::new();
    for source in &sources("src/integrations") {
        let module = module_of(&source.path);
        let Some(own) = module.get(1).filter(|own| is_folder(own)) else { continue };
        // what several ports speak
        let shared = |name: &String| name == "soap";
        let others = imported(source, &["integrations"])
            .into_iter()
            .filter(|name| name != own && is_folder(name) && (!shared(name) || shared(own)));
        breaches.extend(others.map(|name| format!("{} knows {name}", source.path)));
    }
    assert_none(breaches, "a port knows no other port, and what they share knows none");
}

/// The module of a file, for example `["actors", "order", "store"]`.
fn module_of(path: &str) -> Vec<String> {
    let inner = path.trim_start_matches("src/").trim_end_matches(".rs").trim_end_matches("/mod");
    inner.split('/').map(str::to_owned).collect()
}

/// What a source names directly below `crate::` and `within`, also through `super` and braces.
fn imported(source: &Source, within: &[&str]) -> BTreeSet<String> {
    let module = module_of(&source.path);
    let mut found = BTreeSet::new();
    for prefix in ["crate::", "super::"] {
        let starts = source.code.match_indices(prefix).map(|(at, _)| at);
        for at in starts.filter(|at| {
            !source.code[..*at].ends_with([':', '_']) && !ends_in_word(&source.code[..*at])
        }) {
            let mut rest = &source.code[at..];
            let mut base: Vec<String> = Vec::new();
            if let Some(after) = rest.strip_prefix("crate::") {
                rest = after;
            } else {
                base.clone_from(&module);
                while let Some(after) = rest.strip_prefix("super::") {
                    base.pop();
                    rest = after;
                }
            }
            for path in expand(rest) {
                let whole: Vec<&str> = base
                    .iter()
                    .map(String::as_str)
                    .chain(path.iter().map(String::as_str))
                    .collect();
                if whole.len() > within.len() && whole.starts_with(within) {
                    found.insert(whole[within.len()].to_owned());
                }
            }
        }
    }
    found
}

fn ends_in_word(text: &str) -> bool {
    text.ends_with(|last: char| last.is_alphanumeric())
}

/// The paths that stand here: `a::{b, c::d}` is `a::b` and `a::c::d`.
fn expand(text: &str) -> Vec<Vec<String>> {
    if let Some(inner) = text.strip_prefix('{') {
        let mut depth = 1;
        let mut begin = 0;
        let mut found = Vec::new();
        for (at, character) in inner.char_indices() {
            depth += i32::from(character == '{') - i32::from(character == '}');
            if depth == 0 || (depth == 1 && character == ',') {
                found.extend(expand(inner[begin..at].trim()));
                begin = at + 1;
            }
            if depth == 0 {
                break;
            }
        }
        return found;
    }
    let end = text.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(text.len());
    let (name, rest) = text.split_at(end);
    if name.is_empty() {
        return Vec::new();
    }
    let Some(below) = rest.strip_prefix("::") else { return vec![vec![name.to_owned()]] };
    let below = expand(below.trim_start());
    if below.is_empty() {
        return vec![vec![name.to_owned()]];
    }
    below.into_iter().map(|path| [vec![name.to_owned()], path].concat()).collect()
}

#[test]
fn imports_are_found_through_braces_and_super() {
    let source = |path: &str, code: &str| Source {
        path: path.into(),
        text: String::new(),
        code: code.into(),
    };
    let grouped = source(
        "src/io.rs",
        "use crate::{clock, actors::{auth, mail::Post}};\nlet x: super::money::Cents;",
    );
    assert_eq!(
        imported(&grouped, &[]),
        BTreeSet::from(["actors", "clock", "money"].map(String::from))
    );
    assert_eq!(imported(&grouped, &["actors"]), BTreeSet::from(["auth", "mail"].map(String::from)));
    let climbing = source(
        "src/actors/order/store.rs",
        "super::super::super::http::State; super::super::mail::x",
    );
    assert_eq!(imported(&climbing, &[]), BTreeSet::from(["actors", "http"].map(String::from)));
    assert_eq!(imported(&climbing, &["actors"]), BTreeSet::from(["mail".to_owned()]));
}
