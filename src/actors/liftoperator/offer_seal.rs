//! What an offer's id carries, and the seal that proves we wrote it.

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::NaiveDate;

use crate::money::Cents;

/// Separates this use of the key from every other and numbers the form of the text.
const FORM: &str = "offer1";
/// Longest id that is looked at; ours are below 250.
const LONGEST: usize = 400;
/// Bytes of an HMAC-SHA256.
const TAG: usize = 32;

/// What an offer promised.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Promise {
    pub(super) operator: String,
    pub(super) product: String,
    pub(super) category: String,
    pub(super) day: NaiveDate,
    pub(super) version: String,
    pub(super) price_cents: Cents,
    /// Seconds since 1970.
    pub(super) expires_at: i64,
}

/// Writes the promise and its HMAC-SHA256 in the alphabet of URLs.
pub(super) fn seal(key: &hmac::Key, promise: &Promise) -> String {
    let Promise { operator, product, category, day, version, price_cents, expires_at } = promise;
    let mut bytes =
        format!("{FORM}|{operator}|{product}|{category}|{day}|{version}|{price_cents}|{expires_at}").into_bytes();
    let tag = hmac::sign(key, &bytes);
    bytes.extend_from_slice(tag.as_ref());
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Reads the promise; `None` for anything that was not sealed with `key`. Takes the same time for every wrong tag.
pub(super) fn open(key: &hmac::Key, id: &str) -> Option<Promise> {
    if id.len() > LONGEST {
        return None;
    }
    let bytes = URL_SAFE_NO_PAD.decode(id).ok()?;
    let (text, tag) = bytes.split_at_checked(bytes.len().checked_sub(TAG)?)?;
    hmac::verify(key, text, tag).ok()?;
    let fields: Vec<&str> = std::str::from_utf8(text).ok()?.split('|').collect();
    let [FORM, operator, product, category, day, version, price_cents, expires_at] = fields[..] else {
        return None;
    };
    Some(Promise {
        operator: operator.to_owned(),
        product: product.to_owned(),
        category: category.to_owned(),
        day: day.parse().ok()?,
        version: version.to_owned(),
        price_cents: price_cents.parse().ok()?,
        expires_at: expires_at.parse().ok()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn key(byte: u8) -> hmac::Key {
        hmac::Key::new(hmac::HMAC_SHA256, &[byte; 32])
    }

    fn promise(price_cents: Cents, expires_at: i64, offset: i64) -> Promise {
        Promise {
            operator: "solden".into(),
            product: "day".into(),
            category: "small_child".into(),
            day: NaiveDate::default() + chrono::TimeDelta::days(offset),
            version: "2026-27.1".into(),
            price_cents,
            expires_at,
        }
    }

    proptest! {
        #[test]
        fn what_was_sealed_is_read_again(price in 0..100_000_i64, expires_at in 0..4_000_000_000_i64, offset in 0..40_000_i64) {
            let promise = promise(price, expires_at, offset);
            let id = seal(&key(1), &promise);
            prop_assert!(id.len() < 250, "{}", id.len());
            prop_assert_eq!(open(&key(1), &id), Some(promise));
            prop_assert_eq!(open(&key(2), &id), None);
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
