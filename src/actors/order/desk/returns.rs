//! Tickets of finished orders that go back.

use uuid::Uuid;

use super::{ChangeError, Desk};
use crate::actors::order::rules::record::Order;
use crate::actors::order::rules::returns::{
    NoReturn, ReturnRequest, Returner, ask_return, is_booked_again,
};
use crate::clock;
use crate::io::IoError;

impl Desk {
    /// Has tickets taken back. Twice is once; a ticket that is gone already is passed over.
    ///
    /// # Errors
    /// `Return` says what stands in the way, and then nothing of it is taken back; `Unknown` for
    /// another customer's order; `Io` also while a ticket that was lost is booked again.
    pub async fn ask_return(&self, id: Uuid, request: ReturnRequest) -> Result<Order, ChangeError> {
        self.change(id, move |order| {
            if matches!(request.by, Returner::Customer(account) if account != order.account_id) {
                return Err(ChangeError::Unknown);
            }
            if order
                .lines
                .iter()
                .any(|line| request.lines.contains(&line.no) && is_booked_again(line))
            {
                return Err(ChangeError::Io(IoError::Late));
            }
            ask_return(order, &request, clock::now()).map_err(ChangeError::Return)
        })
        .await
    }

    /// Whether a return could be asked for of the order as it was loaded.
    ///
    /// # Errors
    /// What stands in the way.
    pub fn may_return(&self, order: &Order, request: &ReturnRequest) -> Result<(), NoReturn> {
        ask_return(&mut order.clone(), request, clock::now()).map(drop)
    }
}
