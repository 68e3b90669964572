//! What replicas tell each other. News may be lost or come late: whoever acts on them also looks
//! for itself now and then.

use std::sync::{Arc, Weak};

use ::redis::{RedisError, cmd};
use futures_util::StreamExt as _;
use tokio::sync::{broadcast, watch};

use super::address::Connection;
use super::link::{Inner, LOOK, OPENING, Redis};
use crate::clock::{self, Deadline};

/// The longest news, in bytes, that are handed on: ours are shorter.
const LONGEST: usize = 512;

impl Redis {
    /// Tells all other replicas, without waiting; lost while Redis is away.
    pub fn tell(&self, news: &str) {
        let Some(inner) = self.0.clone() else { return };
        let io = inner.io.clone();
        let mut command = cmd("PUBLISH");
        command.arg(inner.channel()).arg(format!("{} {news}", inner.own));
        io.keep(async move {
            // how many heard it says nothing: on a cluster only those of one node are counted
            if inner.ask::<i64>(command).await.is_err() {
                tracing::debug!("the other replicas were not told");
            }
        });
    }

    /// What other replicas tell from now on; without Redis nothing. A listener that is slow loses
    /// the oldest.
    #[must_use]
    pub fn listen(&self) -> broadcast::Receiver<String> {
        match &self.0 {
            Some(inner) => inner.heard.subscribe(),
            None => broadcast::Sender::new(1).subscribe(),
        }
    }
}

impl Inner {
    fn channel(&self) -> String {
        format!("{}:news", self.prefix)
    }
}

/// Hands on what is told, for as long as anybody may listen. The connection lives as long as the
/// one beside it answers.
pub(super) async fn keep(redis: Weak<Inner>) {
    while let Some(inner) = redis.upgrade() {
        let mut beside = inner.connection.subscribe();
        drop(inner);
        if beside.wait_for(Option::is_some).await.is_ok() {
            hear(&redis, beside).await;
        }
        clock::sleep(LOOK).await;
    }
}

async fn hear(redis: &Weak<Inner>, mut beside: watch::Receiver<Option<Arc<Connection>>>) {
    let Some(inner) = redis.upgrade() else { return };
    let own = inner.own.to_string();
    let heard = inner.heard.clone();
    let opened = async {
        let mut pubsub = inner.address.listen().await?;
        pubsub.subscribe(inner.channel()).await?;
        Ok::<_, RedisError>(pubsub.into_on_message())
    };
    let Ok(Ok(mut messages)) = clock::timeout_at(Deadline::after(OPENING), opened).await else {
        return;
    };
    drop(inner);
    loop {
        let message = tokio::select! {
            message = messages.next() => message,
            gone = beside.wait_for(Option::is_none) => {
                drop(gone);
                None
            }
        };
        let Some(message) = message else { return };
        let bytes = message.get_payload_bytes();
        if bytes.len() <= LONGEST
            && let Ok(text) = std::str::from_utf8(bytes)
            && let Some((sender, news)) = text.split_once(' ')
            && sender != own
        {
            // nobody may be listening
            drop(heard.send(news.to_owned()));
        }
    }
}
