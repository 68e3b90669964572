//! Every fault at every operation of every supplier, one at a time.
//!
//! Promised for all of them: the order ends, no end is `stuck` once the fault is gone, at most one
//! booking of a line lives and exactly where the line is issued in a finished order, the money held
//! is the price of those lines, and a e-mail tells the end. Promised besides: a fault that is no
//! refusal does not cost the customer the tickets.
//!
//! Two faults are lies. `find_nothing` says that there is no booking where there is one; `no_dedup`
//! books a known reference again. Each alone is survived where the contract says
//! `dedups_reference = false`: an issue is repeated only when `find` sees nothing after every
//! request has settled, and then the supplier itself answers the known reference with the first
//! booking. Both at once book twice by the rules, and so does `no_dedup` where the contract says
//! that the supplier dedups; `find_nothing` while a doubtful line is being undone leaves a booking.
//! Those three are for reconciliation and are not among the cases.

use serde_json::{Value, json};

use crate::case::{Case, Way};
use crate::support::Database;
use crate::worker_pool::{DEDUPS, run};

/// Everything that can happen to one request, with its value: a short and a long delay are two.
fn faults() -> Vec<Value> {
    let plain = ["hang", "reset_before", "reset_after", "business_error", "garbage", "truncate"];
    let mut all: Vec<Value> = plain.iter().map(|fault| json!({ "fault": fault })).collect();
    all.push(json!({ "fault": "delay_ms", "value": 300 }));
    all.push(json!({ "fault": "delay_ms", "value": 2500 }));
    all.push(json!({ "fault": "http_status", "value": 503 }));
    all.push(json!({ "fault": "late", "value": 400 }));
    all
}

/// `fault` at an operation of a supplier, so many times; no operation is all of them.
pub(crate) fn at(
    supplier: &str,
    operation: Option<&str>,
    fault: &Value,
    times: Option<u32>,
) -> Value {
    let mut fault = fault.clone();
    fault["supplier"] = supplier.into();
    fault["operation"] = operation.into();
    fault["times"] = times.into();
    fault
}

/// All faults at one operation for its first call and for its first three; `adapt` says how the
/// operation is reached.
fn at_operation(supplier: &str, operation: &str, adapt: impl Fn(Case) -> Case) -> Vec<Case> {
    let mut cases = Vec::new();
    for times in [1, 3] {
        for fault in faults() {
            cases.push(adapt(Case::of(at(supplier, Some(operation), &fault, Some(times)))));
        }
    }
    cases
}

fn fault_of(case: &Case) -> &str {
    case.faults[0]["fault"].as_str().unwrap()
}

/// A refusal ends in `ends`, anything else as before.
fn refused(case: Case, ends: &'static [&'static str]) -> Case {
    if fault_of(&case) == "business_error" { Case { ends, ..case } } else { case }
}

fn refused_by(case: Case, supplier: &'static str) -> Case {
    Case { way: Way::RefusedBy(supplier), ends: &["undone"], ..case }
}

fn after(case: Case, supplier: &str, operation: &str, fault: &str) -> Case {
    let leading = vec![at(supplier, Some(operation), &json!({ "fault": fault }), Some(1))];
    Case { leading, ..case }
}

/// Faults of a whole supplier, of its callbacks or of its port, which stays closed for `value`
/// times `times`.
fn of_supplier(supplier: &str, faults: &[&str]) -> Vec<Case> {
    let of = |fault: &&str, times| {
        let value = if *fault == "refuse_connection" { Some(1000) } else { None };
        Case::of(at(supplier, None, &json!({ "fault": fault, "value": value }), Some(times)))
    };
    faults.iter().flat_map(|fault| [of(fault, 1), of(fault, 3)]).collect()
}

/// Of every other basket the customer keeps what can be had: there a refused ticket does not cost
/// the other one.
fn keep_every_other(cases: Vec<Case>) -> Vec<Case> {
    let keep = |(index, case): (usize, Case)| match index % 2 {
        0 => case,
        _ => Case { on_refusal: "keep", ends: &["finished"], ..case },
    };
    cases.into_iter().enumerate().map(keep).collect()
}

fn dta_issue() -> Vec<Case> {
    keep_every_other(at_operation("dta", "CreateOrder", |case| refused(case, &["undone"])))
}

fn dta_cancel() -> Vec<Case> {
    at_operation("dta", "CancelOrder", |case| refused_by(case, "axess"))
}

fn axess_issue() -> Vec<Case> {
    keep_every_other(at_operation("axess", "issueTicket", |case| refused(case, &["undone"])))
}

fn axess_cancel() -> Vec<Case> {
    at_operation("axess", "cancelTicket", |case| refused_by(case, "dta"))
}

#[tokio::test]
async fn every_fault_at_dta_is_survived() {
    let mut cases = at_operation("dta", "CheckIdentification", |case| refused(case, &["rejected"]));
    cases.extend(dta_issue());
    cases.extend(at_operation("dta", "GetOrdersByExternalId", |case| case));
    cases.extend(dta_cancel());
    cases.extend(of_supplier("dta", &["refuse_connection", "no_dedup", "find_nothing"]));
    run(Database::Sqlite, &[], cases).await;
}

#[tokio::test]
async fn every_fault_at_dta_is_survived_where_it_dedups() {
    let mut cases = dta_issue();
    cases.extend(at_operation("dta", "GetOrder", |case| case));
    cases.extend(dta_cancel());
    cases.extend(of_supplier("dta", &["refuse_connection"]));
    run(Database::Postgres, &DEDUPS, cases).await;
}

#[tokio::test]
async fn every_fault_at_axess_is_survived() {
    let mut cases = at_operation("axess", "login", |case| Case { sessions_end: true, ..case });
    cases.extend(at_operation("axess", "checkWTPNo", |case| refused(case, &["rejected"])));
    cases.extend(axess_issue());
    let in_doubt = |case| after(case, "axess", "issueTicket", "reset_after");
    cases.extend(at_operation("axess", "getTicketByExtOrder", in_doubt));
    cases.extend(axess_cancel());
    let refused_first =
        |case| after(refused_by(case, "dta"), "axess", "cancelTicket", "business_error");
    cases.extend(at_operation("axess", "getTicketStatus", refused_first));
    cases.extend(of_supplier("axess", &["refuse_connection", "no_dedup"]));
    cases.extend(of_supplier("axess", &["find_nothing"]).into_iter().map(in_doubt));
    run(Database::Sqlite, &[], cases).await;
}

#[tokio::test]
async fn every_fault_at_axess_is_survived_where_it_dedups() {
    let mut cases = axess_issue();
    cases.extend(axess_cancel());
    cases.extend(of_supplier("axess", &["refuse_connection"]));
    run(Database::Postgres, &DEDUPS, cases).await;
}

#[tokio::test]
async fn every_fault_at_mpay24_is_survived() {
    let mut cases = at_operation("mpay24", "SelectPayment", |case| refused(case, &["rejected"]));
    cases.extend(at_operation("mpay24", "ListNotCleared", |case| case));
    cases.extend(at_operation("mpay24", "ManualClear", |case| refused(case, &["undone"])));
    let in_doubt = |case| after(case, "mpay24", "ManualClear", "reset_after");
    cases.extend(at_operation("mpay24", "TransactionHistory", in_doubt));
    cases.extend(of_supplier("mpay24", &["refuse_connection", "duplicate", "reorder", "drop"]));
    run(Database::Sqlite, &[], cases).await;
}

#[tokio::test]
async fn every_fault_while_money_goes_back_is_survived() {
    let reversing = |case| refused_by(case, "axess");
    let crediting = |case| Case { paid: "billed", ..refused_by(case, "axess") };
    let mut cases = at_operation("mpay24", "ManualReverse", reversing);
    cases.extend(at_operation("mpay24", "ManualCredit", crediting));
    // a part goes back: the refused line's price
    cases.extend(at_operation("mpay24", "ManualCredit", |case| Case {
        on_refusal: "keep",
        ends: &["finished"],
        ..crediting(case)
    }));
    let in_doubt = |case| after(reversing(case), "mpay24", "ManualReverse", "reset_after");
    cases.extend(at_operation("mpay24", "TransactionHistory", in_doubt));
    run(Database::Postgres, &[], cases).await;
}

/// A billed payment whose three status calls are all lost is found in the provider's books, which
/// say no currency: it goes back.
#[tokio::test]
async fn every_fault_while_a_billed_payment_is_looked_at_is_survived() {
    let looked_at = |case: Case| {
        let lost = case.faults[0]["times"] == 3 && case.faults[0]["value"] != 300;
        Case { paid: "billed", ends: if lost { &["rejected"] } else { &["finished"] }, ..case }
    };
    let cases = at_operation("mpay24", "TransactionStatus", looked_at);
    let settings = [("STARJACK_TIMES__PAGE_LIFE", "12s"), ("STARJACK_TIMES__PAGE_GRACE", "3s")];
    run(Database::Sqlite, &settings, cases).await;
}

/// An e-mail that the post refuses (400) is dead at once and a person is told; 429 is its way to
/// say "later".
#[tokio::test]
async fn every_fault_at_mailgun_is_survived() {
    let later = |mut case: Case| {
        if fault_of(&case) == "business_error" {
            case.faults[0]["value"] = 429.into();
        }
        case
    };
    let mut cases = at_operation("mailgun", "messages", later);
    cases.extend(of_supplier("mailgun", &["refuse_connection"]));
    run(Database::Sqlite, &[], cases).await;
}
