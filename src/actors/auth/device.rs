//! The device that is somebody's second factor: an app that shows six digits, new ones every half
//! minute, from a secret that it shares with us.
//!
//! Source: RFC 6238, with what all apps understand: SHA-1, six digits, 30 seconds.

use aws_lc_rs::rand;
use chrono::{DateTime, Utc};
use totp_rs::{Builder, Totp};

use super::error::Error;

/// Bytes of a secret, as RFC 4226 recommends.
const SECRET_BYTES: usize = 20;

/// A device, by the secret that is shared with it. Codes of the half minute before and after count
/// too: clocks differ.
pub(super) struct Device(Totp);

impl Device {
    /// A device that knows a new secret; `shop` and `email` are what the app shows beside the
    /// digits.
    pub(super) fn draw(shop: &str, email: &str) -> Result<Self, Error> {
        let mut secret = [0; SECRET_BYTES];
        rand::fill(&mut secret).map_err(|_unspecified| Error::Fault("the random source"))?;
        Self::of(secret.to_vec(), shop, email)
    }

    /// The device that knows this secret.
    pub(super) fn of(secret: Vec<u8>, shop: &str, email: &str) -> Result<Self, Error> {
        // a colon parts the two in the app's address
        let issuer = Some(shop.replace(':', " ")).filter(|shop| !shop.trim().is_empty());
        let device = Builder::new()
            .with_secret(secret)
            .with_account_name(email.to_owned())
            .with_issuer(issuer);
        Ok(Self(device.build().map_err(|_error| Error::Fault("a device's secret"))?))
    }

    pub(super) fn secret(&self) -> Vec<u8> {
        let secret: &[u8] = self.0.secret().as_ref();
        secret.to_vec()
    }

    /// The secret as people type it.
    pub(super) fn base32(&self) -> String {
        self.0.secret().to_base32()
    }

    /// The `otpauth://` address that an app reads, also from a picture of it.
    pub(super) fn address(&self) -> Result<String, Error> {
        self.0.to_url().map_err(|_error| Error::Fault("a device's address"))
    }

    /// Which half minute a code is of, counted from 1970; `None` for a code that does not count
    /// now.
    pub(super) fn step(&self, code: &str, now: DateTime<Utc>) -> Option<i64> {
        let seconds = u64::try_from(now.timestamp()).ok()?;
        self.0.check(code, seconds).and_then(|step| i64::try_from(step).ok())
    }

    /// What the device shows.
    #[cfg(test)]
    pub(super) fn shows(&self, at: DateTime<Utc>) -> String {
        self.0.generate(u64::try_from(at.timestamp()).unwrap()).to_string()
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(seconds, 0).unwrap()
    }

    #[test]
    fn the_published_vectors_are_shown() {
        let device =
            Device::of(b"12345678901234567890".to_vec(), "Snow Shop", "ada@example.org").unwrap();
        for (seconds, shown) in
            [(59, "287082"), (1_111_111_109, "081804"), (1_234_567_890, "005924")]
        {
            assert_eq!(device.shows(at(seconds)), shown);
            assert_eq!(device.step(shown, at(seconds)), Some(seconds / 30));
        }
    }

    #[test]
    fn a_code_counts_half_a_minute_early_and_late_and_no_longer() {
        let device = Device::draw("Snow: Shop", "ada@example.org").unwrap();
        let now = at(1_800_000_015);
        let code = device.shows(now);
        for (seconds, counts) in [(-46, false), (-30, true), (0, true), (30, true), (46, false)] {
            assert_eq!(
                device.step(&code, now + TimeDelta::seconds(seconds)).is_some(),
                counts,
                "{seconds}"
            );
        }
        assert_eq!(device.step("12345", now), None);
        assert_eq!(device.step("+12345", now), None);
    }

    #[test]
    fn an_app_is_told_the_shop_the_address_and_the_secret() {
        let device = Device::draw("Snow: Shop", "ada@example.org").unwrap();
        let address = device.address().unwrap();
        assert!(address.starts_with("otpauth://totp/"), "{address}");
        assert!(address.contains(&device.base32()) && address.contains("ada"), "{address}");
        assert_eq!(
            Device::of(device.secret(), "", "ada@example.org").unwrap().base32(),
            device.base32()
        );
    }
}
