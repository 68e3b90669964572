//! Ours from theirs: pure, total, every return code in one place.
//!
//! Sources: docs.mpay24.com/docs/return-codes-and-error-messages (codes; the list "can be extended
//! at any time"), docs.mpay24.com/docs/transaction-states (states). What is not listed here is
//! `Unknown`.

use tracing::error;

use super::wire::{Answer, HistoryEntry, Operation, Parameter, TransactionDetails};
use crate::integrations::payment::{
    History, Observed, ObservedState, OpenPayments, OpenedPage, StatusKey,
};
use crate::integrations::{Outcome, Refusal, RefusalKind};
use crate::money::Cents;

/// Reads the answer to a page order: `OK` with an address to send the payer to.
pub(super) fn opened(answer: Answer) -> Outcome<OpenedPage> {
    let operation = Operation::SelectPayment;
    if !answer.is_ok() {
        return no(operation, &answer.return_code);
    }
    match answer.location {
        Some(url) if is_address(&url) => Outcome::Done(OpenedPage { url }),
        Some(_) | None => {
            contradiction(operation, "the page was opened but its address is missing")
        }
    }
}

/// Reads the answer to a capture, reversal or credit of transaction `tid`. The operation's own
/// status does not say whether money moved: the transaction's state must be the one we wanted.
pub(super) fn moved(operation: Operation, tid: &str, answer: &Answer) -> Outcome<()> {
    let state = answer
        .transactions
        .iter()
        .find(|entry| entry.mpay_tid == tid)
        .map(|entry| entry.t_status.as_str());
    let wanted = operation.wanted_state();
    let arrived = wanted.is_some() && state == wanted;
    match (answer.is_ok(), arrived) {
        (true, true) => Outcome::Done(()),
        (true, false) => contradiction(
            operation,
            "the answer is OK but the transaction is not in the wanted state",
        ),
        // an over-limit credit leaves the state where earlier credits put it
        (false, true) if operation != Operation::ManualCredit => Outcome::Unknown(format!(
            "{} says {} and yet shows the wanted state",
            operation.name(),
            answer.return_code
        )),
        (false, _) => no(operation, &answer.return_code),
    }
}

/// Reads one page of open payments; an entry that cannot be read is named beside the others, so
/// that it does not hide them.
pub(super) fn listed(answer: &Answer) -> Outcome<OpenPayments> {
    if answer.is_ok() || answer.return_code == "NOT_FOUND" {
        let mut page = OpenPayments::default();
        for entry in &answer.details {
            match listed_entry(entry) {
                Some(observed) => page.payments.push(observed),
                None => page.unreadable.push(
                    Some(&entry.mpay_tid).filter(|tid| is_tid(tid)).cloned().unwrap_or_default(),
                ),
            }
        }
        return Outcome::Done(page);
    }
    no(Operation::ListNotCleared, &answer.return_code)
}

/// Reads the state of the payment that `key` asked for; `NOT_FOUND` is an answer, not a failure.
pub(super) fn status(key: &StatusKey, answer: &Answer) -> Outcome<Option<Observed>> {
    let operation = Operation::TransactionStatus;
    if answer.return_code == "NOT_FOUND" {
        return Outcome::Done(None);
    }
    if !answer.is_ok() {
        return no(operation, &answer.return_code);
    }
    let Some(observed) = status_entry(&answer.parameters) else {
        return contradiction(operation, "a parameter that decides is missing");
    };
    let asked = match key {
        StatusKey::Tid(tid) => *tid == observed.tid,
        StatusKey::Page(reference) => reference.as_str() == observed.reference,
    };
    if asked {
        Outcome::Done(Some(observed))
    } else {
        contradiction(operation, "another payment is answered")
    }
}

/// Sums up what the provider's books say of one transaction.
///
/// `BILLED` adds to what was taken, `BILLED_REVERSAL` to what the payer's bank took back;
/// `CREDITED` adds to what was paid back and `CREDITED_REVERSAL` takes away. Working states
/// (`EXECUTE`, `AUTHORIZE`, …) and entries with an error number move nothing. Unproven: the
/// vocabulary has no `REVERSED`; that a released reservation is written as `REVOKE` or
/// `RESERVED_REVERSAL` is inferred from the names (`EXECUTE` precedes `BILLED` as `REVOKE` would
/// precede `REVERSED`), and `REVERSED` is accepted as well. Unproven: that a partial capture and
/// each partial credit is an entry of its own with its own amount.
pub(super) fn history(answer: &Answer) -> Outcome<History> {
    let operation = Operation::TransactionHistory;
    if !answer.is_ok() {
        return no(operation, &answer.return_code);
    }
    let mut sums = History::default();
    for entry in answer.history.iter().filter(|entry| !entry.failed()) {
        let Some(amount) = cents(&entry.amount) else {
            return contradiction(operation, "an amount is not a number of cents");
        };
        if !book(&mut sums, entry, amount) {
            return contradiction(operation, "an entry's state is not in the document");
        }
    }
    if sums.credited < 0 || sums.charged_back > sums.captured {
        return contradiction(operation, "more was taken back than was booked");
    }
    Outcome::Done(sums)
}

/// Books one entry; `false` when its state is not in the document.
fn book(sums: &mut History, entry: &HistoryEntry, amount: Cents) -> bool {
    match entry.tx_state.as_str() {
        "BILLED" => sums.captured += amount,
        "BILLED_REVERSAL" => sums.charged_back += amount,
        "CREDITED" => sums.credited += amount,
        "CREDITED_REVERSAL" => sums.credited -= amount,
        "REVOKE" | "REVERSED" | "RESERVED_REVERSAL" => sums.reversed = true,
        "INIT" | "CREATED" | "AUTHORIZE" | "SUSPENDED" | "REDIRECTED" | "CALLBACK" | "RESERVED"
        | "EXECUTE" | "REJECT" | "ARCHIVED" | "WITHDRAW" | "WITHDRAWN" | "ERROR" => {}
        _ => return false,
    }
    true
}

/// The provider's words for a payment's state, from all of its vocabularies (transaction,
/// callback).
///
/// The other `_REVERSAL` states, `VALIDATED`, `WITHDRAWN` and whatever comes in future are `Other`:
/// an alarm and no change.
pub(super) fn observed_state(word: &str) -> ObservedState {
    match word {
        "ERROR" | "FAILED" => ObservedState::Failed,
        "SUSPENDED" => ObservedState::Suspended,
        "RESERVED" => ObservedState::Reserved,
        "BILLED" => ObservedState::Billed,
        "REVERSED" => ObservedState::Reversed,
        "CREDITED" => ObservedState::Credited,
        "BILLED_REVERSAL" => ObservedState::ChargedBack,
        _ => ObservedState::Other,
    }
}

/// A credit answered so never comes about: the payment's method has none (EPS and its like), so a
/// bank transfer is owed.
const NOT_CREDITABLE: [&str; 2] = ["OPERATION_NOT_SUPPORTED", "PTYPE_MISMATCH"];

/// What `status = ERROR` with this return code means for this operation.
fn no<T>(operation: Operation, code: &str) -> Outcome<T> {
    match meaning(operation, code) {
        Meaning::Refused
            if operation == Operation::ManualCredit && NOT_CREDITABLE.contains(&code) =>
        {
            Outcome::Refused(Refusal { kind: RefusalKind::NotCreditable, ..refusal(code) })
        }
        Meaning::Refused => Outcome::Refused(refusal(code)),
        Meaning::OurMistake => {
            error!(
                supplier = "mpay24",
                operation = operation.name(),
                code,
                "the payment provider finds a mistake in our request"
            );
            match operation {
                // no page, no money: the order may end
                Operation::SelectPayment => Outcome::Refused(refusal(code)),
                // a person repairs us; tickets are not undone for our own mistake
                Operation::ManualClear | Operation::ManualReverse | Operation::ManualCredit => {
                    Outcome::NotSent(code.to_owned())
                }
                Operation::TransactionHistory
                | Operation::ListNotCleared
                | Operation::TransactionStatus => Outcome::Unknown(code.to_owned()),
            }
        }
        Meaning::ShutOut => {
            error!(
                supplier = "mpay24",
                operation = operation.name(),
                code,
                "the payment provider shuts us out"
            );
            match operation {
                // one transaction has had its three calls: this one was counted as well, and
                // another is denied too
                Operation::TransactionStatus => Outcome::Refused(refusal(code)),
                Operation::SelectPayment
                | Operation::ManualClear
                | Operation::ManualReverse
                | Operation::ManualCredit
                | Operation::TransactionHistory
                | Operation::ListNotCleared => Outcome::NotSent(code.to_owned()),
            }
        }
        Meaning::Undecided => Outcome::Unknown(code.to_owned()),
    }
}

/// What a return code tells us to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    /// A clear no.
    Refused,
    /// A clear no to a request that we wrote wrongly.
    OurMistake,
    /// A clear no to us as a merchant; alarms, and is asked again later. Of a status call it may be
    /// about its transaction alone, which has been asked about too often: `Unproven:` that a denied
    /// call is counted and answered so.
    ShutOut,
    /// The history or the status decides.
    Undecided,
}

/// All return codes that we understand. `INTERNAL_ERROR` is undecided by its own description
/// (communication error or an unknown code of the acquirer); "already" codes are undecided because
/// the history says how much was done. Unproven: that a repeated capture is never answered with one
/// of the refusals below; hence `CLEARING_LIMIT_EXCEEDED` and, for methods that are billed without
/// a reservation, `OPERATION_NOT_SUPPORTED` and `PTYPE_MISMATCH` are undecided for a capture.
pub(super) fn meaning(operation: Operation, code: &str) -> Meaning {
    let ours = ["INVALID_MDXI", "INVALID_PRICE", "INVALID_AMOUNT"].contains(&code)
        || code.ends_with("_NOT_ENTERED")
        || code.ends_with("_NOT_CORRECT");
    if ["ACCESS_DENIED", "MERCHANT_LOCKED"].contains(&code) {
        return Meaning::ShutOut;
    }
    if ours {
        return Meaning::OurMistake;
    }
    let refusals: &[&str] = match operation {
        Operation::SelectPayment => &[
            "DECLINED",
            "BLOCKED",
            "EXTERNAL_ERROR",
            "PAYMENT_METHOD_NOT_ACTIVE",
            "OPERATION_NOT_SUPPORTED",
        ],
        Operation::ManualClear => {
            &["DECLINED", "BLOCKED", "EXTERNAL_ERROR", "NOT_FOUND", "CACHE_DATA_EXPIRED"]
        }
        Operation::ManualReverse => &[
            "DECLINED",
            "BLOCKED",
            "EXTERNAL_ERROR",
            "NOT_FOUND",
            "CACHE_DATA_EXPIRED",
            "OPERATION_NOT_SUPPORTED",
            "PTYPE_MISMATCH",
        ],
        Operation::ManualCredit => &[
            "DECLINED",
            "BLOCKED",
            "EXTERNAL_ERROR",
            "NOT_FOUND",
            "CACHE_DATA_EXPIRED",
            "OPERATION_NOT_SUPPORTED",
            "PTYPE_MISMATCH",
            "CREDIT_LIMIT_EXCEEDED",
        ],
        Operation::TransactionHistory
        | Operation::ListNotCleared
        | Operation::TransactionStatus => &[],
    };
    if refusals.contains(&code) { Meaning::Refused } else { Meaning::Undecided }
}

fn refusal(code: &str) -> Refusal {
    Refusal { kind: RefusalKind::PaymentDeclined, code: code.chars().take(64).collect() }
}

/// The answer breaks the provider's own document.
fn contradiction<T>(operation: Operation, why: &'static str) -> Outcome<T> {
    error!(
        supplier = "mpay24",
        operation = operation.name(),
        why,
        "the payment provider's answer contradicts its document"
    );
    Outcome::Unknown(format!("{}: {why}", operation.name()))
}

fn listed_entry(entry: &TransactionDetails) -> Option<Observed> {
    cents(&entry.amount).filter(|_| is_tid(&entry.mpay_tid) && !entry.currency.is_empty()).map(
        |amount| Observed {
            tid: entry.mpay_tid.clone(),
            reference: entry.tid.clone(),
            state: observed_state(&entry.t_status),
            amount,
            currency: entry.currency.clone(),
        },
    )
}

fn status_entry(parameters: &[Parameter]) -> Option<Observed> {
    let value = |name: &str| {
        parameters
            .iter()
            .find(|entry| entry.name == name)
            .map(|entry| entry.value.clone())
            .filter(|value| !value.is_empty())
    };
    Some(Observed {
        tid: value("MPAYTID").filter(|tid| is_tid(tid))?,
        reference: value("TID").unwrap_or_default(),
        state: observed_state(&value("STATUS")?),
        amount: cents(&value("PRICE")?)?,
        currency: value("CURRENCY")?,
    })
}

/// An `unsignedInt` of cents.
fn cents(text: &str) -> Option<Cents> {
    text.parse::<u32>().ok().map(Cents::from)
}

/// An `unsignedLong`, as the provider writes its transaction ids.
pub(super) fn is_tid(text: &str) -> bool {
    text.parse::<u64>().is_ok() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Whether a browser can be sent there.
fn is_address(url: &str) -> bool {
    reqwest::Url::parse(url)
        .is_ok_and(|url| matches!(url.scheme(), "https" | "http") && url.has_host())
}
