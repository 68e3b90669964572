//! Everything that is simulated, as the control side sees it.

use std::sync::{Arc, OnceLock};

use serde_json::{Map, Value, json};

use crate::access::Endpoints;
use crate::clock::{Clock, sleep};
use crate::faults::{Faults, Kind, Order};
use crate::questions::Questions;
use crate::server::Port;
use crate::supplier::{self, SUPPLIERS, Service, Supplier};
use crate::tasks::Tasks;

/// A contract and its port.
pub(crate) struct Slot {
    pub(crate) service: Arc<dyn Service>,
    pub(crate) asked: Arc<Questions>,
    pub(crate) port: Port,
}

/// The whole simulator.
pub(crate) struct World {
    pub(crate) clock: Arc<Clock>,
    pub(crate) faults: Arc<Faults>,
    pub(crate) tasks: Tasks,
    pub(crate) slots: Vec<Slot>,
    pub(crate) endpoints: OnceLock<Endpoints>,
}

impl World {
    /// What really happened, by supplier; `keycard` and `slack` are reserved names.
    pub(crate) fn ledger(&self) -> Value {
        let mut all = Map::new();
        for supplier in SUPPLIERS {
            all.insert(supplier.name.to_owned(), self.ledger_of(supplier));
        }
        all.insert("keycard".to_owned(), json!([]));
        all.insert("slack".to_owned(), json!([]));
        Value::Object(all)
    }

    /// What really happened at one supplier.
    pub(crate) fn ledger_of(&self, supplier: &Supplier) -> Value {
        let theirs = self.slots.iter().filter(|slot| slot.service.supplier() == supplier);
        theirs.flat_map(|slot| slot.service.ledger()).collect()
    }

    /// What each contract was asked: by its supplier's name, a lift contract by
    /// `<supplier>/<operator>`.
    pub(crate) fn questions(&self) -> Value {
        let named = self.slots.iter().map(|slot| {
            let supplier = slot.service.supplier().name;
            let name = slot
                .service
                .operator()
                .map_or(supplier.to_owned(), |key| format!("{supplier}/{key}"));
            (name, slot.asked.list())
        });
        Value::Object(named.collect())
    }

    /// Puts a fault in force and gives its id; the error says why it does not fit.
    pub(crate) async fn order_fault(self: &Arc<Self>, order: Order) -> Result<u64, String> {
        supplier::check(&order, &self.operators(order.supplier))?;
        let kind = order.fault;
        let refusal = order.refusal();
        let id = self.faults.add(order)?;
        if kind == Kind::RefuseConnection {
            self.set_ports().await;
        }
        if let Some(refusal) = refusal.filter(|_| kind == Kind::RefuseConnection) {
            self.end_later(id, refusal);
        }
        Ok(id)
    }

    /// Ends every fault.
    pub(crate) async fn clear_faults(&self) {
        self.faults.clear();
        self.set_ports().await;
    }

    fn end_later(self: &Arc<Self>, id: u64, after: std::time::Duration) {
        let world = Arc::clone(self);
        let ending = async move {
            sleep(after).await;
            world.faults.remove(id);
            world.set_ports().await;
        };
        if self.tasks.start(ending).is_none() {
            tracing::warn!(
                "too many tasks, a closed port stays closed until the faults are deleted"
            );
        }
    }

    /// Closes and opens ports as the faults in force say.
    async fn set_ports(&self) {
        for slot in &self.slots {
            let closed = self.faults.refuses(slot.service.supplier(), slot.service.operator());
            slot.port.set_open(!closed).await;
        }
    }

    fn operators(&self, supplier: &Supplier) -> Vec<&str> {
        let theirs = self.slots.iter().filter(|slot| slot.service.supplier() == supplier);
        theirs.filter_map(|slot| slot.service.operator()).collect()
    }

    /// The service of a supplier; of a lift supplier the operator's.
    pub(crate) fn service(
        &self,
        supplier: &Supplier,
        operator: Option<&str>,
    ) -> Option<&Arc<dyn Service>> {
        let theirs = |service: &&Arc<dyn Service>| {
            service.supplier() == supplier && service.operator() == operator
        };
        self.slots.iter().map(|slot| &slot.service).find(theirs)
    }
}
