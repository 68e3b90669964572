//! The SOAP operations: asks the book, writes the answers.

use chrono::{DateTime, Utc};

use super::book::Book;
use super::codes::{
    ACCESS_DENIED, Code, INVALID_PRICE, MPAYTID_NOT_ENTERED, NOT_FOUND, SIZE_NOT_CORRECT, number,
};
use super::history::{State, Transaction};
use super::mdxi;
use crate::clock::stamp;
use crate::xml::{Element, leaf, node};

/// Source: docs.mpay24.com, payment notification: "only up to three times per transaction".
const STATUS_CALLS: u32 = 3;
const LIST_SIZE: u32 = 10;
const LIST_SIZE_MAX: u32 = 500;

/// An answer's members after `status` and `returnCode`, and the transactions whose change is to be
/// called back.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    pub(crate) code: Option<Code>,
    pub(crate) members: String,
    pub(crate) changed: Vec<u64>,
}

impl Outcome {
    fn done(members: String) -> Self {
        Self { members, ..Self::default() }
    }

    fn refused(code: Code, members: String) -> Self {
        Self { code: Some(code), members, changed: Vec::new() }
    }
}

/// `errNo` and `errText`, where the operation has them.
fn error(code: Code, says: &str) -> String {
    number(code.0).map(|number| leaf("errNo", number)).unwrap_or_default() + &leaf("errText", says)
}

pub(crate) fn select_payment(
    book: &mut Book,
    call: &Element,
    base: &str,
    now: DateTime<Utc>,
) -> Outcome {
    let basket = match mdxi::read(call.text_of("mdxi")) {
        Ok(basket) => basket,
        Err((code, says)) => return Outcome::refused(code, error(code, &says)),
    };
    match book.open(basket, now) {
        Some(page) => Outcome::done(leaf("location", format!("{base}{}{page}", super::page::PATH))),
        None => {
            Outcome::refused(INVALID_PRICE, error(INVALID_PRICE, "the simulator's book is full"))
        }
    }
}

/// The `transaction` of an answer; an unknown one is `FAILED` with an empty tid, as mPAY24's own
/// test shows it.
pub(crate) fn transaction(mpay_tid: u64, found: Option<&Transaction>) -> String {
    let (status, state_id, tid) = found.map_or(("FAILED", None, ""), |found| {
        (found.state.t_status(), found.history.last().map(|step| step.id), found.tid.as_str())
    });
    let state_id = state_id.map(|id| leaf("stateID", id)).unwrap_or_default();
    node(
        "transaction",
        &(leaf("mpayTID", mpay_tid) + &leaf("tStatus", status) + &state_id + &leaf("tid", tid)),
    )
}

/// Does `act` on one transaction and answers its state afterwards.
fn act(
    book: &mut Book,
    mpay_tid: u64,
    act: impl FnOnce(&mut Transaction) -> Result<(), Code>,
) -> Outcome {
    let done = book.transactions.get_mut(&mpay_tid).ok_or(NOT_FOUND).and_then(act);
    let members = transaction(mpay_tid, book.transactions.get(&mpay_tid));
    match done {
        Ok(()) => Outcome { code: None, members, changed: vec![mpay_tid] },
        Err(code) => Outcome::refused(code, members),
    }
}

fn value<T: std::str::FromStr>(element: &Element, name: &str) -> Option<T> {
    element.get(name).and_then(|text| text.parse().ok())
}

pub(crate) fn mpay_tid(element: &Element) -> u64 {
    value(element, "mpayTID").unwrap_or_default()
}

/// Captures each detail by itself: some can fail while others are done.
pub(crate) fn manual_clear(book: &mut Book, call: &Element, now: DateTime<Utc>) -> Outcome {
    let mut whole = Outcome::default();
    for detail in call.all("clearingDetails") {
        let part = act(book, mpay_tid(detail), |found| found.capture(value(detail, "amount"), now));
        whole.code = whole.code.or(part.code);
        whole.members += &part.members;
        whole.changed.extend(part.changed);
    }
    whole
}

pub(crate) fn manual_reverse(book: &mut Book, call: &Element, now: DateTime<Utc>) -> Outcome {
    act(book, mpay_tid(call), |found| found.reverse(now))
}

pub(crate) fn manual_credit(book: &mut Book, call: &Element, now: DateTime<Utc>) -> Outcome {
    act(book, mpay_tid(call), |found| {
        found.credit(value(call, "stateID"), value(call, "amount"), now)
    })
}

pub(crate) fn transaction_history(book: &Book, call: &Element) -> Outcome {
    let Some(found) = book.transactions.get(&mpay_tid(call)) else {
        return Outcome::refused(NOT_FOUND, String::new());
    };
    let entries = found.history.iter().map(|step| {
        let parent = step.parent.map(|parent| leaf("parentStateID", parent)).unwrap_or_default();
        let error = step
            .error
            .map(|(number, says)| leaf("errNo", number) + &leaf("errText", says))
            .unwrap_or_default();
        let inner = leaf("stateID", step.id)
            + &parent
            + &leaf("txState", step.state.name())
            + &leaf("amount", step.cents)
            + &leaf("timeStamp", stamp(step.at))
            + &leaf("approvalCode", "-test-")
            + &error
            + &leaf("profileStatus", "IGNORED");
        node("historyEntry", &inner)
    });
    Outcome::done(entries.collect())
}

/// Reserved transactions, with `listInProgress` also suspended ones, newest first unless asked
/// otherwise.
pub(crate) fn list_not_cleared(book: &Book, call: &Element) -> Outcome {
    let size = value(call, "size").unwrap_or(LIST_SIZE);
    if size > LIST_SIZE_MAX {
        return Outcome::refused(SIZE_NOT_CORRECT, leaf("all", 0));
    }
    let in_progress = matches!(call.text_of("listInProgress"), "true" | "1");
    let listed = |found: &&Transaction| {
        found.state == State::Reserved || (in_progress && found.state == State::Suspended)
    };
    let mut all: Vec<&Transaction> = book.transactions.values().filter(listed).collect();
    match call.get("sortField") {
        Some("TID") => all.sort_by(|one, other| one.tid.cmp(&other.tid)),
        Some("CURRENCY") => all.sort_by(|one, other| one.currency.cmp(&other.currency)),
        Some(_) | None => {}
    }
    if call.get("sortType") != Some("ASC") {
        all.reverse();
    }
    let begin: u32 = value(call, "begin").unwrap_or_default();
    let block = all.iter().skip(begin as usize).take(size as usize);
    let details: String = block.map(|found| details(found)).collect();
    Outcome::done(details + &leaf("all", all.len()))
}

fn details(found: &Transaction) -> String {
    let state_id = found.history.last().map(|step| leaf("stateID", step.id)).unwrap_or_default();
    let inner = leaf("mpayTID", found.mpay_tid)
        + &leaf("tStatus", found.state.t_status())
        + &state_id
        + &leaf("tid", &found.tid)
        + &leaf("orderDescription", "")
        + &leaf("pType", &found.p_type)
        + &leaf("brand", &found.brand)
        + &leaf("amount", found.cents)
        + &leaf("currency", &found.currency)
        + &leaf("bifStatus", "");
    node("transactionDetails", &inner)
}

/// Counts the call; the fourth for one transaction is denied.
pub(crate) fn transaction_status(
    book: &mut Book,
    call: &Element,
    parameters: impl FnOnce(&Book, &Transaction) -> Vec<(&'static str, String)>,
) -> Outcome {
    let by_tid = call.get("tid").filter(|tid| !tid.is_empty());
    let mpay_tid = value(call, "mpayTID").or_else(|| by_tid.and_then(|tid| book.latest(tid)));
    if call.get("mpayTID").is_none() && by_tid.is_none() {
        return Outcome::refused(MPAYTID_NOT_ENTERED, String::new());
    }
    let Some(found) = mpay_tid.and_then(|mpay_tid| book.transactions.get_mut(&mpay_tid)) else {
        return Outcome::refused(NOT_FOUND, String::new());
    };
    found.status_calls += 1;
    if found.status_calls > STATUS_CALLS {
        return Outcome::refused(ACCESS_DENIED, String::new());
    }
    let found = found.clone();
    let pair = |(name, value): (&str, String)| {
        node("parameter", &(leaf("name", name) + &leaf("value", value)))
    };
    Outcome::done(parameters(book, &found).into_iter().map(pair).collect())
}
