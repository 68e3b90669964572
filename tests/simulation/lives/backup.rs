//! A backup that is restored: what people and suppliers did after it was done, and the database
//! knows nothing of it.

use std::rc::Rc;
use std::time::Duration;

use chrono::TimeDelta;
use starjack::actors::order::RestoreTimes;
use starjack::actors::order::restored;
use starjack::actors::order::rules::lifecycle::row;
use starjack::clock;
use starjack::ids::Epoch;

use super::accidents::Accident;
use super::life::Life;
use super::workload::cancel;

/// A backup waits for orders that are being placed: one that it does not know is found by the
/// comparison of the day, and of its money only what is reserved or was reported; that is told
/// elsewhere, of the whole product.
const WAITS: Duration = Duration::from_secs(1);

impl Life {
    pub(super) fn back_up(&mut self, pause: Duration) {
        if self.town().placing.get() > 0 {
            return self.plan_in(WAITS, Accident::Backup(pause));
        }
        self.database.of_all_tables(|table| {
            format!("DROP TABLE IF EXISTS backup.{table}; CREATE TABLE backup.{table} AS SELECT * FROM main.{table}")
        });
        self.plan_in(pause, Accident::Restore);
    }

    /// No process runs while it is put back and told of it; then one begins, and some customers
    /// change their minds.
    pub(super) fn restore(&mut self) {
        self.happened.push("backup restored");
        self.entrance.take();
        (self.serving, self.replaced) = (None, None);
        self.database.of_all_tables(|table| {
            format!(
                "DELETE FROM main.{table}; INSERT INTO main.{table} SELECT * FROM backup.{table}"
            )
        });
        self.network.books.open().restores += 1;
        let settle = TimeDelta::from_std(self.setting.settle).unwrap();
        let page_life = self.setting.rules.page_life;
        let times = RestoreTimes { now: clock::now(), settle, page_life };
        let told = self.database.without_faults(restored(&self.database.io, Epoch::FIRST, times));
        self.trace.note(|| format!("told {told:?}"));
        told.unwrap();
        let pause = self.network.prng.millis(500, 20_000);
        self.plan_in(pause, Accident::Begin);
        for order in self.orders() {
            if row(order.state).cancel && self.network.prng.percent(40) {
                let town = Rc::clone(self.town());
                let at = self.network.prng.millis(500, 60_000);
                let account = order.account_id;
                let id = order.id;
                self.town().begin(async move {
                    clock::sleep(at).await;
                    cancel(&town, account, id).await;
                });
            }
        }
    }

    /// Whether a backup is still to be made or to be restored.
    pub(super) fn will_restore(&self) -> bool {
        self.agenda
            .values()
            .any(|accident| matches!(accident, Accident::Backup(_) | Accident::Restore))
    }
}
