//! Bringing operators in: a file is read whole, weighed against what is kept, shown, and taken in
//! one transaction or not.

use std::collections::BTreeMap;
use std::sync::Arc;

use figment::providers::{Format, Toml};
use sea_orm::DbErr;
use serde_json::{Map, Value};

use super::snapshot::{Catalogue, CatalogueError, Content};
use super::{changes, place, store};
use crate::io::{Io, IoError};
use crate::typed::Day;

/// What every catalogue has besides its operators; a file may leave them to what is kept.
const HEAD: [&str; 3] = ["version", "card", "vat"];

/// The names under which days stand.
const DAYS: [&str; 3] = ["from", "to", "sale_from"];

/// One file's operators, each as a whole document.
#[derive(Debug)]
pub struct Import {
    name: String,
    text: String,
    head: Map<String, Value>,
    operators: Vec<Value>,
}

/// What taking an import changes.
#[derive(Debug)]
pub struct Plan {
    /// The version that taking it makes.
    pub version: i64,
    /// What changes in the cards and VAT rates that all operators share, a line each.
    pub shared: Vec<String>,
    /// What happens to operators, by key.
    pub by_operator: BTreeMap<String, OperatorChange>,
    /// How many operators of the import are kept already, exactly so.
    pub unchanged: usize,
    /// Operators that are kept and sold but not in the import: they stay.
    pub absent: Vec<String>,
    /// The catalogue as it will be.
    pub catalogue: Arc<Catalogue>,
    pub(super) head: Map<String, Value>,
    pub(super) documents: BTreeMap<String, Value>,
}

/// What happens to an operator.
#[derive(Debug, PartialEq, Eq)]
pub enum OperatorChange {
    /// It is sold from now on.
    Added,
    /// It is sold otherwise, a line a value.
    Changed(Vec<String>),
    /// It is not sold any more; its actor ends once no order needs it.
    Removed,
}

/// Why nothing was imported.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// Something in the file or the command is not acceptable; the text says where and what to do.
    #[error("{0}")]
    Refused(String),
    /// Another import or a taken difference came in between.
    #[error(
        "somebody else changed the catalogue at the same moment; look at the differences again"
    )]
    Meanwhile,
    /// The database failed.
    #[error("the database did not do it")]
    Database(#[from] IoError),
}

impl From<DbErr> for ImportError {
    fn from(error: DbErr) -> Self {
        Self::Database(error.into())
    }
}

impl Plan {
    /// Whether taking it would change nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.by_operator.is_empty() && self.shared.is_empty()
    }
}

impl Import {
    /// Reads the text of a file of the form of the sample catalogue; `name` is what messages call
    /// it. The parts that all operators share (`version`, `[[card]]`, `[[vat]]`) may be missing.
    ///
    /// # Errors
    /// `Refused` names the line.
    pub fn read(name: &str, text: &str) -> Result<Self, ImportError> {
        let refused = |line: usize, fault: &str| {
            let fault = fault.trim().replace('\n', ", ");
            ImportError::Refused(format!(
                "{name} line {line}: {fault}; mend the line and import again"
            ))
        };
        let whole: Value = Toml::from_str(text)
            .map_err(|error| refused(place::line_at(text, error.span()), error.message()))?;
        let Value::Object(mut whole) = whole else { return Err(refused(1, "this is no table")) };
        if whole.is_empty() {
            return Err(refused(1, "the file is empty: there must be at least one [[operator]]"));
        }
        // what is missing is put before the file, so that everything in it is read by the words of
        // the catalogue
        let missing = HEAD.iter().chain(&["operator"]).filter(|part| !whole.contains_key(**part));
        let before: Vec<String> = missing
            .map(|part| format!("{part} = {}\n", if *part == "version" { "\"0\"" } else { "[]" }))
            .collect();
        let lines = before.len();
        let padded = before.concat() + text;
        if let Err(error) = Toml::from_str::<Content>(&padded) {
            return Err(refused(
                place::line_at(&padded, error.span()).saturating_sub(lines).max(1),
                error.message(),
            ));
        }
        if let Some(day) = first_odd_day(&Value::Object(whole.clone())) {
            let at = text.find(&day).map(|at| at..at);
            return Err(refused(
                place::line_at(text, at),
                &format!("`{day}` must be a day as `YYYY-MM-DD`"),
            ));
        }
        let operators = match whole.remove("operator") {
            Some(Value::Array(operators)) => operators,
            Some(_) | None => Vec::new(),
        };
        whole.remove("version");
        Ok(Self { name: name.to_owned(), text: text.to_owned(), head: whole, operators })
    }

    /// One operator whose document was made here.
    pub(super) fn of(name: &str, document: Value) -> Self {
        Self {
            name: name.to_owned(),
            text: String::new(),
            head: Map::new(),
            operators: vec![document],
        }
    }

    /// Where something stands, for people.
    fn locate(&self, error: &CatalogueError) -> String {
        let CatalogueError::Wrong { place, fault } = error else { return error.to_string() };
        match place::line_of(&self.text, place) {
            Some(line) => format!("{} line {line} ({place}): {fault}", self.name),
            None => format!("{place}: {fault}"),
        }
    }
}

/// A day in another form than people type: it may be read as it was not meant, and what is kept
/// must be readable for ever.
fn first_odd_day(value: &Value) -> Option<String> {
    match value {
        Value::Object(members) => members.iter().find_map(|(name, value)| match value {
            Value::String(day) if DAYS.contains(&name.as_str()) => {
                day.parse::<Day>().is_err().then(|| day.clone())
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
            Value::Array(_) | Value::Object(_) => first_odd_day(value),
        }),
        Value::Array(items) => items.iter().find_map(first_odd_day),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
    }
}

/// Says what taking `imports` and removing the operators `remove` would change; changes nothing.
///
/// # Errors
/// As [`take`].
pub async fn preview(
    io: &Io,
    imports: Vec<Import>,
    remove: Vec<String>,
) -> Result<Plan, ImportError> {
    io.read(move |db| Box::pin(async move { weigh(&store::kept(db).await?, &imports, &remove) }))
        .await
}

/// Takes `imports`, and `remove` out, in one transaction; `by` is who does it, at most 120
/// characters. The same import again changes nothing.
///
/// # Errors
/// `Refused`: nothing was changed, the text says what to mend. `Meanwhile`: nothing was changed,
/// look again.
pub async fn take(
    io: &Io,
    imports: Vec<Import>,
    remove: Vec<String>,
    by: String,
) -> Result<Plan, ImportError> {
    io.write(move |tx| {
        Box::pin(async move {
            let plan = weigh(&store::kept(tx).await?, &imports, &remove)?;
            if !plan.is_empty() {
                store::save(tx, &plan, &by).await?;
            }
            Ok(plan)
        })
    })
    .await
}

/// The whole decision, without any database.
pub(super) fn weigh(
    kept: &store::Kept,
    imports: &[Import],
    remove: &[String],
) -> Result<Plan, ImportError> {
    let mut head = kept.head.clone();
    for import in imports {
        merge(&mut head, &import.head);
    }
    let incoming = incoming(imports)?;
    let mut by_operator = BTreeMap::new();
    let mut unchanged = 0;
    let mut documents = BTreeMap::new();
    for (key, document) in &incoming {
        match kept.operators.get(key) {
            Some(known) if supplier(&known.document) != supplier(document) => {
                return Err(other_supplier(key));
            }
            Some(known) if known.removed => {
                _ = by_operator.insert(key.clone(), OperatorChange::Added)
            }
            Some(known) if known.document == **document => unchanged += 1,
            Some(known) => {
                _ = by_operator.insert(
                    key.clone(),
                    OperatorChange::Changed(changes::between(&known.document, document)),
                );
            }
            None => _ = by_operator.insert(key.clone(), OperatorChange::Added),
        }
        documents.insert(key.clone(), (*document).clone());
    }
    let sold = || kept.operators.iter().filter(|(_, known)| !known.removed);
    for key in remove {
        if incoming.contains_key(key) {
            return Err(ImportError::Refused(format!(
                "{key} is imported and removed at once; do one of the two"
            )));
        }
        if !sold().any(|(known, _)| known == key) {
            return Err(ImportError::Refused(format!("there is no operator {key} to be removed")));
        }
        by_operator.insert(key.clone(), OperatorChange::Removed);
    }
    let stays = sold().filter(|(key, _)| !incoming.contains_key(*key) && !remove.contains(key));
    let stays: BTreeMap<_, _> =
        stays.map(|(key, known)| (key.clone(), known.document.clone())).collect();
    let absent = stays.keys().cloned().collect();
    let all = stays.into_values().chain(documents.values().cloned());
    let catalogue = Catalogue::of(kept.version + 1, &head, all.collect())
        .map_err(|error| refused(imports, &error))?;
    documents.retain(|key, _| by_operator.contains_key(key));
    let shared = changes::between(&Value::Object(kept.head.clone()), &Value::Object(head.clone()));
    Ok(Plan {
        version: kept.version + 1,
        shared,
        by_operator,
        unchanged,
        absent,
        catalogue,
        head,
        documents,
    })
}

/// Every operator of the files, each once.
fn incoming(imports: &[Import]) -> Result<BTreeMap<String, &Value>, ImportError> {
    let mut all: BTreeMap<String, (&str, &Value)> = BTreeMap::new();
    for import in imports {
        for document in &import.operators {
            let key = document["key"].as_str().unwrap_or_default().to_owned();
            if let Some((file, _)) = all.insert(key.clone(), (&import.name, document)) {
                let twice = if file == import.name {
                    format!("twice in {file}")
                } else {
                    format!("in {file} too")
                };
                let line = place::line_of(&import.text, &format!("operator {key}")).unwrap_or(1);
                return Err(ImportError::Refused(format!(
                    "{} line {line}: operator {key} stands {twice}; leave one of them out",
                    import.name
                )));
            }
        }
    }
    Ok(all.into_iter().map(|(key, (_, document))| (key, document)).collect())
}

/// Puts a file's shared parts over the kept ones: a card replaces that of its vendor, rates those
/// of their country.
fn merge(head: &mut Map<String, Value>, new: &Map<String, Value>) {
    for (part, value) in new {
        let name = if part == "card" { "vendor" } else { "country" };
        let merged = match (head.remove(part), value) {
            (Some(Value::Array(mut kept)), Value::Array(new))
                if kept.iter().all(|item| item.get(name).is_some()) =>
            {
                kept.retain(|item| !new.iter().any(|other| other.get(name) == item.get(name)));
                kept.extend(new.iter().cloned());
                kept.sort_by_key(|item| (item[name].to_string(), item["from"].to_string()));
                Value::Array(kept)
            }
            (_, value) => value.clone(),
        };
        head.insert(part.clone(), merged);
    }
}

fn refused(imports: &[Import], error: &CatalogueError) -> ImportError {
    let holds = |import: &&Import| match error {
        CatalogueError::Wrong { place, .. } => place::line_of(&import.text, place).is_some(),
        CatalogueError::Unreadable { .. } | CatalogueError::Malformed { .. } => false,
    };
    let import = imports.iter().find(holds).or(imports.first());
    let where_and_what = import.map_or_else(|| error.to_string(), |import| import.locate(error));
    ImportError::Refused(format!("{where_and_what}; mend it and import again"))
}

fn supplier(document: &Value) -> &Value {
    &document["contract"]["supplier"]
}

/// Tickets that were sold are found and cancelled at the supplier that sold them.
fn other_supplier(key: &str) -> ImportError {
    ImportError::Refused(format!(
        "{key} was imported with another supplier, where tickets may lie; import the operator under a new key and remove this one"
    ))
}
