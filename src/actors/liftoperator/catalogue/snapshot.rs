//! The whole catalogue as one immutable value.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use chrono::NaiveDate;
use figment::providers::{Format, Toml};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::check;
use super::operator::{CardFormat, Operator, VatBand};
use super::sample::sample;

/// Every operator with its products and prices.
#[derive(Debug)]
pub struct Catalogue {
    content: Content,
    places: HashMap<String, usize>,
}

/// The files as they are written, taken together.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Content {
    pub(super) version: String,
    #[serde(rename = "card")]
    pub(super) cards: Vec<CardFormat>,
    pub(super) vat: Vec<VatBand>,
    #[serde(rename = "operator")]
    pub(super) operators: Vec<Operator>,
}

/// Why a catalogue cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum CatalogueError {
    /// The file cannot be read.
    #[error("catalogue {path}: cannot be read")]
    Unreadable {
        /// The path as given.
        path: String,
        /// What the operating system says.
        #[source]
        source: std::io::Error,
    },
    /// The text is not of the catalogue's form: syntax, a missing or an unknown field, a value of
    /// another kind.
    #[error("catalogue line {line}: {fault}")]
    Malformed {
        /// Line in the file, from 1.
        line: usize,
        /// What is wrong there.
        fault: String,
    },
    /// The text is well formed, but something in it contradicts itself or is missing.
    #[error("catalogue, {place}: {fault}")]
    Wrong {
        /// The operator, and the product or list in it.
        place: String,
        /// What is wrong there.
        fault: String,
    },
}

impl Catalogue {
    /// The sample areas that are part of the binary.
    ///
    /// # Errors
    /// As [`Catalogue::parse`]; a test keeps it from happening.
    pub fn embedded() -> Result<Arc<Self>, CatalogueError> {
        Self::parse(&sample())
    }

    /// Reads a file of the form of `catalogue/shop.toml` with operators in it, or a folder of the
    /// form of `catalogue/`, whose `areas/` holds any number of operators. Blocks: for the start of
    /// the process.
    ///
    /// # Errors
    /// `Unreadable` when there is no such file or folder, else as [`Catalogue::parse`]; lines of a
    /// folder are counted on from file to file.
    pub fn load(path: &Path) -> Result<Arc<Self>, CatalogueError> {
        let text = read(path).map_err(|source| CatalogueError::Unreadable {
            path: path.display().to_string(),
            source,
        })?;
        Self::parse(&text)
    }

    /// Takes a catalogue only when every birth year and every day of the season has exactly one
    /// price.
    ///
    /// # Errors
    /// `Malformed` names the line, `Wrong` the operator and what in it overlaps, is missing or
    /// stands there twice.
    pub fn parse(text: &str) -> Result<Arc<Self>, CatalogueError> {
        let content: Content = Toml::from_str(text).map_err(|error| {
            let start = error.span().map_or(0, |span| span.start);
            let line = text.bytes().take(start).filter(|byte| *byte == b'\n').count() + 1;
            CatalogueError::Malformed { line, fault: error.message().to_owned() }
        })?;
        Self::whole(content)
    }

    /// What documents of the database say together; `head` holds what all operators share.
    pub(super) fn of(
        version: i64,
        head: &Map<String, Value>,
        documents: Vec<Value>,
    ) -> Result<Arc<Self>, CatalogueError> {
        if documents.is_empty() {
            return Ok(Self::nothing());
        }
        for document in &documents {
            let place =
                || format!("operator {}", document["key"].as_str().unwrap_or("without a key"));
            Operator::deserialize(document).map_err(|error| CatalogueError::Wrong {
                place: place(),
                fault: error.to_string(),
            })?;
        }
        let mut whole = head.clone();
        for list in ["card", "vat"] {
            whole.entry(list).or_insert_with(|| Value::Array(Vec::new()));
        }
        whole.insert("version".to_owned(), version.to_string().into());
        whole.insert("operator".to_owned(), documents.into());
        let content = Content::deserialize(&Value::Object(whole)).map_err(|error| {
            CatalogueError::Wrong { place: "file".to_owned(), fault: error.to_string() }
        })?;
        Self::whole(content)
    }

    /// A catalogue that sells nothing.
    #[must_use]
    pub fn nothing() -> Arc<Self> {
        let content = Content {
            version: "0".to_owned(),
            cards: Vec::new(),
            vat: Vec::new(),
            operators: Vec::new(),
        };
        Arc::new(Self { content, places: HashMap::new() })
    }

    fn whole(content: Content) -> Result<Arc<Self>, CatalogueError> {
        check::check(&content)?;
        let places = content
            .operators
            .iter()
            .enumerate()
            .map(|(place, one)| (one.key.clone(), place))
            .collect();
        Ok(Arc::new(Self { content, places }))
    }

    /// The version of the price list, which every offer carries.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.content.version
    }

    /// The operators in the file's order.
    #[must_use]
    pub fn operators(&self) -> &[Operator] {
        &self.content.operators
    }

    /// The operator under `key`.
    #[must_use]
    pub fn operator(&self, key: &str) -> Option<&Operator> {
        self.content.operators.get(*self.places.get(key)?)
    }

    /// The kind of card that `vendor` makes, where the catalogue knows it.
    #[must_use]
    pub fn card(&self, vendor: &str) -> Option<&CardFormat> {
        self.content.cards.iter().find(|card| card.vendor == vendor)
    }

    /// The kinds of card that `operator` accepts.
    pub fn accepted_cards<'a>(
        &'a self,
        operator: &'a Operator,
    ) -> impl Iterator<Item = &'a CardFormat> {
        operator.accepts.iter().filter_map(|vendor| self.card(vendor))
    }

    /// The VAT rate on lift transport in per mille (100 is 10 %) at the operator on `day`; `None`
    /// outside its season.
    #[must_use]
    pub fn vat_permille(&self, operator: &Operator, day: NaiveDate) -> Option<i32> {
        if !operator.season.contains(day) {
            return None;
        }
        self.content
            .vat
            .iter()
            .find(|band| band.country == operator.country && band.contains(day))
            .map(|b| b.permille)
    }
}

fn read(path: &Path) -> std::io::Result<String> {
    if !path.is_dir() {
        return std::fs::read_to_string(path);
    }
    let mut text = std::fs::read_to_string(path.join("shop.toml"))?;
    let files = std::fs::read_dir(path.join("areas"))?.map(|file| Ok(file?.path()));
    let mut files = files.collect::<std::io::Result<Vec<_>>>()?;
    files.retain(|file| file.extension().is_some_and(|extension| extension == "toml"));
    files.sort();
    for file in files {
        text.push('\n');
        text.push_str(&std::fs::read_to_string(file)?);
    }
    Ok(text)
}
