use serde_json::Value;

use super::page;
use crate::integrations::payment::mpay24::mdxi;
use crate::integrations::payment::mpay24::wire::{self, Ask, NAMESPACE};
use crate::integrations::soap::{self, Element};

const SCHEMA: &str = include_str!("../../../../../tests/schemas/etp-1.5-schema.json");

fn asks() -> Vec<Ask> {
    let largest = u64::MAX.to_string();
    vec![
        wire::select_payment(90_000, mdxi::order(&page()).unwrap()),
        wire::manual_clear(90_000, "102030", 8_450),
        wire::manual_clear(90_000, &largest, u32::MAX),
        wire::manual_reverse(90_000, "102030"),
        wire::manual_credit(90_000, "102030", None),
        wire::manual_credit(90_000, "102030", Some(1)),
        wire::transaction_history(90_000, "102030"),
        wire::list_not_cleared(90_000, 0, 500),
        wire::transaction_status(90_000, "102030"),
        wire::page_status(90_000, "A0123456789-P1"),
    ]
}

/// Checks that `members` are those of `fields`: in their order, as often as they may stand, of
/// their types, in no namespace.
fn check(schema: &Value, fields: &Value, members: &[Element]) -> Result<(), String> {
    let mut rest = members;
    for field in fields.as_array().unwrap() {
        let name = field["name"].as_str().unwrap();
        let count = rest.iter().take_while(|member| member.name() == name).count();
        let (now, later) = rest.split_at(count);
        rest = later;
        let most = field["max"].as_u64().map_or(usize::MAX, |max| usize::try_from(max).unwrap());
        if count < usize::try_from(field["min"].as_u64().unwrap()).unwrap() || count > most {
            return Err(format!("{name} stands {count} times"));
        }
        for member in now {
            if member.namespace().is_some() {
                return Err(format!("{name} is in a namespace"));
            }
            is_of_type(schema, field["type"].as_str().unwrap(), member)?;
        }
    }
    rest.first()
        .map_or(Ok(()), |member| Err(format!("{} is unknown or out of order", member.name())))
}

fn is_of_type(schema: &Value, kind: &str, member: &Element) -> Result<(), String> {
    let text = member.text.as_str();
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let fits = match kind {
        "xs:unsignedInt" => digits && text.parse::<u32>().is_ok(),
        "xs:unsignedLong" => digits && text.parse::<u64>().is_ok(),
        "xs:string" => !text.is_empty() && member.children.is_empty(),
        "xs:boolean" => ["true", "false", "1", "0"].contains(&text),
        other => {
            let name = other.strip_prefix("etp:").unwrap();
            match schema["enums"][name].as_array() {
                Some(words) => words.iter().any(|word| word == text),
                None => return check(schema, &schema["types"][name]["fields"], &member.children),
            }
        }
    };
    if fits { Ok(()) } else { Err(format!("{} is no {kind}: {text:?}", member.name())) }
}

fn checked(envelope: &str) -> Result<String, String> {
    let schema: Value = serde_json::from_str(SCHEMA).unwrap();
    let root = soap::parse(envelope.as_bytes()).map_err(|error| error.to_string())?;
    let [wrapper] = root.child("Body").unwrap().children.as_slice() else {
        return Err("not one wrapper".into());
    };
    if !wrapper.is(NAMESPACE, wrapper.name()) || schema["namespace"] != NAMESPACE {
        return Err("the wrapper's namespace".into());
    }
    let request = &schema["operations"][wrapper.name()]["request"];
    if request.is_null() {
        return Err(format!("no operation {}", wrapper.name()));
    }
    check(&schema, request, &wrapper.children).map(|()| wrapper.name().to_owned())
}

#[test]
fn every_request_has_the_members_order_and_types_of_the_schema() {
    for ask in asks() {
        let envelope = soap::envelope(&[], ask.body);
        assert_eq!(checked(&envelope).as_deref(), Ok(ask.operation.name()), "{envelope}");
    }
}

#[test]
fn the_check_finds_swapped_missing_unknown_and_mistyped_members() {
    let fine = soap::envelope(&[], wire::manual_credit(90_000, "102030", Some(1)).body);
    for (from, to) in [
        (
            "<mpayTID>102030</mpayTID><amount>1</amount>",
            "<amount>1</amount><mpayTID>102030</mpayTID>",
        ),
        ("<mpayTID>102030</mpayTID>", ""),
        ("<amount>1</amount>", "<amount>1</amount><more>1</more>"),
        ("<amount>1</amount>", "<amount>1.00</amount>"),
        ("<amount>1</amount>", "<amount>1</amount><amount>1</amount>"),
        ("<amount>1</amount>", "<etp:amount>1</etp:amount>"),
        ("ManualCredit", "ManualKredit"),
    ] {
        let wrong = fine.replace(from, to);
        assert_ne!(wrong, fine);
        assert!(checked(&wrong).is_err(), "{wrong}");
    }
}

#[test]
fn case_32_no_request_names_a_profile() {
    for ask in asks() {
        let envelope = soap::envelope(&[], ask.body).to_lowercase();
        assert!(!envelope.contains("profile") && !envelope.contains("customerid"), "{envelope}");
    }
}

#[test]
fn a_capture_always_says_how_much() {
    let envelope = soap::envelope(&[], wire::manual_clear(90_000, "102030", 8_450).body);
    assert!(envelope.contains(
        "<etp:ManualClear xmlns:etp=\"https://www.mpay24.com/soap/etp/1.5/ETP.wsdl\"><merchantID>90000</merchantID>\
         <clearingDetails><mpayTID>102030</mpayTID><amount>8450</amount></clearingDetails></etp:ManualClear>"
    ));
}
