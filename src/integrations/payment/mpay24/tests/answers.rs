use std::path::Path;

use crate::ids::Reference;
use crate::integrations::client;
use crate::integrations::payment::mpay24::client::{failed, understood};
use crate::integrations::payment::mpay24::translate::{self, Meaning, meaning};
use crate::integrations::payment::mpay24::wire::{Answer, Operation};
use crate::integrations::payment::{
    History, Observed, ObservedState, OpenPayments, OpenedPage, StatusKey,
};
use crate::integrations::soap::{self, SoapError};
use crate::integrations::{Outcome, Refusal, RefusalKind};

fn sample(path: &str) -> client::Answer {
    let folder =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("src/integrations/payment/mpay24/samples");
    let body = std::fs::read(folder.join(path)).unwrap();
    client::Answer { status: 200, content_type: "text/xml".into(), body: body.into() }
}

/// Reads a whole HTTP answer as the client does.
fn ended<T>(
    operation: Operation,
    answer: &client::Answer,
    read: impl FnOnce(Answer) -> Outcome<T>,
) -> Outcome<T> {
    match soap::read(answer) {
        Ok(element) => understood(operation, &element, read),
        Err(failure) => failed(operation, failure),
    }
}

fn moved(operation: Operation, path: &str) -> Outcome<()> {
    ended(operation, &sample(&format!("own/{path}.xml")), |answer| {
        translate::moved(operation, "102030", &answer)
    })
}

fn opened(path: &str) -> Outcome<OpenedPage> {
    ended(Operation::SelectPayment, &sample(&format!("own/{path}.xml")), translate::opened)
}

fn history(path: &str) -> Outcome<History> {
    let answer = sample(&format!("own/{path}.xml"));
    ended(Operation::TransactionHistory, &answer, |answer| translate::history(&answer))
}

fn listed(path: &str) -> Outcome<OpenPayments> {
    ended(Operation::ListNotCleared, &sample(&format!("own/{path}.xml")), |answer| {
        translate::listed(&answer)
    })
}

fn status(path: &str) -> Outcome<Option<Observed>> {
    status_of(&StatusKey::Tid("102030".into()), path)
}

fn status_of(key: &StatusKey, path: &str) -> Outcome<Option<Observed>> {
    let answer = sample(&format!("own/{path}.xml"));
    ended(Operation::TransactionStatus, &answer, |answer| translate::status(key, &answer))
}

fn refused<T>(code: &str) -> Outcome<T> {
    Outcome::Refused(Refusal { kind: RefusalKind::PaymentDeclined, code: code.into() })
}

#[test]
fn the_sdks_answers_are_read_with_their_two_levels_of_status() {
    for (file, status, code, err_no) in [
        ("accept-payment.response.ok", "OK", "OK", None),
        ("accept-payment.response.error", "ERROR", "EXTERNAL_ERROR", Some(100)),
        ("create-payment-token.response.ok", "OK", "REDIRECT", None),
        (
            "create-payment-token.response.error.profile-not-found",
            "ERROR",
            "PROFILE_NOT_FOUND",
            Some(20),
        ),
        ("create-apple-pay-token.response.ok", "OK", "OK", None),
        (
            "create-apple-pay-token.response.error.currency-not-correct",
            "ERROR",
            "CURRENCY_NOT_CORRECT",
            None,
        ),
        ("create-google-pay-token.response.ok", "OK", "OK", None),
        (
            "create-google-pay-token.response.error.currency-not-correct",
            "ERROR",
            "CURRENCY_NOT_CORRECT",
            None,
        ),
        ("create-customer.response.ok", "OK", "PROFILE_CREATED", None),
        ("create-customer.response.error", "ERROR", "PROFILEID_NOT_CORRECT", Some(7)),
        ("delete-profile.response.ok", "OK", "OK", None),
        ("delete-profile.response.error", "ERROR", "PROFILE_NOT_FOUND", None),
        ("list-profiles.response.no-payment-profiles", "OK", "OK", None),
        ("list-profiles.response.with-payment-profiles", "OK", "OK", None),
    ] {
        let element = soap::read(&sample(&format!("sdk/{file}.xml"))).unwrap();
        let answer = Answer::read(&element).unwrap();
        assert_eq!(
            (answer.status.as_str(), answer.return_code.as_str(), answer.err_no),
            (status, code, err_no),
            "{file}"
        );
        assert_eq!(answer.is_ok(), status == "OK");
        // none of them answers what we asked
        assert!(matches!(
            understood(Operation::ManualClear, &element, |_| Outcome::Done(())),
            Outcome::Unknown(_)
        ));
    }
    let element = soap::read(&sample("sdk/create-payment-token.response.ok.xml")).unwrap();
    assert_eq!(
        Answer::read(&element).unwrap().location.as_deref(),
        Some("https://example.com/location")
    );
}

#[test]
fn the_log_in_page_is_a_refused_session_and_never_reaches_the_parser() {
    let mut page = sample("sdk/accept-payment.response.unauthorized.xml");
    (page.status, page.content_type) = (401, "text/html".into());
    assert_eq!(soap::read(&page), Err(SoapError::Unauthorized(401)));
    assert!(matches!(
        ended(Operation::ManualClear, &page, |_| Outcome::Done(())),
        Outcome::NotSent(_)
    ));
    page.status = 503;
    assert!(matches!(
        ended(Operation::ManualClear, &page, |_| Outcome::Done(())),
        Outcome::Unknown(_)
    ));
}

#[test]
fn a_fault_is_unknown_whatever_its_status() {
    let mut fault = sample("sdk/create-payment-token.response.error.ptype-mismatch.xml");
    for status in [500, 200] {
        fault.status = status;
        let outcome = ended(Operation::ManualCredit, &fault, |_| Outcome::Done(()));
        assert_eq!(outcome, Outcome::Unknown("ManualCredit: fault Client".into()));
    }
}

#[test]
fn empty_cut_and_foreign_answers_are_unknown() {
    for (body, kind) in [
        ("", "text/xml"),
        ("<?xml version=\"1.0\"?><xml>invalidxml", "text/xml"),
        ("<html><body>maintenance</body></html>", "text/html"),
        ("{}", "application/json"),
        (
            "<e:Envelope xmlns:e=\"http://schemas.xmlsoap.org/soap/envelope/\"><e:Body><ManualClearResponse><status>OK</status></ManualClearResponse></e:Body></e:Envelope>",
            "text/xml",
        ),
    ] {
        let answer = client::Answer { status: 200, content_type: kind.into(), body: body.into() };
        assert!(
            matches!(
                ended(Operation::ManualClear, &answer, |_| Outcome::Done(())),
                Outcome::Unknown(_)
            ),
            "{body}"
        );
    }
}

#[test]
fn case_26_a_page_is_open_only_with_its_address() {
    let url = "https://test.mpay24.com/app/bin/checkout/payment/0123456789abcdef0123456789abcdef";
    assert_eq!(opened("select_payment_opened"), Outcome::Done(OpenedPage { url: url.into() }));
    assert!(matches!(opened("select_payment_without_location"), Outcome::Unknown(_)));
    assert_eq!(opened("select_payment_invalid_mdxi"), refused("INVALID_MDXI"));
}

#[test]
fn money_moved_only_when_our_transaction_shows_it() {
    use Operation::{ManualClear, ManualCredit, ManualReverse};
    assert_eq!(moved(ManualClear, "manual_clear_billed"), Outcome::Done(()));
    assert_eq!(moved(ManualReverse, "manual_reverse_reversed"), Outcome::Done(()));
    assert_eq!(moved(ManualCredit, "manual_credit_credited"), Outcome::Done(()));
    for (operation, path) in [
        (ManualClear, "manual_clear_ok_but_failed"),
        (ManualClear, "manual_clear_of_another"),
        (ManualClear, "manual_clear_without_transaction"),
        (ManualClear, "manual_clear_already_cleared"),
        (ManualClear, "manual_clear_declined_but_billed"),
        (ManualClear, "manual_clear_internal_error"),
        (ManualClear, "manual_clear_unlisted"),
        (ManualReverse, "manual_reverse_already_processed"),
    ] {
        assert!(matches!(moved(operation, path), Outcome::Unknown(_)), "{path}");
    }
    assert_eq!(moved(ManualClear, "manual_clear_declined"), refused("DECLINED"));
    assert_eq!(moved(ManualCredit, "manual_credit_over_limit"), refused("CREDIT_LIMIT_EXCEEDED"));
    assert_eq!(
        moved(ManualCredit, "manual_credit_over_limit_after_credit"),
        refused("CREDIT_LIMIT_EXCEEDED")
    );
    assert_eq!(moved(ManualCredit, "manual_credit_not_found"), refused("NOT_FOUND"));
    let not_creditable =
        Refusal { kind: RefusalKind::NotCreditable, code: "OPERATION_NOT_SUPPORTED".to_owned() };
    assert_eq!(
        moved(ManualCredit, "manual_credit_not_supported"),
        Outcome::Refused(not_creditable)
    );
    for path in ["manual_clear_amount_not_correct", "manual_clear_access_denied"] {
        assert!(matches!(moved(ManualClear, path), Outcome::NotSent(_)), "{path}");
    }
}

#[test]
fn the_books_are_summed_by_what_was_booked() {
    let sums = |captured, credited, reversed| {
        Outcome::Done(History { captured, credited, reversed, charged_back: 0 })
    };
    assert_eq!(history("history_reserved"), sums(0, 0, false));
    assert_eq!(history("history_billed_part"), sums(5_000, 0, false));
    assert_eq!(history("history_two_credits_and_one_failed"), sums(8_450, 3_000, false));
    assert_eq!(history("history_credit_reversed"), sums(8_450, 0, false));
    let taken_back = History { captured: 8_450, charged_back: 8_450, ..History::default() };
    assert_eq!(history("history_charged_back"), Outcome::Done(taken_back));
    assert_eq!(history("history_reversed"), sums(0, 0, true));
    for path in ["history_unlisted_state", "history_not_found"] {
        assert!(matches!(history(path), Outcome::Unknown(_)), "{path}");
    }
}

#[test]
fn a_list_shows_what_can_be_read_of_it() {
    let entry = |tid: &str, reference: &str, state, amount| Observed {
        tid: tid.into(),
        reference: reference.into(),
        state,
        amount,
        currency: "EUR".into(),
    };
    assert_eq!(
        listed("list_three_of_which_one_unreadable"),
        Outcome::Done(OpenPayments {
            payments: vec![
                entry("102032", "A0123456789-P2", ObservedState::Reserved, 8_450),
                entry("102030", "A0123456789-P1", ObservedState::Suspended, 100),
            ],
            unreadable: vec!["102031".into()],
        })
    );
    assert_eq!(listed("list_empty"), Outcome::Done(OpenPayments::default()));
    assert!(matches!(listed("list_internal_error"), Outcome::Unknown(_)));
}

#[test]
fn a_status_is_read_from_its_parameters_and_not_from_the_operation() {
    let observed = |state| Observed {
        tid: "102030".into(),
        reference: "A0123456789-P1".into(),
        state,
        amount: 8_450,
        currency: "EUR".into(),
    };
    assert_eq!(status("status_billed"), Outcome::Done(Some(observed(ObservedState::Billed))));
    assert_eq!(status("status_new_word"), Outcome::Done(Some(observed(ObservedState::Other))));
    assert_eq!(status("status_not_found"), Outcome::Done(None));
    assert!(matches!(status("status_without_price"), Outcome::Unknown(_)));
    assert_eq!(status("status_access_denied"), refused("ACCESS_DENIED"), "the call was counted");
    let page = |reference: &str| StatusKey::Page(Reference::stored(reference.into()));
    assert!(matches!(status_of(&page("A0123456789-P1"), "status_billed"), Outcome::Done(Some(_))));
    assert!(matches!(status_of(&page("A0123456789-P2"), "status_billed"), Outcome::Unknown(_)));
    assert!(matches!(
        status_of(&StatusKey::Tid("102031".into()), "status_billed"),
        Outcome::Unknown(_)
    ));
}

#[test]
fn a_code_that_nobody_listed_is_undecided_for_every_operation() {
    use Operation::{
        ListNotCleared, ManualClear, ManualCredit, ManualReverse, SelectPayment,
        TransactionHistory, TransactionStatus,
    };
    for operation in [
        SelectPayment,
        ManualClear,
        ManualReverse,
        ManualCredit,
        TransactionHistory,
        ListNotCleared,
        TransactionStatus,
    ] {
        for code in [
            "",
            "OK",
            "INTERNAL_ERROR",
            "ALREADY_PROCESSED",
            "TRANSACTION_ALREADY_CLEARED",
            "NEW_IN_2031",
            "declined",
        ] {
            assert_eq!(meaning(operation, code), Meaning::Undecided, "{operation:?} {code}");
        }
        for code in ["ACCESS_DENIED", "MERCHANT_LOCKED"] {
            assert_eq!(meaning(operation, code), Meaning::ShutOut, "{operation:?} {code}");
        }
    }
    assert_eq!(meaning(ManualClear, "CLEARING_LIMIT_EXCEEDED"), Meaning::Undecided);
    assert_eq!(meaning(ManualCredit, "CREDIT_LIMIT_EXCEEDED"), Meaning::Refused);
}
