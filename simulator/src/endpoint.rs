//! One contract behind its port: meets the faults, then asks the supplier.

use std::sync::Arc;

use tokio::sync::watch;

use crate::clock::{self, Clock};
use crate::faults::{Bent, Faults, Met, Wire};
use crate::http::{Answer, Asked};
use crate::questions::Questions;
use crate::server::{Ending, Handler};
use crate::supplier::Service;
use crate::tasks::Tasks;

const GARBAGE: &[u8] = b"\x00\xff{<<garbage by a fault: neither XML nor JSON";

/// A contract and what it needs to answer.
pub(crate) struct Endpoint {
    pub(crate) service: Arc<dyn Service>,
    pub(crate) asked: Arc<Questions>,
    pub(crate) clock: Arc<Clock>,
    pub(crate) faults: Arc<Faults>,
    pub(crate) tasks: Tasks,
}

impl Endpoint {
    /// The handler of its port.
    pub(crate) fn handler(self) -> Handler {
        let endpoint = Arc::new(self);
        Arc::new(move |asked| Box::pin(Arc::clone(&endpoint).exchange(Arc::new(asked))))
    }

    async fn exchange(self: Arc<Self>, asked: Arc<Asked>) -> Ending {
        let cleared = self.faults.cleared();
        let service = &self.service;
        self.asked.note(self.clock.now(), service.operation(&asked).unwrap_or_default());
        if self.faults.refuses(service.supplier(), service.operator()) {
            // A connection kept alive from before the port was closed.
            return Ending::Reset;
        }
        let met =
            self.faults.meet(service.supplier(), service.operator(), service.operation(&asked));
        match met.wire {
            Some(Wire::Hang) => hang(cleared).await,
            Some(Wire::ResetBefore) => Ending::Reset,
            Some(Wire::Late(after)) => {
                let late = Arc::clone(&self);
                self.detach(async move {
                    clock::sleep(after).await;
                    late.service.execute(&asked, met.bent);
                });
                Ending::Reset
            }
            _ => self.execute(asked, met).await,
        }
    }

    /// Runs to the end even when the client has gone: a real server does not notice.
    async fn execute(self: Arc<Self>, asked: Arc<Asked>, met: Met) -> Ending {
        if met.delay.is_none() {
            return self.answer(&asked, met.wire, met.bent);
        }
        let endpoint = Arc::clone(&self);
        let running = self.tasks.start(async move {
            clock::sleep(met.delay.unwrap_or_default()).await;
            endpoint.answer(&asked, met.wire, met.bent)
        });
        match running {
            Some(running) => running.await.ok().flatten().unwrap_or(Ending::Reset),
            None => Ending::Answered(Answer::html(503, page(503))),
        }
    }

    fn answer(&self, asked: &Asked, wire: Option<Wire>, bent: Bent) -> Ending {
        let service = &self.service;
        match wire {
            None => Ending::Answered(service.execute(asked, bent)),
            Some(Wire::HttpStatus(status)) => Ending::Answered(Answer::html(status, page(status))),
            Some(Wire::BusinessError(code)) => {
                Ending::Answered(service.refuse(asked, code.as_deref()))
            }
            Some(Wire::ResetAfter) => {
                service.execute(asked, bent);
                Ending::Reset
            }
            Some(Wire::Garbage) => {
                let answer = service.execute(asked, bent);
                Ending::Answered(Answer { body: GARBAGE.into(), ..answer })
            }
            Some(Wire::Truncate) => Ending::Truncated(service.execute(asked, bent)),
            Some(Wire::Hang | Wire::ResetBefore | Wire::Late(_)) => Ending::Reset,
        }
    }

    fn detach(&self, work: impl Future<Output = ()> + Send + 'static) {
        if self.tasks.start(work).is_none() {
            tracing::warn!("too many tasks, a late execution is lost");
        }
    }
}

/// Never answers; ends when the client leaves (this future is dropped) or the faults are cleared.
async fn hang(mut cleared: watch::Receiver<u64>) -> Ending {
    if cleared.changed().await.is_err() {
        tracing::debug!("faults ended");
    }
    Ending::Reset
}

fn page(status: u16) -> String {
    format!(
        "<!DOCTYPE html><html><head><title>{status}</title></head><body><h1>{status}</h1>by a fault</body></html>\n"
    )
}
