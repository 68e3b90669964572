//! A version is replaced by the next one: both run on the schema that the next one has expanded,
//! and the older one can be started again. Here this version is the older one; that each real
//! migration is such an expansion is a house rule's test.

use sea_orm::{ConnectionTrait, DbBackend, Statement};

use crate::support::{Database, World, both_databases};

both_databases!(a_version_goes_on_where_a_newer_one_has_expanded_the_schema);

async fn a_version_goes_on_where_a_newer_one_has_expanded_the_schema(database: Database) {
    let mut world = World::start(database).await;
    let anna = world.skier("Anna").await;
    let open = world.order_to_pay(&anna, &["solden", "obertauern"], "undo").await;
    expand(&world, database).await;
    world.bought(&anna, &["ischgl"]).await;
    assert_eq!(world.terminate().await, 0);
    world.restart().await;
    assert!(world.server.log().contains("a newer version has expanded the schema"));
    world.pay(&open, "reserved").await;
    anna.wait_for(open["id"].as_str().unwrap(), &["finished"]).await;
    let ben = world.skier("Ben").await;
    world.bought(&ben, &["ischgl", "saalbach"]).await;
    world.clean_slate().await;
}

/// Whatever an expansion may bring, to every table.
async fn expand(world: &World, database: Database) {
    let (backend, tables) = match database {
        Database::Sqlite => (
            DbBackend::Sqlite,
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'",
        ),
        Database::Postgres => (
            DbBackend::Postgres,
            "SELECT tablename::text FROM pg_tables WHERE schemaname = 'public'",
        ),
    };
    let db = world.database().await;
    let rows = db.query_all_raw(Statement::from_string(backend, tables)).await.unwrap();
    let tables: Vec<String> = rows.iter().map(|row| row.try_get_by_index(0).unwrap()).collect();
    assert!(tables.len() > 20, "{tables:?}");
    let mut changes =
        vec!["CREATE TABLE next_thing (id integer PRIMARY KEY, any_text text NOT NULL)".to_owned()];
    for table in tables.iter().filter(|table| *table != "seaql_migrations") {
        changes.push(format!("ALTER TABLE {table} ADD COLUMN next_nothing varchar(20)"));
        changes
            .push(format!("ALTER TABLE {table} ADD COLUMN next_given integer NOT NULL DEFAULT 7"));
        changes.push(format!("CREATE UNIQUE INDEX next_{table} ON {table} (next_nothing)"));
    }
    changes.push(
        "INSERT INTO seaql_migrations (version, applied_at) VALUES ('m20991231_000001_expand', 1)"
            .to_owned(),
    );
    for change in changes {
        db.execute_unprepared(&change).await.unwrap_or_else(|error| panic!("{change}: {error}"));
    }
    db.close().await.unwrap();
}
