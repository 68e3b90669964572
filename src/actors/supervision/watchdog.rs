//! The watchdog: a plain thread that asks every arbiter for a sign of life and gives up those that
//! stay silent. A blocked thread cannot be ended; it is left behind and counted until it comes back
//! by itself.

use super::threads::{Thread, Threads};
use crate::clock;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Duration;
use tokio::time::Instant;

/// How threads are watched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Watch {
    /// The time between two looks, 20 to 50 ms.
    pub beat: Duration,
    /// The silence after which a thread is given up; must exceed the worst pause of the machine.
    pub silence: Duration,
    /// How many threads may be lost at the same time before the system gives up, at least 1.
    pub leaks: usize,
}

impl Default for Watch {
    fn default() -> Self {
        Self { beat: Duration::from_millis(50), silence: Duration::from_secs(2), leaks: 3 }
    }
}

/// An arbiter without work is asked only at each such look: two hundred idle ones cost nothing
/// worth naming.
const IDLE_LOOKS: u64 = 20;

/// What one look at a thread showed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sign {
    /// It answers, or its time is not over yet.
    Alive,
    /// It has been silent for too long; said once.
    Lost,
    /// It was lost and answers again; said once.
    Back,
}

/// The watchdog's memory of one thread.
#[derive(Debug, Clone, Copy, Default)]
struct Pulse {
    asked: u64,
    unanswered_since: Option<Instant>,
    lost: bool,
}

impl Pulse {
    /// Judges by the number of the last heartbeat heard.
    fn look(&mut self, heard: u64, now: Instant, silence: Duration) -> Sign {
        if heard >= self.asked {
            self.unanswered_since = None;
            return if std::mem::take(&mut self.lost) { Sign::Back } else { Sign::Alive };
        }
        let silent = self
            .unanswered_since
            .is_some_and(|since| now.saturating_duration_since(since) >= silence);
        if silent && !self.lost {
            self.lost = true;
            return Sign::Lost;
        }
        Sign::Alive
    }

    /// The number of the next heartbeat to ask for, if none is outstanding.
    fn next(&mut self, now: Instant) -> Option<u64> {
        if self.unanswered_since.is_some() {
            return None;
        }
        self.asked += 1;
        self.unanswered_since = Some(now);
        Some(self.asked)
    }

    /// Forgives a time in which nobody ran, not even the watchdog.
    fn forgive(&mut self, pause: Duration) {
        self.unanswered_since = self.unanswered_since.map(|since| since + pause);
    }
}

/// Watches until `stop` speaks or hangs up.
pub(super) fn watch(
    threads: &Threads,
    control: &Arc<Thread>,
    settings: &Watch,
    stop: &Receiver<()>,
) {
    let mut pulses: Vec<(Arc<Thread>, Pulse)> = Vec::new();
    let mut looked_at = clock::instant();
    let mut looks = 0;
    while stop.recv_timeout(settings.beat) == Err(RecvTimeoutError::Timeout) {
        let now = clock::instant();
        let pause = now.saturating_duration_since(looked_at).saturating_sub(settings.beat * 2);
        looked_at = now;
        looks += 1;
        renew(&mut pulses, threads.watched());
        for (thread, pulse) in &mut pulses {
            pulse.forgive(pause);
            let is_control = Arc::ptr_eq(thread, control);
            match pulse.look(thread.heard(), now, settings.silence) {
                Sign::Alive => {}
                Sign::Lost if is_control => threads.give_up("the control thread is silent"),
                Sign::Lost => {
                    tracing::error!(event = "thread.lost", thread = %thread.name, silence = ?settings.silence, "a thread is lost");
                    thread.lost.cancel();
                }
                Sign::Back => {
                    tracing::warn!(event = "thread.back", thread = %thread.name, "a lost thread came back")
                }
            }
            tend(threads, thread, pulse, (now, is_control || looks % IDLE_LOOKS == 0));
        }
        if pulses.iter().filter(|(_, pulse)| pulse.lost).count() >= settings.leaks.max(1) {
            threads.give_up("too many threads are lost");
        }
    }
}

/// Ends a thread that came back and has nothing left to finish, asks any other for its next
/// heartbeat.
fn tend(threads: &Threads, thread: &Arc<Thread>, pulse: &mut Pulse, (now, due): (Instant, bool)) {
    let busy = thread.is_busy();
    if thread.lost.is_cancelled() && !pulse.lost && !busy {
        // its actors have moved, and what they had begun here is done
        thread.stop();
        threads.forget(thread);
    } else if due || busy {
        let asked = pulse.next(now).is_none_or(|number| thread.ask_heartbeat(number));
        if !asked {
            thread.lost.cancel();
            threads.forget(thread);
        }
    }
}

fn renew(pulses: &mut Vec<(Arc<Thread>, Pulse)>, threads: Vec<Arc<Thread>>) {
    pulses.retain(|(thread, _)| threads.iter().any(|other| Arc::ptr_eq(other, thread)));
    for thread in threads {
        if !pulses.iter().any(|(other, _)| Arc::ptr_eq(other, &thread)) {
            pulses.push((thread, Pulse::default()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SILENCE: Duration = Duration::from_secs(2);

    #[test]
    fn a_thread_that_answers_is_asked_again_and_again() {
        let mut pulse = Pulse::default();
        let now = clock::instant();
        assert_eq!(pulse.next(now), Some(1));
        assert_eq!(pulse.next(now), None, "one heartbeat at a time");
        assert_eq!(pulse.look(1, now + SILENCE * 2, SILENCE), Sign::Alive);
        assert_eq!(pulse.next(now), Some(2));
    }

    #[test]
    fn a_silent_thread_is_lost_once_and_back_once() {
        let mut pulse = Pulse::default();
        let now = clock::instant();
        pulse.next(now);
        assert_eq!(pulse.look(0, now + SILENCE - Duration::from_millis(1), SILENCE), Sign::Alive);
        assert_eq!(pulse.look(0, now + SILENCE, SILENCE), Sign::Lost);
        assert_eq!(pulse.look(0, now + SILENCE * 9, SILENCE), Sign::Alive, "said once");
        assert_eq!(pulse.look(1, now + SILENCE * 10, SILENCE), Sign::Back);
        assert_eq!(pulse.look(1, now + SILENCE * 10, SILENCE), Sign::Alive);
    }

    #[test]
    fn a_pause_of_the_whole_machine_is_held_against_nobody() {
        let mut pulse = Pulse::default();
        let now = clock::instant();
        pulse.next(now);
        pulse.forgive(Duration::from_secs(3600));
        assert_eq!(pulse.look(0, now + Duration::from_secs(3601), SILENCE), Sign::Alive);
    }
}
