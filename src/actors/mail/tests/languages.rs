//! Every e-mail in every language: nothing is missing, nothing is left in the other language.

use std::collections::{BTreeMap, BTreeSet};

use super::super::payload::{OrderEmail, order_email};
use super::*;
use crate::actors::mail::templates::{self, NAMES, TEMPLATES};

/// Words that one language has and the other has not; no person, shop or ticket of these tests is
/// called so.
const ENGLISH: [&str; 14] = [
    "the", "your", "you", "and", "was", "with", "for", "order", "we", "please", "hello", "invoice",
    "not", "charged",
];
const GERMAN: [&str; 14] = [
    "der",
    "die",
    "das",
    "und",
    "ihre",
    "ihr",
    "sie",
    "wurde",
    "mit",
    "bestellung",
    "wir",
    "bitte",
    "nicht",
    "rechnung",
];

fn words(text: &str) -> BTreeSet<String> {
    text.split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
        .collect()
}

/// What of a template is no text: the names in its expressions and tags.
fn names_used(source: &str) -> BTreeSet<String> {
    let mut used = BTreeSet::new();
    for piece in source.split('{').skip(1).filter(|piece| piece.starts_with(['{', '%'])) {
        let end = piece.find(['}', '{']).unwrap_or(piece.len());
        let code: String = piece[1..end].split('"').step_by(2).collect();
        let names = code.split(|c: char| !(c.is_alphanumeric() || c == '_' || c == '.'));
        used.extend(names.filter(|name| name.len() > 1).map(str::to_owned));
    }
    used
}

/// What of a template is text, without tags of any kind.
fn text_of(source: &str) -> String {
    let mut text = String::new();
    let mut depth = 0_usize;
    for c in source.chars() {
        match c {
            '{' | '<' => depth += 1,
            '}' | '>' => depth = depth.saturating_sub(1),
            _ if depth == 0 => text.push(c),
            _ => {}
        }
    }
    text
}

#[test]
fn what_a_template_uses_in_one_language_it_uses_in_the_other_and_its_words_differ() {
    let sources: BTreeMap<_, _> = TEMPLATES.iter().copied().collect();
    assert_eq!(sources.len(), TEMPLATES.len());
    let names = NAMES
        .iter()
        .flat_map(|name| ["subject.txt", "text.txt", "body.html"].map(|part| (*name, part)));
    for (name, part) in names.chain([("layout", "text.txt"), ("layout", "body.html")]) {
        let of =
            |language: Language| sources[format!("{name}/{}/{part}", language.as_str()).as_str()];
        let de = of(Language::De);
        let en = of(Language::En);
        assert_eq!(names_used(de), names_used(en), "{name}/{part}");
        let german = text_of(de);
        let english = text_of(en);
        assert_ne!(german.trim(), english.trim(), "{name}/{part}");
        let foreign = |text: &str, others: [&'static str; 14]| {
            let words = words(text);
            others.into_iter().find(|word| words.contains(*word))
        };
        assert_eq!(foreign(&german, ENGLISH), None, "{name}/de/{part}");
        assert_eq!(foreign(&english, GERMAN), None, "{name}/en/{part}");
        for spelled_out in
            ["fuer", "ueber", "koenn", "moech", "waehl", "geaend", "zurueck", "schliess", "gueltig"]
        {
            assert!(
                !german.to_lowercase().contains(spelled_out),
                "{name}/de/{part}: {spelled_out}"
            );
        }
    }
}

/// An end of an order: the e-mail, the order's state and reason, its line's state and reason, its
/// payment.
type End = (
    OrderEmail,
    &'static str,
    Option<&'static str>,
    (&'static str, Option<&'static str>),
    (&'static str, i64, i64),
);

fn ends() -> Vec<End> {
    let slugs = [
        "not_paid",
        "patience_over",
        "card_blocked: 12",
        "cancelled",
        "card_check_unavailable",
        "payment_declined",
        "payment_page_refused",
        "a new slug",
    ];
    let refusals = [
        "card_not_accepted",
        "card_blocked",
        "card_full",
        "product_unavailable",
        "price_changed",
        "holder_incomplete",
        "ticket_used",
        "not_issued",
    ];
    let moneys =
        [("Reversed", 0, 0), ("Returned", 11_550, 0), ("Billed", 0, 11_550), ("Closed", 0, 0)];
    let mut ends = Vec::new();
    for money in moneys {
        for refusal in refusals {
            ends.push((OrderEmail::Finished, "Finished", None, ("Refused", Some(refusal)), money));
            ends.push((
                OrderEmail::Rejected,
                "Rejected",
                Some(refusal),
                ("Refused", Some(refusal)),
                money,
            ));
        }
        for slug in slugs {
            ends.push((OrderEmail::Rejected, "Rejected", Some(slug), ("Wanted", None), money));
            ends.push((OrderEmail::Undone, "Undone", Some(slug), ("Withdrawn", None), money));
        }
        ends.push((OrderEmail::MoneyReturned(1), "Finished", None, ("issued", None), money));
        ends.push((OrderEmail::Finished, "Finished", None, ("issued", None), money));
        ends.push((OrderEmail::TicketReturned(1), "Finished", None, ("withdrawn", None), money));
        for why in [None, Some("ticket_used")] {
            ends.push((OrderEmail::TicketKept(1), "Finished", None, ("issued", why), money));
        }
    }
    ends
}

#[track_caller]
fn assert_is_in(language: Language, email: &OutgoingEmail) {
    let others = match language {
        Language::De => ENGLISH,
        Language::En => GERMAN,
    };
    for part in [&email.subject, &email.text, &text_of(&email.html)] {
        let words = words(part);
        let foreign: Vec<_> = others.iter().filter(|word| words.contains(**word)).collect();
        assert!(foreign.is_empty(), "{language:?} speaks of {foreign:?} in:\n{part}");
        assert!(!part.contains("{{") && !part.contains("{%"), "{part}");
    }
}

#[tokio::test]
async fn every_email_in_every_case_is_whole_in_each_language() {
    for language in Language::ALL {
        let desk = desk_in(language).await;
        for (no, (email, state, why, (line_state, refusal), (money, returned, owed))) in
            ends().into_iter().enumerate()
        {
            let id = Uuid::new_v4();
            let number = OrderNumber::draw(Epoch::FIRST).to_string();
            let order = orders::Model { number: number.clone(), ..order(id, state, why) };
            let one = |at| order_line::Model {
                reference: format!("{number}-{at}"),
                ..line(id, at, line_state, refusal)
            };
            let issued = order_line::Model { state: "issued".into(), refusal: None, ..one(2) };
            let lines = if no % 2 == 0 { vec![one(1), issued] } else { vec![one(1)] };
            let payments = vec![payment::Model {
                reference: number.clone(),
                ..paid(id, 1, money, (returned, owed))
            }];
            insert_for(language, &desk.io, order, (lines, payments)).await;
            let email = desk.email(&order_email(email, id, 7).unwrap()).await;
            assert_is_in(language, &email);
            assert!(email.text.contains(&number) && email.html.contains(&number), "{}", email.text);
        }
        for email in [
            AccountEmail::AccountCode { registration: Uuid::nil() },
            AccountEmail::AccountExists { account: Uuid::nil() },
            AccountEmail::PasswordResetCode { reset: Uuid::nil() },
            AccountEmail::PasswordChanged { account: Uuid::nil(), at: clock::now() },
        ] {
            assert_is_in(language, &desk.email(&account_email(&email, 1)).await);
        }
    }
}

#[test]
fn an_email_that_lacks_a_fact_is_an_error_and_no_email_with_a_hole() {
    for (name, language) in
        NAMES.iter().flat_map(|name| Language::ALL.map(|language| (name, language)))
    {
        assert!(
            templates::render(name, language, &head(), BTreeMap::<String, String>::new()).is_err(),
            "{name}"
        );
    }
}

#[test]
fn real_emails_do_not_call_themselves_simulated() {
    let head = Letterhead { simulated: false, ..head() };
    for (language, greeting) in [(Language::En, "Hello Anna,"), (Language::De, "Guten Tag Anna,")] {
        let email = templates::render(
            "account_exists",
            language,
            &head,
            BTreeMap::from([("name", "Anna")]),
        )
        .unwrap();
        assert!(
            !format!("{email:?}").to_lowercase().contains("simul")
                && email.text.starts_with(greeting)
        );
    }
}
