//! The door to cases: lists, one case, and closing what needs nothing but somebody's word.

use uuid::Uuid;

use super::store::{opened, shown};
use super::{Case, CaseKind, CaseQuery, Closing};
use crate::io::{Io, IoError};

/// The door to cases; cheap to clone.
#[derive(Clone)]
pub struct Desk {
    io: Io,
}

/// Why a case was not closed.
#[derive(Debug, thiserror::Error)]
pub enum CloseError {
    /// There is no such case, or not of this kind.
    #[error("there is no such case")]
    Unknown,
    /// It was closed already, in another way.
    #[error("the case is closed already")]
    Closed(Box<Case>),
    /// Money is due: it is closed by saying how it was paid.
    #[error("money is due in this case")]
    Owed,
    /// The database did not do it.
    #[error("the case could not be saved")]
    Io(#[from] IoError),
}

impl Desk {
    /// The door to the cases of this database.
    #[must_use]
    pub fn new(io: &Io) -> Self {
        Self { io: io.clone() }
    }

    /// The cases that are asked for.
    ///
    /// # Errors
    /// The database's.
    pub async fn list(&self, query: CaseQuery) -> Result<Vec<Case>, IoError> {
        self.io.read(move |db| Box::pin(async move { Ok(shown::list(db, query).await?) })).await
    }

    /// One case.
    ///
    /// # Errors
    /// `Unknown`, or the database's.
    pub async fn find(&self, id: Uuid) -> Result<Case, CloseError> {
        let read = self
            .io
            .read(move |db| Box::pin(async move { Ok::<_, IoError>(shown::find(db, id).await?) }));
        read.await?.ok_or(CloseError::Unknown)
    }

    /// An order's cases, oldest first.
    ///
    /// # Errors
    /// The database's.
    pub async fn of_order(&self, order: Uuid) -> Result<Vec<Case>, IoError> {
        self.io.read(move |db| Box::pin(async move { Ok(shown::of_order(db, order).await?) })).await
    }

    /// Closes a case in which no money is due. Twice changes nothing more and answers how it was
    /// closed first.
    ///
    /// # Errors
    /// See [`CloseError`].
    pub async fn close(&self, closing: Closing) -> Result<Case, CloseError> {
        let case = self.find(closing.case).await?;
        if case.closed.is_some() {
            return Ok(case);
        }
        if case.kind == CaseKind::Owed.word() {
            return Err(CloseError::Owed);
        }
        let write = self.io.write(move |tx| {
            Box::pin(async move { Ok::<_, IoError>(opened::close(tx, &closing).await?) })
        });
        write.await?;
        self.find(case.id).await
    }
}
