//! The demonstration's own secrets, kept in its database so that a restart keeps its people.

use sea_orm::sea_query::OnConflict;
use sea_orm::{ActiveValue::Set, EntityTrait, PaginatorTrait};
use sea_orm_migration::SchemaManager;
use starjack_entity::{account, setting};

use crate::io::{Io, IoError};

/// The name of the secret by which a demonstration knows its own database.
pub(super) const SECRET: &str = "demo_secret";

/// Whether the database is a shop's: it has accounts, and no demonstration made them. Asked before
/// anything is written.
pub(super) async fn is_a_shops(io: &Io) -> Result<bool, IoError> {
    io.read(|db| {
        Box::pin(async move {
            let schema = SchemaManager::new(db);
            if !schema.has_table("account").await? {
                return Ok(false);
            }
            let ours = schema.has_table("setting").await?
                && setting::Entity::find_by_id(SECRET).one(db).await?.is_some();
            Ok::<_, IoError>(!ours && account::Entity::find().count(db).await? > 0)
        })
    })
    .await
}

/// The value under `name`; `fresh` becomes it when there is none yet.
pub(super) async fn remember(io: &Io, name: String, fresh: String) -> Result<String, IoError> {
    io.write(move |tx| {
        Box::pin(async move {
            let row = setting::ActiveModel { name: Set(name.clone()), value: Set(fresh.clone()) };
            setting::Entity::insert(row)
                .on_conflict(OnConflict::new().do_nothing().to_owned())
                .try_insert()
                .exec_without_returning(tx)
                .await?;
            let kept = setting::Entity::find_by_id(name).one(tx).await?;
            Ok(kept.map_or(fresh, |row| row.value))
        })
    })
    .await
}
