//! What a person does about a case: money that was sent by bank transfer, and cases that need
//! nothing but somebody's word.

use super::{Desk, TRIES};
use crate::actors::order::engine::scheduler::Wake;
use crate::actors::order::rules::advance::take_transfer;
use crate::actors::order::rules::effects::{CaseKind, Closing};
use crate::actors::order::store::Saved;
use crate::actors::order::store::cases::Case;
use crate::io::IoError;

/// Why a case was not closed.
#[derive(Debug, thiserror::Error)]
pub enum CloseError {
    /// There is no such case, or not of this kind.
    #[error("there is no such case")]
    Unknown,
    /// It was closed already, in another way.
    #[error("the case is closed already")]
    Closed(Box<Case>),
    /// Money is owed: it is closed by saying how it was paid.
    #[error("money is owed in this case")]
    Owed,
    /// The database did not do it.
    #[error("the case could not be saved")]
    Io(#[from] IoError),
}

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

    /// Closes a case in which no money is owed. Twice changes nothing more and answers how it was
    /// closed first.
    ///
    /// # Errors
    /// See [`CloseError`].
    pub async fn close_case(&self, closing: Closing) -> Result<Case, CloseError> {
        let store = &self.driver.store;
        let case = store.case_file(closing.case).await?.ok_or(CloseError::Unknown)?;
        if case.closed.is_some() {
            return Ok(case);
        }
        if case.kind == CaseKind::Owed.word() {
            return Err(CloseError::Owed);
        }
        let id = closing.case;
        store.close_case(closing).await?;
        store.case_file(id).await?.ok_or(CloseError::Unknown)
    }

    async fn case_of(&self, closing: &Closing, kind: CaseKind) -> Result<Case, CloseError> {
        let case = self.driver.store.case_file(closing.case).await?;
        case.filter(|case| case.kind == kind.word()).ok_or(CloseError::Unknown)
    }
}
