//! What is bought while the process is killed: for every verb of an order a basket that reaches it,
//! and how it may end.

use serde_json::{Value, json};
use starjack::actors::order::rules::intent::Verb;

use super::customer::Customer;

/// Operators of the sample catalogue, one of each supplier of lift tickets.
pub(crate) const OPERATORS: [&str; 2] = ["solden", "obertauern"];

/// The state of an order that waits for staff.
pub(crate) const NEEDS_A_PERSON: &str = "stuck";

/// How a supplier ends the first question of one kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Outcome {
    Done,
    Refused,
    /// It acted; its answer is lost.
    UnknownDone,
    /// It did not act; there is no answer.
    UnknownNotDone,
}

pub(crate) const OUTCOMES: [Outcome; 4] =
    [Outcome::Done, Outcome::Refused, Outcome::UnknownDone, Outcome::UnknownNotDone];

impl Outcome {
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Refused => "refused",
            Self::UnknownDone => "unknown, done",
            Self::UnknownNotDone => "unknown, not done",
        }
    }

    const fn fault(self) -> Option<&'static str> {
        match self {
            Self::Done => None,
            Self::Refused => Some("business_error"),
            Self::UnknownDone => Some("reset_after"),
            Self::UnknownNotDone => Some("reset_before"),
        }
    }
}

/// One purchase.
#[derive(Clone, Debug)]
pub(crate) struct Story {
    pub(crate) name: String,
    pub(crate) operators: Vec<&'static str>,
    pub(crate) on_refusal: &'static str,
    pub(crate) customer: Customer,
    /// Met once each, in this order where one operation has several.
    pub(crate) faults: Vec<Value>,
    pub(crate) outcome: Outcome,
    /// The ends that keep the promise.
    pub(crate) ends: Vec<&'static str>,
}

fn once(supplier: &str, operation: &str, fault: &str) -> Value {
    json!({ "supplier": supplier, "operation": operation, "fault": fault, "times": 1 })
}

/// The supplier and its name for a lift verb at an operator.
fn lift(verb: Verb, operator: &str) -> (&'static str, &'static str) {
    let names = match verb {
        Verb::Check => ["CheckIdentification", "checkWTPNo"],
        Verb::Issue => ["CreateOrder", "issueTicket"],
        Verb::Find => ["GetOrdersByExternalId", "getTicketByExtOrder"],
        Verb::Cancel => ["CancelOrder", "cancelTicket"],
        Verb::Open
        | Verb::Capture
        | Verb::Reverse
        | Verb::Credit
        | Verb::History
        | Verb::Status
        | Verb::Latest => {
            unreachable!("{verb:?} is no lift verb")
        }
    };
    if operator == OPERATORS[0] { ("dta", names[0]) } else { ("axess", names[1]) }
}

/// The payment provider's name for a payment verb.
fn payment(verb: Verb) -> (&'static str, &'static str) {
    let name = match verb {
        Verb::Open => "SelectPayment",
        Verb::Capture => "ManualClear",
        Verb::Reverse => "ManualReverse",
        Verb::Credit => "ManualCredit",
        Verb::History => "TransactionHistory",
        Verb::Status | Verb::Latest => "TransactionStatus",
        Verb::Check | Verb::Issue | Verb::Find | Verb::Cancel => {
            unreachable!("{verb:?} is no payment verb")
        }
    };
    ("mpay24", name)
}

impl Story {
    /// A basket at `operators` that is reserved and sold.
    pub(crate) fn sold(name: &str, operators: &[&'static str]) -> Self {
        Self {
            name: name.to_owned(),
            operators: operators.to_vec(),
            on_refusal: "undo",
            customer: Customer::Reserves,
            faults: Vec::new(),
            outcome: Outcome::Done,
            ends: vec!["finished"],
        }
    }

    /// The purchase at an operator that asks `verb`, whose first question ends in `outcome`. A verb
    /// without one does not compile. A refusal that was cut off before it was saved is unknown, so
    /// the question is asked again and may succeed.
    pub(crate) fn of(verb: Verb, operator: &'static str, outcome: Outcome) -> Self {
        let issue = lift(Verb::Issue, operator);
        let capture = payment(Verb::Capture);
        let base = Self { outcome, ..Self::sold(verb.word(), &[operator]) };
        let refusable = |end: &'static str| match outcome {
            Outcome::Refused => vec![end, "finished"],
            Outcome::Done | Outcome::UnknownDone | Outcome::UnknownNotDone => vec!["finished"],
        };
        let undone = |base: Self, (supplier, operation): (&str, &str)| Self {
            faults: vec![once(supplier, operation, "business_error")],
            ends: vec!["undone", "finished"],
            ..base
        };
        let (story, tested) = match verb {
            Verb::Check => (Self { ends: refusable("rejected"), ..base }, lift(verb, operator)),
            Verb::Issue => (Self { ends: refusable("undone"), ..base }, issue),
            Verb::Find => {
                let faults = vec![once(issue.0, issue.1, "reset_after")];
                (Self { faults, ..base }, lift(verb, operator))
            }
            Verb::Cancel => (undone(base, capture), lift(verb, operator)),
            Verb::Open => (Self { ends: refusable("rejected"), ..base }, payment(verb)),
            Verb::Capture => (Self { ends: refusable("undone"), ..base }, payment(verb)),
            Verb::Reverse => (undone(base, issue), payment(verb)),
            Verb::Credit | Verb::History => {
                (Self { customer: Customer::Bills, ..undone(base, issue) }, payment(verb))
            }
            // three calls a transaction, ever: where a fault and a crash cost two, the last word is
            // the books', which know no currency, so the money goes back
            Verb::Status => {
                (Self { customer: Customer::Bills, ends: spent(outcome), ..base }, payment(verb))
            }
            Verb::Latest => {
                let faults = vec![json!({ "supplier": "mpay24", "fault": "drop", "times": 1 })];
                (
                    Self { customer: Customer::Bills, faults, ends: spent(outcome), ..base },
                    payment(verb),
                )
            }
        };
        story.at(tested, outcome)
    }

    /// A part of what was taken goes back: the price of a ticket that was refused. Where nobody
    /// knows whether the provider was asked and its books show nothing, staff decides, because a
    /// part may be paid back twice.
    pub(crate) fn part_goes_back() -> Self {
        let refused = once("axess", lift(Verb::Issue, OPERATORS[1]).1, "business_error");
        Self {
            on_refusal: "keep",
            customer: Customer::Bills,
            faults: vec![refused],
            ends: vec!["finished", NEEDS_A_PERSON],
            ..Self::sold("a part goes back", &OPERATORS)
        }
    }

    /// The same, where the first question of this operation ends in `outcome`.
    pub(crate) fn at(mut self, (supplier, operation): (&str, &str), outcome: Outcome) -> Self {
        if let Some(fault) = outcome.fault() {
            let mut fault = once(supplier, operation, fault);
            // a post that refuses for good makes a dead job for staff; this is its way to say
            // "later"
            if supplier == "mailgun" && outcome == Outcome::Refused {
                fault["value"] = 429.into();
            }
            self.faults.push(fault);
        }
        self.outcome = outcome;
        self
    }

    /// Whether it waits for the end of a payment page.
    pub(crate) fn is_short(&self) -> bool {
        self.customer.needs_page_end()
    }
}

fn spent(outcome: Outcome) -> Vec<&'static str> {
    match outcome {
        Outcome::Done => vec!["finished"],
        Outcome::Refused | Outcome::UnknownDone | Outcome::UnknownNotDone => {
            vec!["finished", "rejected"]
        }
    }
}

/// Purchases that reach what no verb's own does.
pub(crate) fn others() -> Vec<Story> {
    let [dta, axess] = OPERATORS;
    let refused = |name: &str, on_refusal| Story {
        on_refusal,
        faults: vec![once("axess", lift(Verb::Issue, axess).1, "business_error")],
        ends: vec!["undone", "finished"],
        ..Story::sold(name, &OPERATORS)
    };
    let by = |name: &str, customer, ends: &[&'static str]| Story {
        customer,
        ends: ends.to_vec(),
        ..Story::sold(name, &[dta])
    };
    vec![
        Story::sold("bought at both", &OPERATORS),
        refused("one of two refused, undo", "undo"),
        refused("one of two refused, keep", "keep"),
        Story::part_goes_back(),
        by("cancelled", Customer::Cancels, &["rejected"]),
        by("cancelled, then paid", Customer::CancelsThenPays, &["rejected"]),
        by("declined, then paid", Customer::DeclinedThenReserves, &["finished"]),
        by("declined, then left", Customer::DeclinedThenLeaves, &["rejected"]),
        by("left", Customer::Leaves, &["rejected"]),
        by("suspended, then billed", Customer::SuspendedThenBilled, &["finished"]),
        by("suspended, then refused", Customer::SuspendedThenFails, &["rejected"]),
        by("charged back", Customer::ChargesBack, &["finished"]),
        by("returned", Customer::Returns, &["finished"]),
    ]
}

/// What is called outside beside an order's own verbs, with the story that meets its outcome.
pub(crate) fn calls_beside(outcome: Outcome) -> Vec<(&'static str, Story)> {
    let of = |name: &str, at| Story::sold(name, &[OPERATORS[0]]).at(at, outcome);
    vec![
        ("list", of("list", ("mpay24", "ListNotCleared"))),
        ("send", of("send", ("mailgun", "messages"))),
    ]
}
