//! Who may compare, how a comparison is asked for at the command line, and that each day is
//! compared once.

use serde_json::{Value, json};

use super::{agree, at_the_desk, cases, compare, id, today};
use crate::support::{Database, World, eventually};

#[tokio::test]
async fn only_admins_compare_and_agree_and_every_deed_is_written_down() {
    let world = World::start(Database::Sqlite).await;
    let (anna, clerk) = tokio::join!(world.skier("Anna"), world.clerk());
    let path = "/api/v1/admin/reconciliations";
    let wish = json!({ "day": today() });
    anna.client.post(path, &wish).await.expect_problem(403, "forbidden");
    anna.client.get(path).await.expect_problem(403, "forbidden");
    world.guest.post(path, &wish).await.expect_problem(401, "unauthenticated");
    clerk.client.post(path, &json!({ "day": "2099-01-01" })).await.expect_problem(422, "invalid");
    let nowhere = json!({ "day": today(), "operator": "nowhere" });
    clerk.client.post(path, &nowhere).await.expect_problem(404, "not-found");
    let order = world.bought(&anna, &["solden"]).await;
    at_the_desk(&world, (&order, "solden"), "copy", json!({})).await;
    compare(&clerk, Some("solden")).await;
    let case = cases(&clerk, "open").await.remove(0);
    let path = format!("/api/v1/admin/cases/{}/agree", id(&case));
    anna.client.post(&path, &json!({ "reason": "mine" })).await.expect_problem(403, "forbidden");
    clerk.client.post(&path, &json!({})).await.expect_problem(422, "invalid");
    agree(&clerk, &case).await;
    let closed = eventually("it is mended", async || cases(&clerk, "closed").await.pop()).await;
    assert_eq!((&closed["id"], &closed["closed"]["reason"]), (&case["id"], &json!("mended")));
    clerk
        .client
        .post(&path, &json!({ "reason": "again" }))
        .await
        .expect_problem(409, "nothing-to-agree");
    let entries = clerk.client.get("/api/v1/admin/audit").await.expect(200);
    let entry = |entry: &Value| {
        (
            entry["action"].as_str().unwrap().to_owned(),
            entry["subject"].as_str().unwrap().to_owned(),
        )
    };
    let entries: Vec<_> = entries["items"].as_array().unwrap().iter().map(entry).collect();
    assert_eq!(entries[0], ("case.agree".to_owned(), id(&case).to_owned()));
    assert_eq!(entries[1], ("reconcile".to_owned(), format!("{} solden", today())));
    world.clean_slate().await;
}

#[tokio::test]
async fn the_command_line_wishes_for_a_day_and_says_what_came_of_it() {
    let world = World::start(Database::Sqlite).await;
    let (anna, clerk) = tokio::join!(world.skier("Anna"), world.clerk());
    let order = world.bought(&anna, &["solden"]).await;
    let day = today();
    let quiet = world.command(&["reconcile", "--day", &day]);
    assert_eq!(quiet.code, 0, "{}{}", quiet.says, quiet.log);
    assert!(
        quiet.says.contains(&format!("{day} operator/solden: 1 compared, 0 differ, 0 new cases")),
        "{}",
        quiet.says
    );
    assert!(quiet.says.contains("invoices: 1 compared"), "{}", quiet.says);
    at_the_desk(&world, (&order, "solden"), "copy", json!({})).await;
    let ran = world.command(&["reconcile", "--day", &day, "--operator", "solden"]);
    assert_eq!(
        (ran.code, ran.says.trim()),
        (1, &*format!("{day} operator/solden: 1 compared, 1 differ, 1 new cases"))
    );
    assert_eq!(cases(&clerk, "open").await.len(), 1);
    let nowhere = world.command(&["reconcile", "--day", &day, "--operator", "nowhere"]);
    assert!(
        nowhere.code != 0 && nowhere.log.contains("no operator is sold under the key nowhere"),
        "{}",
        nowhere.log
    );
}

#[tokio::test]
async fn two_replicas_compare_yesterday_once() {
    let settings = [("STARJACK_BOOKS__DAILY", "true"), ("STARJACK_BOOKS__AT", "00:00")];
    let world = World::with(Database::Postgres, &settings).await;
    let _other = world.another_server().await;
    let clerk = world.clerk().await;
    let runs = eventually("every comparison of yesterday is through", async || {
        let runs = clerk.client.get("/api/v1/admin/reconciliations?limit=100").await.expect(200);
        let runs = runs["items"].as_array().unwrap().clone();
        (runs.len() > 10 && runs.iter().all(|run| run["ended_at"].is_string())).then_some(runs)
    })
    .await;
    let mut scopes: Vec<(&str, &str)> = runs
        .iter()
        .map(|run| (run["scope"].as_str().unwrap(), run["day"].as_str().unwrap()))
        .collect();
    let all = scopes.len();
    scopes.sort_unstable();
    scopes.dedup();
    assert_eq!(scopes.len(), all, "each once: {scopes:?}");
    assert!(
        runs.iter().all(|run| run["requested_by"].is_null() && run["unanswered"].is_null()),
        "{runs:#?}"
    );
}
