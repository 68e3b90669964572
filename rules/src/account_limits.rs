//! How many orders an account may have open, and come to nothing.

use std::time::Duration;

use serde::Deserialize;

/// What an account may order.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AccountLimits {
    /// Most orders of one account that wait to be paid; default 3. Each is work for its operators.
    pub most_unpaid: u32,
    /// Most orders of one account that were placed within an hour and rejected, cancelled ones
    /// among them; default 30. Each is work for its operators and an e-mail.
    pub most_rejected: u32,
}

impl AccountLimits {
    /// As many as anybody likes.
    pub const UNLIMITED: Self = Self { most_unpaid: u32::MAX, most_rejected: u32::MAX };
}

impl Default for AccountLimits {
    fn default() -> Self {
        Self { most_unpaid: 3, most_rejected: 30 }
    }
}

/// Why an account may place no further order now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OverLimit {
    /// It has as many unpaid orders as it may have.
    Unpaid(u32),
    /// It had as many orders come to nothing as it may in an hour; so long until it may go on.
    Rejected(Duration),
}
