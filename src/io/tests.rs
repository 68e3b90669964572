//! What becomes of work whose asker has gone.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::FutureExt as _;
use tokio::sync::oneshot;

use super::{Io, IoError};

#[tokio::test]
async fn what_waits_for_the_only_writer_is_not_begun_for_one_who_has_gone() {
    let folder = tempfile::tempdir().unwrap();
    let io = Io::start(&format!("sqlite:{}/shop.db", folder.path().display()), 2).await.unwrap();
    let (begins, begun) = oneshot::channel();
    let (let_go, may_go) = oneshot::channel::<()>();
    let first = io.write(move |_tx| {
        Box::pin(async move {
            begins.send(()).unwrap();
            may_go.await.unwrap();
            Ok::<_, IoError>(())
        })
    });
    let ran = Arc::new(AtomicBool::new(false));
    let runs = Arc::clone(&ran);
    let meanwhile = async {
        begun.await.unwrap();
        let gone = io.write(move |_tx| {
            Box::pin(async move {
                runs.store(true, Ordering::SeqCst);
                Ok::<_, IoError>(())
            })
        });
        assert!(gone.now_or_never().is_none(), "it waits for its turn");
        let_go.send(()).unwrap();
    };
    let (first, ()) = tokio::join!(first, meanwhile);
    first.unwrap();
    // its turn comes after that of the one who has gone
    io.write(|_tx| Box::pin(async { Ok::<_, IoError>(()) })).await.unwrap();
    assert!(!ran.load(Ordering::SeqCst));
}
