//! Where each contract listens and with which sample credentials. All are made up; nothing here is
//! secret.

use std::collections::BTreeMap;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

/// Every address of a running simulator.
#[derive(Clone, Debug, Default)]
pub struct Endpoints {
    /// Base of the control side, `http://127.0.0.1:<port>`.
    pub control: String,
    contracts: BTreeMap<String, Value>,
}

impl Endpoints {
    /// How a contract is reached: by its supplier's name, a lift contract by
    /// `<supplier>/<operator>`. Nothing where there is no such contract, or it is reached otherwise
    /// than `T` says.
    #[must_use]
    pub fn access<T: DeserializeOwned>(&self, contract: &str) -> Option<T> {
        serde_json::from_value(self.contracts.get(contract)?.clone()).ok()
    }

    pub(crate) fn add(&mut self, contract: String, access: &impl Serialize) {
        self.contracts.insert(contract, serde_json::to_value(access).unwrap_or_default());
    }

    /// The flat object of `GET /control/endpoints`: `control`, and each contract by its name.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let control = ("control".to_owned(), Value::String(self.control.clone()));
        let all: Map<_, _> = self.contracts.clone().into_iter().chain([control]).collect();
        Value::Object(all)
    }
}
