//! What a contract must say for Axess.

use anyhow::Context;
use secrecy::SecretString;

use crate::integrations::lift::Contract;

/// The contract, checked.
pub(super) struct Config {
    pub(super) soap_user_name: SecretString,
    pub(super) soap_password: SecretString,
    pub(super) user_name: SecretString,
    pub(super) password: SecretString,
    /// The resort's number, above 0.
    pub(super) project_no: u32,
    /// The shop's sales profile, above 0.
    pub(super) profile_no: u32,
    /// Three letters.
    pub(super) country_code: String,
    pub(super) dedups_reference: bool,
}

impl Config {
    /// Reads the contract.
    ///
    /// # Errors
    /// Names the credential or setting that is missing, unknown or not understood.
    pub(super) fn read(contract: &Contract) -> anyhow::Result<Self> {
        contract.only_settings(&["project_no", "profile_no", "country_code"])?;
        Ok(Self {
            soap_user_name: contract.credential("soap_user_name")?,
            soap_password: contract.credential("soap_password")?,
            user_name: contract.credential("user_name")?,
            password: contract.credential("password")?,
            project_no: number(contract, "project_no")?,
            profile_no: number(contract, "profile_no")?,
            country_code: contract.setting("country_code").unwrap_or("AUT").to_owned(),
            dedups_reference: contract.dedups_reference,
        })
    }
}

fn number(contract: &Contract, name: &str) -> anyhow::Result<u32> {
    let text = contract.setting(name);
    let text =
        text.with_context(|| format!("{} lacks the setting {name}", contract.actor_name()))?;
    let number = text.parse().ok().filter(|number| *number > 0);
    number.with_context(|| format!("{}: {name} is not a number above 0", contract.actor_name()))
}
