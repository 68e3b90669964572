//! What staff must close.

use super::{Parts, Shared};
use crate::actors::cases::Desk;

pub(super) fn start(shared: &Shared<'_>, parts: &mut Parts) {
    parts.handles.add(Desk::new(&shared.ground.io));
}
