//! Who may name what, how long a file may be, and what never stands in one.

use crate::assert_none;
use crate::sources::{Source, files, read, sources};

/// What suppliers are called besides the names of their folders.
const OTHER_NAMES: [(&str, &str); 2] = [("dta", "skidata"), ("axess", "wtp")];
/// Who may name a supplier outside its port: the provider's callback has its name in the address.
const NAMED_OUTSIDE: [(&str, &str); 1] = [("mpay24", "src/http/routes/payment_callback.rs")];

/// A supplier: a folder within a port's.
struct Supplier {
    names: Vec<String>,
    /// Who may name it, besides configuration and demonstration.
    places: Vec<String>,
}

fn suppliers() -> Vec<Supplier> {
    let ports = "src/integrations/";
    let fronts = files(ports).into_iter().filter(|path| path.ends_with("/mod.rs"));
    let folders = fronts.filter_map(|path| {
        let inner = path.strip_prefix(ports)?.strip_suffix("/mod.rs")?.to_owned();
        let (port, name) = inner.split_once('/')?;
        (!name.contains('/')).then(|| (port.to_owned(), name.to_owned()))
    });
    let supplier = |(port, name): (String, String)| {
        let other = OTHER_NAMES.iter().filter(|(of, _)| *of == name);
        let outside = NAMED_OUTSIDE.iter().filter(|(of, _)| *of == name);
        let own = [format!("{name}/"), "mod.rs".to_owned(), "registry.rs".to_owned()];
        let places = own.map(|place| format!("{ports}{port}/{place}"));
        let names = other.map(|(_, other)| (*other).to_owned()).chain([name.clone()]);
        Supplier {
            names: names.collect(),
            places: outside.map(|(_, place)| (*place).to_owned()).chain(places).collect(),
        }
    };
    folders.map(supplier).collect()
}

/// The files that write SQL by hand: the lease needs the database's own clock, the start its
/// settings, a copy its identity.
const SQL_BY_HAND: [&str; 5] = [
    "src/actors/fleet/replica.rs",
    "src/actors/fleet/connection_budget.rs",
    "src/actors/fleet/store.rs",
    "src/epoch.rs",
    "src/io/mod.rs",
];

/// The server and the rules of its orders.
fn product() -> Vec<Source> {
    ["src", "rules/src"].into_iter().flat_map(sources).collect()
}

/// Longest file, without its tests; from 300 lines on it is time to look for a seam.
const MOST_LINES: usize = 400;
/// Longest line of a comment, as of code.
const MOST_CHARACTERS: usize = 100;

#[test]
fn a_suppliers_name_stays_in_its_folder() {
    let mut breaches = Vec::new();
    let suppliers = suppliers();
    assert!(suppliers.len() >= 4, "suppliers are the folders of the ports' folders");
    let emails = files("src").into_iter().filter(|path| path.contains("/templates/"));
    let texts = emails.map(|path| (read(&path), path));
    let code = product().into_iter().map(|source| (source.code, source.path));
    for (text, path) in texts.chain(code).filter(|(_, path)| !path.starts_with("src/demo/")) {
        for Supplier { names, places } in &suppliers {
            if !places.iter().any(|place| path.starts_with(place)) {
                let found = names.iter().filter(|name| names_it(&text, name));
                breaches.extend(found.map(|name| format!("{path} names {name}")));
            }
        }
    }
    assert_none(breaches, "a supplier is one folder: what others need of it goes through its port");
}

/// Whether one of the text's words, also in `snake_case` and `CamelCase`, is `name`.
fn names_it(text: &str, name: &str) -> bool {
    text.split(|c: char| !c.is_alphanumeric()).any(|word| {
        let mut capital =
            word.char_indices().skip(1).filter(|(_, c)| c.is_uppercase()).map(|(at, _)| at);
        let first = &word[..capital.next().unwrap_or(word.len())];
        word.eq_ignore_ascii_case(name)
            || first.eq_ignore_ascii_case(name)
            || ends_with_capital(word, name)
    })
}

fn ends_with_capital(word: &str, name: &str) -> bool {
    let at = word.len().checked_sub(name.len()).filter(|at| *at > 0);
    at.and_then(|at| word.get(at..))
        .is_some_and(|end| end.eq_ignore_ascii_case(name) && end.starts_with(char::is_uppercase))
}

#[test]
fn names_are_found_in_every_spelling() {
    for text in ["dta", "DTA", "sample_dta_number", "DtaClient", "\"dta/solden\"", "NewDta"] {
        assert!(names_it(text, "dta"), "{text}");
    }
    for text in ["CardTaken", "data", "dtas"] {
        assert!(!names_it(text, "dta"), "{text}");
    }
}

#[test]
fn only_stores_name_tables() {
    let is_store = |path: &str| {
        path.ends_with("/store.rs") || path.contains("/store/") || path == "src/epoch.rs"
    };
    let others = product().into_iter().filter(|source| !is_store(&source.path));
    let breaches =
        others.filter(|source| source.code.contains("starjack_entity")).map(|source| source.path);
    assert_none(breaches.collect(), "tables are named in a `store.rs` or a folder `store/` alone");
    only_these("Statement::from_", &SQL_BY_HAND);
}

#[test]
fn only_one_folder_speaks_to_redis() {
    only_these(
        "use ::redis::",
        &[
            "src/redis/address.rs",
            "src/redis/asking.rs",
            "src/redis/link.rs",
            "src/redis/pubsub.rs",
            "src/redis/several.rs",
        ],
    );
}

/// Fails for every file that says `word` and is not listed, and for every listed one that does not
/// say it any more.
fn only_these(word: &str, listed: &[&str]) {
    let mut breaches = Vec::new();
    for source in product() {
        match (source.code.contains(word), listed.contains(&source.path.as_str())) {
            (true, false) => breaches.push(format!("{} says {word}", source.path)),
            (false, true) => {
                breaches.push(format!("{} is listed for {word} and does not say it", source.path))
            }
            (true, true) | (false, false) => {}
        }
    }
    assert_none(breaches, "only the files that this test lists say it");
}

#[test]
fn only_the_clock_reads_time() {
    let mut breaches = Vec::new();
    for (folder, clock) in
        [("src", "src/clock.rs"), ("rules/src", ""), ("simulator/src", "simulator/src/clock.rs")]
    {
        for source in sources(folder).iter().filter(|source| source.path != clock) {
            let mut words = vec![
                "Utc::now",
                "Local::now",
                "Instant::now",
                "SystemTime::now",
                ".elapsed()",
                "time::interval",
            ];
            if folder != "simulator/src" {
                words.extend(["time::sleep", "time::timeout"]);
            }
            // the lease alone counts by the database's clock
            if !["src/actors/fleet/replica.rs", "src/actors/fleet/store.rs"]
                .contains(&source.path.as_str())
            {
                words.extend(["clock_timestamp", "CURRENT_TIMESTAMP"]);
            }
            breaches.extend(
                words
                    .iter()
                    .filter(|word| source.code.contains(**word))
                    .map(|word| format!("{} says {word}", source.path)),
            );
        }
    }
    assert_none(breaches, "time comes from clock.rs");
}

#[test]
fn no_queue_is_without_a_bound() {
    let all = product().into_iter().chain(sources("simulator/src"));
    let breaches = all.filter(|source| source.code.contains("unbounded")).map(|source| source.path);
    assert_none(breaches.collect(), "every queue has a bound");
}

#[test]
fn files_are_short() {
    let all = ["src", "rules/src", "simulator/src", "migration/src"].into_iter().flat_map(sources);
    let long = all
        .map(|source| (source.text.lines().count(), source.path))
        .filter(|(lines, _)| *lines > MOST_LINES);
    assert_none(
        long.map(|(lines, path)| format!("{path} has {lines} lines")).collect(),
        "a file has 400 lines at most",
    );
}

#[test]
fn comments_are_as_wide_as_code() {
    let is_drawing = |line: &str| line.contains('─');
    let mut breaches = Vec::new();
    for path in files("").iter().filter(|path| path.ends_with(".rs")) {
        for (line, number) in read(path).lines().zip(1..) {
            let is_comment = line.trim_start().starts_with("//");
            if is_comment && line.chars().count() > MOST_CHARACTERS && !is_drawing(line) {
                breaches.push(format!("{path}:{number}"));
            }
        }
    }
    assert_none(breaches, "a line has 100 characters at most, comments too");
}

#[test]
fn nothing_names_a_machine_or_an_issue() {
    let paths = ["/work/", "/home/", "/root/", "/Users/"];
    let mut breaches = Vec::new();
    for path in files("").iter().filter(|path| is_ours(path)) {
        for (line, number) in read(path).lines().zip(1..) {
            if paths.iter().any(|word| line.contains(word))
                || line.contains("/issues/")
                || names_an_issue(line)
            {
                breaches.push(format!("{path}:{number}: {line}"));
            }
        }
    }
    assert_none(breaches, "what is written here is true on every machine and without any tracker");
}

/// Texts that we write; samples and schemas are others', and this file says what it looks for.
fn is_ours(path: &str) -> bool {
    let text =
        [".rs", ".md", ".toml", ".txt", ".json", ".yml"].iter().any(|end| path.ends_with(end));
    let plain = path == "Makefile" || path.starts_with("scripts/") || path.starts_with(".ci/");
    (text || plain)
        && !["/samples/", "tests/schemas/", "house_rules/words.rs"]
            .iter()
            .any(|other| path.contains(other))
}

/// Whether a word is `#` and a number.
fn names_an_issue(line: &str) -> bool {
    line.split([' ', '(', '[', ',']).any(|word| {
        let digits = word.strip_prefix('#').unwrap_or_default();
        let end = digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len());
        end > 0 && digits[end..].chars().all(|c| c.is_ascii_punctuation())
    })
}
