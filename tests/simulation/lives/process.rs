//! A process of the simulated machine: tasks that run until none has anything left to do, can be
//! frozen, and die together.

use std::cell::RefCell;
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Wake, Waker};

use futures_util::FutureExt;
use futures_util::future::LocalBoxFuture;
use tokio::task::LocalSet;

/// What is to be begun in a process.
#[derive(Clone, Default)]
pub(crate) struct Inbox(Rc<RefCell<Vec<LocalBoxFuture<'static, ()>>>>);

impl Inbox {
    /// Begins a task at the process's next turn; it is dropped with the process.
    pub(crate) fn begin(&self, work: impl Future<Output = ()> + 'static) {
        self.0.borrow_mut().push(work.boxed_local());
    }
}

/// Dropped, it dies where it stands.
pub(crate) struct Process {
    tasks: LocalSet,
    bell: Arc<Bell>,
    waker: Waker,
    pub(crate) inbox: Inbox,
    pub(crate) frozen: bool,
}

struct Bell(AtomicBool);

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::SeqCst);
    }
}

impl Process {
    pub(crate) fn new() -> Self {
        let bell = Arc::new(Bell(AtomicBool::new(true)));
        let waker = Waker::from(Arc::clone(&bell));
        Self { tasks: LocalSet::new(), bell, waker, inbox: Inbox::default(), frozen: false }
    }

    /// Runs everything that can run; whether there was anything.
    pub(crate) fn run(&mut self) -> bool {
        let mut ran = false;
        while !self.frozen {
            for work in self.inbox.0.take() {
                drop(self.tasks.spawn_local(work));
                self.bell.0.store(true, Ordering::SeqCst);
            }
            if !self.bell.0.swap(false, Ordering::SeqCst) {
                break;
            }
            ran = true;
            let _more = pin!(&mut self.tasks).poll(&mut Context::from_waker(&self.waker));
        }
        ran
    }
}
