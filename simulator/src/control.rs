//! The control side: ledger, faults, clock, and what people at gates and payers would do.

use std::sync::Arc;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::clock::stamp;
use crate::deed::{Deed, Particulars};
use crate::faults;
use crate::goods::Changes;
use crate::http::{Answer, Asked};
use crate::mpay24::Payment;
use crate::server::{Ending, Handler};
use crate::supplier::Supplier;
use crate::world::World;

/// The handler of the control port.
pub(crate) fn handler(world: Arc<World>) -> Handler {
    Arc::new(move |asked| {
        let world = Arc::clone(&world);
        Box::pin(async move {
            Ending::Answered(route(&world, &asked).await.unwrap_or_else(|problem| problem))
        })
    })
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Advance {
    advance_seconds: u32,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Clearing {
    automatic: bool,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Booking {
    step_ms: u32,
}

/// Every call on one screen.
async fn route(world: &Arc<World>, asked: &Asked) -> Result<Answer, Answer> {
    let path: Vec<&str> = asked.path.trim_start_matches("/control/").split('/').collect();
    match (asked.method.as_str(), path.as_slice()) {
        ("GET", ["endpoints"]) => endpoints(world),
        ("GET", ["ledger"]) => Ok(Answer::json(200, &world.ledger())),
        ("GET", ["ledger", supplier]) => ledger_of(world, supplier),
        ("GET", ["questions"]) => Ok(Answer::json(200, &world.questions())),
        ("GET", ["faults"]) => Ok(Answer::json(200, &world.faults.list())),
        ("POST", ["faults"]) => order_fault(world, asked).await,
        ("DELETE", ["faults"]) => {
            world.clear_faults().await;
            Ok(Answer::new(204, "application/json", ""))
        }
        ("POST", ["clock"]) => {
            world.clock.advance(body::<Advance>(asked)?.advance_seconds);
            Ok(Answer::json(200, &json!({ "now": stamp(world.clock.now()) })))
        }
        ("PUT", ["dta", operator, "booking"]) => {
            let step_ms = body::<Booking>(asked)?.step_ms;
            world.dta.get(*operator).ok_or_else(|| unknown(asked))?.set_step(step_ms);
            Ok(Answer::json(200, &json!({ "step_ms": step_ms })))
        }
        ("PUT", ["goods", operator]) => change_goods(world, operator, asked),
        ("POST", ["dta", operator, "orders", order, "use"]) => {
            let contract = world.dta.get(*operator).ok_or_else(|| unknown(asked))?;
            gate(contract.pass_gate(order))
        }
        ("POST", ["axess", operator, "tickets", journal, "use"]) => {
            let contract = world.axess.get(*operator).ok_or_else(|| unknown(asked))?;
            gate(contract.pass_gate(journal))
        }
        ("POST", ["dta", operator, "orders", order, deed]) => {
            let contract = world.dta.get(*operator).ok_or_else(|| unknown(asked))?;
            done(contract.at_the_desk(order, &deed_of(deed, asked)?))
        }
        ("POST", ["axess", operator, "tickets", journal, deed]) => {
            let contract = world.axess.get(*operator).ok_or_else(|| unknown(asked))?;
            done(contract.at_the_desk(journal, &deed_of(deed, asked)?))
        }
        ("PUT", ["mpay24", "clearing"]) => {
            let automatic = body::<Clearing>(asked)?.automatic;
            world.mpay24.set_automatic(automatic);
            Ok(Answer::json(200, &json!({ "automatic": automatic })))
        }
        ("GET", ["mpay24", "pages"]) => {
            Ok(Answer::json(200, &json!({ "items": world.mpay24.pages() })))
        }
        ("POST", ["mpay24", "pages", page, "pay"]) => pay(world, page, body(asked)?).await,
        ("POST", ["mpay24", "transactions", mpay_tid, event]) => {
            let happened = world.mpay24.happen(mpay_tid, event);
            happened
                .map(|state| Answer::json(200, &state))
                .map_err(|(status, says)| cannot(status, &says))
        }
        _ => Err(unknown(asked)),
    }
}

fn endpoints(world: &World) -> Result<Answer, Answer> {
    let starting = || Answer::problem(503, "starting", "not all ports are open yet");
    world
        .endpoints
        .get()
        .map(|endpoints| Answer::json(200, &endpoints.to_json()))
        .ok_or_else(starting)
}

fn ledger_of(world: &World, supplier: &str) -> Result<Answer, Answer> {
    let supplier: Supplier = serde_json::from_value(Value::String(supplier.to_owned()))
        .map_err(|error| Answer::problem(404, "unknown-supplier", &error.to_string()))?;
    Ok(Answer::json(200, &world.ledger_of(supplier)))
}

/// What an operator sells from now on; `{}` is what it sold at the start.
fn change_goods(world: &World, operator: &str, asked: &Asked) -> Result<Answer, Answer> {
    let changes: Changes = body(asked)?;
    let shown = Answer::json(200, &json!(changes));
    match (world.dta.get(operator), world.axess.get(operator)) {
        (Some(contract), _) => contract.change_goods(changes),
        (None, Some(contract)) => contract.change_goods(changes),
        (None, None) => return Err(unknown(asked)),
    }
    Ok(shown)
}

async fn order_fault(world: &Arc<World>, asked: &Asked) -> Result<Answer, Answer> {
    let order: faults::Order = body(asked)?;
    let id = world
        .order_fault(order)
        .await
        .map_err(|says| Answer::problem(422, "fault-does-not-fit", &says))?;
    Ok(Answer::json(201, &json!({ "id": id })))
}

async fn pay(world: &Arc<World>, page: &str, payment: Payment) -> Result<Answer, Answer> {
    let paid = world.mpay24.pay(page, payment).await;
    paid.map(|state| Answer::json(200, &state)).map_err(|(status, says)| cannot(status, &says))
}

fn cannot(status: u16, says: &str) -> Answer {
    Answer::problem(status, if status == 404 { "not-found" } else { "does-not-fit" }, says)
}

fn gate(passed: Result<(), String>) -> Result<Answer, Answer> {
    passed.map_err(|says| Answer::problem(409, "gate-stays-closed", &says))?;
    Ok(Answer::json(200, &json!({ "status": "used" })))
}

fn deed_of(name: &str, asked: &Asked) -> Result<Deed, Answer> {
    let particulars = if asked.body.is_empty() { Particulars::default() } else { body(asked)? };
    Deed::of(name, particulars).ok_or_else(|| unknown(asked))
}

fn done(happened: Result<(), String>) -> Result<Answer, Answer> {
    happened.map_err(|says| cannot(409, &says))?;
    Ok(Answer::json(200, &json!({ "status": "done" })))
}

fn body<T: DeserializeOwned>(asked: &Asked) -> Result<T, Answer> {
    serde_json::from_slice(&asked.body)
        .map_err(|error| Answer::problem(422, "body-does-not-fit", &error.to_string()))
}

fn unknown(asked: &Asked) -> Answer {
    Answer::problem(
        404,
        "not-found",
        &format!("{} {} is no control call here", asked.method, asked.path),
    )
}
