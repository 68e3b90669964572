//! What happens to the machine: processes die, freeze and come back as if nothing had been; the
//! database goes; the clock jumps.

use std::time::Duration;

use chrono::TimeDelta;

use super::life::Life;
use super::prng::Prng;
use super::replica::boot;

/// A process that was paused for longer has lost its lease, and another begins.
const LEASE: Duration = Duration::from_secs(6);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Accident {
    /// The process dies.
    Crash,
    /// A process begins.
    Begin,
    /// The process is not scheduled for a while.
    Freeze(Duration),
    /// It is again, and nobody has taken its place.
    Thaw,
    /// Somebody has, and it does not know.
    Awake,
    /// It dies.
    Bury,
    /// The database is away.
    Storm(Duration),
    /// The wall clock is put forward or back, in seconds.
    Step(i64),
    /// The database is copied; the copy is put back after so long.
    Backup(Duration),
    /// It is.
    Restore,
    /// None: it is looked whether everything rests.
    Look,
}

impl Accident {
    pub(super) fn draw(prng: &Prng) -> Self {
        match prng.below(7) {
            0..=2 => Self::Crash,
            3 => Self::Freeze(prng.millis(500, 30_000)),
            4 | 5 => Self::Storm(prng.millis(200, 8000)),
            _ => Self::Step(prng.one(&[-600, -60, -5, 2, 90, 600])),
        }
    }
}

impl Life {
    /// Lets something happen at a moment.
    pub(super) fn plan(&mut self, at: Duration, accident: Accident) {
        let no =
            self.agenda.last_key_value().map_or(0, |((_, no), _)| *no).max(self.agenda.len()) + 1;
        self.agenda.insert((at, no), accident);
    }

    pub(super) fn plan_in(&mut self, pause: Duration, accident: Accident) {
        self.plan(self.time.passed() + pause, accident);
    }

    pub(super) fn happen(&mut self, accident: Accident) {
        if accident != Accident::Look {
            self.trace.note(|| format!("{accident:?}"));
        }
        match accident {
            Accident::Crash
                if self.serving.as_ref().is_some_and(|(process, _)| !process.frozen) =>
            {
                self.entrance.take();
                self.serving = None;
                self.happened.push("crash");
                let pause = self.network.prng.millis(100, 3000);
                self.plan_in(pause, Accident::Begin);
            }
            Accident::Begin if self.serving.is_none() => {
                self.off.before_it_begins(&self.database);
                self.serving =
                    Some(boot((&self.setting, &self.database.io), &self.network, &self.entrance));
            }
            Accident::Freeze(pause) if self.replaced.is_none() && self.serving.is_some() => {
                self.freeze(pause)
            }
            Accident::Thaw => {
                self.serving.iter_mut().for_each(|(process, _)| process.frozen = false)
            }
            Accident::Awake => {
                self.replaced.iter_mut().for_each(|(process, _)| process.frozen = false);
                let pause = self.network.prng.millis(2000, 15_000);
                self.plan_in(pause, Accident::Bury);
            }
            Accident::Bury => self.replaced = None,
            Accident::Storm(pause) => {
                self.happened.push("database away");
                self.database.faults.close(pause);
            }
            Accident::Step(seconds) => {
                self.happened.push("clock step");
                self.time.step(TimeDelta::seconds(seconds));
            }
            Accident::Backup(pause) => self.back_up(pause),
            Accident::Restore => self.restore(),
            Accident::Crash | Accident::Begin | Accident::Freeze(_) | Accident::Look => {}
        }
    }

    /// For longer than its lease: its place is taken, and what it wakes up with is worth nothing
    /// any more.
    fn freeze(&mut self, pause: Duration) {
        let Some((mut process, leased)) = self.serving.take() else { return };
        process.frozen = true;
        if pause < LEASE {
            self.happened.push("freeze");
            self.serving = Some((process, leased));
            return self.plan_in(pause, Accident::Thaw);
        }
        self.happened.push("two at once");
        leased.end();
        self.replaced = Some((process, leased));
        self.plan_in(LEASE, Accident::Begin);
        self.plan_in(pause + LEASE, Accident::Awake);
    }
}
