//! Confirmation callbacks: the page's confirmation address, with the transaction's parameters
//! appended.

use std::net::IpAddr;

use serde::Deserialize;
use serde_json::json;

use crate::courier::Callback;

/// How the control side wants a callback bent.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Options {
    /// Stands in the confirmation address in place of the shop's secret; empty takes the secret
    /// out. The secret is the parameter with `secret`, `token` or `key` in its name, else the last
    /// one.
    secret: Option<String>,
    /// The source: a loopback address is really used, any other is claimed in `X-Forwarded-For`.
    from: Option<IpAddr>,
    /// Percent-encode ISO-8859-1 instead of UTF-8.
    latin1: bool,
    /// So many at once, 1 to 20.
    times: Option<u32>,
    /// Delivered before the control call is answered.
    pub(crate) before_answer: bool,
}

/// What a callback tells.
#[derive(Clone, Debug)]
pub(crate) struct Notice {
    pub(crate) mpay_tid: u64,
    pub(crate) tid: String,
    pub(crate) status: &'static str,
    pub(crate) cents: u32,
    pub(crate) address: String,
    pub(crate) parameters: Vec<(&'static str, String)>,
    pub(crate) options: Options,
}

impl From<Notice> for Callback {
    fn from(notice: Notice) -> Self {
        Self {
            url: notice.url(),
            from: notice.options.from,
            times: notice.options.times.unwrap_or(1),
            entry: notice.mpay_tid,
            says: json!({ "status": notice.status, "amount": notice.cents }),
            subject: notice.tid,
        }
    }
}

impl Notice {
    fn url(&self) -> String {
        let address =
            self.options.secret.as_deref().map(|secret| with_secret(&self.address, secret));
        extended(address.as_deref().unwrap_or(&self.address), &self.parameters, self.options.latin1)
    }
}

/// The address with `secret` in the place of the shop's own.
fn with_secret(address: &str, secret: &str) -> String {
    let Some((base, query)) = address.split_once('?') else { return address.to_owned() };
    let mut pairs: Vec<String> = query.split('&').map(ToOwned::to_owned).collect();
    let telling = |pair: &String| {
        let name = pair.split('=').next().unwrap_or_default().to_ascii_lowercase();
        ["secret", "token", "key"].iter().any(|word| name.contains(word))
    };
    let place = pairs.iter().position(telling).unwrap_or(pairs.len() - 1);
    let replaced = pairs.remove(place);
    if !secret.is_empty() {
        let name = replaced.split('=').next().unwrap_or_default();
        pairs.insert(place, format!("{name}={}", encoded(secret, false)));
    }
    if pairs.is_empty() { base.to_owned() } else { format!("{base}?{}", pairs.join("&")) }
}

/// The address with parameters appended after its own.
pub(crate) fn extended(
    address: &str,
    parameters: &[(&'static str, String)],
    latin1: bool,
) -> String {
    let pairs: Vec<String> = parameters
        .iter()
        .map(|(name, value)| format!("{name}={}", encoded(value, latin1)))
        .collect();
    let joint = if address.contains('?') { '&' } else { '?' };
    if pairs.is_empty() {
        address.to_owned()
    } else {
        format!("{address}{joint}{}", pairs.join("&"))
    }
}

/// Everything but letters and digits escaped, blanks as `+`, as mPAY24 does it.
fn encoded(text: &str, latin1: bool) -> String {
    let bytes: Vec<u8> = if latin1 {
        text.chars().map(|c| u8::try_from(u32::from(c)).unwrap_or(b'?')).collect()
    } else {
        text.into()
    };
    let escape = |byte: u8| match byte {
        b' ' => "+".to_owned(),
        byte if byte.is_ascii_alphanumeric() => char::from(byte).to_string(),
        byte => format!("%{byte:02X}"),
    };
    bytes.into_iter().map(escape).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_follow_our_own_and_are_over_escaped() {
        let url = extended(
            "http://a/c?secret=s",
            &[("TID", "A-1".to_owned()), ("X", "ü 1".to_owned())],
            false,
        );
        assert_eq!(url, "http://a/c?secret=s&TID=A%2D1&X=%C3%BC+1");
        assert!(extended("http://a/c", &[("X", "ü€".to_owned())], true).ends_with("?X=%FC%3F"));
    }

    #[test]
    fn the_secret_can_be_swapped_or_taken_out() {
        assert_eq!(with_secret("http://a/c?secret=s&p=1", "x"), "http://a/c?secret=x&p=1");
        assert_eq!(with_secret("http://a/c?p=1&s=2", "x"), "http://a/c?p=1&s=x");
        assert_eq!(with_secret("http://a/c?secret=s", ""), "http://a/c");
    }
}
