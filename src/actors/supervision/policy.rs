//! When an incarnation is started, discarded, left down or probed. Pure:
//! `(state, event, now, jitter) -> (state, actions)`; the supervisor only carries out what it says.

use super::breaker;
use std::time::Duration;
use tokio::time::Instant;

/// The restart policy of one actor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// The pause after a first crash; it doubles with each further one.
    pub backoff_min: Duration,
    /// The longest pause.
    pub backoff_max: Duration,
    /// How many crashes within `window` take the actor down, at least 1.
    pub crashes: usize,
    /// The time in which crashes are counted together.
    pub window: Duration,
    /// How long a down actor refuses everything before it is probed.
    pub down_for: Duration,
    /// How many questions a probed actor must survive, one after the other, to be up again.
    pub probes: u32,
    /// A life of this length without a crash is forgiven everything before it.
    pub forgive_after: Duration,
    /// What opens the breaker, without a restart.
    pub breaker: breaker::Settings,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            backoff_min: Duration::from_millis(100),
            backoff_max: Duration::from_secs(5),
            crashes: 5,
            window: Duration::from_secs(30),
            down_for: Duration::from_secs(15),
            probes: 2,
            forgive_after: Duration::from_secs(60),
            breaker: breaker::Settings::default(),
        }
    }
}

/// Where an actor's incarnations stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    Starting,
    Up { since: Instant },
    BackingOff { until: Instant },
    Down { until: Instant },
    Probing { good: u32, until: Instant },
    Stopped,
}

/// What people asked of the actor, independent of how it fares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    Serving,
    Paused,
    Draining,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct State {
    pub(super) stage: Stage,
    pub(super) mode: Mode,
    /// The crashes that are still counted, oldest first.
    pub(super) crashes: Vec<Instant>,
    /// Crashes since the last one forgiven; the exponent of the backoff.
    pub(super) streak: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Event {
    /// The incarnation has been made and takes questions.
    Started,
    /// It panicked, could not be made, or wedged its thread.
    Crashed,
    /// A neighbour wedged the thread they share.
    Uprooted,
    /// A question of the probing stage was survived.
    Passed,
    /// The instant of `State::wakes_at` has come.
    Woke,
    Restart,
    Pause,
    Resume,
    Drain,
    /// Nothing waits and nothing is in flight.
    Emptied,
    Stop,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Action {
    /// Take the incarnation's right to work and to write; what it has begun may finish.
    Discard,
    /// Start a new incarnation.
    Launch,
    /// Refuse what waits, for the reason the gate now gives.
    Purge,
}

/// Who is let in, see [`State::gate`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Gate {
    Open,
    OneAtATime,
    Down { until: Instant },
    Paused,
    Draining,
    Stopped,
}

impl State {
    /// An actor whose first incarnation is being launched.
    pub(super) fn starting() -> Self {
        Self { stage: Stage::Starting, mode: Mode::Serving, crashes: Vec::new(), streak: 0 }
    }

    pub(super) fn gate(&self) -> Gate {
        match (self.stage, self.mode) {
            (Stage::Stopped, _) => Gate::Stopped,
            (_, Mode::Draining) => Gate::Draining,
            (_, Mode::Paused) => Gate::Paused,
            (Stage::Down { until }, Mode::Serving) => Gate::Down { until },
            (Stage::Probing { .. }, Mode::Serving) => Gate::OneAtATime,
            (Stage::Starting | Stage::Up { .. } | Stage::BackingOff { .. }, Mode::Serving) => {
                Gate::Open
            }
        }
    }

    /// When `Event::Woke` is due.
    pub(super) fn wakes_at(&self) -> Option<Instant> {
        match self.stage {
            Stage::BackingOff { until } | Stage::Down { until } | Stage::Probing { until, .. } => {
                Some(until)
            }
            Stage::Starting | Stage::Up { .. } | Stage::Stopped => None,
        }
    }

    fn enter(mut self, stage: Stage) -> Self {
        self.stage = stage;
        self
    }

    fn switch(mut self, mode: Mode) -> Self {
        self.mode = mode;
        self
    }
}

/// The instant of an event and the dice for it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Moment {
    pub(super) now: Instant,
    /// 0 to 1000: a pause is stretched to 80 to 120 percent, so that actors that fell together do
    /// not rise together.
    pub(super) jitter: u32,
}

/// The state after `event`, and what is to be done.
pub(super) fn next(
    policy: &Policy,
    state: State,
    event: Event,
    at: Moment,
) -> (State, Vec<Action>) {
    if state.stage == Stage::Stopped {
        return match event {
            Event::Restart | Event::Resume => (State::starting(), vec![Action::Launch]),
            Event::Started | Event::Crashed | Event::Uprooted | Event::Passed | Event::Woke => {
                (state, vec![])
            }
            Event::Pause | Event::Drain | Event::Emptied | Event::Stop => (state, vec![]),
        };
    }
    match event {
        Event::Started => (started(state, at.now), vec![]),
        Event::Crashed => crashed(policy, state, at),
        Event::Uprooted => (uprooted(state), vec![Action::Discard, Action::Launch]),
        Event::Passed => (passed(policy, state, at.now), vec![]),
        Event::Woke => woke(policy, state, at.now),
        Event::Restart => {
            (State { mode: state.mode, ..State::starting() }, vec![Action::Discard, Action::Launch])
        }
        Event::Pause if state.mode == Mode::Serving => (state.switch(Mode::Paused), vec![]),
        Event::Pause => (state, vec![]),
        Event::Resume => (state.switch(Mode::Serving), vec![]),
        Event::Drain => (state.switch(Mode::Draining), vec![]),
        Event::Emptied if state.mode == Mode::Draining => {
            (state.enter(Stage::Stopped), vec![Action::Discard])
        }
        Event::Emptied => (state, vec![]),
        Event::Stop => (state.enter(Stage::Stopped), vec![Action::Discard, Action::Purge]),
    }
}

fn started(state: State, now: Instant) -> State {
    match state.stage {
        Stage::Starting => state.enter(Stage::Up { since: now }),
        Stage::Up { .. }
        | Stage::BackingOff { .. }
        | Stage::Down { .. }
        | Stage::Probing { .. }
        | Stage::Stopped => state,
    }
}

/// A neighbour that has to move starts anew without blame; one that is being probed stays so.
fn uprooted(state: State) -> State {
    match state.stage {
        Stage::Probing { .. } => state,
        Stage::Starting
        | Stage::Up { .. }
        | Stage::BackingOff { .. }
        | Stage::Down { .. }
        | Stage::Stopped => state.enter(Stage::Starting),
    }
}

fn crashed(policy: &Policy, mut state: State, at: Moment) -> (State, Vec<Action>) {
    if let Stage::Up { since } = state.stage
        && at.now.saturating_duration_since(since) >= policy.forgive_after
    {
        state.crashes.clear();
        state.streak = 0;
    }
    state.crashes.retain(|crash| at.now.saturating_duration_since(*crash) < policy.window);
    state.crashes.push(at.now);
    let probing = matches!(state.stage, Stage::Probing { .. });
    if probing || state.crashes.len() >= policy.crashes.max(1) {
        state.crashes.clear();
        let until = at.now + stretched(policy.down_for, at.jitter);
        return (state.enter(Stage::Down { until }), vec![Action::Discard, Action::Purge]);
    }
    let pause =
        policy.backoff_min.saturating_mul(1 << state.streak.min(20)).min(policy.backoff_max);
    state.streak += 1;
    let until = at.now + stretched(pause, at.jitter);
    (state.enter(Stage::BackingOff { until }), vec![Action::Discard])
}

fn passed(policy: &Policy, state: State, now: Instant) -> State {
    match state.stage {
        Stage::Probing { good, .. } if good + 1 >= policy.probes => risen(state, now),
        Stage::Probing { good, until } => state.enter(Stage::Probing { good: good + 1, until }),
        Stage::Starting
        | Stage::Up { .. }
        | Stage::BackingOff { .. }
        | Stage::Down { .. }
        | Stage::Stopped => state,
    }
}

fn woke(policy: &Policy, state: State, now: Instant) -> (State, Vec<Action>) {
    match state.stage {
        Stage::BackingOff { until } if until <= now => {
            (state.enter(Stage::Starting), vec![Action::Launch])
        }
        Stage::Down { until } if until <= now => {
            let until = now + policy.forgive_after;
            (state.enter(Stage::Probing { good: 0, until }), vec![Action::Launch])
        }
        // nobody asked anything for long, and nothing broke
        Stage::Probing { until, .. } if until <= now => (risen(state, now), vec![]),
        Stage::BackingOff { .. } | Stage::Down { .. } | Stage::Probing { .. } => (state, vec![]),
        Stage::Starting | Stage::Up { .. } | Stage::Stopped => (state, vec![]),
    }
}

fn risen(mut state: State, now: Instant) -> State {
    state.crashes.clear();
    state.streak = 0;
    state.enter(Stage::Up { since: now })
}

fn stretched(pause: Duration, jitter: u32) -> Duration {
    pause.saturating_mul(800 + jitter.min(1000) * 2 / 5) / 1000
}

#[cfg(test)]
#[path = "policy_tests.rs"]
mod tests;
