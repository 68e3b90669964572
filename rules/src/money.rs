//! Money is counted in integer minor units, never in a float.

/// An amount in minor units (cents of the euro).
pub type Cents = i64;
