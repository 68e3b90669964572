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

/// Every call on one screen; what follows a supplier's name is the supplier's own.
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
        ("PUT", ["goods", operator]) => change_goods(world, operator, asked),
        (_, [supplier, rest @ ..]) => at_supplier(world, supplier, rest, asked).await,
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
    let supplier: &'static Supplier = serde_json::from_value(Value::String(supplier.to_owned()))
        .map_err(|error| Answer::problem(404, "unknown-supplier", &error.to_string()))?;
    Ok(Answer::json(200, &world.ledger_of(supplier)))
}

/// What an operator sells from now on; `{}` is what it sold at the start.
fn change_goods(world: &World, operator: &str, asked: &Asked) -> Result<Answer, Answer> {
    let changes: Changes = body(asked)?;
    let shown = Answer::json(200, &json!(changes));
    let mut shelves = world.slots.iter().filter_map(|slot| slot.service.shelf());
    let shelf = shelves.find(|shelf| shelf.goods.operator == operator);
    shelf.ok_or_else(|| unknown(asked))?.change(changes);
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

/// What a supplier has on its control side; of a lift supplier the operator comes first.
async fn at_supplier(
    world: &World,
    name: &str,
    path: &[&str],
    asked: &Asked,
) -> Result<Answer, Answer> {
    let supplier = Supplier::named(name).ok_or_else(|| unknown(asked))?;
    let of_operator = path
        .split_first()
        .and_then(|(operator, rest)| Some((world.service(supplier, Some(operator))?, rest)));
    let found = of_operator.or_else(|| Some((world.service(supplier, None)?, path)));
    let (service, rest) = found.ok_or_else(|| unknown(asked))?;
    service.control(asked, rest).await
}

pub(crate) fn cannot(status: u16, says: &str) -> Answer {
    Answer::problem(status, if status == 404 { "not-found" } else { "does-not-fit" }, says)
}

pub(crate) fn gate(passed: Result<(), String>) -> Result<Answer, Answer> {
    passed.map_err(|says| Answer::problem(409, "gate-stays-closed", &says))?;
    Ok(Answer::json(200, &json!({ "status": "used" })))
}

pub(crate) fn deed_of(name: &str, asked: &Asked) -> Result<Deed, Answer> {
    let particulars = if asked.body.is_empty() { Particulars::default() } else { body(asked)? };
    Deed::of(name, particulars).ok_or_else(|| unknown(asked))
}

pub(crate) fn done(happened: Result<(), String>) -> Result<Answer, Answer> {
    happened.map_err(|says| cannot(409, &says))?;
    Ok(Answer::json(200, &json!({ "status": "done" })))
}

pub(crate) fn body<T: DeserializeOwned>(asked: &Asked) -> Result<T, Answer> {
    serde_json::from_slice(&asked.body)
        .map_err(|error| Answer::problem(422, "body-does-not-fit", &error.to_string()))
}

pub(crate) fn unknown(asked: &Asked) -> Answer {
    Answer::problem(
        404,
        "not-found",
        &format!("{} {} is no control call here", asked.method, asked.path),
    )
}
