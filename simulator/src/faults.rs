//! Faults: what the control side has ordered, and what of it a request or callback meets.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::watch;

use crate::supplier::Supplier;

/// Faults held at once.
const FAULTS_MAX: usize = 1_000;
/// Longest wait a fault can order, in milliseconds.
pub(crate) const WAIT_MAX_MS: u64 = 600_000;

/// The body of `POST /control/faults`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Order {
    pub(crate) supplier: &'static Supplier,
    pub(crate) operator: Option<String>,
    pub(crate) operation: Option<String>,
    pub(crate) fault: Kind,
    pub(crate) value: Option<Value>,
    pub(crate) times: Option<u32>,
}

/// The faults by their outward names.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Kind {
    DelayMs,
    Hang,
    RefuseConnection,
    ResetBefore,
    ResetAfter,
    HttpStatus,
    BusinessError,
    Garbage,
    Truncate,
    Duplicate,
    Reorder,
    Drop,
    Late,
    NoDedup,
    FindNothing,
}

/// What a kind of fault acts on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Concern {
    Delay,
    Wire,
    Booking,
    Finding,
    Callback,
    Port,
}

impl Kind {
    pub(crate) const fn concern(self) -> Concern {
        match self {
            Self::DelayMs => Concern::Delay,
            Self::Hang
            | Self::ResetBefore
            | Self::ResetAfter
            | Self::HttpStatus
            | Self::BusinessError => Concern::Wire,
            Self::Garbage | Self::Truncate | Self::Late => Concern::Wire,
            Self::NoDedup => Concern::Booking,
            Self::FindNothing => Concern::Finding,
            Self::Duplicate | Self::Reorder | Self::Drop => Concern::Callback,
            Self::RefuseConnection => Concern::Port,
        }
    }
}

/// What one request meets: at most one delay, one wire fault and the bent rules.
#[derive(Debug, Default)]
pub(crate) struct Met {
    pub(crate) delay: Option<Duration>,
    pub(crate) wire: Option<Wire>,
    pub(crate) bent: Bent,
}

/// A fault that changes what happens on the connection, or instead of the operation.
#[derive(Clone, Debug)]
pub(crate) enum Wire {
    Hang,
    ResetBefore,
    ResetAfter,
    HttpStatus(u16),
    BusinessError(Option<String>),
    Garbage,
    Truncate,
    Late(Duration),
}

/// Rules of the supplier that are switched off for this request.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Bent {
    /// A known reference is booked again.
    pub(crate) no_dedup: bool,
    /// Find operations find nothing.
    pub(crate) find_nothing: bool,
}

/// What one callback meets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Delivery {
    Once,
    Never,
    /// So many times at once.
    Repeated(u32),
    /// After the next callback of the same tid, or alone when none came within this time.
    AfterNext(Duration),
}

#[derive(Debug)]
struct Active {
    id: u64,
    order: Order,
    left: Option<u32>,
    hits: u64,
}

/// All faults in force.
#[derive(Debug)]
pub(crate) struct Faults {
    active: Mutex<(u64, Vec<Active>)>,
    cleared: watch::Sender<u64>,
}

impl Faults {
    pub(crate) fn new() -> Self {
        Self { active: Mutex::new((0, Vec::new())), cleared: watch::Sender::new(0) }
    }

    /// Puts a checked order in force and gives its id; the error says that there are too many.
    pub(crate) fn add(&self, order: Order) -> Result<u64, String> {
        let mut active = self.lock();
        active.1.retain(|fault| fault.left != Some(0));
        if active.1.len() >= FAULTS_MAX {
            return Err(format!("more than {FAULTS_MAX} faults are in force"));
        }
        active.0 += 1;
        let id = active.0;
        let left = order.times;
        active.1.push(Active { id, order, left, hits: 0 });
        Ok(id)
    }

    /// Ends every fault and lets go whatever hangs.
    pub(crate) fn clear(&self) {
        self.lock().1.clear();
        self.cleared.send_modify(|count| *count += 1);
    }

    /// Ends one fault; one already ended is left alone.
    pub(crate) fn remove(&self, id: u64) {
        self.lock().1.retain(|fault| fault.id != id);
    }

    /// Wakes at the next `clear`.
    pub(crate) fn cleared(&self) -> watch::Receiver<u64> {
        self.cleared.subscribe()
    }

    pub(crate) fn list(&self) -> Value {
        let active = self.lock();
        let items = active.1.iter().map(|Active { id, order, left, hits }| {
            json!({ "id": id, "supplier": order.supplier.name, "operator": order.operator, "operation": order.operation,
                "fault": order.fault, "value": order.value, "times_left": left, "hits": hits })
        });
        json!({ "items": items.collect::<Vec<_>>() })
    }

    /// What this request meets; counts each fault used.
    pub(crate) fn meet(
        &self,
        supplier: &Supplier,
        operator: Option<&str>,
        operation: Option<&str>,
    ) -> Met {
        let mut met = Met::default();
        let at = |name: Option<&'static str>| name.is_some() && name == operation;
        for fault in
            self.lock().1.iter_mut().filter(|fault| fault.matches(supplier, operator, operation))
        {
            let used = match fault.order.fault.concern() {
                Concern::Delay if met.delay.is_none() => {
                    met.delay = Some(fault.order.wait(0));
                    true
                }
                Concern::Wire if met.wire.is_none() => {
                    met.wire = fault.order.wire();
                    true
                }
                Concern::Booking if at(supplier.booking) => {
                    !std::mem::replace(&mut met.bent.no_dedup, true)
                }
                Concern::Finding if at(supplier.find) => {
                    !std::mem::replace(&mut met.bent.find_nothing, true)
                }
                Concern::Delay | Concern::Wire | Concern::Booking | Concern::Finding => false,
                Concern::Callback | Concern::Port => false,
            };
            if used {
                fault.use_up();
            }
        }
        met
    }

    /// What a supplier's next callback meets; counts the fault used.
    pub(crate) fn meet_callback(&self, supplier: &Supplier) -> Delivery {
        let mut active = self.lock();
        let callback = |fault: &&mut Active| {
            fault.left != Some(0)
                && fault.order.supplier == supplier
                && fault.order.fault.concern() == Concern::Callback
        };
        let Some(fault) = active.1.iter_mut().find(callback) else {
            return Delivery::Once;
        };
        fault.use_up();
        if fault.order.fault == Kind::Drop {
            Delivery::Never
        } else if fault.order.fault == Kind::Duplicate {
            Delivery::Repeated(u32::try_from(fault.order.number(3)).unwrap_or(3))
        } else {
            Delivery::AfterNext(fault.order.wait(2_000))
        }
    }

    /// Whether a `refuse_connection` is in force for this contract.
    pub(crate) fn refuses(&self, supplier: &Supplier, operator: Option<&str>) -> bool {
        let refuses = |fault: &Active| {
            let order = &fault.order;
            order.fault == Kind::RefuseConnection
                && order.supplier == supplier
                && fits(order.operator.as_deref(), operator)
        };
        self.lock().1.iter().any(refuses)
    }

    fn lock(&self) -> MutexGuard<'_, (u64, Vec<Active>)> {
        self.active.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Active {
    fn matches(
        &self,
        supplier: &Supplier,
        operator: Option<&str>,
        operation: Option<&str>,
    ) -> bool {
        let named = fits(self.order.operation.as_deref(), operation);
        // The page that a person sees is no operation of the programming interface: only its own
        // name reaches it.
        let reaches =
            self.order.operation.is_some() || operation != Some(crate::supplier::PAYMENT_PAGE);
        let theirs =
            self.order.supplier == supplier && fits(self.order.operator.as_deref(), operator);
        self.left != Some(0) && theirs && named && reaches
    }

    fn use_up(&mut self) {
        self.hits += 1;
        self.left = self.left.map(|left| left.saturating_sub(1));
    }
}

fn fits(wanted: Option<&str>, actual: Option<&str>) -> bool {
    wanted.is_none() || wanted == actual
}

impl Order {
    /// The value as a number, or the kind's default.
    pub(crate) fn number(&self, default: u64) -> u64 {
        self.value.as_ref().and_then(Value::as_u64).unwrap_or(default)
    }

    fn wait(&self, default_ms: u64) -> Duration {
        Duration::from_millis(self.number(default_ms))
    }

    /// How long a `refuse_connection` lasts; without `times` until it is deleted.
    pub(crate) fn refusal(&self) -> Option<Duration> {
        self.times.map(|times| {
            Duration::from_millis(
                self.number(300).saturating_mul(u64::from(times)).min(WAIT_MAX_MS),
            )
        })
    }

    fn code(&self) -> Option<String> {
        self.value
            .as_ref()
            .map(|value| value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned))
    }

    fn wire(&self) -> Option<Wire> {
        match self.fault {
            Kind::Hang => Some(Wire::Hang),
            Kind::ResetBefore => Some(Wire::ResetBefore),
            Kind::ResetAfter => Some(Wire::ResetAfter),
            Kind::HttpStatus => {
                Some(Wire::HttpStatus(u16::try_from(self.number(503)).unwrap_or(503)))
            }
            Kind::BusinessError => Some(Wire::BusinessError(self.code())),
            Kind::Garbage => Some(Wire::Garbage),
            Kind::Truncate => Some(Wire::Truncate),
            Kind::Late => Some(Wire::Late(self.wait(0))),
            Kind::DelayMs | Kind::RefuseConnection | Kind::NoDedup | Kind::FindNothing => None,
            Kind::Duplicate | Kind::Reorder | Kind::Drop => None,
        }
    }
}
