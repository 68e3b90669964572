//! The restart policy as a table and as properties, on a clock that only the test moves.

use super::*;
use crate::clock;
use proptest::prelude::*;

const MIDDLE: u32 = 500;

fn policy() -> Policy {
    Policy {
        backoff_min: Duration::from_millis(100),
        backoff_max: Duration::from_millis(300),
        crashes: 4,
        window: Duration::from_secs(10),
        down_for: Duration::from_secs(5),
        probes: 2,
        forgive_after: Duration::from_secs(60),
        breaker: breaker::Settings::default(),
    }
}

/// One actor, its policy and the test's clock.
struct Story {
    state: State,
    now: Instant,
}

impl Story {
    fn begin() -> Self {
        Self { state: State::starting(), now: clock::instant() }
    }

    fn tell(&mut self, event: Event) -> Vec<Action> {
        let at = Moment { now: self.now, jitter: MIDDLE };
        let (state, actions) = next(&policy(), self.state.clone(), event, at);
        self.state = state;
        actions
    }

    fn wait(&mut self, pause: Duration) {
        self.now += pause;
    }

    /// The pause until the policy wants to be woken.
    fn pause(&self) -> Duration {
        self.state.wakes_at().map(|at| at.saturating_duration_since(self.now)).unwrap()
    }

    fn wake(&mut self) -> Vec<Action> {
        self.wait(self.pause());
        self.tell(Event::Woke)
    }
}

#[test]
fn a_crash_is_answered_by_a_new_life_after_a_pause_that_doubles_up_to_its_bound() {
    let mut story = Story::begin();
    assert_eq!(story.tell(Event::Started), []);
    assert!(matches!(story.state.stage, Stage::Up { .. }));
    for pause in [100, 200, 300] {
        assert_eq!(story.tell(Event::Crashed), [Action::Discard]);
        assert_eq!(story.pause(), Duration::from_millis(pause));
        assert_eq!(story.tell(Event::Woke), [], "not before its time");
        assert_eq!(story.wake(), [Action::Launch]);
    }
}

#[test]
fn crashes_within_the_window_take_it_down_and_crashes_far_apart_do_not() {
    let mut apart = Story::begin();
    for _ in 0..20 {
        assert_eq!(apart.tell(Event::Crashed), [Action::Discard]);
        assert_eq!(apart.wake(), [Action::Launch]);
        apart.wait(Duration::from_secs(4));
    }
    let mut close = Story::begin();
    for _ in 0..3 {
        assert_eq!(close.tell(Event::Crashed), [Action::Discard]);
        assert_eq!(close.wake(), [Action::Launch]);
    }
    assert_eq!(close.tell(Event::Crashed), [Action::Discard, Action::Purge]);
    assert_eq!(close.state.gate(), Gate::Down { until: close.now + Duration::from_secs(5) });
}

fn down() -> Story {
    let mut story = Story::begin();
    for _ in 0..4 {
        story.tell(Event::Crashed);
        if story.state.stage.is_backing_off() {
            story.wake();
        }
    }
    assert!(matches!(story.state.stage, Stage::Down { .. }));
    story
}

impl Stage {
    fn is_backing_off(self) -> bool {
        matches!(self, Self::BackingOff { .. })
    }
}

#[test]
fn a_down_actor_is_probed_one_question_at_a_time_and_rises_after_enough() {
    let mut story = down();
    assert_eq!(story.wake(), [Action::Launch]);
    assert_eq!(story.tell(Event::Started), []);
    assert_eq!(story.state.gate(), Gate::OneAtATime);
    story.tell(Event::Passed);
    assert_eq!(story.state.gate(), Gate::OneAtATime);
    story.tell(Event::Passed);
    assert_eq!((story.state.gate(), story.state.streak), (Gate::Open, 0));
}

#[test]
fn a_probe_that_crashes_takes_it_down_at_once_and_one_that_nobody_asks_rises_by_itself() {
    let mut story = down();
    story.wake();
    assert_eq!(story.tell(Event::Crashed), [Action::Discard, Action::Purge]);
    assert!(matches!(story.state.stage, Stage::Down { .. }));
    story.wake();
    assert_eq!(story.wake(), []);
    assert!(matches!(story.state.stage, Stage::Up { .. }));
}

#[test]
fn a_long_quiet_life_is_forgiven_what_came_before() {
    let mut story = Story::begin();
    for _ in 0..3 {
        story.tell(Event::Crashed);
        story.wake();
    }
    story.tell(Event::Started);
    story.wait(Duration::from_secs(61));
    story.tell(Event::Crashed);
    assert_eq!((story.state.streak, story.pause()), (1, Duration::from_millis(100)));
}

#[test]
fn people_pause_resume_drain_and_restart_whatever_the_stage() {
    let mut story = down();
    story.tell(Event::Pause);
    assert_eq!(story.state.gate(), Gate::Paused);
    story.tell(Event::Resume);
    assert!(matches!(story.state.gate(), Gate::Down { .. }));
    assert_eq!(story.tell(Event::Restart), [Action::Discard, Action::Launch]);
    assert_eq!(story.state, State::starting());

    story.tell(Event::Drain);
    story.tell(Event::Pause);
    assert_eq!(story.state.gate(), Gate::Draining, "a drain is not paused");
    story.tell(Event::Crashed);
    assert_eq!(story.wake(), [Action::Launch], "what was accepted is still to be answered");
    assert_eq!(story.tell(Event::Emptied), [Action::Discard]);
    assert_eq!(story.state.gate(), Gate::Stopped);
    assert_eq!(story.tell(Event::Resume), [Action::Launch]);
    assert_eq!(story.state, State::starting());
    assert_eq!(story.tell(Event::Stop), [Action::Discard, Action::Purge]);
}

#[test]
fn a_neighbour_that_has_to_move_is_blamed_for_nothing() {
    let mut story = Story::begin();
    story.tell(Event::Started);
    assert_eq!(story.tell(Event::Uprooted), [Action::Discard, Action::Launch]);
    assert_eq!(story.state, State::starting());
    let mut probed = down();
    probed.wake();
    assert_eq!(probed.tell(Event::Uprooted), [Action::Discard, Action::Launch]);
    assert_eq!(probed.state.gate(), Gate::OneAtATime);
}

fn any_event() -> impl Strategy<Value = Event> {
    prop_oneof![
        4 => Just(Event::Started),
        6 => Just(Event::Crashed),
        1 => Just(Event::Uprooted),
        2 => Just(Event::Passed),
        6 => Just(Event::Woke),
        1 => Just(Event::Restart),
        1 => Just(Event::Pause),
        2 => Just(Event::Resume),
        1 => Just(Event::Drain),
        1 => Just(Event::Emptied),
        1 => Just(Event::Stop),
    ]
}

proptest! {
    #[test]
    fn there_is_never_more_than_one_life_and_always_a_way_to_the_next(
        story in prop::collection::vec((any_event(), 0u64..8000, 0u32..=1000), 0..200)
    ) {
        let policy = policy();
        let mut state = State::starting();
        let mut now = clock::instant();
        let mut lives = true;
        for (event, pause, jitter) in story {
            now += Duration::from_millis(pause);
            if !lives && matches!(event, Event::Started | Event::Crashed | Event::Uprooted | Event::Passed) {
                continue;
            }
            let (after, actions) = next(&policy, state, event, Moment { now, jitter });
            state = after;
            for action in actions {
                match action {
                    Action::Discard => lives = false,
                    Action::Purge => prop_assert!(!lives),
                    Action::Launch => {
                        prop_assert!(!lives, "two lives after {event:?}");
                        lives = true;
                    }
                }
            }
            let living = matches!(state.stage, Stage::Starting | Stage::Up { .. } | Stage::Probing { .. });
            prop_assert_eq!(lives, living, "after {:?}: {:?}", event, state);
            prop_assert_eq!(state.gate() == Gate::Stopped, state.stage == Stage::Stopped);
            prop_assert!(state.crashes.len() < policy.crashes);
            if let Stage::BackingOff { until } = state.stage {
                let left = until.saturating_duration_since(now);
                prop_assert!(left <= policy.backoff_max * 6 / 5);
                if event == Event::Crashed {
                    prop_assert!(left >= policy.backoff_min * 4 / 5);
                }
            }
            if !lives && state.stage != Stage::Stopped {
                let at = Moment { now: state.wakes_at().unwrap(), jitter };
                prop_assert_eq!(next(&policy, state.clone(), Event::Woke, at).1, vec![Action::Launch]);
            }
        }
    }
}
