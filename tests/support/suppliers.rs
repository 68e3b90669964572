//! The simulated suppliers, on a thread of their own: they and their ledger outlive every server.

use std::thread::JoinHandle;

use starjack_simulator::{Config, start};
use tokio::sync::oneshot;

#[derive(Debug)]
pub(crate) struct Suppliers {
    /// The address of the control side.
    pub(crate) control: String,
    end: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Suppliers {
    pub(crate) async fn start() -> Self {
        let (tell, started) = oneshot::channel();
        let (end, told) = oneshot::channel();
        let thread = std::thread::Builder::new().name("simulator".to_owned());
        let thread = thread.spawn(move || {
            let runtime =
                tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let simulator =
                    start(Config { dta_step_ms: 100, ..Config::default() }).await.unwrap();
                tell.send(simulator.endpoints.control.clone()).unwrap();
                told.await.unwrap_or_default();
                simulator.stop().await;
            });
        });
        Self { control: started.await.unwrap(), end: Some(end), thread: Some(thread.unwrap()) }
    }
}

impl Drop for Suppliers {
    fn drop(&mut self) {
        drop(self.end.take());
        let ended = self.thread.take().is_none_or(|thread| thread.join().is_ok());
        assert!(ended || std::thread::panicking(), "the simulator panicked");
    }
}
