//! Where a line really stands. Its six states are what customers see; together with what is noted
//! beside them (`voiding`, `settles_at`, `doubt_since`) they are these eleven, by which is decided
//! what is asked of a line.

use super::lifecycle::LineState;
use super::record::Line;

/// Where a line really stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Nothing was asked of its operator but whether the card fits.
    Wanted,
    /// It is looked up before anything else happens to it: a backup was restored that may not know
    /// what was booked, or somebody was booking it again.
    Sought,
    /// It is to be booked, and nothing is known to have left us.
    Asked,
    /// It was to be booked, and is to be voided although nothing was: it only has to end.
    Dropped,
    /// Nobody knows whether it is booked; if it is, it is kept.
    Doubtful,
    /// Nobody knows whether it is booked; if it is, it is voided.
    DoubtfulVoiding,
    /// It is booked, and kept.
    Sold,
    /// It is booked, and voided: its order is undone, or it came too late.
    Voiding,
    /// It was sold, and its return was asked for.
    Returning,
    /// Its return was ended by staff: it is looked at whether the ticket stands.
    ReturnEnded,
    /// It ended without a ticket.
    Over,
}

impl Line {
    /// Where it really stands.
    #[must_use]
    pub fn standing(&self) -> Standing {
        let is_noted = self.settles_at.is_some();
        let is_in_doubt = self.doubt_since.is_some();
        match (self.state, self.voiding) {
            (LineState::Wanted, _) if is_noted => Standing::Sought,
            (LineState::Wanted, _) => Standing::Wanted,
            (LineState::Asked, false) => Standing::Asked,
            (LineState::Asked, true) => Standing::Dropped,
            (LineState::Doubtful, false) => Standing::Doubtful,
            (LineState::Doubtful, true) => Standing::DoubtfulVoiding,
            (LineState::Issued, _) if is_noted && !is_in_doubt => Standing::Sought,
            (LineState::Issued, true) if is_in_doubt => Standing::Returning,
            (LineState::Issued, true) => Standing::Voiding,
            (LineState::Issued, false) if is_noted => Standing::ReturnEnded,
            (LineState::Issued, false) => Standing::Sold,
            (LineState::Refused | LineState::Voided, _) => Standing::Over,
        }
    }

    /// Whether its ticket is to go, or it is not known yet whether it has gone.
    #[must_use]
    pub fn is_going(&self) -> bool {
        match self.standing() {
            Standing::Dropped
            | Standing::DoubtfulVoiding
            | Standing::Voiding
            | Standing::Returning
            | Standing::ReturnEnded => true,
            Standing::Asked | Standing::Doubtful => self.settles_at.is_some(),
            Standing::Wanted | Standing::Sought | Standing::Sold | Standing::Over => false,
        }
    }

    /// Whether it has to be looked up at the supplier, by its reference, before anything else
    /// happens to it.
    #[must_use]
    pub fn is_sought(&self) -> bool {
        self.standing() == Standing::Sought
    }

    /// Whether it is issued and nobody wants it back.
    #[must_use]
    pub fn is_kept(&self) -> bool {
        self.state == LineState::Issued && !self.voiding
    }

    /// Whether it is issued and is to go.
    #[must_use]
    pub fn is_leaving(&self) -> bool {
        self.state == LineState::Issued && self.voiding
    }
}
