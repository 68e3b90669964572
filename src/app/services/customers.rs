//! What is stored of people is forgotten once no law and no open order needs it.

use super::{Parts, Shared};
use crate::actors::{customer, order};
use crate::app::forgetting::Forgetting;
use crate::clock;

pub(super) fn start(shared: &Shared<'_>, parts: &mut Parts) {
    let io = shared.ground.io.clone();
    parts.forgettings.push(Forgetting::new("texts of answers and callbacks", move |fence| {
        let io = io.clone();
        async move { order::forget_texts(&io, clock::now(), Some(fence)).await }
    }));
    let io = shared.ground.io.clone();
    parts.forgettings.push(Forgetting::new("people of old orders", move |fence| {
        let io = io.clone();
        async move { customer::erase_old(&io, clock::now(), Some(fence)).await }
    }));
}
