//! Ports: HTTP/1.1 over our own listeners, so that faults can act on the socket itself.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use http_body_util::{BodyExt as _, Limited};
use hyper::body::{Body, Frame, Incoming, SizeHint};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::{mpsc, oneshot, watch};

use crate::http::{Answer, Asked};
use crate::socket::Cuttable;
use crate::tasks::Tasks;

/// Largest request body of any supplier. Source: Mailgun, 52.4 MiB request limit.
const BODY_MAX: usize = 55_000_000;
const READ_WITHIN: Duration = Duration::from_secs(30);
const BACKLOG: u32 = 1_024;

/// How an exchange ends.
#[derive(Debug)]
pub(crate) enum Ending {
    Answered(Answer),
    /// The head announces the whole body, half of it is sent, the connection ends.
    Truncated(Answer),
    /// The connection is reset without a byte of answer.
    Reset,
}

/// Answers whole requests.
pub(crate) type Handler = Arc<dyn Fn(Asked) -> BoxFuture<'static, Ending> + Send + Sync>;

/// A listening port that can really be closed and opened again under the same number.
#[derive(Debug)]
pub(crate) struct Port {
    pub(crate) address: SocketAddr,
    gate: mpsc::Sender<(bool, oneshot::Sender<()>)>,
}

impl Port {
    /// Binds `address` (port 0: any) and serves `handler` until the simulator ends.
    pub(crate) fn bind(address: SocketAddr, handler: Handler, tasks: &Tasks) -> io::Result<Self> {
        if address.port() != 0 {
            // Ports are shared below; a named one must not be shared with another process.
            drop(std::net::TcpListener::bind(address)?);
        }
        // Bound but never listening: keeps the number ours while the listener is closed.
        let reserve = socket(address)?;
        let address = reserve.local_addr()?;
        let listener = listen(address)?;
        let (gate, orders) = mpsc::channel(16);
        let opened = watch::Sender::new(true);
        let desk = Desk { address, _reserve: reserve, handler, tasks: tasks.clone(), opened };
        tasks
            .start(desk.run(listener, orders))
            .ok_or_else(|| io::Error::other("too many tasks"))?;
        Ok(Self { address, gate })
    }

    /// Opens or closes the port and returns when it is done; connections under way finish their
    /// exchange.
    pub(crate) async fn set_open(&self, open: bool) {
        let (done, wait) = oneshot::channel();
        if self.gate.send((open, done)).await.is_ok() && wait.await.is_err() {
            tracing::debug!(port = self.address.port(), "port ended before it could be set");
        }
    }
}

fn socket(address: SocketAddr) -> io::Result<TcpSocket> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    socket.set_reuseaddr(true)?;
    socket.set_reuseport(true)?;
    socket.bind(address)?;
    Ok(socket)
}

fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    socket(address)?.listen(BACKLOG)
}

struct Desk {
    address: SocketAddr,
    _reserve: TcpSocket,
    handler: Handler,
    tasks: Tasks,
    opened: watch::Sender<bool>,
}

impl Desk {
    async fn run(
        self,
        listener: TcpListener,
        mut orders: mpsc::Receiver<(bool, oneshot::Sender<()>)>,
    ) {
        let mut listener = Some(listener);
        loop {
            let (open, done) = tokio::select! {
                Some(order) = orders.recv() => order,
                stream = accept(listener.as_ref()) => {
                    self.serve(stream);
                    continue;
                }
            };
            if !open {
                listener = None;
            } else if listener.is_none() {
                listener = listen(self.address)
                    .inspect_err(|error| tracing::error!(port = self.address.port(), %error, "cannot open port again"))
                    .ok();
            }
            self.opened.send_replace(open);
            if done.send(()).is_err() {
                tracing::debug!("nobody waits for the port");
            }
        }
    }

    fn serve(&self, stream: TcpStream) {
        let connection = connection(stream, Arc::clone(&self.handler), self.opened.subscribe());
        if self.tasks.start(connection).is_none() {
            tracing::warn!(port = self.address.port(), "too many tasks, connection dropped");
        }
    }
}

async fn accept(listener: Option<&TcpListener>) -> TcpStream {
    let Some(listener) = listener else { return std::future::pending().await };
    loop {
        match listener.accept().await {
            Ok((stream, _)) => return stream,
            Err(error) => {
                tracing::warn!(%error, "accept failed");
                crate::clock::sleep(Duration::from_millis(10)).await;
            }
        }
    }
}

async fn connection(stream: TcpStream, handler: Handler, mut open: watch::Receiver<bool>) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "no delay not set");
    }
    if let Err(error) = serve_until_closed(stream, handler, &mut open).await {
        tracing::debug!(%error, "connection ended early");
    }
}

/// Serves one connection until its client ends it; once the port closes, what is under way is still
/// answered.
async fn serve_until_closed(
    stream: TcpStream,
    handler: Handler,
    open: &mut watch::Receiver<bool>,
) -> Result<(), hyper::Error> {
    let reset = Arc::new(AtomicBool::new(false));
    let io = TokioIo::new(Cuttable::new(stream, Arc::clone(&reset)));
    let service =
        service_fn(move |request| exchange(request, Arc::clone(&handler), Arc::clone(&reset)));
    let mut serving = std::pin::pin!(
        http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(Some(READ_WITHIN))
            .serve_connection(io, service)
    );
    tokio::select! {
        ended = &mut serving => return ended,
        () = async { open.wait_for(|open| !open).await.map_or((), drop) } => {}
    }
    serving.as_mut().graceful_shutdown();
    serving.await
}

async fn exchange(
    request: Request<Incoming>,
    handler: Handler,
    reset: Arc<AtomicBool>,
) -> Result<Response<Sent>, Box<dyn std::error::Error + Send + Sync>> {
    let (head, body) = request.into_parts();
    let body = match tokio::time::timeout(READ_WITHIN, Limited::new(body, BODY_MAX).collect()).await
    {
        Ok(Ok(body)) => body.to_bytes(),
        Ok(Err(error)) if error.is::<http_body_util::LengthLimitError>() => {
            return response(&Answer::problem(413, "too-large", "the body is too large"), false);
        }
        Ok(Err(error)) => return Err(error),
        Err(late) => return Err(Box::new(late)),
    };
    let asked = Asked::new(head.method.as_str(), &head.uri, head.headers, body);
    match handler(asked).await {
        Ending::Answered(answer) => response(&answer, false),
        Ending::Truncated(answer) => response(&answer, true),
        Ending::Reset => {
            reset.store(true, Ordering::SeqCst);
            Err("reset by a fault".into())
        }
    }
}

fn response(
    answer: &Answer,
    cut: bool,
) -> Result<Response<Sent>, Box<dyn std::error::Error + Send + Sync>> {
    let mut response =
        Response::builder().status(answer.status).header("content-type", answer.content_type);
    for (name, value) in &answer.headers {
        response = response.header(*name, value);
    }
    Ok(response.body(Sent::new(answer.body.clone(), cut))?)
}

/// A body with its length announced; a cut one ends in an error after half of it.
struct Sent {
    announced: u64,
    rest: Option<Bytes>,
    cut: bool,
    flushed: bool,
}

impl Sent {
    fn new(whole: Bytes, cut: bool) -> Self {
        let announced = whole.len() as u64;
        let part = if cut { whole.slice(..whole.len() / 2) } else { whole };
        Self { announced, rest: Some(part).filter(|part| !part.is_empty()), cut, flushed: false }
    }
}

impl Body for Sent {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        let sent = self.get_mut();
        if let Some(part) = sent.rest.take() {
            return Poll::Ready(Some(Ok(Frame::data(part))));
        }
        if !sent.cut {
            return Poll::Ready(None);
        }
        if !std::mem::replace(&mut sent.flushed, true) {
            // One round more, in which hyper writes out the first half.
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        Poll::Ready(Some(Err(io::Error::other("truncated by a fault"))))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_none() && !self.cut
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.announced)
    }
}
