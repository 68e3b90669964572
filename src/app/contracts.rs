//! How the operators' systems are reached: catalogue and configuration together.

use std::sync::Arc;

use anyhow::Context as _;

use crate::actors::fleet::{FleetRateLimit, Replica};
use crate::actors::liftoperator::{Catalogue, Connect, Operator};
use crate::actors::supervision::Policy;
use crate::config::{Config, Environment};
use crate::integrations::client::{is_loopback_address, origin};
use crate::integrations::{RateLimiter, lift};
use crate::redis::Redis;

/// How actors that ask outside are restarted and cut off.
pub(super) fn policy(config: &Config) -> Policy {
    let mut policy = Policy { down_for: config.times.breaker_pause, ..Policy::default() };
    policy.breaker.open_for = config.times.breaker_pause;
    policy
}

/// One contract per operator of the catalogue that can be reached; the others are logged.
pub(super) fn contracts(config: &Config, catalogue: &Catalogue) -> Vec<lift::Contract> {
    let contract = |operator: &Operator| {
        let error = |error: &anyhow::Error| tracing::error!(event = "contract.unusable", operator = operator.key, %error, "it is listed as down");
        contract(config, operator).inspect_err(error).ok()
    };
    catalogue.operators().iter().filter_map(contract).collect()
}

/// Builds clients that keep their contracts' pace together with those of the other replicas.
pub(super) fn connect_together(redis: Redis, replica: Replica) -> Connect {
    Arc::new(move |contract: &lift::Contract| {
        let turns = FleetRateLimit::new(redis.clone(), replica.clone(), &contract.actor_name());
        let pace = RateLimiter::new(contract.requests_per_second)
            .map(|pace| pace.together(Arc::new(turns)));
        lift::connect_paced(contract, pace)
    })
}

/// How an operator is reached.
///
/// # Errors
/// Its credentials are not configured or for another address, or a simulated supplier stands in
/// production.
pub fn contract(config: &Config, operator: &Operator) -> anyhow::Result<lift::Contract> {
    let key = &operator.key;
    let name = operator.credentials();
    let access = &operator.contract;
    let section = config.contracts.get(name);
    let section =
        section.with_context(|| format!("no [contracts.{name}] holds the credentials of {key}"))?;
    let endpoint = endpoint(config, operator);
    let bound_to = section.bound_to();
    anyhow::ensure!(
        bound_to.is_some() || config.environment == Environment::Test,
        "[contracts.{name}] names no origin, so its credentials go nowhere: add origin = \"https://HOST\" of {key}"
    );
    anyhow::ensure!(
        bound_to.is_none() || bound_to == origin(endpoint),
        "the credentials of [contracts.{name}] are for {} alone, and {key} is at {endpoint}",
        bound_to.unwrap_or_default()
    );
    anyhow::ensure!(
        config.environment == Environment::Test || !is_loopback_address(endpoint),
        "simulated suppliers need environment = \"test\": {key} is at {endpoint}"
    );
    Ok(lift::Contract {
        operator: key.clone(),
        supplier: access.supplier.clone(),
        endpoint: endpoint.to_owned(),
        credentials: section.credentials.clone(),
        settings: access.settings.clone(),
        dedups_reference: dedups(config, operator),
        requests_per_second: access.requests_per_second,
        settle: config.times.settle,
        issue_patience: config.times.issue_patience,
        check_deadline: config.times.check_deadline,
        issue_deadline: config.times.issue_deadline,
        time_zone: operator.time_zone,
        last_loading_time: operator.last_loading_time,
    })
}

/// Whether any supplier is a simulator: then everything says so.
pub(super) fn is_simulated(config: &Config, catalogue: &Catalogue) -> bool {
    config.is_simulated()
        || catalogue.operators().iter().any(|one| is_loopback_address(endpoint(config, one)))
}

/// The configuration's word wins over the catalogue's: a test system, a simulator.
fn endpoint<'a>(config: &'a Config, operator: &'a Operator) -> &'a str {
    let section = config.contracts.get(&operator.key);
    section.and_then(|section| section.endpoint.as_deref()).unwrap_or(&operator.contract.endpoint)
}

fn dedups(config: &Config, operator: &Operator) -> bool {
    let section = config.contracts.get(&operator.key);
    section
        .and_then(|section| section.dedups_reference)
        .unwrap_or(operator.contract.dedups_reference)
}
