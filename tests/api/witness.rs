//! The witness itself: what must not be is noticed.

use serde_json::{Value, json};

use crate::support::{Ledger, asked_too_often, check};

/// Day ticket and adult of Sölden.
const DAY: &str = "1bfe25cd-e707-11f1-a2c3-02fc00000001";
const ADULT: &str = "1bfe24e4-e707-11f1-a215-02fc00000001";

#[test]
fn an_order_that_is_as_it_says_is_right() {
    assert_eq!(check(&orders("finished", "issued"), &Ledger(ledger())), Vec::<String>::new());
}

#[test]
fn a_second_live_booking_is_noticed() {
    let mut ledger = ledger();
    let again = ledger["dta"][0].clone();
    ledger["dta"].as_array_mut().unwrap().push(again);
    notices(&orders("finished", "issued"), ledger, "2 live bookings");
}

#[test]
fn a_ticket_without_its_order_and_an_order_without_its_ticket_are_noticed() {
    notices(&orders("undone", "issued"), ledger(), "1 live bookings");
    notices(&[], ledger(), "nobody's");
    let mut canceled = ledger();
    canceled["dta"][0]["status"] = json!("canceled");
    notices(&orders("finished", "issued"), canceled, "0 live bookings");
}

#[test]
fn a_ticket_on_another_card_operator_or_day_and_of_another_product_or_category_is_noticed() {
    for (field, value) in [
        ("chip", "01-16147133534532385823-5"),
        ("operator", "ischgl"),
        ("valid_from", "2026-12-21"),
        ("valid_to", "2026-12-21T23:59:59"),
        ("product", ADULT),
        ("category", DAY),
        ("unit_price_cents", "0"),
    ] {
        let mut ledger = ledger();
        ledger["dta"][0][field] = json!(value);
        notices(&orders("finished", "issued"), ledger, "was booked as");
    }
}

#[test]
fn money_that_is_not_the_tickets_is_noticed() {
    let with = |field: &str, value: Value| {
        let mut ledger = ledger();
        ledger["mpay24"][0][field] = value;
        ledger
    };
    notices(&orders("finished", "issued"), with("cleared", json!(8101)), "8101 cents are held");
    notices(&orders("finished", "issued"), with("credited", json!(1)), "8099 cents are held");
    notices(&orders("finished", "issued"), with("state", json!("RESERVED")), "still reserved");
    notices(&orders("finished", "issued"), with("tid", json!("ZZZ-P1")), "nobody's payment");
}

#[test]
fn an_end_that_nobody_told_and_an_order_without_an_end_are_noticed() {
    let mut silent = ledger();
    silent["mailgun"] = json!([]);
    notices(&orders("finished", "issued"), silent, "no letter");
    let mut astray = ledger();
    astray["mailgun"][0]["to"] = json!(["eve@skier.example"]);
    notices(&orders("finished", "issued"), astray, "somebody else");
    notices(&orders("stuck", "issued"), ledger(), "is stuck");
}

#[test]
fn what_a_case_names_and_nobody_holds_and_what_is_held_and_no_case_names_are_noticed() {
    let case = |cents| json!({ "items": [{ "kind": "owed", "order_number": "A1", "amount": { "amount": cents } }] });
    let undone = || {
        let mut ledger = ledger();
        ledger["dta"][0]["status"] = json!("canceled");
        Ledger(ledger)
    };
    let about_money = |ledger: &Ledger| {
        let wrong = check(&orders("undone", "voided"), ledger);
        wrong.into_iter().filter(|wrong| wrong.contains("cents are held")).collect::<Vec<_>>()
    };
    assert_eq!(about_money(&undone().with_cases(&case(8100))), Vec::<String>::new());
    for (named, left) in [(0, "8100 cents"), (8000, "100 cents"), (8200, "-100 cents")] {
        let wrong = about_money(&undone().with_cases(&case(named)));
        assert!(wrong.iter().any(|wrong| wrong.contains(left)), "{named}: {wrong:?}");
    }
}

#[test]
fn a_contract_that_is_asked_for_ever_is_noticed() {
    let asked = |times: usize| {
        json!({ "dta/solden": vec![json!({ "at_ms": 2_000, "operation": "CancelOrder" }); times],
        "mpay24": vec![json!({ "at_ms": 2_000, "operation": "ListNotCleared" }); 500] })
    };
    let since = |seconds| chrono::DateTime::from_timestamp(seconds, 0).unwrap();
    assert_eq!(asked_too_often(&asked(120), since(1)), Vec::<String>::new());
    assert_eq!(
        asked_too_often(&asked(121), since(1)),
        ["dta/solden was asked CancelOrder 121 times"]
    );
    assert_eq!(asked_too_often(&asked(121), since(3)), Vec::<String>::new());
}

fn notices(orders: &[(String, Value)], ledger: Value, what: &str) {
    let wrong = check(orders, &Ledger(ledger));
    assert!(wrong.iter().any(|wrong| wrong.contains(what)), "{what} is not noticed: {wrong:?}");
}

fn orders(state: &str, line_state: &str) -> Vec<(String, Value)> {
    let order = json!({
        "number": "A1", "state": state, "invoices": [{ "number": "DEMO-1" }],
        "lines": [{ "no": 1, "state": line_state, "operator": "solden", "card": "****8234", "valid_from": "2026-12-20",
            "valid_to": "2026-12-20", "product": "day", "category": "adult",
            "price": { "amount": 8100, "currency": "EUR" } }],
    });
    vec![("anna@skier.example".to_owned(), order)]
}

fn ledger() -> Value {
    json!({
        "dta": [{ "operator": "solden", "reference": "A1-1", "chip": "01-16147133534532385823-4", "order_id": "x",
            "valid_from": "2026-12-20", "valid_to": "2026-12-20T23:59:59", "product": DAY, "category": ADULT, "unit_price_cents": 8100, "status": "live" }],
        "axess": [],
        "mpay24": [{ "tid": "A1-P1", "state": "BILLED", "amount": 8100, "cleared": 8100, "credited": 0, "lapsed": false }],
        "mailgun": [{ "to": ["Anna <anna@skier.example>"], "subject": "Order A1: your ticket is on its keycard" }],
    })
}
