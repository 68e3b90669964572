use proptest::prelude::*;

use crate::integrations::payment::mpay24::parse_callback;
use crate::integrations::payment::{Callback, ObservedState};

const FINE: &str = "secret=s3&OPERATION=CONFIRMATION&TID=A0123456789%2DP1&STATUS=RESERVED&PRICE=8450&CURRENCY=EUR&P_TYPE=CC&BRAND=VISA&MPAYTID=102030";

fn fine() -> Callback {
    Callback {
        tid: "102030".into(),
        reference: "A0123456789-P1".into(),
        secret: "s3".into(),
        status: "RESERVED".into(),
        state: ObservedState::Reserved,
        amount: 8450,
        currency: "EUR".into(),
    }
}

#[test]
fn case_03_what_does_not_decide_may_be_anything_and_in_latin_1() {
    for more in [
        "",
        "&USER_FIELD=&ORDERDESC=90000*84.50*EUR&CUSTOMER=&FILTER_STATUS=OK&APPR_CODE=-test-",
        "&CUSTOMER=M%FCller&ORDERDESC=S%F6lden+%80%FF",
        "&CUSTOMER=M%C3%BCller",
        "&ORDERDESC=%&X=%2&Y=%zz&&=&=x&flag",
        "&BILLING_ADDR=a&BILLING_ADDR=b&NEW_IN_2031=1&NEW_IN_2031=2",
        "&tid=another&Secret=another",
    ] {
        assert_eq!(parse_callback(format!("{FINE}{more}").as_bytes()), Ok(fine()), "{more}");
    }
    let raw_latin1 = [FINE.as_bytes(), b"&CUSTOMER=M\xfcller&CUSTOMER_EMAIL=\xff\xfe"].concat();
    assert_eq!(parse_callback(&raw_latin1), Ok(fine()));
}

#[test]
fn case_22_a_decisive_parameter_that_is_missing_empty_repeated_or_no_such_thing_is_refused() {
    for (from, to, says) in [
        ("secret=s3", "", "secret is missing"),
        ("secret=s3", "secret=", "secret is missing"),
        ("TID=A0123456789%2DP1", "tid=a", "TID is missing"),
        ("TID=A0123456789%2DP1", "TID=a&TID=b", "TID is repeated"),
        ("TID=A0123456789%2DP1", "TID=a&T%49D=a", "TID is repeated"),
        ("TID=A0123456789%2DP1", "TID=&TID=b", "TID is repeated"),
        (
            "TID=A0123456789%2DP1",
            "TID=0123456789012345678901234567890123",
            "TID or secret is too long",
        ),
        ("secret=s3", "secret=s3&secret=s3", "secret is repeated"),
        ("STATUS=RESERVED", "STATUS=reserved", "STATUS is not a state"),
        ("STATUS=RESERVED", "STATUS=%FC", "STATUS is not a state"),
        ("PRICE=8450", "PRICE=84.50", "PRICE is not a number of cents"),
        ("PRICE=8450", "PRICE=-1", "PRICE is not a number of cents"),
        ("PRICE=8450", "PRICE=+1", "PRICE is not a number of cents"),
        ("PRICE=8450", "PRICE=999999999999", "PRICE is not a number of cents"),
        ("CURRENCY=EUR", "CURRENCY=EURO", "CURRENCY is not three capital letters"),
        ("MPAYTID=102030", "MPAYTID=1e5", "MPAYTID is not a number"),
        ("MPAYTID=102030", "MPAYTID=", "MPAYTID is missing"),
    ] {
        let query = FINE.replace(from, to);
        assert_ne!(query, FINE);
        assert_eq!(parse_callback(query.as_bytes()).unwrap_err().to_string(), says, "{query}");
    }
    assert!(parse_callback(b"").is_err());
    assert!(parse_callback(&vec![b'&'; 20_000]).is_err());
}

#[test]
fn a_reference_in_latin_1_is_read_and_simply_not_ours() {
    let parsed =
        parse_callback(FINE.replace("A0123456789%2DP1", "Stra%DFe+%A7").as_bytes()).unwrap();
    assert_eq!(parsed.reference, "Straße §");
    let parsed =
        parse_callback(FINE.replace("A0123456789%2DP1", "Stra%C3%9Fe").as_bytes()).unwrap();
    assert_eq!(parsed.reference, "Straße");
}

#[test]
fn every_state_has_its_word_and_a_new_word_is_kept_and_changes_nothing() {
    use ObservedState::{
        Billed, ChargedBack, Credited, Failed, Other, Reserved, Reversed, Suspended,
    };
    for (word, state) in [
        ("RESERVED", Reserved),
        ("BILLED", Billed),
        ("REVERSED", Reversed),
        ("CREDITED", Credited),
        ("SUSPENDED", Suspended),
        ("ERROR", Failed),
        ("BILLED_REVERSAL", ChargedBack),
        ("RESERVED_REVERSAL", Other),
        ("CREDITED_REVERSAL", Other),
        ("VALIDATED", Other),
        ("WITHDRAWN", Other),
        ("NEW_IN_FUTURE", Other),
    ] {
        let parsed = parse_callback(FINE.replace("RESERVED", word).as_bytes()).unwrap();
        assert_eq!((parsed.status.as_str(), parsed.state), (word, state));
    }
}

proptest! {
    #[test]
    fn no_bytes_make_the_parser_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        prop_assert!(parse_callback(&bytes).is_ok() || parse_callback(&bytes).is_err());
    }

    #[test]
    fn free_text_never_spoils_a_callback(bytes in proptest::collection::vec(any::<u8>().prop_filter("a new parameter", |b| *b != b'&'), 0..200)) {
        let behind = [FINE.as_bytes(), b"&ORDERDESC=", &bytes].concat();
        prop_assert_eq!(parse_callback(&behind), Ok(fine()));
    }

    #[test]
    fn what_is_percent_encoded_comes_back(reference in "\\PC{1,32}") {
        let encoded: String = reference.bytes().map(|byte| format!("%{byte:02X}")).collect();
        let parsed = parse_callback(FINE.replace("A0123456789%2DP1", &encoded).as_bytes()).unwrap();
        prop_assert_eq!(parsed.reference, reference);
    }
}
