//! What people at an operator's own desk, or its computer's mishaps, do to a booking: seen by no
//! interface.

use serde::Deserialize;

/// What happens to a booking.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Deed {
    /// It is cancelled.
    Cancel,
    /// It is not cancelled any more.
    Revive,
    /// It is lost, as after a restored backup.
    Forget,
    /// It is booked once more, under its own reference or another.
    Copy(Option<String>),
    /// It has another price, in cents.
    Reprice(i64),
}

/// The body of a deed, where it has one.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Particulars {
    reference: Option<String>,
    cents: Option<i64>,
}

impl Deed {
    /// The deed of that name; nothing when there is none, or when it lacks its price.
    pub(crate) fn of(name: &str, particulars: Particulars) -> Option<Self> {
        match name {
            "cancel" => Some(Self::Cancel),
            "revive" => Some(Self::Revive),
            "forget" => Some(Self::Forget),
            "copy" => Some(Self::Copy(particulars.reference)),
            "reprice" => particulars.cents.map(Self::Reprice),
            _ => None,
        }
    }
}
