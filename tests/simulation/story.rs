//! How an order comes to ask what: what the payer and the customer do, and what went wrong before.

use std::time::Duration;

use starjack::actors::order::rules::intent::Verb;
use starjack::actors::order::rules::lifecycle::OrderState;
use starjack::actors::order::rules::record::OnRefusal;
use starjack::money::Cents;

use super::faults::{Fault, Strike};

/// An order's life as its people live it.
#[derive(Clone, Debug)]
pub(crate) struct Story {
    pub(crate) on_refusal: OnRefusal,
    pub(crate) prices: Vec<Cents>,
    /// One after the other.
    pub(crate) deeds: Vec<Deed>,
    pub(crate) strikes: Vec<Strike>,
    /// How long a line is asked for in all, where it is short.
    pub(crate) patience: Option<Duration>,
    /// It ends with a mark that only a person can take off.
    pub(crate) for_a_person: bool,
}

/// What somebody does, once the order is there and what was done before has come to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Deed {
    /// The payer pays the page: so many cents more than the total, only reserved or billed at once.
    Pay { row: OrderState, more: Cents, reserved: bool },
    /// The customer cancels once the page is open.
    Cancel,
    /// Everybody waits until the provider holds nothing.
    AllBack,
}

/// How long the supplier keeps an asker waiting who then learns nothing, and a patience that this
/// exceeds.
const SILENCE: Duration = Duration::from_millis(150);
const SHORT_PATIENCE: Duration = Duration::from_millis(100);

impl Story {
    /// Two lines, paid at once.
    pub(crate) fn new(on_refusal: OnRefusal) -> Self {
        let deeds = vec![Deed::reserved(OrderState::Paying)];
        Self {
            on_refusal,
            prices: vec![5000, 3000],
            deeds,
            strikes: Vec::new(),
            patience: None,
            for_a_person: false,
        }
    }

    pub(crate) fn with(mut self, strike: Strike) -> Self {
        self.strikes.push(strike);
        self
    }

    pub(crate) fn doing(self, deeds: impl Into<Vec<Deed>>) -> Self {
        Self { deeds: deeds.into(), ..self }
    }

    pub(crate) fn then(mut self, deed: Deed) -> Self {
        self.deeds.push(deed);
        self
    }

    /// Billed at once instead of reserved.
    pub(crate) fn billed(self) -> Self {
        self.doing([Deed::billed(OrderState::Paying)])
    }

    /// Line `no` is refused.
    pub(crate) fn refusing(self, no: i32) -> Self {
        self.with(Strike::new(OrderState::Authorised, Verb::Issue, Fault::Refused).of_line(no))
    }

    /// Nothing is known of the first line when patience is over.
    pub(crate) fn tired(self, fault: Fault) -> Self {
        let issue =
            Strike::new(OrderState::Authorised, Verb::Issue, fault).of_line(1).after(SILENCE);
        Self { patience: Some(SHORT_PATIENCE), ..self }.with(issue)
    }
}

impl Deed {
    pub(crate) fn reserved(row: OrderState) -> Self {
        Self::Pay { row, more: 0, reserved: true }
    }

    pub(crate) fn billed(row: OrderState) -> Self {
        Self::Pay { row, more: 0, reserved: false }
    }
}

/// The story in which an order asks `verb` in `row`, and that this question suffers `fault`;
/// nothing where it cannot come to that.
pub(crate) fn story(
    (row, verb): (OrderState, Verb),
    fault: Fault,
    (dedups, on_refusal): (bool, OnRefusal),
) -> Option<Story> {
    let plain = Story::new(on_refusal);
    let keeps = on_refusal == OnRefusal::Keep;
    let story = match row {
        OrderState::Placed => Some(plain),
        OrderState::Paying => Some(paying(plain, verb)),
        OrderState::Authorised => authorised(plain, verb, dedups),
        OrderState::Issued => issued(plain, verb, keeps),
        OrderState::Undoing => undoing(plain, (verb, fault), (dedups, keeps)),
        OrderState::Captured => None,
        OrderState::Finished => Some(late_money(plain, verb, row)),
        OrderState::Rejected => Some(late_money(plain.doing([Deed::Cancel]), verb, row)),
        OrderState::Undone => Some(late_money(plain.refusing(1).refusing(2), verb, row)),
    };
    // a part of the money whose asker died before the provider's books show it goes back once, or
    // by a person
    let for_a_person =
        (row, verb, fault) == (OrderState::Issued, Verb::Credit, Fault::CrashBeforeAsking);
    story.map(|story| Story { for_a_person, ..story }.with(Strike::new(row, verb, fault)))
}

/// Somebody pays a wrong sum before the right one.
fn paying(plain: Story, verb: Verb) -> Story {
    let wrong = |reserved| {
        let wrong = Deed::Pay { row: OrderState::Paying, more: 1, reserved };
        [wrong, Deed::AllBack, Deed::reserved(OrderState::Paying)]
    };
    match verb {
        Verb::Status => plain.billed(),
        Verb::Reverse => plain.doing(wrong(true)),
        Verb::History => plain.doing(wrong(true)).with(Strike::new(
            OrderState::Paying,
            Verb::Reverse,
            Fault::NotDone,
        )),
        Verb::Credit => plain.doing(wrong(false)),
        // nobody pays until the page's life is over
        Verb::Latest => plain.doing([]),
        Verb::Check | Verb::Issue | Verb::Find | Verb::Cancel | Verb::Open | Verb::Capture => plain,
    }
}

fn authorised(plain: Story, verb: Verb, dedups: bool) -> Option<Story> {
    let issue = |fault| Strike::new(OrderState::Authorised, Verb::Issue, fault).of_line(1);
    match verb {
        Verb::Issue => Some(plain),
        Verb::Find if !dedups => Some(plain.with(issue(Fault::DoneUnanswered))),
        Verb::Cancel if !dedups => Some(plain.with(issue(Fault::Twice))),
        Verb::Check
        | Verb::Find
        | Verb::Cancel
        | Verb::Open
        | Verb::Capture
        | Verb::Reverse
        | Verb::Credit
        | Verb::History
        | Verb::Status
        | Verb::Latest => None,
    }
}

fn issued(plain: Story, verb: Verb, keeps: bool) -> Option<Story> {
    match verb {
        Verb::Capture => Some(plain),
        Verb::History => {
            Some(plain.with(Strike::new(OrderState::Issued, Verb::Capture, Fault::NotDone)))
        }
        Verb::Credit if keeps => Some(plain.billed().refusing(2)),
        // only the free child's line is issued
        Verb::Reverse if keeps => Some(Story { prices: vec![5000, 0], ..plain }.refusing(1)),
        Verb::Check
        | Verb::Issue
        | Verb::Find
        | Verb::Cancel
        | Verb::Open
        | Verb::Reverse
        | Verb::Credit
        | Verb::Status
        | Verb::Latest => None,
    }
}

fn undoing(
    plain: Story,
    (verb, fault): (Verb, Fault),
    (dedups, keeps): (bool, bool),
) -> Option<Story> {
    let declined = Strike::new(OrderState::Issued, Verb::Capture, Fault::Refused);
    // a supplier that dedups refuses no reference that it knows
    let first = if fault == Fault::Refused { Fault::NotDone } else { Fault::DoneUnanswered };
    match verb {
        Verb::Issue if dedups && !keeps => Some(plain.tired(first)),
        Verb::Find if !dedups && !keeps => Some(plain.tired(Fault::DoneUnanswered)),
        Verb::Cancel | Verb::Reverse => Some(plain.with(declined)),
        Verb::History => Some(plain.with(declined).with(Strike::new(
            OrderState::Undoing,
            Verb::Reverse,
            Fault::NotDone,
        ))),
        Verb::Credit => Some(plain.billed().refusing(1).refusing(2)),
        Verb::Check
        | Verb::Issue
        | Verb::Find
        | Verb::Open
        | Verb::Capture
        | Verb::Status
        | Verb::Latest => None,
    }
}

/// Money that comes in a second tab, or after the end.
fn late_money(story: Story, verb: Verb, row: OrderState) -> Story {
    match verb {
        Verb::Status | Verb::Credit => story.then(Deed::billed(row)),
        Verb::History => {
            story.then(Deed::reserved(row)).with(Strike::new(row, Verb::Reverse, Fault::NotDone))
        }
        Verb::Check
        | Verb::Issue
        | Verb::Find
        | Verb::Cancel
        | Verb::Open
        | Verb::Capture
        | Verb::Reverse
        | Verb::Latest => story.then(Deed::reserved(row)),
    }
}
