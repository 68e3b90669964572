//! Before the first byte: a body that looks at its permit, and an asker who can take the question
//! back until then.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};

use super::Permit;

/// Why a request did not begin.
pub(super) const PERMIT_OVER: &str = "the permission to send had ended";

const CLOSED: u8 = 0;
const OPEN: u8 = 1;
const ABANDONED: u8 = 2;

/// Decides once, in one atomic step, whether the body may begin or its asker has given up: never
/// both.
pub(super) struct Gate(Arc<AtomicU8>);

impl Gate {
    /// A gate before which nothing has been sent.
    pub(super) fn closed() -> Self {
        Self(Arc::new(AtomicU8::new(CLOSED)))
    }

    /// Lets a request without a body begin, if its permit holds.
    pub(super) fn open(&self, permit: &Permit) -> bool {
        permit.holds() && open(&self.0)
    }

    /// Gives up; true when the body had not begun, and now never will.
    pub(super) fn abandon(&self) -> bool {
        match self.0.compare_exchange(CLOSED, ABANDONED, Ordering::AcqRel, Ordering::Acquire) {
            Ok(_) => true,
            Err(state) => state == ABANDONED,
        }
    }

    /// The body that opens the gate itself when it is asked for its first byte.
    pub(super) fn guard(&self, content: Bytes, permit: &Permit) -> Guarded {
        Guarded { content, begun: false, permit: permit.clone(), gate: Arc::clone(&self.0) }
    }
}

impl Drop for Gate {
    fn drop(&mut self) {
        self.abandon();
    }
}

fn open(gate: &AtomicU8) -> bool {
    gate.compare_exchange(CLOSED, OPEN, Ordering::AcqRel, Ordering::Acquire).is_ok()
}

/// A body that looks at its permit when the connection asks for the first byte.
pub(super) struct Guarded {
    content: Bytes,
    begun: bool,
    permit: Permit,
    gate: Arc<AtomicU8>,
}

impl Body for Guarded {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, std::io::Error>>> {
        let this = self.get_mut();
        if this.begun {
            return Poll::Ready(None);
        }
        this.begun = true;
        if !(this.permit.holds() && open(&this.gate)) {
            return Poll::Ready(Some(Err(std::io::Error::other(PERMIT_OVER))));
        }
        Poll::Ready(Some(Ok(Frame::data(std::mem::take(&mut this.content)))))
    }

    fn is_end_stream(&self) -> bool {
        self.begun
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(u64::try_from(self.content.len()).unwrap_or(u64::MAX))
    }
}
