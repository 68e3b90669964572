//! The order desk: what customers and staff command of orders.

mod close_case;
mod error;
mod key_lock;
mod place;
mod repair;
mod returns;
mod stuck_alarm;

use std::sync::Arc;

use tokio::sync::mpsc;
use uuid::Uuid;

use self::key_lock::KeyLocks;
use super::engine::actor::Drives;
use super::engine::driver::Driver;
use super::engine::scheduler::{Schedule, Wake};
use super::rules::account_limits::AccountLimits;
use super::rules::advance::{Effects, cancel, take_observed};
use super::rules::payment_observed::{claim, decided_by_bank};
use super::rules::payment_pages::{NoPage, request_page};
use super::rules::record::Order;
use super::rules::staff_command::{self, Obstacle, StaffCommand};
use super::store::{Saved, Store};
use crate::actors::cases;
use crate::actors::fleet::{Fence, FleetEvent};
use crate::actors::payment::Reading;
use crate::actors::supervision::{BreakerSettings, Placement, Policy, Spec, System};
use crate::clock;
use crate::epoch;
use crate::ids::Epoch;
use crate::integrations::payment::{Callback, Observed};
use crate::io::IoError;

pub use error::ChangeError;
pub use place::{NewLine, NewOrder, PlaceError};
pub use repair::Again;

/// The door to orders; cheap to clone.
#[derive(Clone)]
pub struct Desk {
    pub(super) driver: Driver,
    pub(super) epoch: Epoch,
    wakes: mpsc::Sender<Wake>,
    pub(super) key_locks: KeyLocks,
    /// Whether an operator's tickets are sold right now without a check of their card.
    pub(super) sells_unchecked: Arc<dyn Fn(&str) -> bool + Send + Sync>,
    /// What an account may order.
    pub(super) limits: AccountLimits,
    pub(super) cases: cases::Desk,
}

/// Most wakes that may wait; one that does not fit is found by the schedule's look at the database.
const WAKES: usize = 10_000;
/// How often a change is tried again that lost against another.
pub(super) const TRIES: usize = 20;

impl Desk {
    /// Starts the actor; the returned work must be run on a local task set for as long as the desk
    /// lives.
    ///
    /// # Errors
    /// The database's, when its epoch cannot be read.
    pub async fn start(
        system: &System,
        driver: Driver,
        policy: Policy,
    ) -> Result<(Self, impl Future<Output = ()> + 'static + use<>), IoError> {
        // an order that cannot be driven says nothing about the others: a breaker would stop them
        // all for its sake
        let policy =
            Policy { breaker: BreakerSettings { failed_percent: 101, ..policy.breaker }, ..policy };
        let spec = Spec {
            name: "order".to_owned(),
            mailbox: 8192,
            in_flight: 8192,
            arbiter: Placement::Domain,
            policy,
        };
        let served = driver.clone();
        let drives = system.spawn(spec, move || Ok(Drives { driver: served.clone() }));
        let epoch = epoch::read(driver.store.io()).await?;
        let (wakes, receiver) = mpsc::channel(WAKES);
        let schedule = Schedule {
            wakes: receiver,
            drives,
            store: driver.store.clone(),
            replica: driver.outside.replica.clone(),
        };
        let key_locks = KeyLocks::default();
        let sells_unchecked = Arc::new(|_: &str| false);
        let limits = AccountLimits::UNLIMITED;
        let cases = cases::Desk::new(driver.store.io());
        let desk = Self { driver, epoch, wakes, key_locks, sells_unchecked, limits, cases };
        Ok((desk, schedule.run()))
    }

    /// The same desk, which sells the tickets of these operators without a check of their card:
    /// their systems are down, and their contracts say that orders wait. What is refused later is
    /// undone and paid back.
    #[must_use]
    pub fn selling_unchecked(self, sells: impl Fn(&str) -> bool + Send + Sync + 'static) -> Self {
        Self { sells_unchecked: Arc::new(sells), ..self }
    }

    /// The same desk, at which an account may order so much; as much as it likes otherwise.
    #[must_use]
    pub fn with_limits(self, limits: AccountLimits) -> Self {
        Self { limits, ..self }
    }

    /// Where orders are kept, for readers.
    #[must_use]
    pub fn store(&self) -> &Store {
        &self.driver.store
    }

    /// Ends an order at its customer's request.
    ///
    /// # Errors
    /// `TooLate` once tickets are being issued; `Unknown` for another customer's.
    pub async fn cancel(&self, account_id: Uuid, id: Uuid) -> Result<Order, ChangeError> {
        let rules = Arc::clone(&self.driver.rules);
        self.change(id, move |order| {
            if order.account_id != account_id {
                return Err(ChangeError::Unknown);
            }
            let state = order.state.word();
            cancel(order, clock::now(), &rules).map(Some).ok_or(ChangeError::TooLate(state))
        })
        .await
    }

    /// Opens a further payment page where the newest one cannot be paid any more; twice opens one.
    ///
    /// # Errors
    /// `NotPaying` when the order waits for no payment, `TooManyPages`, `Unknown` for another
    /// customer's.
    pub async fn open_page(&self, account_id: Uuid, id: Uuid) -> Result<Order, ChangeError> {
        let rules = Arc::clone(&self.driver.rules);
        self.change(id, move |order| {
            if order.account_id != account_id {
                return Err(ChangeError::Unknown);
            }
            request_page(order, clock::now(), &rules).map_err(|no| match no {
                NoPage::TooLate => ChangeError::NotPaying(order.state.word()),
                NoPage::TooMany => ChangeError::TooManyPages,
            })
        })
        .await
    }

    /// Whether a command could be granted to the order as it was loaded.
    ///
    /// # Errors
    /// What stands in the way.
    pub fn may(&self, order: &Order, command: StaffCommand) -> Result<(), Obstacle> {
        staff_command::grant(&mut order.clone(), command, clock::now(), &self.driver.rules)
            .map(drop)
    }

    /// Grants a staff command. Twice changes nothing more.
    ///
    /// # Errors
    /// `Not` says what stands in the way.
    pub async fn grant(&self, id: Uuid, command: StaffCommand) -> Result<Order, ChangeError> {
        let rules = Arc::clone(&self.driver.rules);
        self.change(id, move |order| {
            staff_command::grant(order, command, clock::now(), &rules).map_err(ChangeError::Not)
        })
        .await
    }

    /// Takes a callback's claim. Believes nothing; twice changes nothing more.
    ///
    /// # Errors
    /// `Unknown` when no page has its reference.
    pub async fn claimed(&self, callback: Callback) -> Result<(), ChangeError> {
        let id = self
            .driver
            .store
            .order_of_page(callback.reference.clone())
            .await?
            .ok_or(ChangeError::Unknown)?;
        let rules = Arc::clone(&self.driver.rules);
        self.change(id, move |order| {
            Ok(claim(order, &callback, clock::now(), &rules).then(|| wake(order)))
        })
        .await?;
        Ok(())
    }

    /// Takes what the provider lists as open, as whoever may read its list does. Twice changes
    /// nothing more.
    pub async fn listed(&self, listed: impl Into<Reading>) {
        self.listed_under(listed.into(), None).await;
    }

    /// The same for a singleton task: what comes after another replica has taken it is not taken.
    pub async fn listed_under(&self, listed: Reading, fence: Option<Fence>) {
        for seen in &listed.payments {
            match self.observed(seen, fence.clone()).await {
                Ok(()) => {}
                Err(ChangeError::Io(IoError::Fenced)) => return,
                Err(error) => {
                    tracing::warn!(%error, tid = seen.tid, "a listed payment could not be taken")
                }
            }
        }
        if let Err(error) = self.look_after_suspended(&listed, fence).await {
            tracing::warn!(%error, "suspended payments could not be looked after");
        }
    }

    /// A payment that was suspended and is not listed any more was decided by its bank: one status
    /// call tells how.
    async fn look_after_suspended(
        &self,
        listed: &Reading,
        fence: Option<Fence>,
    ) -> Result<(), ChangeError> {
        for (id, no, tid) in self.driver.store.suspended().await? {
            if listed.lacks(&tid) {
                let decided = move |order: &mut Order| {
                    Ok(decided_by_bank(order, no, clock::now()).then(|| wake(order)))
                };
                self.change_under(id, fence.clone(), decided).await?;
            }
        }
        Ok(())
    }

    async fn observed(&self, seen: &Observed, fence: Option<Fence>) -> Result<(), ChangeError> {
        // other shops' payments, and those of a database before its restore, are reconciliation's
        let Some(id) = self.driver.store.order_of_page(seen.reference.clone()).await? else {
            return Ok(());
        };
        let seen = seen.clone();
        let rules = Arc::clone(&self.driver.rules);
        self.change_under(id, fence, move |order| {
            Ok(take_observed(order, &seen, clock::now(), &rules))
        })
        .await?;
        Ok(())
    }

    pub(super) async fn change(
        &self,
        id: Uuid,
        change: impl Fn(&mut Order) -> Result<Option<Effects>, ChangeError>,
    ) -> Result<Order, ChangeError> {
        self.change_under(id, None, change).await
    }

    /// Loads, changes and saves an order, again when somebody else was faster; then wakes its
    /// driver. A change that answers `None` saves nothing.
    async fn change_under(
        &self,
        id: Uuid,
        fence: Option<Fence>,
        change: impl Fn(&mut Order) -> Result<Option<Effects>, ChangeError>,
    ) -> Result<Order, ChangeError> {
        for _try in 0..TRIES {
            let mut order = self.driver.store.load(id).await?.ok_or(ChangeError::Unknown)?;
            let before = order.clone();
            let Some(effects) = change(&mut order)? else { return Ok(before) };
            super::engine::driver::sign(&mut order);
            match self.driver.store.save_under(&before, &mut order, &effects, fence.clone()).await?
            {
                Saved::Done => {
                    self.wake_driver(&order);
                    return Ok(order);
                }
                Saved::Lost | Saved::DayTaken(_) => {}
                Saved::Taken => {
                    self.driver.store.open_case_of_two_orders(&order).await?;
                    return Ok(before);
                }
            }
        }
        Err(ChangeError::Io(IoError::Late))
    }

    /// The driver is told at once where it is; it also looks for itself every second.
    fn wake_driver(&self, order: &Order) {
        let replica = &self.driver.outside.replica;
        if order.driver == replica.incarnation {
            self.wake(Wake::Changed(order.id));
        } else {
            replica.broadcast.publish(&FleetEvent::Order { id: order.id, driver: order.driver });
        }
    }

    pub(super) fn wake(&self, wake: Wake) {
        if self.wakes.try_send(wake).is_err() {
            tracing::warn!("the schedule is full; the order is found by its time");
        }
    }
}

/// The driver of an order that changed is to look at it now.
fn wake(order: &mut Order) -> Effects {
    order.next_at = Some(clock::now());
    Effects::default()
}
