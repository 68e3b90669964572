//! What a commit of an order is about, in the words of its tables: where a test may end the
//! process.

use super::Saved;
use crate::actors::order::rules::advance::Effects;
use crate::actors::order::rules::record::Order;
use crate::actors::order::rules::record::open_intents;
use crate::failpoints;

/// The names of one commit; none where nobody looks.
#[derive(Clone)]
pub(in crate::actors::order) struct CommitPoints(Vec<String>);

impl CommitPoints {
    /// Everything that a commit writes of an order: states that are entered, intents, and answers
    /// to intents.
    pub(in crate::actors::order) fn of(
        before: Option<&Order>,
        after: &Order,
        effects: &Effects,
    ) -> Self {
        if !failpoints::are_watched() {
            return Self(Vec::new());
        }
        let was = before.map(open_intents).unwrap_or_default();
        let mut names: Vec<String> =
            effects.events.iter().map(|event| format!("order {}", event.state.word())).collect();
        let verb =
            |id| was.iter().find(|(_, intent)| intent.id == id).map(|(_, intent)| intent.verb);
        let answered = effects.answered.iter().filter_map(|(id, _)| verb(*id));
        names.extend(answered.map(|verb| format!("answer {}", verb.word())));
        let is_new = |id| !was.iter().any(|(_, intent)| intent.id == id);
        let intents = open_intents(after).into_iter().filter(|(_, intent)| is_new(intent.id));
        names.extend(intents.map(|(_, intent)| format!("intent {}", intent.verb.word())));
        for line in &after.lines {
            let old = before.and_then(|before| before.lines.iter().find(|old| old.no == line.no));
            if old.is_none_or(|old| old.state != line.state) {
                names.push(format!("line {}", line.state.word()));
            }
        }
        for row in &after.payments {
            let old = before.and_then(|before| before.payments.iter().find(|old| old.no == row.no));
            if old.is_none_or(|old| old.state != row.state) {
                names.push(format!("payment {}", row.state.word()));
            }
        }
        if names.is_empty() {
            names.push("note".to_owned());
        }
        names.sort();
        names.dedup();
        Self(names)
    }

    /// All is written that `saved` says, and not yet committed.
    pub(in crate::actors::order) fn before_commit(&self, saved: Saved) {
        self.tell("before commit", saved);
    }

    /// It is committed, where `saved` says so.
    pub(in crate::actors::order) fn after_commit(&self, saved: Saved) {
        self.tell("after commit", saved);
    }

    fn tell(&self, when: &str, saved: Saved) {
        for name in self.0.iter().filter(|_| saved == Saved::Done) {
            failpoints::here(|| format!("{name}: {when}"));
        }
    }
}
