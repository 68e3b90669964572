//! What the configuration says of orders.

use serde::Deserialize;

/// What an account may order.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// Most orders of one account that wait to be paid; default 3. Each is work for its operators.
    pub most_unpaid: u32,
    /// Most orders of one account that were placed within an hour and rejected, cancelled ones among them; default 30. Each
    /// is work for its operators and an e-mail.
    pub most_rejected: u32,
}

impl Settings {
    /// As many as anybody likes.
    pub(super) const UNLIMITED: Self = Self { most_unpaid: u32::MAX, most_rejected: u32::MAX };
}

impl Default for Settings {
    fn default() -> Self {
        Self { most_unpaid: 3, most_rejected: 30 }
    }
}
