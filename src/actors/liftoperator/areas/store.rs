//! All SQL of areas.

use std::collections::BTreeSet;

use sea_orm::sea_query::OnConflict;
use sea_orm::{
    ActiveValue::Set, ColumnTrait, Condition, ConnectionTrait, DbErr, EntityTrait, QueryFilter,
    QueryOrder, QuerySelect,
};
use starjack_entity::{area, operator};
use uuid::Uuid;

use super::ATTRIBUTION;
use super::map_file::{MapArea, MapFile};
use super::plan::{AreaError, KeptArea, Plan, Tie, weigh};
use crate::clock;
use crate::io::{Io, IoError};

/// Rows of one statement; a database counts their values.
const CHUNK: usize = 500;

/// An area as it is shown.
pub type Area = area::Model;

/// Where a list of areas goes on.
#[derive(Clone, Debug)]
pub struct Page {
    /// The last area of the page before.
    pub after: Option<Uuid>,
    /// Only of this country, two letters.
    pub country: Option<String>,
    /// Most areas.
    pub limit: u64,
}

/// Areas by name; `None` when the area of `after` is gone.
///
/// # Errors
/// The database's.
pub async fn list(io: &Io, page: Page) -> Result<Option<Vec<Area>>, IoError> {
    io.read(move |db| {
        Box::pin(async move {
            let mut find = area::Entity::find();
            if let Some(after) = page.after {
                let Some(last) = area::Entity::find_by_id(after).one(db).await? else {
                    return Ok(None);
                };
                let same_name = Condition::all()
                    .add(area::Column::Name.eq(&last.name))
                    .add(area::Column::Id.gt(last.id));
                find = find
                    .filter(Condition::any().add(area::Column::Name.gt(&last.name)).add(same_name));
            }
            if let Some(country) = page.country {
                find = find.filter(area::Column::Country.eq(country));
            }
            let find = find
                .order_by_asc(area::Column::Name)
                .order_by_asc(area::Column::Id)
                .limit(page.limit);
            Ok(Some(find.all(db).await?))
        })
    })
    .await
}

/// Says what taking a file would change; changes nothing.
///
/// # Errors
/// As [`take`].
pub async fn preview(io: &Io, file: MapFile, ties: Vec<Tie>) -> Result<Plan, AreaError> {
    io.read(move |db| Box::pin(async move { plan(db, file, &ties).await })).await
}

/// Takes a file and ties in one transaction; `by` is who does it. The same file again changes
/// nothing.
///
/// # Errors
/// `Refused`: nothing was changed, the text says what to mend.
pub async fn take(io: &Io, file: MapFile, ties: Vec<Tie>, by: String) -> Result<Plan, AreaError> {
    io.write(move |tx| {
        Box::pin(async move {
            let plan = plan(tx, file, &ties).await?;
            save(tx, &plan, &by).await?;
            Ok(plan)
        })
    })
    .await
}

async fn plan(db: &impl ConnectionTrait, file: MapFile, ties: &[Tie]) -> Result<Plan, AreaError> {
    let kept = area::Entity::find().order_by_asc(area::Column::Id).all(db).await?;
    let sold = operator::Entity::find().filter(operator::Column::RemovedAt.is_null());
    let keys: Vec<String> =
        sold.select_only().column(operator::Column::Key).into_tuple().all(db).await?;
    weigh(
        kept.into_iter().map(KeptArea::from).collect(),
        file.areas,
        ties,
        &BTreeSet::from_iter(keys),
    )
}

async fn save(tx: &impl ConnectionTrait, plan: &Plan, by: &str) -> Result<(), DbErr> {
    use area::Column::{
        Attribution, Country, Identities, ImportedAt, ImportedBy, LatitudeHundredths,
        LongitudeHundredths, Name, Operator, Region, State, Website,
    };
    let now = clock::now().fixed_offset();
    let by: String = by.chars().take(120).collect();
    for chunk in plan.rows.chunks(CHUNK) {
        let rows = chunk.iter().map(|KeptArea { id, source, area, operator }| area::ActiveModel {
            id: Set(*id),
            source: Set(source.clone()),
            identities: Set(area.identities.join(" ")),
            name: Set(area.name.clone()),
            state: Set(area.state.clone()),
            region: Set(area.region.clone()),
            country: Set(area.country.clone()),
            latitude_hundredths: Set(area.latitude_hundredths),
            longitude_hundredths: Set(area.longitude_hundredths),
            website: Set(area.website.clone()),
            operator: Set(operator.clone()),
            attribution: Set(ATTRIBUTION.to_owned()),
            imported_by: Set(by.clone()),
            imported_at: Set(now),
        });
        let over = OnConflict::column(area::Column::Id)
            .update_columns([
                Identities,
                Name,
                State,
                Region,
                Country,
                LatitudeHundredths,
                LongitudeHundredths,
            ])
            .update_columns([Website, Operator, Attribution, ImportedBy, ImportedAt])
            .to_owned();
        area::Entity::insert_many(rows).on_conflict(over).exec_without_returning(tx).await?;
    }
    Ok(())
}

impl From<area::Model> for KeptArea {
    fn from(row: area::Model) -> Self {
        let area = MapArea {
            identities: row.identities.split(' ').map(str::to_owned).collect(),
            name: row.name,
            state: row.state,
            region: row.region,
            country: row.country,
            latitude_hundredths: row.latitude_hundredths,
            longitude_hundredths: row.longitude_hundredths,
            website: row.website,
            feature: 0,
        };
        Self { id: row.id, source: row.source, area, operator: row.operator }
    }
}
