//! What is imported is sold by every replica without a restart, by the news of Redis or by each
//! one's own look.

use serde_json::Value;
use starjack::clock;

use super::{Fleet, address};
use crate::support::{ADULT, Client, area_file, eventually};

on_postgres!(what_is_imported_is_sold_by_every_replica_whether_redis_is_there_or_not);

async fn what_is_imported_is_sold_by_every_replica_whether_redis_is_there_or_not() {
    let mut fleet = Fleet::start(2, &[]).await;
    sold_by_all(&fleet, &dearer(8800), 8800).await;
    fleet.redis.kill_9();
    for server in fleet.servers() {
        fleet.until(server, "Redis is away", |ready| ready["redis"] == "down").await;
    }
    sold_by_all(&fleet, &dearer(8900), 8900).await;
    let anna = fleet.world.skier("Anna").await;
    for server in fleet.servers() {
        let order = fleet.world.bought(&anna.at(address(server)), &["solden"]).await;
        assert_eq!(order["total"]["amount"], 8900);
    }
    fleet.world.clean_slate().await;
}

/// Sölden's file with another price of an adult's day.
pub(super) fn dearer(cents: i64) -> String {
    area_file("solden", "adult = 8650", &format!("adult = {cents}"))
}

/// Imports a file of Sölden's beside the replicas, and waits until each of them offers its price.
pub(super) async fn sold_by_all(fleet: &Fleet, text: &str, cents: i64) {
    let file = fleet.world.folder().join("import.toml");
    std::fs::write(&file, text).unwrap();
    let ran = fleet.world.command(&["import", "operators", file.to_str().unwrap(), "--take"]);
    assert!(ran.code == 0 && ran.says.contains("Taken as version"), "{} {}", ran.says, ran.log);
    let imported = clock::instant();
    let day = fleet.world.ski_day();
    for server in fleet.servers() {
        let guest = Client::new(address(server));
        let path = format!("/api/v1/operators/solden/offers?day={day}&birth_date={ADULT}");
        eventually("the new price is offered", async || {
            let offers = guest.get(&path).await.expect(200);
            let has = |offer: &Value| offer["price"]["amount"] == cents;
            offers["items"].as_array().unwrap().iter().any(has).then_some(())
        })
        .await;
        eprintln!("offered {:?} after the import", clock::since(imported));
    }
}
