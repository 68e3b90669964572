//! What staff do about money that is due: it is sent by bank transfer, and its case is closed with
//! the commit that books it.

use super::{Desk, TRIES};
use crate::actors::cases::{Case, CaseKind, CloseError, Closing};
use crate::actors::order::engine::scheduler::Wake;
use crate::actors::order::rules::advance::take_transfer;
use crate::actors::order::store::Saved;
use crate::io::IoError;

impl Desk {
    /// Books that what is owed in a case was sent by bank transfer; its e-mail is in the same
    /// commit. Twice with the same bank reference answers the same, with another one is refused:
    /// somebody may have paid twice.
    ///
    /// # Errors
    /// See [`CloseError`].
    pub async fn owed_is_paid(&self, closing: Closing) -> Result<Case, CloseError> {
        let store = &self.driver.store;
        for _try in 0..TRIES {
            let known = self.case_of(&closing, CaseKind::Owed).await?;
            let (Some(order_id), Some(no)) = (known.order_id, known.payment_no) else {
                return Err(CloseError::Unknown);
            };
            let mut order = store.load(order_id).await?.ok_or(CloseError::Unknown)?;
            // read once more: whoever closes it meanwhile raises the order's version, and then this
            // commit loses
            let case = self.case_of(&closing, CaseKind::Owed).await?;
            if let Some(closed) = &case.closed {
                let same = closed.bank_reference == closing.bank_reference;
                return if same { Ok(case) } else { Err(CloseError::Closed(Box::new(case))) };
            }
            let before = order.clone();
            let Some(mut effects) = take_transfer(&mut order, no, case.amount) else {
                return Err(CloseError::Unknown);
            };
            effects.closed.push(closing.clone());
            if store.save(&before, &mut order, &effects).await? == Saved::Done {
                self.wake(Wake::Changed(order_id));
                return self.case_of(&closing, CaseKind::Owed).await;
            }
        }
        Err(CloseError::Io(IoError::Late))
    }

    async fn case_of(&self, closing: &Closing, kind: CaseKind) -> Result<Case, CloseError> {
        let case = self.cases.find(closing.case).await?;
        if case.kind == kind.word() { Ok(case) } else { Err(CloseError::Unknown) }
    }
}
