//! Named moments at which a test ends this process as `kill -9` does, or stops it: around every
//! commit and every call outside.
//!
//! Nobody lists them: the door to the database, the suppliers' HTTP client, the order's saves and
//! the job worker say where they are, so whatever is written or asked in future has its moments
//! too. Without the setting `crash_points`, which production refuses, a moment is one look at an
//! empty cell.
//!
//! The folder that the setting names holds `armed`, three lines: a serial number, which time the
//! moment must come, and its name. It gets `reached`, one line for every moment that came. Of
//! several replicas the one that takes `armed` away ends. Where a fourth line says `stop`, it is
//! stopped instead, as by a long pause of its machine; let go on, it goes on from just there once
//! the file `sprung-` and the serial number is gone.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::panic::Location;
use std::path::PathBuf;
use std::sync::{Mutex, OnceLock, PoisonError};
use std::thread;
use std::time::Duration;

use rustix::process::{Signal, getpid, kill_process};

/// How often a process that goes on looks whether it may.
const LOOK: Duration = Duration::from_millis(1);

static TRAP: OnceLock<Trap> = OnceLock::new();

/// Looks into `folder` at every moment from now on; the first folder counts.
pub fn watch(folder: PathBuf) {
    TRAP.get_or_init(|| Trap { folder, seen: Mutex::default() });
}

/// Whether anybody looks.
#[must_use]
pub fn are_watched() -> bool {
    TRAP.get().is_some()
}

/// This moment has come; does not return where the process is to end here, and late where it is to
/// be stopped.
pub fn here(name: impl FnOnce() -> String) {
    if let Some(trap) = TRAP.get()
        && let Err(error) = trap.step(&name())
    {
        tracing::error!(event = "server.fault", %error, "a crash point cannot be told of");
    }
}

/// A transaction by the place that asks for it, for example `actors/jobs/queue.rs:140`.
#[must_use]
pub fn place(asker: &Location<'_>) -> String {
    format!("{}:{}", asker.file().trim_start_matches("src/"), asker.line())
}

struct Trap {
    folder: PathBuf,
    /// The arming that counts, and how often its moment came here since.
    seen: Mutex<(String, u32)>,
}

impl Trap {
    fn step(&self, name: &str) -> io::Result<()> {
        let mut reached =
            OpenOptions::new().create(true).append(true).open(self.folder.join("reached"))?;
        reached.write_all(format!("{name}\n").as_bytes())?;
        let armed = self.folder.join("armed");
        let Ok(order) = fs::read_to_string(&armed) else { return Ok(()) };
        let mut lines = order.lines();
        let (Some(serial), Some(times), Some(wanted)) = (lines.next(), lines.next(), lines.next())
        else {
            return Ok(());
        };
        if wanted == name && self.count(serial) >= times.parse().unwrap_or(1) {
            let sprung = self.folder.join(format!("sprung-{serial}"));
            // only one process of all can rename it
            fs::rename(&armed, &sprung)?;
            if lines.next() != Some("stop") {
                return Ok(kill_process(getpid(), Signal::KILL)?);
            }
            kill_process(getpid(), Signal::STOP)?;
            // the signal may reach this thread last
            while sprung.exists() {
                thread::sleep(LOOK);
            }
        }
        Ok(())
    }

    fn count(&self, serial: &str) -> u32 {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if seen.0 != serial {
            *seen = (serial.to_owned(), 0);
        }
        seen.1 += 1;
        seen.1
    }
}
