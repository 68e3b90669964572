//! Limits that replicas keep together: own counts first, then what Redis knows of the others', as
//! `redis::limits` says. What goes there is a keyed hash, which says neither whom nor where. A
//! process that begins anew finds there what was counted before.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use secrecy::ExposeSecret;

use super::code::keyed_hash;
use super::desk::Desk;
use super::throttle::{Event, Refusal};
use crate::redis::{Limit, Link};

impl Desk {
    /// Counts an event under all these rules, or under none: the first whose limit is reached
    /// answers. Redis is asked once, and only about what own counts allow; while it is away these
    /// decide.
    pub(super) async fn count(&self, events: &[Event]) -> Result<(), Refusal> {
        self.inner.counts.count(events)?;
        self.ask_others(events, &[]).await
    }

    /// The same, and counts under the further rules whose limit is not reached. Answers which of
    /// the latter these were.
    pub(super) async fn count_beside(
        &self,
        events: &[Event],
        further: &[Event],
    ) -> Result<Vec<Event>, Refusal> {
        self.inner.counts.count(events)?;
        let further = self.inner.counts.count_where_room(further);
        self.ask_others(events, &further).await?;
        Ok(further)
    }

    /// Takes events back that were counted, everywhere.
    pub(super) fn take_back(&self, events: &[Event]) {
        self.inner.counts.take_back(events);
        self.inner.redis.take_back(&self.shared_keys(events));
    }

    /// Forgets all events of these keys, everywhere, as after a success.
    pub(super) fn forget(&self, events: &[Event]) {
        events.iter().for_each(|event| self.inner.counts.forget(*event));
        self.inner.redis.forget(&self.shared_keys(events));
    }

    /// Counts with the other replicas what was counted here, or takes it back.
    async fn ask_others(&self, events: &[Event], always: &[Event]) -> Result<(), Refusal> {
        let inner = &self.inner;
        let all = [events, always].concat();
        let own = inner.counts.own(events).into_iter().chain(always.iter().map(|_| 0));
        let limits = self.shared_keys(&all).into_iter().zip(&all).zip(own);
        let limits: Vec<Limit> = limits
            .map(|((key, (rule, _)), own)| Limit { key, most: rule.limit, span: rule.window, own })
            .collect();
        if limits.is_empty() {
            return Ok(());
        }
        let Ok(Some(reached)) = inner.redis.count(&limits).await else { return Ok(()) };
        inner.counts.take_back(&all);
        match all.get(reached.index) {
            Some((rule, _)) => Err(inner.counts.refused_by_others(*rule, reached.wait)),
            None => Ok(()),
        }
    }

    /// Under what events are counted by all; nothing while nobody is asked.
    fn shared_keys(&self, events: &[Event]) -> Vec<String> {
        if self.inner.redis.link() != Link::Up {
            return Vec::new();
        }
        let secret = self.inner.secret.expose_secret();
        let key = |(rule, key): &Event| {
            // what stands in braces puts them all into one slot of a cluster
            format!(
                "{{limits}}:{}",
                keyed_hash(secret, &["limit", rule.name, &URL_SAFE_NO_PAD.encode(key)])
            )
        };
        events.iter().map(key).collect()
    }
}
