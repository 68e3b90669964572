//! What the configuration says of orders.

use serde::Deserialize;

/// What an account may order.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// Most orders of one account that wait to be paid; default 3. They hold their cards' days.
    pub most_unpaid: u32,
}

impl Default for Settings {
    fn default() -> Self {
        Self { most_unpaid: 3 }
    }
}
