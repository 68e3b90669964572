//! The same fault at two suppliers at once, and a whole supplier down until somebody repairs it.

use serde_json::{Value, json};

use crate::case::{Begins, Case};
use crate::matrix::at;
use crate::support::Database;
use crate::worker_pool::{DEDUPS, run};

const PAIRS: [[&str; 2]; 6] = [
    ["dta", "axess"],
    ["dta", "mpay24"],
    ["axess", "mpay24"],
    ["dta", "mailgun"],
    ["axess", "mailgun"],
    ["mpay24", "mailgun"],
];

fn faults() -> Vec<Value> {
    let plain = ["hang", "reset_before", "reset_after", "garbage", "truncate", "refuse_connection"];
    let mut all: Vec<Value> = plain.iter().map(|fault| json!({ "fault": fault })).collect();
    all.push(json!({ "fault": "delay_ms", "value": 2500 }));
    all.push(json!({ "fault": "http_status", "value": 503 }));
    all.push(json!({ "fault": "late", "value": 400 }));
    all
}

fn twice(pair: [&str; 2], fault: &Value, begins: Begins) -> Case {
    let faults = pair.iter().map(|supplier| at(supplier, None, fault, Some(2))).collect();
    Case { faults, begins, ..Case::of(Value::Null) }
}

/// Both suppliers refuse at once: whichever is asked first decides how the order ends.
fn both_refuse(pair: [&str; 2], begins: Begins) -> Case {
    let mut case = twice(pair, &json!({ "fault": "business_error" }), begins);
    for fault in case.faults.iter_mut().filter(|fault| fault["supplier"] == "mailgun") {
        fault["value"] = 429.into();
    }
    Case { ends: &["finished", "rejected", "undone"], ..case }
}

/// Each fault meets each pair once: at half of them while cards are checked, at the others while
/// tickets are issued.
fn two_at_once(begins: Begins) -> Vec<Case> {
    let mut cases = Vec::new();
    for (pair, suppliers) in PAIRS.into_iter().enumerate() {
        let meets = |index: usize| (pair + index).is_multiple_of(2) == (begins == Begins::Placing);
        let faults = faults().into_iter().enumerate().filter(|(index, _)| meets(*index));
        // the post comes back to a closed port after a minute, which each supplier's own cases wait
        // for
        let faults = faults.filter(|(_, fault)| {
            fault["fault"] != "refuse_connection" || suppliers[1] != "mailgun"
        });
        cases.extend(faults.map(|(_, fault)| twice(suppliers, &fault, begins)));
        cases.push(both_refuse(suppliers, begins));
    }
    cases
}

#[tokio::test]
async fn the_same_fault_at_two_suppliers_while_cards_are_checked_is_survived() {
    run(Database::Sqlite, &[], two_at_once(Begins::Placing)).await;
}

#[tokio::test]
async fn the_same_fault_at_two_suppliers_while_tickets_are_issued_is_survived() {
    run(Database::Postgres, &[], two_at_once(Begins::Paying)).await;
}

/// Down until somebody repairs it; a refusal that lasts may cost the tickets, nothing else does.
fn down(supplier: &str, fault: &Value) -> Case {
    Case { begins: Begins::Paying, ..Case::of(at(supplier, None, fault, None)) }
}

#[tokio::test]
async fn a_supplier_that_is_down_until_it_is_repaired_stops_no_order_for_good() {
    let mut cases = Vec::new();
    for supplier in ["dta", "axess", "mpay24", "mailgun"] {
        cases.extend(faults().iter().map(|fault| down(supplier, fault)));
    }
    for supplier in ["dta", "axess", "mpay24"] {
        let refusing = down(supplier, &json!({ "fault": "business_error" }));
        cases.push(Case { ends: &["finished", "undone"], ..refusing });
    }
    run(Database::Sqlite, &[], cases).await;
}

/// Patience is over while nobody knows what was booked: everything is undone, in doubt, at a
/// supplier that is still down.
#[tokio::test]
async fn an_order_whose_patience_is_over_is_undone_once_its_supplier_is_back() {
    let cases = |dedups: bool| {
        let patient = |supplier: &'static str| {
            faults()
                .into_iter()
                .filter(|fault| fault["fault"] != "refuse_connection")
                .map(move |fault| Case { ends: &["undone", "finished"], ..down(supplier, &fault) })
        };
        let settings = if dedups { DEDUPS.to_vec() } else { Vec::new() };
        (settings, ["dta", "axess"].into_iter().flat_map(patient).collect::<Vec<_>>())
    };
    for (mut settings, cases) in [cases(false), cases(true)] {
        settings.push(("STARJACK_TIMES__ISSUE_PATIENCE", "2s"));
        run(Database::Sqlite, &settings, cases).await;
    }
}
