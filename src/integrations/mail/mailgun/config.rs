//! The section `[mail]` of the configuration.

use anyhow::{Context, ensure};
use reqwest::Url;
use secrecy::SecretString;
use serde::Deserialize;

use crate::integrations::client::is_loopback;

/// The mail provider's settings.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// `https://api.mailgun.net` or `https://api.eu.mailgun.net`, by the region in which the domain
    /// was created.
    pub base_url: String,
    /// The sending domain.
    pub domain: String,
    /// The domain's sending key; neither the account's key nor the webhook signing key.
    pub key: SecretString,
    /// The sender, for example `Liftpass <tickets@mg.liftpass.example>`.
    pub from: String,
}

impl Config {
    /// Whether the base address is a simulator on this machine.
    #[must_use]
    pub fn is_local(&self) -> bool {
        Url::parse(&self.base_url).is_ok_and(|url| is_loopback(&url))
    }

    /// The address that e-mails are posted to.
    ///
    /// # Errors
    /// The base address is not https (loopback may be http), or domain or sender cannot stand in a
    /// request.
    pub(super) fn checked_endpoint(&self) -> anyhow::Result<Url> {
        let base = Url::parse(&self.base_url).context("mail base_url is not an address")?;
        let scheme_fits =
            base.scheme() == "https" || (base.scheme() == "http" && is_loopback(&base));
        ensure!(scheme_fits, "mail base_url must be https");
        ensure!(base.path() == "/" && base.query().is_none(), "mail base_url must be a host only");
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-');
        ensure!(
            !self.domain.is_empty() && self.domain.bytes().all(plain),
            "mail domain is not a domain"
        );
        ensure!(
            self.from.contains('@') && !self.from.contains(char::is_control),
            "mail from is not an address"
        );
        base.join(&format!("/v3/{}/messages", self.domain))
            .context("mail base_url and domain make no address")
    }
}
