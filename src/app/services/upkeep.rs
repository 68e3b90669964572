//! What jobs, replicas and accounts leave behind is forgotten.

use super::{Parts, Shared};
use crate::app::forgetting::Forgetting;

pub(super) fn start(shared: &Shared<'_>, parts: &mut Parts) {
    let jobs = shared.ground.jobs.clone();
    parts.forgettings.push(Forgetting::new("done jobs", move |fence| {
        let jobs = jobs.clone();
        async move { jobs.purge(fence).await }
    }));
    let replica = shared.core.replica.clone();
    parts.forgettings.push(Forgetting::new("dead replicas", move |fence| {
        let replica = replica.clone();
        async move { replica.forget_dead(fence).await.map(|()| 0) }
    }));
    let auth = shared.core.auth.clone();
    parts.forgettings.push(Forgetting::new("registrations and tokens", move |fence| {
        let auth = auth.clone();
        async move { auth.forget_old(fence).await.map(|()| 0) }
    }));
}
