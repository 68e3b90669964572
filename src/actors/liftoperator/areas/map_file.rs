//! Ski areas from OpenSkiMap's GeoJSON, read as a stream: one feature's text is held at a time, of
//! its outline only the bounds.
//!
//! Source: `russellporter/openskidata-format`, `src/SkiArea.ts` (read 2026-11-23).

use std::collections::BTreeMap;
use std::fmt;
use std::io::Read;

use serde::de::{DeserializeSeed, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use serde_json::value::RawValue;

use super::coordinates::Coordinates;

/// Most features of a file.
const MOST: usize = 200_000;

/// What a file says.
#[derive(Debug, Default)]
pub struct MapFile {
    /// Every area that has a name, a source and runs.
    pub(super) areas: Vec<MapArea>,
    /// What was left out.
    pub skipped: Skipped,
}

/// Features that are no areas of ours, by reason.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Skipped {
    /// They have no name.
    pub unnamed: usize,
    /// They name no source, so that they could not be known again.
    pub unsourced: usize,
    /// They are closed for good, or not open yet.
    pub not_operating: usize,
    /// They lie in another country than was asked for.
    pub elsewhere: usize,
    /// They cannot be read: without a position, with a text that is too long, or not as the format
    /// has it.
    pub unreadable: usize,
}

/// An area as the map has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct MapArea {
    /// What it is known by elsewhere, the steadiest first, for example `wikidata:Q7990522`; never
    /// empty.
    pub(super) identities: Vec<String>,
    pub(super) name: String,
    pub(super) state: Option<String>,
    /// ISO 3166-2, for example `AT-7`.
    pub(super) region: Option<String>,
    /// Two letters of ISO 3166-1.
    pub(super) country: Option<String>,
    pub(super) latitude_hundredths: i32,
    pub(super) longitude_hundredths: i32,
    pub(super) website: Option<String>,
    /// Its feature in the file, from 1.
    pub(super) feature: usize,
}

/// Reads a `FeatureCollection` of ski areas, those of `countries` (two letters each; all when
/// empty).
///
/// # Errors
/// Names the feature, from 1, the line, and what is wrong.
pub fn read(file: impl Read, countries: &[String]) -> Result<MapFile, String> {
    let mut all = MapFile::default();
    let mut document = serde_json::Deserializer::from_reader(file);
    let read = document
        .deserialize_map(Collection { all: &mut all, countries })
        .and_then(|()| document.end());
    // a reader's own word for text that is not UTF-8
    read.map_err(|error| {
        error
            .to_string()
            .replace("invalid unicode code point", "not UTF-8 (Latin-1?), save it as UTF-8")
    })?;
    Ok(all)
}

struct Collection<'a> {
    all: &'a mut MapFile,
    countries: &'a [String],
}

impl<'de> Visitor<'de> for Collection<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a FeatureCollection of ski areas")
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<(), A::Error> {
        let mut kind = None;
        let mut has_features = false;
        while let Some(key) = map.next_key::<String>()? {
            match key.as_str() {
                "type" => kind = Some(map.next_value::<String>()?),
                "features" if has_features => {
                    return Err(A::Error::custom("`features` stands there twice"));
                }
                "features" => {
                    has_features = true;
                    map.next_value_seed(Features(&mut self))?;
                }
                _ => _ = map.next_value::<IgnoredAny>()?,
            }
        }
        if kind.as_deref() != Some("FeatureCollection") || !has_features {
            return Err(A::Error::custom(
                "this is no FeatureCollection: take OpenSkiMap's ski_areas.geojson",
            ));
        }
        Ok(())
    }
}

struct Features<'a, 'b>(&'a mut Collection<'b>);

impl<'de> DeserializeSeed<'de> for Features<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Features<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of features")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut features: A) -> Result<(), A::Error> {
        for number in 1.. {
            let named = |error| A::Error::custom(format!("feature {number}: {error}"));
            // its text first: what is JSON, but no feature, must not end the file
            let Some(feature) = features.next_element::<Box<RawValue>>().map_err(named)? else {
                break;
            };
            if number > MOST {
                return Err(A::Error::custom(format!(
                    "there are more than {MOST} features; split the file"
                )));
            }
            self.0
                .all
                .take(&feature, number, self.0.countries)
                .map_err(|fault| named(A::Error::custom(fault)))?;
        }
        Ok(())
    }
}

impl MapFile {
    /// Takes a feature, or counts it. A feature that cannot be read says nothing of the others.
    fn take(
        &mut self,
        feature: &RawValue,
        number: usize,
        countries: &[String],
    ) -> Result<(), String> {
        let Feature { properties, geometry } = match serde_json::from_str(feature.get()) {
            Ok(feature) => feature,
            Err(error) => {
                self.unreadable(number, &error.to_string());
                return Ok(());
            }
        };
        let kind = properties.get("type").and_then(Value::as_str).map(str::to_owned);
        if let Some(kind) = kind.filter(|kind| kind != "skiArea") {
            return Err(format!(
                "it is no ski area but of type {kind:?}; take OpenSkiMap's ski_areas.geojson"
            ));
        }
        match Properties::deserialize(properties).map_err(|error| error.to_string()) {
            Ok(properties) => self.sort(properties, geometry, number, countries),
            Err(fault) => self.unreadable(number, &fault),
        }
        Ok(())
    }

    fn sort(
        &mut self,
        properties: Properties,
        geometry: Option<Geometry>,
        number: usize,
        countries: &[String],
    ) {
        let skipped = &mut self.skipped;
        let place = properties.place_in(countries);
        if properties.name.as_deref().is_none_or(|name| one_line(name).is_empty()) {
            skipped.unnamed += 1;
        } else if properties.wikidata.is_none()
            && properties.sources.as_ref().is_none_or(Vec::is_empty)
        {
            skipped.unsourced += 1;
        } else if properties.status.as_deref().is_some_and(|status| status != "operating") {
            skipped.not_operating += 1;
        } else if let Some(place) = place {
            match properties.area(place, geometry, number) {
                Ok(area) => self.areas.push(area),
                Err(fault) => self.unreadable(number, &fault),
            }
        } else {
            skipped.elsewhere += 1;
        }
    }

    fn unreadable(&mut self, number: usize, fault: &str) {
        self.skipped.unreadable += 1;
        tracing::warn!(feature = number, fault, "a ski area of a map was left out");
    }
}

#[derive(Deserialize)]
struct Feature {
    #[serde(default)]
    properties: Value,
    geometry: Option<Geometry>,
}

#[derive(Deserialize)]
struct Properties {
    name: Option<String>,
    status: Option<String>,
    sources: Option<Vec<Source>>,
    #[serde(rename = "wikidataID")]
    wikidata: Option<String>,
    websites: Option<Vec<String>>,
    places: Option<Vec<Place>>,
}

impl Properties {
    /// The place by which it is shown: the first of those that were asked for. An area may lie in
    /// two countries.
    fn place_in(&self, countries: &[String]) -> Option<Place> {
        let mut places = self.places.iter().flatten();
        if countries.is_empty() {
            return Some(places.next().cloned().unwrap_or_default());
        }
        places
            .find(|place| place.country.as_ref().is_some_and(|country| countries.contains(country)))
            .cloned()
    }

    fn area(
        self,
        place: Place,
        geometry: Option<Geometry>,
        number: usize,
    ) -> Result<MapArea, String> {
        let no_position = || "it has no position".to_owned();
        let coordinates =
            geometry.and_then(|geometry| geometry.coordinates).ok_or_else(no_position)?;
        let (longitude_hundredths, latitude_hundredths) = coordinates.middle()?;
        let state = place.localized.get("en").or_else(|| place.localized.values().next());
        let state = state.and_then(|state| state.region.as_deref());
        Ok(MapArea {
            identities: self.identities()?,
            name: at_most(200, one_line(self.name.as_deref().unwrap_or_default()))?,
            state: state.map(|state| at_most(120, one_line(state))).transpose()?,
            region: place.region.map(|region| at_most(8, one_line(&region))).transpose()?,
            country: place.country.filter(|country| country.len() == 2),
            latitude_hundredths,
            longitude_hundredths,
            website: self.websites.unwrap_or_default().into_iter().find(|site| is_website(site)),
            feature: number,
        })
    }

    fn identities(&self) -> Result<Vec<String>, String> {
        let wikidata = self.wikidata.iter().map(|id| format!("wikidata:{id}"));
        let sources = self.sources.iter().flatten().map(|source| match &source.id {
            SourceId::Text(id) => format!("{}:{id}", source.kind),
            SourceId::Number(id) => format!("{}:{id}", source.kind),
        });
        wikidata.chain(sources).take(20).map(|identity| at_most(80, one_line(&identity))).collect()
    }
}

#[derive(Deserialize)]
struct Source {
    #[serde(rename = "type")]
    kind: String,
    id: SourceId,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum SourceId {
    Number(u64),
    Text(String),
}

#[derive(Clone, Default, Deserialize)]
struct Place {
    #[serde(rename = "iso3166_1Alpha2")]
    country: Option<String>,
    #[serde(rename = "iso3166_2")]
    region: Option<String>,
    #[serde(default)]
    localized: BTreeMap<String, Localized>,
}

#[derive(Clone, Deserialize)]
struct Localized {
    region: Option<String>,
}

#[derive(Deserialize)]
struct Geometry {
    coordinates: Option<Coordinates>,
}

fn one_line(text: &str) -> String {
    let plain: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    plain.trim().to_owned()
}

fn at_most(most: usize, text: String) -> Result<String, String> {
    if text.chars().count() <= most {
        return Ok(text);
    }
    let begin: String = text.chars().take(30).collect();
    Err(format!("`{begin}…` is longer than {most} characters"))
}

/// What may stand as a link in a page; anything else is left out, as maps hold all sorts of texts.
fn is_website(text: &str) -> bool {
    let plain = text.chars().all(|c| !c.is_control() && !c.is_whitespace() && !"\"<>`".contains(c));
    (text.starts_with("https://") || text.starts_with("http://"))
        && plain
        && text.chars().count() <= 500
}
