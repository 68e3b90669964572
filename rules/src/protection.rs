//! What protects an order, rule by rule. All of it is always in force; a mutant of the tests
//! switches one off to prove that the model, the simulated lives or the crash matrix notice.

/// One rule of an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Protection {
    /// A ticket in doubt is looked for before it is booked again.
    FindFirst,
    /// "There is none" counts only once no request can be under way any more.
    InFlightLimit,
    /// In an undo, a supplier that deduplicates is asked again, so that no late copy can book.
    BurnReference,
    /// An order accepts one payment; any other money goes back.
    OnePayment,
    /// What is captured is what was issued.
    CaptureIssuedOnly,
    /// The transaction history is read before money is credited.
    HistoryFirst,
    /// What is asked is committed first.
    IntentFirst,
    /// In an undo, tickets are void before money goes back.
    TicketsFirst,
    /// What may be under way is counted by a clock that makes no steps.
    SteadyClock,
    /// Whoever lost an order to another driver does not write it.
    VersionCheck,
    /// A page is looked for again after its end: a payer may pay at the last moment by another
    /// clock.
    LookAgainAtPages,
    /// A status call that was denied counts.
    CountDeniedCalls,
    /// A status call by a page's reference counts for every transaction of the page.
    CountForThePage,
    /// What the provider reported is asked about until its history says yes or no.
    KeepClaims,
    /// A payment that is shown as credited is looked up in the history before any amount is
    /// believed.
    CreditedIsLookedUp,
    /// An order of which no money is due ends, whatever became of its reservation.
    NothingDueIsFinal,
    /// A ticket that was issued and is not paid any more is a case.
    UnpaidIsACase,
    /// A part of which nobody knows whether it was credited is refunded by hand.
    PartsByHand,
    /// What was refused twice is refunded by hand and asked no more.
    RefusedByHand,
    /// Pauses grow.
    GrowingPauses,
    /// Staff can end the undo of a ticket that cannot be voided.
    UsedTicketsEnd,
    /// What is credited at the provider's portal is due by hand no more.
    PortalCreditsCount,
    /// The case of a manual refund is told from an earlier one by all that ever went back.
    KeyedCases,
    /// A card's day belongs to the order that was paid first.
    OneOrderADay,
    /// An order decides before it asks.
    DecideFirst,
    /// An intent that somebody else wrote is settled before anything else happens to its line.
    SettleEveryIntent,
    /// An order has a bounded number of payment pages, lost ones too.
    BoundedPages,
    /// On staff's word a reservation whose release is refused is asked for no more.
    RefusedReleaseEnds,
    /// After a restore no money moves before tickets were looked for.
    RestoredTicketsFirst,
    /// After a restore no ticket is booked before its money was looked at.
    RestoredMoneyFirst,
}
