//! The figures by which a server is watched. Labels are states, verbs, kinds of jobs and names of
//! actors: few, and nothing that a customer wrote.

use std::time::Duration;

use actix_web::{HttpResponse, web};
use chrono::{DateTime, Utc};

use super::gauges::{Gauges, Look};
use super::text::{Kind, MEDIA_TYPE, Text};
use crate::actors::order::rules::lifecycle::ORDER_STATES;
use crate::actors::supervision::{Answers, BOUNDS_MS, BreakerPosition, Phase, Status, System};
use crate::clock;
use crate::http::State;
use crate::redis::Link;

/// The figures as Prometheus reads them.
pub(super) async fn show(state: web::Data<State>, gauges: web::Data<Gauges>) -> HttpResponse {
    let mut text = Text::default();
    if let Some(look) = gauges.look().await {
        orders(&mut text, &look);
        jobs(&mut text, &look);
        let age = clock::since(look.at).as_secs_f64();
        text.single(
            "starjack_count_age_seconds",
            Kind::Gauge,
            "Age of the counts of orders and jobs.",
            age,
        );
    }
    log_ins(&mut text, &state);
    actors(&mut text, &state.actors.statuses());
    answers(&mut text, &state.actors);
    database(&mut text, &state);
    let help = "Entries of the payment provider's list of open payments that could not be read, again in each reading.";
    text.single(
        "starjack_open_payments_unreadable_total",
        Kind::Counter,
        help,
        state.sweep.unreadable(),
    );
    let help = "Threads that are left behind blocked; the third ends the process.";
    text.single("starjack_threads_lost", Kind::Gauge, help, state.actors.lost_threads());
    redis(&mut text, &state);
    fleet(&mut text, &state);
    text.single(
        "starjack_event_streams",
        Kind::Gauge,
        "Open event streams.",
        state.streams.count(),
    );
    let ready = u8::from(state.readiness.get());
    text.single(
        "starjack_ready",
        Kind::Gauge,
        "1 when requests are taken, 0 while starting and draining.",
        ready,
    );
    HttpResponse::Ok().content_type(MEDIA_TYPE).body(text.into_string())
}

fn orders(text: &mut Text, look: &Look) {
    let name = "starjack_orders";
    text.family(name, Kind::Gauge, "Orders by state.");
    for state in ORDER_STATES {
        let known = look.orders.states.iter().find(|(word, _)| word == state.word());
        text.sample(name, &[("state", state.word())], known.map_or(0, |(_, count)| *count));
    }
    let help = "Age of the oldest question whose outcome is not known; 0 without any.";
    text.single(
        "starjack_oldest_doubt_age_seconds",
        Kind::Gauge,
        help,
        age(look.orders.oldest_doubt),
    );
    let name = "starjack_open_cases";
    text.family(
        name,
        Kind::Gauge,
        "Cases that staff must close, by kind: stuck orders, differences, money owed.",
    );
    for (kind, cases) in &look.orders.cases {
        text.sample(name, &[("kind", kind)], *cases);
    }
    let help = "Orders that need staff.";
    text.single("starjack_orders_needing_person", Kind::Gauge, help, look.orders.marked);
}

fn jobs(text: &mut Text, look: &Look) {
    let name = "starjack_jobs";
    text.family(name, Kind::Gauge, "Jobs that are not done, by kind and state.");
    for depth in &look.jobs {
        text.sample(name, &[("kind", &depth.kind), ("state", &depth.state)], depth.jobs);
    }
    let name = "starjack_oldest_job_age_seconds";
    text.family(
        name,
        Kind::Gauge,
        "How long the oldest job of a kind and state has been due; 0 while none is.",
    );
    for depth in &look.jobs {
        text.sample(
            name,
            &[("kind", &depth.kind), ("state", &depth.state)],
            age(Some(depth.oldest)),
        );
    }
}

fn log_ins(text: &mut Text, state: &State) {
    let name = "starjack_log_ins_total";
    text.family(name, Kind::Counter, "Attempts to log in, by how they ended.");
    for (outcome, count) in state.auth.log_ins() {
        text.sample(name, &[("outcome", outcome)], count);
    }
    let name = "starjack_limits_reached_total";
    text.family(
        name,
        Kind::Counter,
        "What was refused to whoever is not logged in, by the limit that was reached.",
    );
    for (rule, count) in state.auth.limits_reached() {
        text.sample(name, &[("rule", &rule)], count);
    }
}

fn actors(text: &mut Text, statuses: &[Status]) {
    let mut gauge = |name: &str, kind, help: &str, value: &dyn Fn(&Status) -> u64| {
        text.family(name, kind, help);
        for status in statuses {
            text.sample(name, &[("actor", &status.name)], value(status));
        }
    };
    let size = |size: usize| u64::try_from(size).unwrap_or(u64::MAX);
    let up = |status: &Status| u64::from(status.state == Phase::Up);
    gauge(
        "starjack_actor_up",
        Kind::Gauge,
        "1 when the actor answers; not when it is down, paused or draining.",
        &up,
    );
    let breaker = |status: &Status| match status.breaker {
        BreakerPosition::Closed => 0,
        BreakerPosition::HalfOpen => 1,
        BreakerPosition::Open => 2,
    };
    gauge("starjack_actor_breaker", Kind::Gauge, "0 closed, 1 half open, 2 open.", &breaker);
    gauge("starjack_actor_mailbox_depth", Kind::Gauge, "Questions that wait.", &|status| {
        size(status.mailbox.depth)
    });
    let capacity = |status: &Status| size(status.mailbox.capacity);
    gauge("starjack_actor_mailbox_capacity", Kind::Gauge, "Questions that may wait.", &capacity);
    let in_flight = |status: &Status| size(status.in_flight);
    gauge(
        "starjack_actor_in_flight",
        Kind::Gauge,
        "Questions that have begun and are not answered.",
        &in_flight,
    );
    gauge(
        "starjack_actor_restarts_total",
        Kind::Counter,
        "Incarnations after the first.",
        &|status| status.restarts,
    );
    gauge(
        "starjack_actor_questions_total",
        Kind::Counter,
        "Questions that began and ended.",
        &|status| status.processed,
    );
}

/// How long the suppliers' answers take, and how many of them were none.
fn answers(text: &mut Text, system: &System) {
    let all = system.answers();
    let name = "starjack_answer_seconds";
    text.family(
        name,
        Kind::Histogram,
        "Time from a question's turn to its end, by actor and verb.",
    );
    for (actor, answers) in &all {
        answers.iter().for_each(|answers| histogram(text, name, actor, answers));
    }
    let name = "starjack_answers_failed_total";
    text.family(
        name,
        Kind::Counter,
        "Answers that say that the outside is broken, or none at all, by actor and verb.",
    );
    for (actor, answers) in &all {
        for answers in answers {
            text.sample(name, &[("actor", actor), ("verb", answers.verb)], answers.failed);
        }
    }
}

fn histogram(text: &mut Text, name: &str, actor: &str, answers: &Answers) {
    let labels = [("actor", actor), ("verb", answers.verb)];
    let mut within = 0;
    for (bound, count) in BOUNDS_MS.iter().zip(answers.buckets) {
        within += count;
        let bound = format!("{}.{:03}", bound / 1000, bound % 1000);
        text.sample(&format!("{name}_bucket"), &[labels[0], labels[1], ("le", &bound)], within);
    }
    text.sample(&format!("{name}_bucket"), &[labels[0], labels[1], ("le", "+Inf")], answers.count);
    text.sample(&format!("{name}_sum"), &labels, answers.total.as_secs_f64());
    text.sample(&format!("{name}_count"), &labels, answers.count);
}

fn database(text: &mut Text, state: &State) {
    let help = "Transactions that this process has committed.";
    text.single("starjack_commits_total", Kind::Counter, help, state.io.commits());
    let (open, idle) = state.io.connections();
    let name = "starjack_database_connections";
    text.family(name, Kind::Gauge, "Open database connections.");
    let idle = u32::try_from(idle).unwrap_or(open).min(open);
    text.sample(name, &[("state", "busy")], open - idle);
    text.sample(name, &[("state", "idle")], idle);
}

fn redis(text: &mut Text, state: &State) {
    let help = "1 when Redis answers; 0 also when none is configured.";
    text.single("starjack_redis_up", Kind::Gauge, help, u8::from(state.redis.link() == Link::Up));
    let talk = state.redis.talk();
    let name = "starjack_redis_commands_total";
    text.family(
        name,
        Kind::Counter,
        "Commands to Redis; away are those without an answer in time.",
    );
    text.sample(name, &[("outcome", "answered")], talk.answered);
    text.sample(name, &[("outcome", "away")], talk.away);
    let took = Duration::from_micros(talk.took_us).as_secs_f64();
    text.single(
        "starjack_redis_last_answer_seconds",
        Kind::Gauge,
        "How long its last answer took.",
        took,
    );
}

fn fleet(text: &mut Text, state: &State) {
    let replica = &state.fleet.replica;
    let help = "Replicas that were alive when this one renewed its lease.";
    text.single("starjack_replicas_alive", Kind::Gauge, help, replica.alive());
    let help = "1 while this replica may write orders.";
    text.single("starjack_lease_holds", Kind::Gauge, help, u8::from(replica.is_alive()));
    let help =
        "How often the lease was over before it was renewed: others may have taken orders over.";
    text.single("starjack_lease_lapses_total", Kind::Counter, help, replica.lapses());
    let name = "starjack_singleton_task_held";
    text.family(name, Kind::Gauge, "1 on the replica that does this for all.");
    for (task, token) in state.fleet.singletons.known() {
        text.sample(name, &[("task", task)], u8::from(token.is_some()));
    }
}

/// Seconds since a moment; 0 without one, and for one that is still to come.
fn age(since: Option<DateTime<Utc>>) -> f64 {
    since
        .and_then(|since| (clock::now() - since).to_std().ok())
        .map_or(0.0, |age| age.as_secs_f64())
}
