//! The rules of one payment row: what is asked next, and what an answer means.

mod answer;
mod ask;
mod books;
mod doubt;
mod payment;
mod status;

pub use answer::PaymentAnswer;
pub use ask::{Goal, PaymentCase, STATUS_CALLS};
pub use doubt::{DoubtCause, MoneyDoubt};
pub use payment::Payment;
