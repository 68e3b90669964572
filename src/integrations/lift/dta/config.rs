//! What a contract must say for DTA.

use anyhow::bail;
use chrono_tz::Tz;
use secrecy::SecretString;

use crate::integrations::lift::Contract;

/// The contract, checked.
pub(super) struct Config {
    /// Eight digits that name the sales channel's client.
    pub(super) client_name: SecretString,
    pub(super) user_name: SecretString,
    pub(super) password: SecretString,
    /// Which of the server's catalogues is sold from.
    pub(super) catalog_id: Option<String>,
    pub(super) dedups_reference: bool,
    /// Whether `BOOKED` counts as usable, before the resort's own system has the ticket.
    pub(super) booked_suffices: bool,
    pub(super) time_zone: Tz,
}

impl Config {
    /// Reads the contract.
    ///
    /// # Errors
    /// Names the credential or setting that is missing, unknown or not understood.
    pub(super) fn read(contract: &Contract) -> anyhow::Result<Self> {
        contract.only_settings(&["catalog_id", "booked_suffices"])?;
        let booked_suffices = match contract.setting("booked_suffices") {
            None | Some("false") => false,
            Some("true") => true,
            Some(_) => {
                bail!("{}: booked_suffices is neither true nor false", contract.actor_name())
            }
        };
        Ok(Self {
            client_name: contract.credential("client_name")?,
            user_name: contract.credential("user_name")?,
            password: contract.credential("password")?,
            catalog_id: contract.setting("catalog_id").map(str::to_owned),
            dedups_reference: contract.dedups_reference,
            booked_suffices,
            time_zone: contract.time_zone,
        })
    }
}
