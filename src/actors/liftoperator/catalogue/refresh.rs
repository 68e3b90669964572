//! Bringing prices up to date: an operator's supplier is asked what it sells, the differences are
//! shown, and what was shown is taken in one transaction or not at all. Orders and offers keep the
//! price that they were made with.

use sea_orm::DbErr;
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::super::Facade;
use super::differences::{self, Difference};
use super::import::{Import, ImportError, weigh};
use super::operator::Operator;
use super::store;
use crate::clock;
use crate::integrations::Outcome;
use crate::io::{Io, IoError};
use crate::language::{Words, both};

/// What differs at the moment of asking. Nothing of it is kept.
#[derive(Debug)]
pub struct Shown {
    /// The operator's key.
    pub operator: String,
    /// Names exactly this: the operator as it is kept, what differs, and what taking it makes. 16
    /// hexadecimal digits.
    pub fingerprint: String,
    /// What differs.
    pub differences: Vec<Difference>,
    /// Why nothing may be taken although something differs.
    pub held_back: Option<Words>,
    kept: Value,
    proposed: Value,
}

/// Why nothing is shown, or nothing was taken. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum RefreshError {
    /// No operator of this key is sold.
    #[error("no operator is sold under the key {0}")]
    NotSold(String),
    /// The supplier cannot be asked now; ask again later.
    #[error("the supplier cannot be asked now: {0}")]
    NotAsked(String),
    /// The supplier did not answer, or not with a whole catalogue that can be understood.
    #[error("the supplier gave no whole answer: {0}")]
    NoAnswer(String),
    /// What differs now is not what was shown.
    #[error("what differs now is not what was shown; look at it again")]
    Changed,
    /// There is nothing that can be taken.
    #[error("{}", .0.en)]
    NothingToTake(Words),
    /// The catalogue with these prices could not be used; the text says why.
    #[error("{0}")]
    Unfit(String),
    /// The database failed.
    #[error("the database did not do it")]
    Database(#[from] IoError),
}

impl From<DbErr> for RefreshError {
    fn from(error: DbErr) -> Self {
        Self::Database(error.into())
    }
}

impl From<ImportError> for RefreshError {
    fn from(error: ImportError) -> Self {
        match error {
            ImportError::Refused(why) => Self::Unfit(why),
            ImportError::Meanwhile => Self::Changed,
            ImportError::Database(error) => Self::Database(error),
        }
    }
}

impl Shown {
    /// Why none of it can be taken; `None` when something can.
    #[must_use]
    pub fn refusal(&self) -> Option<Words> {
        let nothing = !self.differences.iter().any(Difference::can_be_taken);
        let words = || {
            both(
                "Nothing differs that can be taken.",
                "Nichts weicht ab, das übernommen werden kann.",
            )
        };
        self.held_back.clone().or_else(|| nothing.then(words))
    }
}

/// Asks the operator's supplier what it sells and compares. Changes nothing.
///
/// # Errors
/// `NotSold`; `NotAsked` and `NoAnswer` of the supplier; the database's.
pub async fn look(io: &Io, lift: &Facade, key: &str) -> Result<Shown, RefreshError> {
    let mut kept = store::load(io).await?.operators;
    let kept = kept
        .remove(key)
        .filter(|known| !known.removed)
        .ok_or_else(|| RefreshError::NotSold(key.to_owned()))?;
    let operator: Operator = serde_json::from_value(kept.document.clone()).map_err(|error| {
        RefreshError::Unfit(format!("{key} cannot be read, import it again: {error}"))
    })?;
    let today = operator.day_at(clock::now());
    let wanted = differences::wanted(&operator, today);
    let has_prices = !wanted.products.is_empty();
    let goods = match lift.catalogue(key, wanted).await {
        Outcome::Done(goods) => goods,
        Outcome::NotSent(why) => return Err(RefreshError::NotAsked(why)),
        Outcome::Unknown(why) => return Err(RefreshError::NoAnswer(why)),
        Outcome::Refused(refusal) => {
            return Err(RefreshError::NoAnswer(format!("it refuses with {}", refusal.code)));
        }
        Outcome::Pending { .. } => {
            return Err(RefreshError::NoAnswer("it is not ready".to_owned()));
        }
    };
    if goods.products.is_empty()
        || goods.categories.is_empty()
        || (has_prices && goods.tariffs.is_empty())
    {
        return Err(RefreshError::NoAnswer("its catalogue is empty".to_owned()));
    }
    let found = differences::between(&kept.document, &operator, &goods, today);
    Ok(Shown {
        operator: key.to_owned(),
        fingerprint: fingerprint(&kept.document, &found.document, &found.list),
        differences: found.list,
        held_back: found.held_back,
        kept: kept.document,
        proposed: found.document,
    })
}

/// Takes what was shown, prices and withdrawn products, and gives the catalogue's new version.
/// Running servers follow. Twice is `Changed`. `by` is who does it, at most 120 characters.
///
/// # Errors
/// `NothingToTake`; `Changed` when the operator was changed since; `Unfit` when the shop could not
/// sell like that.
pub async fn take(io: &Io, shown: Shown, by: String) -> Result<i64, RefreshError> {
    if let Some(why) = shown.refusal() {
        return Err(RefreshError::NothingToTake(why));
    }
    io.write(move |tx| {
        Box::pin(async move {
            let kept = store::kept(tx).await?;
            let known = kept.operators.get(&shown.operator).filter(|known| !known.removed);
            if known.is_none_or(|known| known.document != shown.kept) {
                return Err(RefreshError::Changed);
            }
            let import = Import::of("the supplier's answer", shown.proposed);
            let plan = weigh(&kept, &[import], &[])?;
            store::save(tx, &plan, &by).await?;
            Ok(plan.version)
        })
    })
    .await
}

fn fingerprint(kept: &Value, proposed: &Value, list: &[Difference]) -> String {
    let mut hash = Sha256::new();
    hash.update(kept.to_string());
    hash.update(proposed.to_string());
    list.iter().for_each(|one| hash.update(format!("\n{one}")));
    hash.finalize().iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
#[path = "refresh_tests.rs"]
mod tests;
