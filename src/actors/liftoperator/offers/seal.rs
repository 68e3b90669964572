//! What an offer's id carries, and the seal that proves we wrote it.

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{Days, NaiveDate};

use crate::money::Cents;

/// Separates this use of the key from every other and numbers the form of the text.
const FORM: &str = "offer2";
/// Longest id that is looked at; ours have at most 250, which the catalogue's limits of keys see
/// to.
const LONGEST: usize = 400;
/// A first day without signs between its numbers.
const DAY: &str = "%Y%m%d";
/// Bytes of an HMAC-SHA256.
const TAG: usize = 32;

/// What an offer promised.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::actors::liftoperator) struct Promise {
    pub(in crate::actors::liftoperator) operator: String,
    pub(in crate::actors::liftoperator) product: String,
    pub(in crate::actors::liftoperator) category: String,
    pub(in crate::actors::liftoperator) from: NaiveDate,
    pub(in crate::actors::liftoperator) to: NaiveDate,
    pub(in crate::actors::liftoperator) version: String,
    pub(in crate::actors::liftoperator) price_cents: Cents,
    /// Seconds since 1970.
    pub(in crate::actors::liftoperator) expires_at: i64,
    pub(in crate::actors::liftoperator) group: Option<Group>,
}

/// Which of a family's offers one is: their prices hold only together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// The same for all of them, and for no other family.
    pub id: String,
    /// From 1.
    pub place: usize,
    /// How many there are.
    pub size: usize,
}

impl Group {
    fn text(&self) -> String {
        format!("{}.{}.{}", self.id, self.place, self.size)
    }

    fn read(text: &str) -> Option<Self> {
        let [id, place, size] = text.split('.').collect::<Vec<_>>()[..] else { return None };
        Some(Self { id: id.to_owned(), place: place.parse().ok()?, size: size.parse().ok()? })
    }
}

/// Writes the promise and its HMAC-SHA256 in the alphabet of URLs.
pub(in crate::actors::liftoperator) fn seal(key: &hmac::Key, promise: &Promise) -> String {
    let Promise { operator, product, category, from, to, version, price_cents, expires_at, group } =
        promise;
    let first = from.format(DAY);
    let nights = (*to - *from).num_days();
    let group = group.as_ref().map(Group::text).unwrap_or_default();
    let text = format!(
        "{FORM}|{operator}|{product}|{category}|{first}|{nights}|{version}|{price_cents}|{expires_at}|{group}"
    );
    let mut bytes = text.into_bytes();
    let tag = hmac::sign(key, &bytes);
    bytes.extend_from_slice(tag.as_ref());
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Reads the promise; `None` for anything that was not sealed with `key`. Takes the same time for
/// every wrong tag.
pub(in crate::actors::liftoperator) fn open(key: &hmac::Key, id: &str) -> Option<Promise> {
    if id.len() > LONGEST {
        return None;
    }
    let bytes = URL_SAFE_NO_PAD.decode(id).ok()?;
    let (text, tag) = bytes.split_at_checked(bytes.len().checked_sub(TAG)?)?;
    hmac::verify(key, text, tag).ok()?;
    let fields: Vec<&str> = std::str::from_utf8(text).ok()?.split('|').collect();
    let [FORM, operator, product, category, first, nights, version, price_cents, expires_at, group] =
        fields[..]
    else {
        return None;
    };
    let from = NaiveDate::parse_from_str(first, DAY).ok()?;
    Some(Promise {
        operator: operator.to_owned(),
        product: product.to_owned(),
        category: category.to_owned(),
        from,
        to: from.checked_add_days(Days::new(nights.parse().ok()?))?,
        version: version.to_owned(),
        price_cents: price_cents.parse().ok()?,
        expires_at: expires_at.parse().ok()?,
        group: if group.is_empty() { None } else { Some(Group::read(group)?) },
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn key(byte: u8) -> hmac::Key {
        hmac::Key::new(hmac::HMAC_SHA256, &[byte; 32])
    }

    /// With the longest names that the catalogue takes.
    fn promise(price_cents: Cents, expires_at: i64, offset: i64) -> Promise {
        let from = NaiveDate::default() + chrono::TimeDelta::days(offset);
        Promise {
            operator: "o".repeat(32),
            product: "p".repeat(24),
            category: "c".repeat(16),
            from,
            to: from + chrono::TimeDelta::days(240),
            version: "v".repeat(24),
            price_cents,
            expires_at,
            group: Some(Group { id: "0123456789a".into(), place: 10, size: 10 }),
        }
    }

    proptest! {
        #[test]
        fn what_was_sealed_is_read_again(price in 0..300_000_i64, expires_at in 0..4_000_000_000_i64, offset in 0..40_000_i64) {
            let promise = promise(price, expires_at, offset);
            let id = seal(&key(1), &promise);
            prop_assert!(id.len() <= 250, "{}", id.len());
            prop_assert_eq!(open(&key(1), &id), Some(promise.clone()));
            prop_assert_eq!(open(&key(2), &id), None);
            let single = Promise { group: None, ..promise };
            prop_assert_eq!(open(&key(1), &seal(&key(1), &single)), Some(single));
        }

        #[test]
        fn one_other_character_breaks_the_seal(place in 0..100_usize, sign in "[A-Za-z0-9_-]") {
            let id = seal(&key(1), &promise(8450, 1_800_000_000, 20_806));
            let mut other = id.clone();
            let place = place % id.len();
            other.replace_range(place..=place, &sign);
            prop_assume!(other != id);
            prop_assert_eq!(open(&key(1), &other), None);
        }

        #[test]
        fn any_text_at_all_is_read_without_harm(text in ".{0,600}") {
            prop_assert_eq!(open(&key(1), &text), None);
        }
    }
}
