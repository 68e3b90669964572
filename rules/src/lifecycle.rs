//! The three tables of an order: order, line, payment. No I/O, nothing but `std`.
//!
//! A state without a row does not compile; `ARCHITECTURE.md` shows the tables as [`render`] writes
//! them.

/// Where an order stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum OrderState {
    /// Accepted; every line's card is being checked.
    Placed,
    /// A payment page is open.
    Paying,
    /// Money is reserved (or already billed, or none is due); tickets are being issued.
    Authorised,
    /// Every line is decided; what was issued is being taken.
    Issued,
    /// The money for what was issued is ours.
    Captured,
    /// Tickets on their cards, invoice written.
    Finished,
    /// Ended before anything was taken.
    Rejected,
    /// Everything attempted is being undone.
    Undoing,
    /// Everything attempted was undone.
    Undone,
}

/// Where a line stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum LineState {
    /// Nothing was asked for but a check.
    Wanted,
    /// The intent to issue is committed.
    Asked,
    /// Anything may have happened; the reference decides.
    Doubtful,
    /// The ticket is on its card.
    Issued,
    /// A clear no.
    Refused,
    /// Provably not booked any more.
    Voided,
}

/// Where one transaction at the payment provider stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum PaymentState {
    /// Its page may be paid.
    Opened,
    /// Waiting for a bank, not paid.
    Suspended,
    /// Authorised, money not taken.
    Reserved,
    /// Money taken; amounts say how much and how much went back.
    Billed,
    /// All that was taken went back.
    Returned,
    /// The reservation was released.
    Reversed,
    /// The reservation expired.
    Lapsed,
    /// The attempt failed.
    Failed,
    /// The page's life is over without a payment.
    Closed,
    /// The payer's bank took the money back; opens a case, and undoes an order that has not ended.
    ChargedBack,
}

/// What an order does in a state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row {
    /// What it asks on entering.
    pub ask: &'static str,
    /// How it asks again.
    pub again: &'static str,
    /// How long it asks.
    pub patience: &'static str,
    /// Where it goes when all is done.
    pub done: Option<OrderState>,
    /// Where it goes when it is refused or patience is over.
    pub refused: Option<OrderState>,
    /// Whether the customer may still cancel.
    pub cancel: bool,
}

/// The order table.
#[must_use]
#[rustfmt::skip]
pub const fn row(state: OrderState) -> Row {
    use OrderState::{Authorised, Captured, Finished, Issued, Paying, Placed, Rejected, Undoing, Undone};
    match state {
        Placed     => Row { ask: "lift.check, every line",              again: "yes",               patience: "20 s of asking, 2 min in all",    done: Some(Paying),     refused: Some(Rejected), cancel: true  },
        Paying     => Row { ask: "payment.open, then wait",             again: "yes, a new page",   patience: "page life + 15 min",              done: Some(Authorised), refused: Some(Rejected), cancel: true  },
        Authorised => Row { ask: "lift.issue, every line",              again: "by reference",      patience: "issue_patience, 10 min; ends_by", done: Some(Issued),     refused: Some(Undoing),  cancel: false },
        Issued     => Row { ask: "payment.capture what was issued",     again: "yes",               patience: "none; at ends_by the mark",       done: Some(Captured),   refused: Some(Undoing),  cancel: false },
        Captured   => Row { ask: "–",                                   again: "–",                 patience: "–",                               done: Some(Finished),   refused: None,           cancel: false },
        Undoing    => Row { ask: "lift.cancel each line, then payment.reverse or credit", again: "by reference", patience: "none; after 7 days the mark", done: Some(Undone),   refused: Some(Captured), cancel: false },
        Finished | Rejected | Undone =>
                      Row { ask: "–",                                   again: "–",                 patience: "–",                               done: None,             refused: None,           cancel: false },
    }
}

/// Whether an order in this state has ended; ended orders never reopen.
#[must_use]
pub const fn has_ended(state: OrderState) -> bool {
    row(state).done.is_none()
}

/// The line table: whether a line may go from one state to another.
#[must_use]
pub const fn line_may(from: LineState, to: LineState) -> bool {
    use LineState::{Asked, Doubtful, Issued, Refused, Voided, Wanted};
    match from {
        Wanted => matches!(to, Asked | Refused),
        Asked => matches!(to, Doubtful | Issued | Refused | Voided),
        Doubtful => matches!(to, Issued | Refused | Voided),
        Issued => matches!(to, Voided),
        Refused | Voided => false,
    }
}

/// Whether nothing of this line is open any more while its order is being undone.
#[must_use]
pub const fn line_is_undone(state: LineState) -> bool {
    match state {
        LineState::Wanted | LineState::Refused | LineState::Voided => true,
        LineState::Asked | LineState::Doubtful | LineState::Issued => false,
    }
}

/// The payment table: whether a transaction may go from one state to another. It only moves
/// forward.
#[must_use]
pub const fn payment_may(from: PaymentState, to: PaymentState) -> bool {
    use PaymentState::{
        Billed, ChargedBack, Closed, Failed, Lapsed, Opened, Reserved, Returned, Reversed,
        Suspended,
    };
    match from {
        Opened => matches!(to, Suspended | Reserved | Billed | Failed | Closed),
        Suspended => matches!(to, Reserved | Billed | Failed),
        // some methods jump, and a success may be reported after the page's life
        Failed => matches!(to, Suspended | Reserved | Billed | Closed),
        Closed => matches!(to, Suspended | Reserved | Billed),
        Reserved => matches!(to, Billed | Reversed | Lapsed | Failed),
        Lapsed => matches!(to, Billed | Reversed),
        Billed => matches!(to, Returned | ChargedBack),
        // a bank may take back what we gave back already
        Returned => matches!(to, ChargedBack),
        Reversed | ChargedBack => false,
    }
}

/// Every order state, in the order of a good life.
pub const ORDER_STATES: [OrderState; 9] = [
    OrderState::Placed,
    OrderState::Paying,
    OrderState::Authorised,
    OrderState::Issued,
    OrderState::Captured,
    OrderState::Finished,
    OrderState::Rejected,
    OrderState::Undoing,
    OrderState::Undone,
];

/// Every line state.
pub const LINE_STATES: [LineState; 6] = [
    LineState::Wanted,
    LineState::Asked,
    LineState::Doubtful,
    LineState::Issued,
    LineState::Refused,
    LineState::Voided,
];

/// Every payment state.
pub const PAYMENT_STATES: [PaymentState; 10] = [
    PaymentState::Opened,
    PaymentState::Suspended,
    PaymentState::Reserved,
    PaymentState::Billed,
    PaymentState::Returned,
    PaymentState::Reversed,
    PaymentState::Lapsed,
    PaymentState::Failed,
    PaymentState::Closed,
    PaymentState::ChargedBack,
];

/// Gives each state its one word, in the database, in JSON and in documents.
macro_rules! words {
    ($state:ident, $all:ident, $($variant:ident => $word:literal),+ $(,)?) => {
        impl $state {
            /// The state's one word.
            #[must_use]
            pub const fn word(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }

            /// The state of a word; `None` for a word of no state.
            #[must_use]
            pub fn of(word: &str) -> Option<Self> {
                $all.into_iter().find(|state| state.word() == word)
            }
        }
    };
}

words!(OrderState, ORDER_STATES, Placed => "placed", Paying => "paying", Authorised => "authorised", Issued => "issued",
    Captured => "captured", Finished => "finished", Rejected => "rejected", Undoing => "undoing", Undone => "undone");
words!(LineState, LINE_STATES, Wanted => "wanted", Asked => "asked", Doubtful => "doubtful", Issued => "issued",
    Refused => "refused", Voided => "voided");
words!(PaymentState, PAYMENT_STATES, Opened => "opened", Suspended => "suspended", Reserved => "reserved",
    Billed => "billed", Returned => "returned", Reversed => "reversed", Lapsed => "lapsed", Failed => "failed",
    Closed => "closed", ChargedBack => "charged_back");

impl LineState {
    /// The word under which it is stored. A voided ticket was called withdrawn, and replicas of
    /// that version read the same rows while they are replaced.
    #[must_use]
    pub const fn stored_word(self) -> &'static str {
        match self {
            Self::Voided => "withdrawn",
            Self::Wanted | Self::Asked | Self::Doubtful | Self::Issued | Self::Refused => {
                self.word()
            }
        }
    }

    /// The state that is stored under a word; `None` for a word of no state.
    #[must_use]
    pub fn stored(word: &str) -> Option<Self> {
        LINE_STATES.into_iter().find(|state| state.stored_word() == word)
    }
}

/// Writes the three tables as Markdown.
#[must_use]
pub fn render() -> String {
    let mut text = String::from(
        "| order | on entering, ask | again | patience | done | refused | cancel |\n|---|---|---|---|---|---|---|\n",
    );
    for state in ORDER_STATES {
        let Row { ask, again, patience, done, refused, cancel } = row(state);
        let word = |next: Option<OrderState>| next.map_or("–", OrderState::word);
        let cancel = if cancel { "yes" } else { "no" };
        let cells = [state.word(), ask, again, patience, word(done), word(refused), cancel];
        text.push_str(&format!("| {} |\n", cells.join(" | ")));
    }
    text.push_str("\n| line | may become |\n|---|---|\n");
    for from in LINE_STATES {
        let next: Vec<_> =
            LINE_STATES.into_iter().filter(|to| line_may(from, *to)).map(LineState::word).collect();
        text.push_str(&format!(
            "| {} | {} |\n",
            from.word(),
            if next.is_empty() { "–".into() } else { next.join(", ") }
        ));
    }
    text.push_str("\n| payment | may become |\n|---|---|\n");
    for from in PAYMENT_STATES {
        let next: Vec<_> = PAYMENT_STATES
            .into_iter()
            .filter(|to| payment_may(from, *to))
            .map(PaymentState::word)
            .collect();
        text.push_str(&format!(
            "| {} | {} |\n",
            from.word(),
            if next.is_empty() { "–".into() } else { next.join(", ") }
        ));
    }
    text
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_way_out_of_every_state_ends_and_never_comes_back() {
        fn walk(state: OrderState, seen: &mut BTreeSet<OrderState>) {
            assert!(seen.insert(state), "{state:?} comes back");
            assert!(seen.len() <= 8);
            for next in [row(state).done, row(state).refused].into_iter().flatten() {
                walk(next, &mut seen.clone());
            }
        }
        walk(OrderState::Placed, &mut BTreeSet::new());
    }

    #[test]
    fn a_voided_line_is_stored_under_the_word_that_earlier_versions_read() {
        assert_eq!(LineState::Voided.stored_word(), "withdrawn");
        for state in LINE_STATES {
            assert_eq!(LineState::stored(state.stored_word()), Some(state));
        }
    }

    #[test]
    fn only_finished_rejected_and_undone_are_ends() {
        let ends: Vec<_> = ORDER_STATES.into_iter().filter(|state| has_ended(*state)).collect();
        assert_eq!(ends, [OrderState::Finished, OrderState::Rejected, OrderState::Undone]);
    }

    #[test]
    fn every_word_names_its_state() {
        for state in ORDER_STATES {
            assert_eq!(OrderState::of(state.word()), Some(state));
        }
        for state in LINE_STATES {
            assert_eq!(LineState::of(state.word()), Some(state));
        }
        for state in PAYMENT_STATES {
            assert_eq!(PaymentState::of(state.word()), Some(state));
        }
    }

    #[test]
    fn money_and_tickets_only_move_forward() {
        for from in PAYMENT_STATES {
            assert!(!payment_may(from, PaymentState::Opened), "{from:?}");
        }
        for from in LINE_STATES {
            assert!(!line_may(from, LineState::Wanted), "{from:?}");
        }
    }
}
