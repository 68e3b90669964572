//! What replicas tell each other at once. A word that is lost costs time and nothing else:
//! everybody also polls for itself.

use std::time::Duration;

use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use uuid::Uuid;

use crate::redis::Redis;

/// The longest name of a singleton task or actor that is understood.
const LONGEST: usize = 120;

/// Tells the other replicas, and hears what they tell; cheap to clone.
#[derive(Clone)]
pub struct Broadcast(Redis);

/// What one replica tells all others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FleetEvent {
    /// An order was changed by another replica than its driver.
    Order {
        /// The order.
        id: Uuid,
        /// Who drives it.
        driver: Uuid,
    },
    /// Somebody requests that a singleton task is done now.
    RunNow(String),
    /// A breaker opened that was closed.
    Opened {
        /// The actor's name.
        actor: String,
        /// How long nothing is asked of it.
        pause: Duration,
    },
    /// An admin's command to an actor of that replica stands in the audit under this id.
    AdminRequest {
        /// Whose actor it is.
        replica: Uuid,
        /// The audit entry.
        id: Uuid,
    },
    /// The catalogue has a new version.
    Catalogue,
    /// Sessions ended, or signing keys changed: whoever believes access tokens must read which.
    Sessions,
}

/// What one listener hears.
pub struct Listener(Option<Receiver<String>>);

impl Broadcast {
    /// A broadcast over this Redis.
    #[must_use]
    pub fn new(redis: Redis) -> Self {
        Self(redis)
    }

    /// Tells all others; lost while Redis is away.
    pub fn publish(&self, event: &FleetEvent) {
        self.0.tell(&event.to_text());
    }

    /// Takes note of how many replicas are alive: limits are shared among so many.
    pub(super) fn count_replicas(&self, alive: u32) {
        self.0.count_replicas(alive);
    }

    /// Hears what others tell from now on.
    #[must_use]
    pub fn listen(&self) -> Listener {
        Listener(Some(self.0.listen()))
    }
}

impl Listener {
    /// The next event; never without Redis. What is not understood, such as a newer version's, is
    /// passed over. May be dropped while it waits.
    pub async fn next(&mut self) -> FleetEvent {
        while let Some(receiver) = &mut self.0 {
            match receiver.recv().await {
                Ok(text) => {
                    if let Some(event) = FleetEvent::of(&text) {
                        return event;
                    }
                }
                Err(RecvError::Lagged(lost)) => {
                    tracing::debug!(lost, "events of other replicas were lost")
                }
                Err(RecvError::Closed) => self.0 = None,
            }
        }
        std::future::pending().await
    }
}

impl FleetEvent {
    /// The words that released versions say: `wish` and `deed` are older than the names here.
    fn to_text(&self) -> String {
        match self {
            Self::Order { id, driver } => format!("order {id} {driver}"),
            Self::RunNow(task) => format!("wish {task}"),
            Self::Opened { actor, pause } => format!("opened {} {actor}", pause.as_millis()),
            Self::AdminRequest { replica, id } => format!("deed {replica} {id}"),
            Self::Catalogue => "catalogue".to_owned(),
            Self::Sessions => "sessions".to_owned(),
        }
    }

    fn of(text: &str) -> Option<Self> {
        let (word, rest) = text.split_once(' ').unwrap_or((text, ""));
        let name =
            |name: &str| Some(name.to_owned()).filter(|name| (1..=LONGEST).contains(&name.len()));
        match word {
            "order" => {
                let (id, driver) = rest.split_once(' ')?;
                Some(Self::Order { id: id.parse().ok()?, driver: driver.parse().ok()? })
            }
            "deed" => {
                let (replica, id) = rest.split_once(' ')?;
                Some(Self::AdminRequest { replica: replica.parse().ok()?, id: id.parse().ok()? })
            }
            "wish" => Some(Self::RunNow(name(rest)?)),
            "opened" => {
                let (pause, actor) = rest.split_once(' ')?;
                Some(Self::Opened {
                    actor: name(actor)?,
                    pause: Duration::from_millis(pause.parse().ok()?),
                })
            }
            "catalogue" => Some(Self::Catalogue),
            "sessions" => Some(Self::Sessions),
            _unknown => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_heard_as_they_were_told_and_anything_else_is_passed_over() {
        let id = Uuid::new_v4();
        let driver = Uuid::new_v4();
        for event in [
            FleetEvent::Order { id, driver },
            FleetEvent::RunNow("sweep".to_owned()),
            FleetEvent::Opened {
                actor: "dta/solden".to_owned(),
                pause: Duration::from_millis(1500),
            },
            FleetEvent::AdminRequest { replica: driver, id },
            FleetEvent::Catalogue,
            FleetEvent::Sessions,
        ] {
            assert_eq!(FleetEvent::of(&event.to_text()), Some(event));
        }
        let long = format!("wish {}", "x".repeat(LONGEST + 1));
        for text in [
            "",
            "order",
            "order x y",
            "deed x",
            "wish",
            "wish ",
            "opened soon dta/solden",
            "opened -1 x",
            "else",
            &long,
        ] {
            assert_eq!(FleetEvent::of(text), None, "{text}");
        }
    }
}
