//! The provider's unsigned GET on our confirmation URL: parsed from raw bytes, believed by nobody.
//!
//! Source: docs.mpay24.com/docs/payment-notification. The provider appends its parameters to our
//! own; the set grows and is configurable per account, so unknown ones are ignored; free text may
//! be percent-encoded ISO-8859-1 instead of UTF-8.

use super::translate::observed_state;
use crate::integrations::payment::{Callback, CallbackError};
use crate::money::Cents;

/// The route on which `http` takes callbacks.
const PATH: &str = "/callbacks/mpay24";
/// Our own parameter of the confirmation URL.
const SECRET: &str = "secret";
/// Parameters that decide; each must stand exactly once and not be empty.
const DECISIVE: [&str; 6] = [SECRET, "TID", "MPAYTID", "STATUS", "PRICE", "CURRENCY"];
/// No callback comes near this; ORDERDESC and the rest are a few hundred characters.
const LONGEST_QUERY: usize = 16 * 1024;

/// The address that the provider reports one page's payments to; `public_url` has no slash at its
/// end.
#[must_use]
pub fn confirmation_url(public_url: &str, secret: &str) -> String {
    format!("{public_url}{PATH}?{SECRET}={secret}")
}

/// Reads a callback's query string. The result is a claim: the caller compares the secret in
/// constant time, and asks the provider before it acts. Parsing the same bytes twice gives the
/// same.
///
/// # Errors
/// A decisive parameter is missing, empty, repeated (`TID=a&TID=b` could be read either way) or not
/// of its kind; the text may be answered after `ERROR: `.
pub fn parse_callback(raw_query: &[u8]) -> Result<Callback, CallbackError> {
    if raw_query.len() > LONGEST_QUERY {
        return Err(refused("the query is too long"));
    }
    let mut values: [Option<String>; DECISIVE.len()] = Default::default();
    for pair in raw_query.split(|byte| *byte == b'&') {
        let mut halves = pair.splitn(2, |byte| *byte == b'=');
        let name = decoded(halves.next().unwrap_or_default());
        let Some(index) = DECISIVE.iter().position(|known| *known == name) else { continue };
        if values[index].replace(decoded(halves.next().unwrap_or_default())).is_some() {
            return Err(CallbackError(format!("{} is repeated", DECISIVE[index])));
        }
    }
    if let Some(missing) =
        values.iter().position(|value| value.as_deref().unwrap_or_default().is_empty())
    {
        return Err(CallbackError(format!("{} is missing", DECISIVE[missing])));
    }
    let [secret, reference, tid, status, amount, currency] = values.map(Option::unwrap_or_default);
    let amount = cents(&amount).ok_or_else(|| refused("PRICE is not a number of cents"))?;
    if tid.len() > 20 || !tid.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(refused("MPAYTID is not a number"));
    }
    if currency.len() != 3 || !currency.bytes().all(|byte| byte.is_ascii_uppercase()) {
        return Err(refused("CURRENCY is not three capital letters"));
    }
    if status.len() > 32 || !status.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_') {
        return Err(refused("STATUS is not a state"));
    }
    if reference.chars().count() > 32 || secret.len() > 256 {
        return Err(refused("TID or secret is too long"));
    }
    let state = observed_state(&status);
    Ok(Callback { tid, reference, secret, status, state, amount, currency })
}

fn refused(why: &str) -> CallbackError {
    CallbackError(why.to_owned())
}

/// At most 11 digits and nothing else: no sign, no point, no exponent.
fn cents(text: &str) -> Option<Cents> {
    let plain = text.len() <= 11 && text.bytes().all(|byte| byte.is_ascii_digit());
    if plain { text.parse().ok() } else { None }
}

/// Undoes percent-encoding and `+`; bytes that are not UTF-8 are read as ISO-8859-1, so that no
/// byte is an error.
fn decoded(raw: &[u8]) -> String {
    let mut bytes = Vec::with_capacity(raw.len());
    let mut rest = raw;
    while let [first, after @ ..] = rest {
        rest = after;
        bytes.push(match first {
            b'+' => b' ',
            b'%' => match escaped_byte(after) {
                Some(byte) => {
                    rest = &after[2..];
                    byte
                }
                None => b'%',
            },
            other => *other,
        });
    }
    String::from_utf8(bytes).unwrap_or_else(|not_utf8| {
        not_utf8.as_bytes().iter().map(|byte| char::from(*byte)).collect::<String>()
    })
}

/// The byte that two hexadecimal digits say.
fn escaped_byte(digits: &[u8]) -> Option<u8> {
    let [high, low, ..] = digits else { return None };
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    Some(digit(*high)? << 4 | digit(*low)?)
}
