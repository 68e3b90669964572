//! A breaker that opens on one replica opens on all: the others need not find out by failing
//! questions of their own.
//!
//! Only the first opening is told. From then on each replica probes for itself, so one that alone
//! cannot reach a supplier keeps nobody else from it for longer than one pause. What is not heard
//! is found out by failing, as without Redis. Anybody who can write to Redis can tell such news. So
//! what is heard is not believed where own answers say otherwise, for no longer than an own
//! opening, and not often.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use tokio::time::Instant;

use super::broadcast::{Broadcast, FleetEvent};
use crate::actors::supervision::{BreakerPosition, System};
use crate::clock;

/// How often own breakers are looked at.
const LOOK: Duration = Duration::from_millis(200);
/// How many openings of one actor are believed in a minute.
const BELIEVED: usize = 2;
const MINUTE: Duration = Duration::from_secs(60);

/// Tells others of breakers that open here, and opens those that open elsewhere; for ever.
pub async fn share_breakers(system: System, broadcast: Broadcast, pause: Duration) {
    let mut listener = broadcast.listen();
    let mut known: BTreeMap<String, BreakerPosition> = BTreeMap::new();
    let mut believed = Believed::default();
    loop {
        tokio::select! {
            heard = listener.next() => if let FleetEvent::Opened { actor, pause: said } = heard
                && believed.has_room(&actor, clock::instant())
                && system.open_breaker(&actor, said.min(pause)) == Ok(true)
            {
                tracing::info!(actor, "its breaker opened on another replica");
                believed.note(&actor, clock::instant());
                known.insert(actor, BreakerPosition::Open);
            },
            () = clock::sleep(LOOK) => {
                for (actor, position) in system.breakers() {
                    let former = known.insert(actor.clone(), position).unwrap_or(BreakerPosition::Closed);
                    if former == BreakerPosition::Closed && position == BreakerPosition::Open {
                        broadcast.publish(&FleetEvent::Opened { actor, pause });
                    }
                }
            }
        }
    }
}

/// When which actor's breaker was opened because somebody said so; only actors that there are come
/// in.
#[derive(Default)]
struct Believed(BTreeMap<String, VecDeque<Instant>>);

impl Believed {
    fn has_room(&self, actor: &str, now: Instant) -> bool {
        let lately = |moments: &VecDeque<Instant>| {
            moments.iter().filter(|moment| now.saturating_duration_since(**moment) < MINUTE).count()
        };
        self.0.get(actor).is_none_or(|moments| lately(moments) < BELIEVED)
    }

    fn note(&mut self, actor: &str, now: Instant) {
        let moments = self.0.entry(actor.to_owned()).or_default();
        moments.push_back(now);
        if moments.len() > BELIEVED {
            moments.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn openings_that_others_tell_of_are_believed_twice_a_minute() {
        let mut believed = Believed::default();
        let start = clock::instant();
        let mut openings = Vec::new();
        for second in 0..130 {
            let now = start + Duration::from_secs(second);
            if believed.has_room("dta/solden", now) {
                believed.note("dta/solden", now);
                openings.push(second);
            }
        }
        assert_eq!(openings, [0, 1, 60, 61, 120, 121]);
        assert!(believed.has_room("dta/ischgl", start), "another's");
        assert_eq!(believed.0.values().map(VecDeque::len).sum::<usize>(), BELIEVED);
    }
}
