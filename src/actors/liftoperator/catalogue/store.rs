//! All SQL of the catalogue: one document an operator, one row a version.

use std::collections::BTreeMap;
use std::sync::Arc;

use sea_orm::sea_query::OnConflict;
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder,
    QuerySelect, SqlErr,
};
use serde_json::{Map, Value};
use starjack_entity::{catalogue_version, operator};

use super::import::{ImportError, OperatorChange, Plan};
use super::snapshot::{Catalogue, CatalogueError};
use crate::clock;
use crate::io::{Io, IoError};

/// All that the database holds.
#[derive(Debug, Default)]
pub struct Kept {
    /// The newest version; 0 when nothing was ever imported.
    pub version: i64,
    /// Cards and VAT rates, which all operators share.
    pub(super) head: Map<String, Value>,
    pub(super) operators: BTreeMap<String, KeptOperator>,
}

/// An operator's document.
#[derive(Debug)]
pub(super) struct KeptOperator {
    pub(super) document: Value,
    /// It is not sold any more; orders from before may still need its contract.
    pub(super) removed: bool,
}

/// The newest version; 0 when nothing was ever imported.
///
/// # Errors
/// The database's.
pub async fn newest(io: &Io) -> Result<i64, IoError> {
    io.read(|db| Box::pin(async move { Ok(newest_in(db).await?.map_or(0, |row| row.version)) }))
        .await
}

/// All that is kept.
///
/// # Errors
/// The database's; a document that is no JSON.
pub async fn load(io: &Io) -> Result<Kept, IoError> {
    io.read(|db| Box::pin(async move { Ok(kept(db).await?) })).await
}

impl Kept {
    /// The catalogue of what is sold, and the operators that were removed. An operator that this
    /// version of the program cannot read is left out and logged: it must not take the others with
    /// it.
    #[must_use]
    pub fn catalogues(&self) -> (Arc<Catalogue>, Arc<Catalogue>) {
        let of = |removed: bool| {
            let theirs = self.operators.values().filter(|kept| kept.removed == removed);
            self.readable(theirs.map(|kept| kept.document.clone()).collect())
        };
        (of(false), of(true))
    }

    fn readable(&self, documents: Vec<Value>) -> Arc<Catalogue> {
        let of = |documents| Catalogue::of(self.version, &self.head, documents);
        let unreadable = |error: &CatalogueError| {
            tracing::error!(event = "catalogue.operator_unreadable", alert = true, %error, "an operator cannot be read and is left out; import it again");
        };
        of(documents.clone()).unwrap_or_else(|_one_of_them| {
            let good =
                |document: &Value| of(vec![document.clone()]).inspect_err(unreadable).is_ok();
            of(documents.into_iter().filter(good).collect()).unwrap_or_else(|error| {
                unreadable(&error);
                Catalogue::nothing()
            })
        })
    }
}

pub(super) async fn kept(db: &impl ConnectionTrait) -> Result<Kept, DbErr> {
    let Some(newest) = newest_in(db).await? else { return Ok(Kept::default()) };
    let mut operators = BTreeMap::new();
    for row in operator::Entity::find().all(db).await? {
        let document = read(&row.document)?;
        operators.insert(row.key, KeptOperator { document, removed: row.removed_at.is_some() });
    }
    Ok(Kept { version: newest.version, head: read(&newest.head)?, operators })
}

/// Writes a plan that was made from what `tx` sees.
pub(super) async fn save(
    tx: &impl ConnectionTrait,
    plan: &Plan,
    by: &str,
) -> Result<(), ImportError> {
    let now = clock::now().fixed_offset();
    let version = catalogue_version::ActiveModel {
        version: Set(plan.version),
        head: Set(Value::Object(plan.head.clone()).to_string()),
        changed_by: Set(by.chars().take(120).collect()),
        changed_at: Set(now),
    };
    // of two changes at once the second one finds its version taken
    catalogue_version::Entity::insert(version).exec_without_returning(tx).await.map_err(
        |error| match error.sql_err() {
            Some(SqlErr::UniqueConstraintViolation(_)) => ImportError::Meanwhile,
            Some(_) | None => error.into(),
        },
    )?;
    for (key, document) in &plan.documents {
        let row = operator::ActiveModel {
            key: Set(key.clone()),
            document: Set(document.to_string()),
            version: Set(plan.version),
            imported_by: Set(by.chars().take(120).collect()),
            imported_at: Set(now),
            removed_at: Set(None),
        };
        use operator::Column::{Document, ImportedAt, ImportedBy, RemovedAt, Version};
        let over = OnConflict::column(operator::Column::Key)
            .update_columns([Document, Version, ImportedBy, ImportedAt, RemovedAt])
            .to_owned();
        operator::Entity::insert(row).on_conflict(over).exec_without_returning(tx).await?;
    }
    let removed = plan
        .by_operator
        .iter()
        .filter(|(_, change)| **change == OperatorChange::Removed)
        .map(|(key, _)| key.clone());
    operator::Entity::update_many()
        .set(operator::ActiveModel {
            removed_at: Set(Some(now)),
            version: Set(plan.version),
            ..Default::default()
        })
        .filter(operator::Column::Key.is_in(removed))
        .exec(tx)
        .await?;
    Ok(())
}

async fn newest_in(db: &impl ConnectionTrait) -> Result<Option<catalogue_version::Model>, DbErr> {
    catalogue_version::Entity::find()
        .order_by_desc(catalogue_version::Column::Version)
        .limit(1)
        .one(db)
        .await
}

fn read<T: serde::de::DeserializeOwned>(text: &str) -> Result<T, DbErr> {
    serde_json::from_str(text)
        .map_err(|error| DbErr::Custom(format!("a document of the catalogue is no JSON: {error}")))
}
