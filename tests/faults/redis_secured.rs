//! Redis over TLS: the server must show a certificate of an authority that is believed, and knows
//! us by user and password.

use std::path::Path;

use starjack::io::Io;
use starjack::redis::{Link, Redis as Way, Settings};

use crate::support::{Redis, authority, eventually};

fn settings(redis: &Redis, secrets: &str, ca: &Path) -> Settings {
    let url = redis.url().replace("redis://", &format!("rediss://{secrets}@"));
    Settings { url: url.into(), prefix: "shop".to_owned(), ca: Some(ca.to_owned()) }
}

#[tokio::test]
async fn redis_is_spoken_to_by_tls_where_its_authority_is_believed_and_not_at_all_where_it_is_not()
{
    let io = Io::start("sqlite::memory:", 1).await.unwrap();
    let (redis, ca) = Redis::start_secured().await;
    let way = Way::start(&io, Some(&settings(&redis, "starjack:secret", &ca))).unwrap();
    eventually("it answers by TLS", async || (way.link() == Link::Up).then_some(())).await;
    way.put("text", "seen".to_owned(), std::time::Duration::from_secs(60)).await.unwrap();
    assert_eq!(way.get("text", 100).await, Ok(Some("seen".to_owned())));
    let mut heard = way.listen();
    let other = Way::start(&io, Some(&settings(&redis, "starjack:secret", &ca))).unwrap();
    eventually("news go by TLS too", async || {
        other.tell("catalogue");
        heard.try_recv().ok()
    })
    .await;

    let folder = tempfile::tempdir().unwrap();
    let foreign = authority(folder.path());
    let refused = Way::start(&io, Some(&settings(&redis, "starjack:secret", &foreign))).unwrap();
    eventually("it is told why", async || redis.log().contains("alert").then_some(())).await;
    assert_eq!(refused.link(), Link::Down);
}
