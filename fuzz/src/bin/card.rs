//! Keycard numbers as people type them: one canonical form or a sentence that says where to look.
#![no_main]

use libfuzzer_sys::fuzz_target;
use starjack::integrations::lift::parse_card_number;
use starjack::typed::masked;

fuzz_target!(|text: &str| {
    match parse_card_number(text) {
        Ok(card) => {
            assert!(
                card.number.len() <= 32 && card.number.is_ascii(),
                "a number {:?}",
                card.number
            );
            let again = parse_card_number(&card.number);
            assert_eq!(
                again.ok().map(|card| card.number),
                Some(card.number.clone()),
                "a number that changes when read again"
            );
            let shown = masked(&card.number).chars().filter(char::is_ascii_alphanumeric).count();
            assert_eq!(shown, 4, "a mask that shows {shown} signs of {:?}", card.number);
            let spaced: String = text
                .split_inclusive(|c: char| c.is_ascii_digit())
                .flat_map(|part| [part, " "])
                .collect();
            assert_eq!(
                parse_card_number(&spaced).map(|card| card.number).ok(),
                Some(card.number),
                "blanks matter"
            );
        }
        Err(error) => assert!(
            error.to_string().len() <= 300,
            "a sentence of {} bytes",
            error.to_string().len()
        ),
    }
    drop(masked(text));
});
