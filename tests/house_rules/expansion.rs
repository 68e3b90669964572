//! A new version's schema is an expansion of the released one: replicas of both run on it while one
//! takes the other's place, and the released version can be started again. What nobody reads or
//! writes any more is taken away a release later.

use std::collections::{BTreeMap, BTreeSet};

use sea_orm::{ConnectionTrait, Database, DatabaseConnection, Statement};
use starjack_migration::bring_up;

use crate::assert_none;
use crate::sources::{read, root};

/// The schema of the last release, one column or unique key a line.
const RELEASED: &str = "migration/released.txt";

/// A schema as an older version sees it.
#[derive(Debug, Default, PartialEq, Eq)]
struct Schema {
    /// Table and column to what it holds: `varchar(64)`, with `not null`, with `default` when a row
    /// may be written without it.
    columns: BTreeMap<(String, String), String>,
    /// Table and columns of which no two rows have the same.
    unique: BTreeSet<(String, Vec<String>)>,
}

impl Schema {
    async fn of(db: &DatabaseConnection) -> Self {
        let mut schema = Self::default();
        let tables = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND name <> 'seaql_migrations'";
        for [table] in rows(db, tables).await {
            let columns = format!(
                "SELECT name, lower(type) || iif(\"notnull\", ' not null', '') || iif(dflt_value IS NULL, '', ' default') \
                 FROM pragma_table_info('{table}')"
            );
            for [column, holds] in rows(db, &columns).await {
                schema.columns.insert((table.clone(), column), holds);
            }
            let keys = format!("SELECT name FROM pragma_index_list('{table}') WHERE \"unique\"");
            for [key] in rows(db, &keys).await {
                let columns = rows(
                    db,
                    &format!("SELECT name FROM pragma_index_info('{key}') ORDER BY seqno"),
                )
                .await;
                schema
                    .unique
                    .insert((table.clone(), columns.into_iter().map(|[column]| column).collect()));
            }
        }
        schema
    }

    fn parse(text: &str) -> Self {
        let mut schema = Self::default();
        for line in text.lines().filter(|line| !line.starts_with("--")) {
            let (name, holds) = line.split_once(' ').unwrap();
            if name == "unique" {
                let (table, columns) = holds.split_once(' ').unwrap();
                schema
                    .unique
                    .insert((table.to_owned(), columns.split(' ').map(str::to_owned).collect()));
            } else {
                let (table, column) = name.split_once('.').unwrap();
                schema.columns.insert((table.to_owned(), column.to_owned()), holds.to_owned());
            }
        }
        schema
    }

    fn render(&self, release: &str) -> String {
        let columns = self
            .columns
            .iter()
            .map(|((table, column), holds)| format!("{table}.{column} {holds}\n"));
        let unique = self
            .unique
            .iter()
            .map(|(table, columns)| format!("unique {table} {}\n", columns.join(" ")));
        let says = "-- The schema of the last release; written anew by `make released` when there is another.";
        format!("{says}\n-- release {release}\n") + &columns.chain(unique).collect::<String>()
    }

    /// What a version that knows only `self` could not live with in `now`.
    fn breaches(&self, now: &Self) -> Vec<String> {
        let mut breaches = Vec::new();
        for ((table, column), held) in &self.columns {
            match now.columns.get(&(table.clone(), column.clone())) {
                None => breaches.push(format!("{table}.{column} is gone")),
                Some(holds) if holds != held && holds != &format!("{held} default") => {
                    breaches.push(format!("{table}.{column} was {held} and is {holds}"));
                }
                Some(_) => {}
            }
        }
        let knows_table = |table: &String| self.columns.keys().any(|(known, _)| known == table);
        let is_new = |table: &String, column: &String| {
            !self.columns.contains_key(&(table.clone(), column.clone()))
        };
        for ((table, column), holds) in &now.columns {
            let is_needed = holds.contains("not null") && !holds.ends_with("default");
            if knows_table(table) && is_new(table, column) && is_needed {
                breaches.push(format!("{table}.{column} is new, not null and has no default"));
            }
        }
        for (table, columns) in now.unique.difference(&self.unique) {
            if knows_table(table) && !columns.iter().any(|column| is_new(table, column)) {
                breaches.push(format!("{table}: {columns:?} must be unique now"));
            }
        }
        let lost = self.unique.difference(&now.unique);
        breaches.extend(
            lost.map(|(table, columns)| format!("{table}: {columns:?} is not unique any more")),
        );
        breaches
    }
}

async fn rows<const N: usize>(db: &DatabaseConnection, sql: &str) -> Vec<[String; N]> {
    let rows =
        db.query_all_raw(Statement::from_string(db.get_database_backend(), sql)).await.unwrap();
    let cells =
        |row: &sea_orm::QueryResult| std::array::from_fn(|at| row.try_get_by_index(at).unwrap());
    rows.iter().map(cells).collect()
}

/// Run with `RELEASE=` its commit to write the schema of a release.
#[tokio::test]
async fn the_schema_is_an_expansion_of_the_released_one() {
    let db = Database::connect("sqlite::memory:").await.unwrap();
    bring_up(&db).await.unwrap();
    let now = Schema::of(&db).await;
    assert_eq!(Schema::parse(&now.render("any")), now);
    if let Ok(commit) = std::env::var("RELEASE") {
        return std::fs::write(root().join(RELEASED), now.render(&commit)).unwrap();
    }
    let released = Schema::parse(&read(RELEASED));
    assert!(released.columns.len() > 100, "the released schema was read");
    assert_none(
        released.breaches(&now),
        "the released version and this one run on one schema: expand now, contract later",
    );
}

#[tokio::test]
async fn whatever_an_older_version_could_not_live_with_is_found() {
    let db = Database::connect("sqlite::memory:").await.unwrap();
    for sql in [
        "CREATE TABLE a (id integer PRIMARY KEY, gone text, kept varchar(8) NOT NULL, widened text)",
        "CREATE UNIQUE INDEX loses ON a (kept)",
    ] {
        db.execute_unprepared(sql).await.unwrap();
    }
    let released = Schema::of(&db).await;
    assert_eq!(released.breaches(&released), Vec::<String>::new());
    for sql in [
        "CREATE TABLE b (id integer PRIMARY KEY, any text NOT NULL)",
        "ALTER TABLE a ADD COLUMN added text",
        "ALTER TABLE a ADD COLUMN given text NOT NULL DEFAULT 'x'",
        "CREATE UNIQUE INDEX once ON a (added)",
    ] {
        db.execute_unprepared(sql).await.unwrap();
    }
    assert_eq!(released.breaches(&Schema::of(&db).await), Vec::<String>::new(), "an expansion");
    for sql in [
        "DROP TABLE a",
        "CREATE TABLE a (id integer PRIMARY KEY, kept varchar(8), widened text NOT NULL, demanded text NOT NULL)",
        "CREATE UNIQUE INDEX more ON a (widened)",
    ] {
        db.execute_unprepared(sql).await.unwrap();
    }
    let found = [
        "a.gone is gone",
        "a.kept was varchar(8) not null and is varchar(8)",
        "a.widened was text and is text not null",
        "a.demanded is new, not null and has no default",
        "a: [\"widened\"] must be unique now",
        "a: [\"kept\"] is not unique any more",
    ];
    assert_eq!(released.breaches(&Schema::of(&db).await), found);
}
