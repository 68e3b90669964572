//! The lease and the fence, without waiting for either.

use std::sync::atomic::Ordering;

use sea_orm::EntityTrait;
use starjack_entity::setting;
use tokio_util::sync::CancellationToken;

use super::replica::Replica;
use super::singleton::Fence;
use super::store;
use crate::ids;
use crate::io::{Io, IoError};

async fn database() -> (Io, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let io =
        Io::start(&format!("sqlite://{}?mode=rwc", folder.path().join("test.db").display()), 4)
            .await
            .unwrap();
    io.migrate().await.unwrap();
    (io, folder)
}

/// The fence of a singleton task that is taken just now.
pub(crate) async fn fence(io: &Io) -> Fence {
    let standing = store::take(io, "test", ids::new_id()).await.unwrap().unwrap();
    Fence::new("test", standing.token, CancellationToken::new())
}

#[tokio::test]
async fn a_lease_that_was_over_once_never_holds_again_although_it_was_renewed() {
    let (io, _folder) = database().await;
    let replica = Replica::announce(io).await.unwrap();
    // where one process owns the database the lease is for ever; here it counts as on PostgreSQL
    let now = replica.since_start();
    replica.shared.alive_until_ms.store(now + 6_000, Ordering::Release);
    let lease = replica.lease();
    replica.shared.renewed(now + 2_000, now + 2_010);
    assert!(lease.holds(), "renewed in time");
    replica.shared.renewed(now + 7_900, now + 8_001);
    assert!(replica.is_alive() && replica.lease().holds(), "it lives again");
    assert!(!lease.holds(), "asked in time and answered too late: others may have come between");
    assert_eq!(replica.lapses(), 1);
}

async fn write(io: &Io, fence: Fence, name: &'static str) -> Result<(), IoError> {
    io.write(move |tx| {
        Box::pin(async move {
            let row = setting::ActiveModel {
                name: sea_orm::Set(name.to_owned()),
                value: sea_orm::Set(String::new()),
            };
            setting::Entity::insert(row).exec_without_returning(tx).await?;
            fence.check(tx).await
        })
    })
    .await
}

#[tokio::test]
async fn what_is_written_for_a_duty_after_somebody_else_has_taken_it_is_not_kept() {
    let (io, _folder) = database().await;
    let take = async || store::take(&io, "sweep", ids::new_id()).await.unwrap().unwrap();
    let fence = |token| Fence::new("sweep", token, CancellationToken::new());
    let first = take().await;
    write(&io, fence(first.token), "by the first").await.unwrap();
    let second = take().await;
    assert!(second.token > first.token);
    let late = fence(first.token);
    assert!(matches!(write(&io, late.clone(), "too late").await, Err(IoError::Fenced)));
    assert!(late.is_lost(), "its work is dropped");
    write(&io, fence(second.token), "by the second").await.unwrap();
    let kept = io
        .read(|db| {
            Box::pin(async move { Ok::<_, IoError>(setting::Entity::find().all(db).await?) })
        })
        .await;
    let mut names: Vec<_> = kept.unwrap().into_iter().map(|row| row.name).collect();
    names.retain(|name| name.contains(' '));
    assert_eq!(names, ["by the first", "by the second"]);
}
