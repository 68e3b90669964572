//! A breaker that opens on one replica opens on all: the others need not find out by failing questions of their own.
//!
//! Only the first opening is told. From then on each replica probes for itself, so one that alone cannot reach a supplier
//! keeps nobody else from it for longer than one pause. What is not heard is found out by failing, as without Redis.

use std::collections::BTreeMap;
use std::time::Duration;

use super::news::{Heard, News};
use crate::actors::supervision::{BreakerPosition, System};
use crate::clock;

/// How often own breakers are looked at.
const LOOK: Duration = Duration::from_millis(200);
/// The longest pause that is believed.
const LONGEST: Duration = Duration::from_secs(60);

/// Tells others of breakers that open here, and opens those that open elsewhere; for ever.
pub async fn share_breakers(system: System, news: News, pause: Duration) {
    let mut listener = news.listen();
    let mut known: BTreeMap<String, BreakerPosition> = BTreeMap::new();
    loop {
        tokio::select! {
            heard = listener.next() => if let Heard::Opened { actor, pause } = heard
                && system.open_breaker(&actor, pause.min(LONGEST)).is_ok()
            {
                tracing::info!(actor, "its breaker opened on another replica");
                known.insert(actor, BreakerPosition::Open);
            },
            () = clock::sleep(LOOK) => {
                for (actor, position) in system.breakers() {
                    let former = known.insert(actor.clone(), position).unwrap_or(BreakerPosition::Closed);
                    if former == BreakerPosition::Closed && position == BreakerPosition::Open {
                        news.tell(&Heard::Opened { actor, pause });
                    }
                }
            }
        }
    }
}
