//! Which areas of a file are known already, and what taking it changes.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use sea_orm::DbErr;
use uuid::Uuid;

use super::map_file::MapArea;
use crate::ids;
use crate::io::IoError;

/// An area as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct KeptArea {
    pub(super) id: Uuid,
    /// The identity that it was first known by.
    pub(super) source: String,
    pub(super) area: MapArea,
    pub(super) operator: Option<String>,
}

/// Joins an area to the operator that is sold there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tie {
    /// Any identity of the area, for example `wikidata:Q7990522`.
    pub identity: String,
    /// The operator's key; `None` unties it.
    pub operator: Option<String>,
}

impl std::str::FromStr for Tie {
    type Err = String;

    /// Reads `wikidata:Q7990522=solden`; nothing after the sign unties.
    fn from_str(text: &str) -> Result<Self, String> {
        let (identity, operator) = text.split_once('=').ok_or("write it as SOURCE=OPERATOR")?;
        let operator = Some(operator.trim().to_owned()).filter(|key| !key.is_empty());
        Ok(Self { identity: identity.trim().to_owned(), operator })
    }
}

/// What taking a file changes.
#[derive(Debug, Default)]
pub struct Plan {
    /// New and changed areas, by name.
    pub changes: BTreeMap<String, Change>,
    /// How many new ones.
    pub added: usize,
    /// How many known ones that differ.
    pub changed: usize,
    /// How many that are known exactly so.
    pub unchanged: usize,
    /// How many that are kept and not in the file: they stay.
    pub absent: usize,
    pub(super) rows: Vec<KeptArea>,
}

/// What happens to an area.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// It was not known.
    Added,
    /// It is known, and something about it differs.
    Changed,
}

/// Why nothing was imported.
#[derive(Debug, thiserror::Error)]
pub enum AreaError {
    /// Something in the file or the command is not acceptable; the text says where and what to do.
    #[error("{0}")]
    Refused(String),
    /// The database failed.
    #[error("the database did not do it")]
    Database(#[from] IoError),
}

impl From<DbErr> for AreaError {
    fn from(error: DbErr) -> Self {
        Self::Database(error.into())
    }
}

/// Weighs a file against what is kept. An area is known again by any of its identities that no
/// feature before it had.
pub(super) fn weigh(
    kept: Vec<KeptArea>,
    areas: Vec<MapArea>,
    ties: &[Tie],
    operators: &BTreeSet<String>,
) -> Result<Plan, AreaError> {
    let mut places = HashMap::new();
    for (place, known) in kept.iter().enumerate() {
        for identity in &known.area.identities {
            places.entry(identity.clone()).or_insert(place);
        }
    }
    let mut rows: Vec<KeptArea> = kept.clone();
    let mut taken: HashMap<String, usize> = HashMap::new();
    let mut met = vec![false; kept.len()];
    for mut area in areas {
        let others: BTreeSet<usize> =
            area.identities.iter().filter_map(|one| taken.get(one).copied()).collect();
        area.identities.retain(|identity| !taken.contains_key(identity));
        let Some(first) = area.identities.first().cloned() else {
            let other = others.first().copied().unwrap_or_default();
            return Err(AreaError::Refused(format!(
                "feature {} has no other sources than feature {other}; leave one of them out",
                area.feature
            )));
        };
        taken.extend(area.identities.iter().map(|identity| (identity.clone(), area.feature)));
        let known = area
            .identities
            .iter()
            .find_map(|one| places.get(one).copied().filter(|place| !met[*place]));
        if let Some(place) = known {
            met[place] = true;
            rows[place].area = area;
        } else {
            rows.push(KeptArea { id: ids::new_id(), source: first, area, operator: None });
        }
    }
    for tie in ties {
        tie_one(&mut rows, tie, operators)?;
    }
    let mut plan = Plan { absent: met.iter().filter(|met| !**met).count(), ..Plan::default() };
    for (place, row) in rows.into_iter().enumerate() {
        let change = match kept.get(place) {
            Some(before) if is_same(before, &row) => {
                plan.unchanged += usize::from(met[place]);
                continue;
            }
            Some(_) => Change::Changed,
            None => Change::Added,
        };
        match change {
            Change::Added => plan.added += 1,
            Change::Changed => plan.changed += 1,
        }
        plan.changes.insert(format!("{} ({})", row.area.name, row.source), change);
        plan.rows.push(row);
    }
    Ok(plan)
}

fn tie_one(
    rows: &mut [KeptArea],
    tie: &Tie,
    operators: &BTreeSet<String>,
) -> Result<(), AreaError> {
    if let Some(operator) = tie.operator.as_ref().filter(|operator| !operators.contains(*operator))
    {
        return Err(AreaError::Refused(format!(
            "there is no operator {operator}; import it first"
        )));
    }
    let Some(row) = rows.iter_mut().find(|row| row.area.identities.contains(&tie.identity)) else {
        return Err(AreaError::Refused(format!(
            "no area is known as {}; write it as the list of areas shows its source",
            tie.identity
        )));
    };
    row.operator.clone_from(&tie.operator);
    Ok(())
}

/// Whether nothing differs but the place in the file.
fn is_same(one: &KeptArea, other: &KeptArea) -> bool {
    let feature = other.area.feature;
    KeptArea { area: MapArea { feature, ..one.area.clone() }, ..one.clone() } == *other
}
