//! What a contract says at this moment: the next incarnation of its actor is built from it.

use std::sync::{Arc, PoisonError, RwLock};

use crate::integrations::lift::Contract;

/// The contract as it stands; clones share it.
#[derive(Clone)]
pub(super) struct Settings(Arc<RwLock<Arc<Contract>>>);

impl Settings {
    pub(super) fn new(contract: Contract) -> Self {
        Self(Arc::new(RwLock::new(Arc::new(contract))))
    }

    pub(super) fn now(&self) -> Arc<Contract> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) fn replace(&self, contract: Contract) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(contract);
    }
}
