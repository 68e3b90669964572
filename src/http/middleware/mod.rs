//! What a request passes on its way in and an answer on its way out, and what handlers share of it.
//!
//! From the outside in: `door` and `connection` (how many, and in time), `headers` and `cors` (what
//! browsers are told), `request_id` (id, span, log line, panics, and with `body_timeout` how long a
//! body may take), `head` (HEAD is GET without a body), `draining`, `nul`, `tarpit` (a refusal for
//! too many requests waits), `body` (limits), `session` (who is asking). `problem` is how a failure
//! is answered, `shared` what anyone may keep.

pub mod body;
pub mod body_timeout;
pub(super) mod connection;
pub(super) mod cors;
pub mod door;
pub(super) mod draining;
pub mod fallback;
pub(super) mod head;
pub(super) mod headers;
pub mod idempotency;
pub mod language;
pub mod network;
pub(super) mod nul;
pub mod paging;
pub mod problem;
pub mod problem_kind;
pub mod request_id;
pub mod session;
pub(super) mod shared;
pub(super) mod tarpit;
