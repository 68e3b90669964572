//! What an admin commands another replica's actor: written down here, named by a broadcast, done
//! and answered there.
//!
//! The row of the audit says what is done; the broadcast only names it. So whoever can write to
//! Redis has nothing done that no admin commanded, and what is lost on the way is answered as not
//! done.

use std::collections::HashMap;
use std::time::Duration;

use actix_web::web;
use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use super::actors::{ActorCommand, ActorView, carry_out};
use crate::actors::fleet::{FleetEvent, read_status};
use crate::actors::supervision::Status;
use crate::clock::{self, Deadline};
use crate::http::store;
use crate::http::{Admin, Problem, State};
use crate::language::both;

/// Longest wait for the other replica's word.
const PATIENCE: Duration = Duration::from_secs(3);
/// How often it is looked for.
const LOOK: Duration = Duration::from_millis(50);
/// The longest word that is read, in bytes.
const LONGEST: usize = 16 * 1024;
/// How long a word is kept.
const KEPT: Duration = Duration::from_secs(30);
/// An older command is not carried out any more: nobody waits for it.
const FRESH: TimeDelta = TimeDelta::seconds(60);

/// Has another replica do it, and gives its actor as it was then.
pub(super) async fn have_done(
    state: &State,
    admin: &Admin,
    (name, command): (&str, ActorCommand),
    replica: Uuid,
    reason: Option<String>,
) -> Result<ActorView, Problem> {
    let others = state.fleet.tree.others().await;
    let other =
        others.iter().find(|other| other.replica == replica).ok_or_else(|| not_seen(replica))?;
    if !other.actors.iter().any(|status| status.name == name) {
        return Err(crate::actors::supervision::UnknownActor(name.to_owned()).into());
    }
    let subject = format!("{name} at {replica}");
    let id =
        store::write_audit(&state.io, admin.audit_entry(command.word(), subject, reason)).await?;
    tracing::info!(actor = name, command = command.word(), %replica, "an admin commands something of another replica's actor");
    state.fleet.replica.broadcast.publish(&FleetEvent::AdminRequest { replica, id });
    let deadline = Deadline::after(PATIENCE);
    while !deadline.is_over() {
        if let Ok(Some(text)) = state.redis.get(&key(id), LONGEST).await
            && let Some(status) = read_status(&text).filter(|status| status.name == name)
        {
            return Ok(ActorView::new(status, replica));
        }
        clock::sleep(LOOK).await;
    }
    Err(no_word(replica))
}

/// Does for ever what admins command of this replica's actors at other replicas.
pub async fn obey(state: web::Data<State>) {
    let mut news = state.fleet.replica.broadcast.listen();
    // whoever writes to Redis may say again what was done: the row asks for it once
    let mut done: HashMap<Uuid, DateTime<Utc>> = HashMap::new();
    loop {
        if let FleetEvent::AdminRequest { replica, id } = news.next().await
            && replica == state.replica
            && !done.contains_key(&id)
            && let Some(status) = obey_one(&state, id).await
        {
            let now = clock::now();
            done.retain(|_, at| now - *at <= FRESH * 2);
            done.insert(id, now);
            state.streams.actors_changed();
            let told = serde_json::to_string(&status).unwrap_or_default();
            if state.redis.put(&key(id), told, KEPT).await.is_err() {
                tracing::debug!("whoever asked does not hear that it was done");
            }
        }
    }
}

async fn obey_one(state: &State, id: Uuid) -> Option<Status> {
    let row = match store::audit_entry(&state.io, id).await {
        Ok(row) => row?,
        Err(error) => {
            tracing::warn!(%error, "it is not known what an admin commands of an actor here");
            return None;
        }
    };
    let (name, at) = row.subject.rsplit_once(" at ")?;
    let command = ActorCommand::of(&row.action).filter(|_| at == state.replica.to_string())?;
    if clock::now() - row.at.to_utc() > FRESH {
        return None;
    }
    tracing::info!(
        actor = name,
        command = command.word(),
        "an admin at another replica commands something of an actor"
    );
    carry_out(state, name, command).await.ok()
}

fn key(id: Uuid) -> String {
    format!("entry:{id}")
}

fn not_seen(replica: Uuid) -> Problem {
    Problem::not_found(both(
        format!(
            "The replica {replica} is not seen from here: it has ended, or Redis is away. Ask again when \
             `GET /api/v1/admin/actors` lists its actors, or ask that replica itself."
        ),
        format!(
            "Die Replik {replica} ist von hier aus nicht zu sehen: Sie hat geendet, oder Redis ist weg. Nochmals fragen, wenn \
             `GET /api/v1/admin/actors` ihre Aktoren nennt, oder diese Replik selbst fragen."
        ),
    ))
}

fn no_word(replica: Uuid) -> Problem {
    let detail = both(
        format!(
            "The replica {replica} was told and has not answered; it may have done it all the same. \
             `GET /api/v1/admin/actors` shows what became of it; asking again does it again."
        ),
        format!(
            "Der Replik {replica} wurde es gesagt, und sie hat nicht geantwortet; sie kann es trotzdem getan haben. \
             `GET /api/v1/admin/actors` zeigt, was daraus wurde; nochmals fragen tut es nochmals."
        ),
    );
    Problem::unavailable(detail, 2)
}
