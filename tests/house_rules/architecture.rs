//! `ARCHITECTURE.md` names what is there: every folder, path, function, test, table and column.

use std::collections::{BTreeMap, BTreeSet};

use sea_orm::{ConnectionTrait, Database, Statement};
use sea_orm_migration::MigratorTrait as _;
use starjack_migration::Migrator;
use starjack_rules::lifecycle;

use crate::assert_none;
use crate::sources::{files, read, root};

const PAGE: &str = "ARCHITECTURE.md";
const INVARIANTS: &str = "docs/invariants.md";
const SCHEMA: &str = "docs/schema.md";
/// Most lines of the page without its generated tables.
const MOST_LINES: usize = 200;

/// Where a part begins and ends in the page.
fn marks(part: &str) -> (String, String) {
    (format!("<!-- {part} -->\n"), format!("<!-- end of {part} -->\n"))
}

/// What stands between the marks of a part.
fn part<'a>(page: &'a str, name: &str) -> &'a str {
    let (begin, end) = marks(name);
    let (_, rest) = page.split_once(&begin).unwrap_or_else(|| panic!("{PAGE} has no part {name}"));
    rest.split_once(&end).unwrap_or_else(|| panic!("{PAGE} does not end its part {name}")).0
}

/// Every `word` in backticks; blocks of code do not count.
fn words(text: &str) -> Vec<&str> {
    text.split("```").step_by(2).flat_map(|prose| prose.split('`').skip(1).step_by(2)).collect()
}

/// Run with `BLESS=1` to write the tables anew.
#[test]
fn the_tables_of_the_page_equal_the_committed_ones() {
    let page = read(PAGE);
    let written = part(&page, "order tables");
    let rendered = format!("\n{}\n", lifecycle::render());
    if std::env::var_os("BLESS").is_some() {
        let begin = marks("order tables").0;
        let blessed = page.replacen(&format!("{begin}{written}"), &format!("{begin}{rendered}"), 1);
        std::fs::write(root().join(PAGE), blessed).unwrap();
    } else {
        assert_eq!(written, rendered, "`make bless` writes the tables anew");
    }
}

#[test]
fn every_folder_stands_in_the_code_map() {
    let page = read(PAGE);
    let named: BTreeSet<&str> = words(part(&page, "code map")).into_iter().collect();
    let own =
        |path: &String| !["/samples/", "/templates/"].iter().any(|other| path.contains(other));
    let mut expected = BTreeSet::new();
    for path in files("").into_iter().filter(own).filter(|path| path.contains('/')) {
        let deep = if path.starts_with("src/") { 4 } else { 2 };
        let folders: Vec<&str> = path.split('/').collect();
        let below_top = deep.min(folders.len() - 1);
        expected.extend((1..=below_top).map(|depth| format!("{}/", folders[..depth].join("/"))));
        if path.starts_with("src/") && folders.len() == 2 {
            expected.insert(path);
        }
    }
    let is_inner = |folder: &String| {
        folder.ends_with("/src/")
            || folder.ends_with("/tests/")
            || matches!(folder.as_str(), "src/" | "tests/")
    };
    let missing = expected.iter().filter(|path| !is_inner(path) && !named.contains(path.as_str()));
    assert_none(
        missing.cloned().collect(),
        "the code map names every folder and every file directly below src/",
    );
}

#[test]
fn every_path_function_and_test_that_pages_name_is_there() {
    let tops: BTreeSet<String> =
        files("").iter().filter_map(|path| Some(path.split_once('/')?.0.to_owned())).collect();
    let mut breaches = Vec::new();
    for name in [PAGE, INVARIANTS, SCHEMA, "README.md"] {
        let page = read(name);
        for word in words(&page) {
            let (path, function) =
                word.split_once("::").map_or((word, None), |(path, rest)| (path, Some(rest)));
            let is_path = path.split_once('/').is_some_and(|(top, _)| tops.contains(top));
            if !is_path || path.contains(['<', '*', ' ']) {
                continue;
            }
            if !root().join(path).exists() {
                breaches.push(format!("{name}: {path} is not there"));
            } else if let Some(function) = function {
                let text = read(path);
                let kinds = ["fn ", "struct ", "enum ", "trait ", "const "];
                let is_there = kinds.iter().any(|kind| {
                    text.match_indices(&format!("{kind}{function}")).any(|(at, found)| {
                        !text[at + found.len()..]
                            .starts_with(|c: char| c.is_alphanumeric() || c == '_')
                    })
                });
                if !is_there {
                    breaches.push(format!("{name}: {path} has no {function}"));
                }
            }
        }
    }
    assert_none(breaches, "pages tell the truth");
}

#[test]
fn every_invariant_names_its_test() {
    let page = read(INVARIANTS);
    let rows: Vec<&str> =
        part(&page, "invariants").lines().filter(|line| line.starts_with("| ")).skip(2).collect();
    assert!(rows.len() > 10);
    let without = rows.iter().filter(|row| !row.contains(".rs::") && !row.contains("none yet"));
    assert_none(
        without.map(|row| (*row).to_owned()).collect(),
        "an invariant has a test, or says that it has none yet",
    );
}

#[tokio::test]
async fn the_schema_is_drawn_as_it_is_migrated() {
    let db = Database::connect("sqlite::memory:").await.unwrap();
    Migrator::up(&db, None).await.unwrap();
    let select = |sql: String| Statement::from_string(db.get_database_backend(), sql);
    let tables = db
        .query_all_raw(select(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
                .into(),
        ))
        .await
        .unwrap();
    let mut columns = BTreeMap::new();
    for table in tables {
        let table: String = table.try_get_by_index(0).unwrap();
        let rows = db
            .query_all_raw(select(format!("SELECT name FROM pragma_table_info('{table}')")))
            .await
            .unwrap();
        let names: BTreeSet<String> =
            rows.iter().map(|row| row.try_get_by_index(0).unwrap()).collect();
        columns.insert(table, names);
    }
    columns.remove("seaql_migrations");
    let page = read(SCHEMA);
    let mut breaches = Vec::new();
    let mut drawn = BTreeSet::new();
    for row in part(&page, "schema").lines().filter(|line| line.starts_with("| `")) {
        let mut named = words(row).into_iter();
        let table = named.next().unwrap();
        drawn.insert(table.to_owned());
        match columns.get(table) {
            None => breaches.push(format!("there is no table {table}")),
            Some(columns) => {
                let unknown = named.filter(|name| !columns.contains(*name));
                breaches.extend(unknown.map(|name| format!("{table} has no column {name}")));
            }
        }
    }
    breaches.extend(
        columns
            .keys()
            .filter(|table| !drawn.contains(*table))
            .map(|table| format!("{table} is not drawn")),
    );
    assert_none(breaches, "the drawn schema is the migrated one");
}

#[test]
fn pages_stay_short() {
    let page = read(PAGE);
    let lines = page.replacen(part(&page, "order tables"), "", 1).lines().count();
    assert!(
        lines <= MOST_LINES,
        "{PAGE} has {lines} lines besides its tables, {MOST_LINES} are allowed"
    );
    let lines = read("README.md").lines().count();
    assert!(lines <= 90, "README.md has {lines} lines, 90 are allowed");
}

#[test]
fn a_line_of_prose_is_one_sentence() {
    let mut breaches = Vec::new();
    for path in
        files("").into_iter().filter(|path| path.ends_with(".md") && !path.contains("LICENSE"))
    {
        // a block of code is no prose, nor is a table
        for (index, part) in
            read(&path).split("```").enumerate().filter(|(index, _)| index % 2 == 0)
        {
            let prose = part.lines().filter(|line| !line.starts_with('|'));
            let two = prose
                .filter(|line| begins_another(line))
                .map(|line| format!("{path}, part {index}: {line}"));
            breaches.extend(two);
        }
    }
    assert_none(breaches, "a sentence begins a line, so that a change shows what it changes");
}

/// Whether another sentence begins within a line, not counting what stands in backticks or
/// parentheses. Its first words in bold are a title.
fn begins_another(line: &str) -> bool {
    let words: String = line.split('`').step_by(2).collect::<Vec<_>>().join("X");
    let mut depth = 0;
    let outside: String = words
        .chars()
        .filter(|sign| {
            depth += i32::from(*sign == '(') - i32::from(*sign == ')');
            depth == 0
        })
        .collect();
    // the mark of an item ends with a full stop too
    let text = outside.trim_start_matches(|sign: char| !sign.is_alphabetic() && sign != '*');
    let title = text.strip_prefix("**").and_then(|rest| rest.split_once("** "));
    let prose = title.map_or(text, |(_, rest)| rest);
    [". ", "! ", "? "].iter().flat_map(|end| prose.match_indices(end)).any(|(at, end)| {
        let ends_word =
            |sign: char| sign.is_lowercase() || sign.is_ascii_digit() || "X)\"".contains(sign);
        prose[..at].ends_with(ends_word) && prose[at + end.len()..].starts_with(char::is_uppercase)
    })
}
