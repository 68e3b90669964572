//! The rules of one payment row: what is asked next, and what an answer means.

mod answer;
mod ask;
mod books;
mod claim;
mod doubt;
mod row;
mod status;

pub use answer::PaymentAnswer;
pub use ask::{
    CLAIM_UNCONFIRMED, Goal, MONEY_BACK_REFUSED, PAGE_NOT_ANSWERED, PAYMENT_UNDECIDED, PageView,
    PaymentCase, STATUS_CALLS,
};
pub use claim::{Claim, ClaimKind};
pub use doubt::{DoubtCause, MoneyDoubt};
pub use row::Payment;
