//! Every call of the description gets what no honest client sends. Whatever comes back is an answer
//! that the description names, in its media type, and never a failure of the server; a new route is
//! covered as soon as it is described.

mod description;
mod requests;

use reqwest::header::{ALLOW, CONTENT_TYPE};
use serde_json::Value;

use self::description::{Operation, operations};
use self::requests::{Attempt, attempts};
use crate::support::{Client, Database, Person, World, postgres_alone};

postgres_alone!(whatever_a_stranger_sends_is_answered_as_described);

/// What a problem may consist of.
const PROBLEM_KEYS: [&str; 7] =
    ["type", "title", "status", "detail", "instance", "retry_after_seconds", "order_id"];

async fn whatever_a_stranger_sends_is_answered_as_described(database: Database) {
    let world = World::start(database).await;
    let anna = world.skier("Anna").await;
    let mut callers = Callers { anna: anna.client.clone(), admin: world.clerk().await.client };
    let description = callers.admin.get("/api/v1/admin/openapi.json").await.expect(200);
    let operations = operations(&description);
    let mut sent = 0;
    let mut faults = Vec::new();
    for operation in &operations {
        let tried = attempts(operation);
        if operation.needs_token {
            let mut stranger = Attempt::usual(operation);
            stranger.expected = Some(401);
            faults.extend(
                fault(&world.guest, operation, stranger.named("nobody is logged in")).await,
            );
        }
        if operation.is_for_admins() {
            let mut customer = Attempt::usual(operation);
            customer.expected = Some(403);
            faults.extend(
                fault(&callers.anna, operation, customer.named("a customer at an admin's call"))
                    .await,
            );
        }
        sent += tried.len();
        for attempt in tried {
            let caller = match (operation.is_for_admins(), operation.needs_token) {
                (true, _) => &callers.admin,
                (false, true) => &callers.anna,
                (false, false) => &world.guest,
            };
            faults.extend(fault(caller, operation, attempt).await);
            if ends_sessions(operation) {
                callers.come_back(&world, &anna).await;
            }
        }
    }
    assert!(faults.is_empty(), "{} of {sent} answers:\n{}", faults.len(), faults.join("\n"));
    assert!(sent > 20 * operations.len(), "only {sent} requests at {} calls", operations.len());
    world.guest.get("/livez").await.expect(200);
}

/// Whether whoever calls it rightly may be a stranger from then on.
fn ends_sessions(operation: &Operation) -> bool {
    ["/sessions", "/keys", "/password"].iter().any(|part| operation.path.contains(part))
}

/// Who is logged in.
struct Callers {
    anna: Client,
    admin: Client,
}

impl Callers {
    /// Logs in anew whoever is logged in no more.
    async fn come_back(&mut self, world: &World, anna: &Person) {
        if self.admin.get("/api/v1/accounts/me").await.status == 401 {
            self.admin = world.clerk().await.client;
        }
        if self.anna.get("/api/v1/accounts/me").await.status == 401 {
            self.anna = anna.again(&world.guest).await.client;
        }
    }
}

/// Sends it and says what is wrong with the answer.
async fn fault(client: &Client, operation: &Operation, attempt: Attempt) -> Option<String> {
    let place = format!("{} {} with {}", operation.method, operation.path, attempt.label);
    let expected = attempt.expected;
    let method_is_wrong = attempt.method != operation.method;
    let answer = match attempt.send(client).await {
        Ok(answer) => answer,
        Err(error) => return Some(format!("{place}: no answer: {error:?}")),
    };
    let status = answer.status().as_u16();
    let text = answer.headers().get(CONTENT_TYPE).cloned();
    let media_type =
        text.as_ref().and_then(|text| text.to_str().ok()).unwrap_or_default().to_owned();
    let media_type = media_type.split(';').next().unwrap_or_default();
    let says = |what: String| Some(format!("{place}: {status} {media_type}: {what}"));
    if expected.is_some_and(|expected| expected != status) {
        return says(format!("instead of {expected:?}"));
    }
    if method_is_wrong {
        let allowed = answer.headers().contains_key(ALLOW);
        return if status == 405 && allowed {
            None
        } else {
            says("instead of 405 with Allow".into())
        };
    }
    if let Some(described) = operation.answers.get(&status.to_string()) {
        let fits = if described.is_empty() {
            media_type.is_empty()
        } else {
            described.iter().any(|one| one == media_type)
        };
        return if fits { None } else { says(format!("described is {described:?}")) };
    }
    if !(400..500).contains(&status) || media_type != "application/problem+json" {
        return says("is not described".into());
    }
    let problem: Value = answer.json().await.ok()?;
    problem_fault(&problem, status).and_then(|fault| says(format!("{fault} in {problem}")))
}

fn problem_fault(problem: &Value, status: u16) -> Option<&'static str> {
    let members = problem.as_object()?;
    let text = |name: &str| problem[name].as_str().unwrap_or_default();
    if members.keys().any(|key| !PROBLEM_KEYS.contains(&key.as_str())) {
        Some("a member that is not described")
    } else if problem["status"] != status {
        Some("another status")
    } else if text("type").is_empty() || text("title").is_empty() || text("instance").is_empty() {
        Some("no type, title or instance")
    } else if !text("detail").ends_with(['.', '?', ')']) || text("detail").len() > 400 {
        Some("a detail that is no sentence")
    } else {
        None
    }
}
