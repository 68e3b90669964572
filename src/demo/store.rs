//! The demonstration's own secrets, kept in its database so that a restart keeps its people.

use sea_orm::sea_query::OnConflict;
use sea_orm::{ActiveValue::Set, EntityTrait};
use starjack_entity::setting;

use crate::io::{Io, IoError};

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
