//! A standby takes over the database: what it had not been sent is lost, although it was asked for
//! and answered.

use crate::support::{Cluster, Database, Postgres, World, eventually};

const GAVE_UP: i32 = 70;
const CONFIGURATION: i32 = 78;

/// A world on a cluster of its own.
async fn world_on(cluster: &Cluster, settings: &[(&str, &str)]) -> World {
    World::on(Some(Postgres::create_in(&cluster.url()).await), settings).await
}

/// Waits until the standby has everything.
async fn has_caught_up(primary: &Cluster) {
    let db = sea_orm::Database::connect(format!("{}/postgres", primary.url())).await.unwrap();
    eventually("the standby has everything", async || {
        let ask = "SELECT 1 FROM pg_stat_replication WHERE replay_lsn >= pg_current_wal_lsn()";
        let ask = sea_orm::Statement::from_string(sea_orm::DbBackend::Postgres, ask);
        sea_orm::ConnectionTrait::query_one_raw(&db, ask).await.unwrap()
    })
    .await;
    db.close().await.unwrap();
}

#[tokio::test]
async fn a_server_ends_when_an_asynchronous_standby_takes_over_and_starts_once_somebody_said_what_was_lost()
 {
    let primary = Cluster::start();
    let mut world = world_on(&primary, &[]).await;
    let anna = world.skier("Anna").await;
    let known = world.bought(&anna, &["solden"]).await;
    let standby = primary.standby();
    has_caught_up(&primary).await;
    // the standby is not sent any more what comes now
    standby.fail();
    let lost = world.bought(&anna, &["obertauern"]).await;
    primary.fail();
    let _new = standby.take_over(&primary);

    assert_eq!(world.server.ended().await, GAVE_UP, "it notices although nobody restarts it");
    let refused = world.command(&["serve"]);
    assert!(
        refused.code == CONFIGURATION && refused.log.contains("starjack restored --lost-nothing"),
        "{refused:?}"
    );
    let told = eventually("the dead server counts as dead", async || {
        let told = world.command(&["restored", "--newest", lost["number"].as_str().unwrap()]);
        (told.code == 0).then_some(told)
    })
    .await;
    assert!(told.says.contains("New order numbers begin with B"), "{told:?}");
    world.restart().await;
    assert_eq!(anna.order(known["id"].as_str().unwrap()).await["state"], "finished");
    let next = world.bought(&anna, &["solden"]).await;
    assert!(next["number"].as_str().unwrap().starts_with('B'));
    // its database goes before its cluster
    drop(world);
}

#[tokio::test]
async fn a_server_goes_on_when_a_standby_takes_over_that_has_every_commit() {
    let primary = Cluster::start();
    let mut world = world_on(&primary, &[("STARJACK_DATABASE__SYNCHRONOUS_STANDBY", "true")]).await;
    let anna = world.skier("Anna").await;
    let open = world.order_to_pay(&anna, &["solden"], "undo").await;
    let standby = primary.standby();
    has_caught_up(&primary).await;
    primary.fail();
    let _new = standby.take_over(&primary);

    world.pay(&open, "reserved").await;
    anna.wait_for(open["id"].as_str().unwrap(), &["finished"]).await;
    world.bought(&anna, &["obertauern"]).await;
    eventually("it is noted", async || {
        world.server.log().contains("it is noted that a standby").then_some(())
    })
    .await;
    assert_eq!(world.terminate().await, 0);
    world.restart().await;
    world.bought(&anna, &["solden"]).await;
    world.clean_slate().await;
    drop(world);
}

#[tokio::test]
async fn a_standby_that_has_every_commit_is_taken_at_a_persons_word() {
    // what a restore to a moment leaves looks the same, so the setting does not count at a start
    let mut world =
        World::with(Database::Postgres, &[("STARJACK_DATABASE__SYNCHRONOUS_STANDBY", "true")])
            .await;
    assert_eq!(world.terminate().await, 0);
    let same = world.command(&["restored", "--lost-nothing"]);
    assert!(same.code == 0 && same.says.contains("nothing to say"), "{same:?}");
    let db = world.database().await;
    let another = "UPDATE setting SET value = value || '7' WHERE name = 'database'";
    sea_orm::ConnectionTrait::execute_unprepared(&db, another).await.unwrap();
    db.close().await.unwrap();
    assert_eq!(world.command(&["serve"]).code, CONFIGURATION);
    let told = world.command(&["restored", "--lost-nothing"]);
    assert!(told.code == 0 && told.says.contains("Now start the servers"), "{told:?}");
    world.restart().await;
    let anna = world.skier("Anna").await;
    assert!(world.bought(&anna, &["solden"]).await["number"].as_str().unwrap().starts_with('A'));
    world.clean_slate().await;
}
