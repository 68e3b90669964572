//! Why an order was not changed.

use crate::actors::order::rules::returns::NoReturn;
use crate::actors::order::rules::staff_command::Obstacle;
use crate::io::IoError;

/// Why an order was not changed.
#[derive(Debug, thiserror::Error)]
pub enum ChangeError {
    /// There is no such order.
    #[error("there is no such order")]
    Unknown,
    /// Its state does not allow it any more; the state's word.
    #[error("the order is {0}")]
    TooLate(&'static str),
    /// It does not wait for its payment; the state's word.
    #[error("the order is {0} and waits for no payment")]
    NotPaying(&'static str),
    /// It had as many payment pages as there may be.
    #[error("the order had too many payment pages")]
    TooManyPages,
    /// What staff commanded is not possible.
    #[error("the command cannot be granted: {0:?}")]
    Not(Obstacle),
    /// A ticket is not taken back.
    #[error("the ticket is not taken back: {0:?}")]
    Return(NoReturn),
    /// The database did not do it.
    #[error("the order could not be saved")]
    Io(#[from] IoError),
}
