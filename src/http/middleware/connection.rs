//! A connection that is watched: whoever has begun the head of a request ends it soon, however many
//! came before it, and whoever asked for an answer reads it.
//!
//! actix-http watches the time of a connection's first head only. So the stream tells when bytes
//! come, each request tells when it is served, and between two requests the stream ends for whoever
//! takes too long. It watches no answer at all: what a peer does not read stays in memory, with the
//! connection's place.

use std::cell::{Cell, RefCell};
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use actix_web::Error;
use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::middleware::Next;
use actix_web::web::Bytes;
use futures_util::future::LocalBoxFuture;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

use super::door::Place;
use crate::clock::{self, Deadline};

/// How long a peer may take.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// From the first byte of a request's head to its last; default 5 s.
    pub head: Duration,
    /// Between two requests; default 60 s.
    pub idle: Duration,
    /// For each 16 KiB of an answer, or what is left of it; default 30 s.
    pub answer: Duration,
}

/// So much of an answer has its time, in bytes.
const PART: usize = 16 * 1024;

impl Default for Patience {
    fn default() -> Self {
        Self {
            head: Duration::from_secs(5),
            idle: Duration::from_secs(60),
            answer: Duration::from_secs(30),
        }
    }
}

/// What a connection and its requests tell each other; clones share it.
#[derive(Clone)]
pub(in crate::http) struct Watch(Rc<Moments>);

struct Moments {
    patience: Patience,
    phase: Cell<Phase>,
    /// Whoever waits for bytes while a request is served.
    reader: RefCell<Option<Waker>>,
}

#[derive(Clone, Copy)]
enum Phase {
    /// Nothing of a head has come.
    Idle(Deadline),
    /// A head has begun.
    Head(Deadline),
    /// So many requests are served, for which others count the time.
    Serving(usize),
}

impl Watch {
    fn begin(patience: Patience) -> Self {
        let phase = Cell::new(Phase::Idle(Deadline::after(patience.idle)));
        Self(Rc::new(Moments { patience, phase, reader: RefCell::default() }))
    }

    /// Takes note of bytes.
    fn heard(&self) {
        if let Phase::Idle(_) = self.0.phase.get() {
            self.0.phase.set(Phase::Head(Deadline::after(self.0.patience.head)));
        }
    }

    /// Takes note of a request whose head is whole, until the answer is written or given up.
    fn serve(&self) -> Serving {
        let others = if let Phase::Serving(others) = self.0.phase.get() { others } else { 0 };
        self.0.phase.set(Phase::Serving(others + 1));
        Serving(self.clone())
    }

    fn served(&self) {
        let phase = match self.0.phase.get() {
            Phase::Serving(requests) if requests > 1 => Phase::Serving(requests - 1),
            Phase::Serving(_) | Phase::Idle(_) | Phase::Head(_) => {
                Phase::Idle(Deadline::after(self.0.patience.idle))
            }
        };
        self.0.phase.set(phase);
        // the next head may have begun in the bytes that came with this one, so the time counts
        // from now on
        if let Some(reader) = self.0.reader.take() {
            reader.wake();
        }
    }

    /// Until when bytes are waited for; without a limit while a request is served.
    fn deadline(&self) -> Option<Deadline> {
        match self.0.phase.get() {
            Phase::Idle(deadline) | Phase::Head(deadline) => Some(deadline),
            Phase::Serving(_) => None,
        }
    }
}

/// A request that is being served; dropped when its answer is written or given up.
struct Serving(Watch);

impl Drop for Serving {
    fn drop(&mut self) {
        self.0.served();
    }
}

/// Tells the connection how long its requests are served. Without a socket, as in tests, it does
/// nothing.
///
/// # Errors
/// The handler's.
pub(in crate::http) async fn serve<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let serving = request.request().conn_data::<Watch>().map(Watch::serve);
    let answer = next.call(request).await?.map_into_boxed_body();
    Ok(match serving {
        Some(serving) => {
            answer.map_body(|_head, body| BoxBody::new(Held { body, _serving: serving }))
        }
        None => answer,
    })
}

/// An answer's body, and the note that it is still being written.
struct Held {
    body: BoxBody,
    _serving: Serving,
}

impl MessageBody for Held {
    type Error = <BoxBody as MessageBody>::Error;

    fn size(&self) -> BodySize {
        self.body.size()
    }

    fn poll_next(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Self::Error>>> {
        Pin::new(&mut self.get_mut().body).poll_next(cx)
    }
}

/// A socket that ends for its reader once a head has taken too long.
pub(in crate::http) struct Watched {
    socket: TcpStream,
    watch: Watch,
    alarm: Option<(Deadline, LocalBoxFuture<'static, ()>)>,
    unread: Unread,
    _place: Place,
}

/// What of an answer its reader leaves lying.
#[derive(Default)]
struct Unread {
    /// Until when it is waited for, with what wakes then; since the first byte that found no room.
    since: Option<(Deadline, LocalBoxFuture<'static, ()>)>,
    /// Bytes that found room meanwhile.
    taken: usize,
}

impl Unread {
    /// Takes note of what became of some bytes, and ends the wait that is too long.
    fn note(
        &mut self,
        patience: Duration,
        (wrote, cx): (Poll<io::Result<usize>>, &mut Context<'_>),
    ) -> Poll<io::Result<usize>> {
        if let Poll::Ready(Ok(bytes)) = &wrote {
            self.taken += bytes;
            if self.taken >= PART {
                *self = Self::default();
            }
        }
        if wrote.is_ready() {
            return wrote;
        }
        let (deadline, alarm) = self.since.get_or_insert_with(|| {
            let deadline = Deadline::after(patience);
            (deadline, Box::pin(clock::sleep(deadline.remaining())))
        });
        if deadline.is_over() || alarm.as_mut().poll(cx).is_ready() {
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        Poll::Pending
    }
}

impl Watched {
    /// A connection that has just been made.
    pub(in crate::http) fn new(socket: TcpStream, place: Place, patience: Patience) -> Self {
        Self {
            socket,
            watch: Watch::begin(patience),
            alarm: None,
            unread: Unread::default(),
            _place: place,
        }
    }

    pub(in crate::http) fn watch(&self) -> Watch {
        self.watch.clone()
    }

    /// Whether nobody waits for bytes any more; else whoever asks is woken when that may be so.
    fn poll_late(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        self.watch.0.reader.replace(Some(cx.waker().clone()));
        while let Some(deadline) = self.watch.deadline() {
            if deadline.is_over() {
                return Poll::Ready(());
            }
            // an alarm that is too early is kept: deadlines move on with every request
            let (_, alarm) = match self.alarm.take() {
                Some(alarm) if alarm.0 <= deadline => self.alarm.insert(alarm),
                Some(_) | None => {
                    self.alarm.insert((deadline, Box::pin(clock::sleep(deadline.remaining()))))
                }
            };
            if alarm.as_mut().poll(cx).is_pending() {
                return Poll::Pending;
            }
            self.alarm = None;
        }
        Poll::Pending
    }
}

impl AsyncRead for Watched {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if this.watch.deadline().is_some_and(Deadline::is_over) {
            return Poll::Ready(Ok(()));
        }
        let filled = buf.filled().len();
        let read = Pin::new(&mut this.socket).poll_read(cx, buf);
        if read.is_pending() {
            // the end of the stream: the connection is closed without an answer
            return this.poll_late(cx).map(Ok);
        }
        if buf.filled().len() > filled {
            this.watch.heard();
        }
        read
    }
}

impl AsyncWrite for Watched {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let wrote = Pin::new(&mut this.socket).poll_write(cx, buf);
        this.unread.note(this.watch.0.patience.answer, (wrote, cx))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let wrote = Pin::new(&mut this.socket).poll_write_vectored(cx, bufs);
        this.unread.note(this.watch.0.patience.answer, (wrote, cx))
    }

    fn is_write_vectored(&self) -> bool {
        self.socket.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        // all of it found room
        this.unread = Unread::default();
        Pin::new(&mut this.socket).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().socket).poll_shutdown(cx)
    }
}
