//! The supervisor of one actor, a task on the control arbiter: it hears of every end of an
//! incarnation, of lost threads, of admins' commands and of the clock, asks the policy, and carries
//! out what that says.

use super::handle::{Cell, Factory, Placement, Service};
use super::incarnation::{self, Life, News};
use super::policy::{self, Action, Event, Mode, Moment, Policy, Stage, State};
use super::status::Phase;
use super::threads::{Thread, Threads};
use crate::clock::{self, Deadline};
use std::future::pending;
use std::sync::Arc;
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;

/// What a person, or the shutdown, wants of an actor; `done` is dropped once it holds.
pub(super) struct Command {
    pub(super) event: Event,
    pub(super) done: oneshot::Sender<()>,
}

/// An incarnation that lives, and where.
struct Run {
    life: Arc<Life>,
    thread: Arc<Thread>,
    news: mpsc::Receiver<News>,
}

pub(super) struct Supervisor<S: Service> {
    pub(super) cell: Arc<Cell<S>>,
    pub(super) factory: Factory<S>,
    pub(super) policy: Policy,
    pub(super) placement: Placement,
    pub(super) threads: Arc<Threads>,
    pub(super) commands: mpsc::Receiver<Command>,
}

impl<S: Service> Supervisor<S> {
    /// Supervises for as long as the control arbiter runs.
    pub(super) async fn supervise(mut self) {
        let mut state = State::starting();
        let mut run = None;
        let mut own = None;
        let mut next = self.perform(&[Action::Launch], &state, (&mut run, &mut own));
        loop {
            let (event, done) = match next.take() {
                Some(event) => (event, None),
                None if state.mode == Mode::Draining
                    && state.stage != Stage::Stopped
                    && self.cell.is_idle() =>
                {
                    (Event::Emptied, None)
                }
                None => self.hear(&state, run.as_mut()).await,
            };
            let moment = Moment { now: clock::instant(), jitter: dice() };
            let (after, actions) = policy::next(&self.policy, state, event, moment);
            state = after;
            if event == Event::Restart {
                self.cell.mailbox.reset_breaker();
            }
            self.cell.mailbox.set_gate(state.gate());
            next = self.perform(&actions, &state, (&mut run, &mut own));
            self.publish(&state);
            // told by dropping it, once the command is carried out
            drop(done);
        }
    }

    /// Waits for whatever happens first.
    async fn hear(
        &mut self,
        state: &State,
        run: Option<&mut Run>,
    ) -> (Event, Option<oneshot::Sender<()>>) {
        let draining = state.mode == Mode::Draining && state.stage != Stage::Stopped;
        let event = tokio::select! {
            event = watch_run(&self.cell, self.placement, run) => event,
            Some(command) = self.commands.recv() => return (command.event, Some(command.done)),
            () = self.cell.passed.notified() => Event::Passed,
            () = self.cell.quiet.notified(), if draining => Event::Woke,
            () = alarm(state.wakes_at()) => Event::Woke,
        };
        (event, None)
    }

    /// Carries out actions; a launch that is impossible is a crash.
    fn perform(
        &self,
        actions: &[Action],
        state: &State,
        (run, own): (&mut Option<Run>, &mut Option<Arc<Thread>>),
    ) -> Option<Event> {
        for action in actions {
            match action {
                Action::Discard => {
                    *run = None;
                    self.cell.mailbox.give_to(None);
                }
                Action::Purge => self.cell.mailbox.purge(),
                Action::Launch => {
                    match self.threads.find(&self.cell.name, self.placement, own.take()) {
                        Ok(thread) => {
                            *own = Some(Arc::clone(&thread));
                            *run = Some(self.launch(thread));
                        }
                        Err(error) => {
                            self.cell.fail(&format!("no thread: {error}"));
                            return (state.stage != Stage::Stopped).then_some(Event::Crashed);
                        }
                    }
                }
            }
        }
        None
    }

    fn launch(&self, thread: Arc<Thread>) -> Run {
        self.cell.record.launched();
        let life = self.cell.new_life();
        thread.host(&life);
        self.cell.mailbox.give_to(Some(Arc::clone(&life)));
        // room for the two pieces of news of one life
        let (news, heard) = mpsc::channel(2);
        let cell = Arc::clone(&self.cell);
        let factory = Arc::clone(&self.factory);
        let lived = Arc::clone(&life);
        // an arbiter that has ended drops the closure, which closes the channel: heard as a crash
        thread
            .handle
            .spawn_fn(move || drop(actix_rt::spawn(incarnation::live(cell, lived, factory, news))));
        Run { life, thread, news: heard }
    }

    fn publish(&self, state: &State) {
        let phase = phase(state);
        self.cell.phase.send_if_modified(|known| {
            let changed = *known != phase;
            if changed {
                tell(&self.cell.name, *known, phase);
                *known = phase;
            }
            changed
        });
    }
}

/// Waits for news of the incarnation, its end, or the loss of its thread. Cancel-safe.
async fn watch_run<S: Service>(
    cell: &Cell<S>,
    placement: Placement,
    run: Option<&mut Run>,
) -> Event {
    let Some(run) = run else {
        return pending().await;
    };
    tokio::select! {
        biased;
        news = run.news.recv() => match news {
            Some(News::Started) => return Event::Started,
            Some(News::Crashed(text)) => cell.fail(&text),
            None => cell.fail("the incarnation ended with its thread"),
        },
        () = run.thread.lost.cancelled() => {
            let guilty = placement == Placement::Own || run.life.is_in_user_code();
            run.life.lose();
            if !guilty {
                return Event::Uprooted;
            }
            cell.fail("its thread was blocked and is left behind");
        }
    }
    Event::Crashed
}

async fn alarm(at: Option<Instant>) {
    let Some(at) = at else {
        return pending().await;
    };
    // the only way out is the deadline
    if clock::timeout_at(Deadline::at(at), pending::<()>()).await.is_ok() {
        tracing::error!(event = "server.fault", "a wait without an end has ended");
    }
}

fn tell(actor: &str, from: Phase, to: Phase) {
    match to {
        Phase::Up => tracing::info!(event = "actor.up", actor, ?from, "an actor answers"),
        Phase::Down => tell_down(actor),
        Phase::Restarting | Phase::Draining | Phase::Paused | Phase::Stopped => {
            tracing::info!(actor, ?from, ?to, "an actor's state changed");
        }
    }
}

fn tell_down(actor: &str) {
    tracing::warn!(event = "actor.down", actor, "an actor is down");
}

fn phase(state: &State) -> Phase {
    match (state.stage, state.mode) {
        (Stage::Stopped, _) => Phase::Stopped,
        (_, Mode::Draining) => Phase::Draining,
        (_, Mode::Paused) => Phase::Paused,
        (Stage::Down { .. }, Mode::Serving) => Phase::Down,
        (Stage::Up { .. }, Mode::Serving) => Phase::Up,
        (Stage::Starting | Stage::BackingOff { .. } | Stage::Probing { .. }, Mode::Serving) => {
            Phase::Restarting
        }
    }
}

/// 0 to 1000, unpredictable enough to keep actors from rising in step.
fn dice() -> u32 {
    let (_, low) = uuid::Uuid::new_v4().as_u64_pair();
    u32::try_from(low % 1001).unwrap_or_default()
}
