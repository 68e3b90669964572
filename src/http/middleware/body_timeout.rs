//! How a request's body arrives: in time, or the connection ends.

use std::cell::RefCell;
use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Duration;

use actix_web::HttpMessage;
use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::dev::{Payload, ServiceRequest};
use actix_web::error::PayloadError;
use actix_web::http::header;
use actix_web::web::Bytes;
use futures_util::{Stream, StreamExt, stream};

use crate::clock::{self, Deadline};

/// How long a body may take to arrive, from the end of the head.
pub const PATIENCE: Duration = Duration::from_secs(10);

/// What has not arrived yet of a body without a length.
///
/// actix-http drains such a body for as long as the client likes once nobody holds it any more, so
/// the answer holds it to its end; then the connection is closed in time.
#[derive(Clone)]
pub(in crate::http) struct Rest(Rc<RefCell<Payload>>);

/// An answer that holds the rest of its request.
struct Holding {
    body: BoxBody,
    _rest: Rest,
}

/// Puts a deadline on the body of a request that has one, and answers what `hold` needs.
pub(in crate::http) fn set_deadline(
    request: &mut ServiceRequest,
    patience: Duration,
) -> Option<Rest> {
    let headers = request.headers();
    let endless = headers.contains_key(header::TRANSFER_ENCODING);
    if !endless && !headers.contains_key(header::CONTENT_LENGTH) {
        return None;
    }
    let rest = Rest(Rc::new(RefCell::new(request.take_payload())));
    let timed = until(Deadline::after(patience), rest.clone());
    request.set_payload(Payload::Stream { payload: Box::pin(timed) });
    endless.then_some(rest)
}

/// Lets an answer hold the rest of its request.
pub(in crate::http) fn hold(rest: Option<Rest>, body: BoxBody) -> BoxBody {
    match rest {
        Some(rest) => BoxBody::new(Holding { body, _rest: rest }),
        None => body,
    }
}

fn until(deadline: Deadline, rest: Rest) -> impl Stream<Item = Result<Bytes, PayloadError>> {
    stream::unfold(Some(rest), move |rest| async move {
        let rest = rest?;
        let next = poll_fn(|context| rest.0.borrow_mut().poll_next_unpin(context));
        match clock::timeout_at(deadline, next).await {
            Ok(chunk) => Some((chunk?, Some(rest))),
            Err(clock::Elapsed) => {
                Some((Err(PayloadError::Io(io::ErrorKind::TimedOut.into())), None))
            }
        }
    })
}

impl MessageBody for Holding {
    type Error = <BoxBody as MessageBody>::Error;

    fn size(&self) -> BodySize {
        self.body.size()
    }

    fn poll_next(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Self::Error>>> {
        self.body.as_pin_mut().poll_next(context)
    }
}
