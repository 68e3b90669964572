//! Ski areas from OpenSkiMap's GeoJSON, read as a stream: one feature is held at a time, of its outline only the bounds.
//!
//! Source: `russellporter/openskidata-format`, `src/SkiArea.ts` (read 2026-11-23).

use std::collections::BTreeMap;
use std::fmt;
use std::io::Read;

use serde::de::{DeserializeSeed, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

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
}

/// An area as the map has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct MapArea {
    /// What it is known by elsewhere, the steadiest first, for example `wikidata:Q7990522`; never empty.
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

/// Reads a `FeatureCollection` of ski areas, those of `countries` (two letters each; all when empty).
///
/// # Errors
/// Names the feature, from 1, the line, and what is wrong.
pub fn read(file: impl Read, countries: &[String]) -> Result<MapFile, String> {
    let mut all = MapFile::default();
    let mut document = serde_json::Deserializer::from_reader(file);
    let read = document.deserialize_map(Collection { all: &mut all, countries }).and_then(|()| document.end());
    // a reader's own word for text that is not UTF-8
    read.map_err(|error| {
        error.to_string().replace("invalid unicode code point", "not UTF-8 (Latin-1?), save it as UTF-8")
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
        let (mut kind, mut has_features) = (None, false);
        while let Some(key) = map.next_key::<String>()? {
            match key.as_str() {
                "type" => kind = Some(map.next_value::<String>()?),
                "features" if has_features => return Err(A::Error::custom("`features` stands there twice")),
                "features" => {
                    has_features = true;
                    map.next_value_seed(Features(&mut self))?;
                }
                _ => _ = map.next_value::<IgnoredAny>()?,
            }
        }
        if kind.as_deref() != Some("FeatureCollection") || !has_features {
            return Err(A::Error::custom("this is no FeatureCollection: take OpenSkiMap's ski_areas.geojson"));
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
            let Some(feature) = features.next_element::<Feature>().map_err(named)? else { break };
            if number > MOST {
                return Err(A::Error::custom(format!("there are more than {MOST} features; split the file")));
            }
            self.0.all.take(feature, number, self.0.countries).map_err(|fault| named(A::Error::custom(fault)))?;
        }
        Ok(())
    }
}

impl MapFile {
    fn take(&mut self, feature: Feature, number: usize, countries: &[String]) -> Result<(), String> {
        let Feature { properties, geometry } = feature;
        if properties.kind != "skiArea" {
            return Err(format!(
                "it is no ski area but of type {:?}; take OpenSkiMap's ski_areas.geojson",
                properties.kind
            ));
        }
        let identities = properties.identities()?;
        let place = properties.places.unwrap_or_default().into_iter().next().unwrap_or_default();
        let country = place.country.filter(|country| country.len() == 2);
        let operates = properties.status.is_none_or(|status| status == "operating");
        let name = properties.name.map(|name| one_line(&name)).filter(|name| !name.is_empty());
        let skipped = &mut self.skipped;
        let Some(name) = name else {
            skipped.unnamed += 1;
            return Ok(());
        };
        if identities.is_empty() {
            skipped.unsourced += 1;
            return Ok(());
        }
        if !operates {
            skipped.not_operating += 1;
            return Ok(());
        }
        if !countries.is_empty() && !country.as_ref().is_some_and(|country| countries.contains(country)) {
            skipped.elsewhere += 1;
            return Ok(());
        }
        let (longitude_hundredths, latitude_hundredths) = geometry.coordinates.middle()?;
        let state = place.localized.get("en").or_else(|| place.localized.values().next());
        self.areas.push(MapArea {
            identities,
            name: at_most(200, name)?,
            state: state
                .and_then(|state| state.region.as_deref())
                .map(|state| at_most(120, one_line(state)))
                .transpose()?,
            region: place.region.map(|region| at_most(8, one_line(&region))).transpose()?,
            country,
            latitude_hundredths,
            longitude_hundredths,
            website: properties.websites.unwrap_or_default().into_iter().find(|site| is_website(site)),
            feature: number,
        });
        Ok(())
    }
}

#[derive(Deserialize)]
struct Feature {
    properties: Properties,
    geometry: Geometry,
}

#[derive(Deserialize)]
struct Properties {
    #[serde(rename = "type")]
    kind: String,
    name: Option<String>,
    status: Option<String>,
    sources: Option<Vec<Source>>,
    #[serde(rename = "wikidataID")]
    wikidata: Option<String>,
    websites: Option<Vec<String>>,
    places: Option<Vec<Place>>,
}

impl Properties {
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

#[derive(Default, Deserialize)]
struct Place {
    #[serde(rename = "iso3166_1Alpha2")]
    country: Option<String>,
    #[serde(rename = "iso3166_2")]
    region: Option<String>,
    #[serde(default)]
    localized: BTreeMap<String, Localized>,
}

#[derive(Deserialize)]
struct Localized {
    region: Option<String>,
}

#[derive(Deserialize)]
struct Geometry {
    coordinates: Coordinates,
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
    (text.starts_with("https://") || text.starts_with("http://")) && plain && text.chars().count() <= 500
}
