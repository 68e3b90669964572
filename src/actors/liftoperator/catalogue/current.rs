//! The catalogue of this moment, shared by everyone who sells from it.

use std::sync::{Arc, PoisonError, RwLock};

use super::Catalogue;

/// Where the newest catalogue is. Clones share it; whoever took one out keeps that one while it is
/// used.
#[derive(Clone, Debug)]
pub struct Current(Arc<RwLock<Arc<Catalogue>>>);

impl Current {
    /// The newest catalogue.
    #[must_use]
    pub fn now(&self) -> Arc<Catalogue> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// From now on this is the newest one.
    pub fn replace(&self, catalogue: Arc<Catalogue>) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = catalogue;
    }
}

impl From<Arc<Catalogue>> for Current {
    fn from(catalogue: Arc<Catalogue>) -> Self {
        Self(Arc::new(RwLock::new(catalogue)))
    }
}
