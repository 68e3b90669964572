//! The documents of invoices, written by jobs.

use std::rc::Rc;

use super::{Parts, Shared};
use crate::actors::invoice::Writer;
use crate::actors::jobs::Handler;

pub(super) fn start(shared: &Shared<'_>, parts: &mut Parts) {
    let archive = shared.ground.archive.clone();
    parts.handles.add(archive.clone());
    parts.lanes.push(Box::new(move || {
        let writer: Rc<dyn Handler> = Rc::new(Writer::new(archive));
        vec![writer]
    }));
}
