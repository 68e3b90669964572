//! The outline of an area, of which only the bounds are kept.

use std::fmt;

use serde::de::{IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

/// Any depth of lists of positions, of which only the bounds are kept; what is no position is
/// nothing.
pub(super) enum Coordinates {
    Number(f64),
    Bounds { west: f64, east: f64, south: f64, north: f64 },
    Nothing,
}

impl Coordinates {
    /// The middle of the bounds in hundredths of a degree, east first.
    pub(super) fn middle(&self) -> Result<(i32, i32), String> {
        let Self::Bounds { west, east, south, north } = self else {
            return Err("it has no position".to_owned());
        };
        if *west < -180.0 || *east > 180.0 || *south < -90.0 || *north > 90.0 {
            return Err("a position of it is not on this earth".to_owned());
        }
        Ok((hundredths(f64::midpoint(*west, *east)), hundredths(f64::midpoint(*south, *north))))
    }

    fn with(self, other: Self) -> Self {
        match (self, other) {
            (
                Self::Bounds { west, east, south, north },
                Self::Bounds { west: w, east: e, south: s, north: n },
            ) => Self::Bounds {
                west: west.min(w),
                east: east.max(e),
                south: south.min(s),
                north: north.max(n),
            },
            (Self::Nothing | Self::Number(_), other) => other,
            (known, Self::Nothing | Self::Number(_)) => known,
        }
    }
}

impl<'de> Deserialize<'de> for Coordinates {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Bounding)
    }
}

struct Bounding;

impl<'de> Visitor<'de> for Bounding {
    type Value = Coordinates;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a position or a list of positions")
    }

    fn visit_f64<E>(self, number: f64) -> Result<Coordinates, E> {
        Ok(Coordinates::Number(number))
    }

    fn visit_i64<E: serde::de::Error>(self, number: i64) -> Result<Coordinates, E> {
        // what is too big for an i32 is not on this earth either
        let bounded = number.clamp(i32::MIN.into(), i32::MAX.into());
        Ok(Coordinates::Number(f64::from(i32::try_from(bounded).unwrap_or(i32::MAX))))
    }

    fn visit_u64<E: serde::de::Error>(self, number: u64) -> Result<Coordinates, E> {
        self.visit_i64(i64::try_from(number).unwrap_or(i64::MAX))
    }

    fn visit_unit<E>(self) -> Result<Coordinates, E> {
        Ok(Coordinates::Nothing)
    }

    fn visit_bool<E>(self, _no_position: bool) -> Result<Coordinates, E> {
        Ok(Coordinates::Nothing)
    }

    fn visit_str<E>(self, _no_position: &str) -> Result<Coordinates, E> {
        Ok(Coordinates::Nothing)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Coordinates, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Coordinates::Nothing)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Coordinates, A::Error> {
        let mut numbers = [None; 2];
        let mut bounds = Coordinates::Nothing;
        let mut place = 0;
        while let Some(item) = items.next_element::<Coordinates>()? {
            match item {
                Coordinates::Number(number) => {
                    if let Some(slot) = numbers.get_mut(place) {
                        *slot = Some(number);
                    }
                    place += 1;
                }
                Coordinates::Bounds { .. } | Coordinates::Nothing => bounds = bounds.with(item),
            }
        }
        Ok(match numbers {
            [Some(x), Some(y)] => Coordinates::Bounds { west: x, east: x, south: y, north: y },
            _ => bounds,
        })
    }
}

#[expect(clippy::cast_possible_truncation, reason = "at most 18000")]
fn hundredths(degrees: f64) -> i32 {
    (degrees * 100.0).round() as i32
}
