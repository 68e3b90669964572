//! The payment provider's callback: anybody may call it, so whatever comes is a claim of bounded
//! parts or refused.
#![no_main]

use libfuzzer_sys::fuzz_target;
use starjack::integrations::payment::parse_callback;

fuzz_target!(|data: &[u8]| {
    let first = parse_callback(data);
    assert_eq!(first.is_ok(), parse_callback(data).is_ok(), "the same bytes are read in two ways");
    match first {
        Ok(callback) => {
            assert!(
                callback.tid.len() <= 20 && callback.tid.bytes().all(|byte| byte.is_ascii_digit())
            );
            assert!(
                (0..=99_999_999_999).contains(&callback.amount),
                "an amount of {}",
                callback.amount
            );
            assert!(
                callback.currency.len() == 3
                    && callback.currency.bytes().all(|byte| byte.is_ascii_uppercase())
            );
            assert!(callback.status.len() <= 32 && !callback.status.is_empty());
            assert!(callback.reference.chars().count() <= 32 && !callback.secret.is_empty());
            let again = [data, b"&TID=another"].concat();
            assert!(parse_callback(&again).is_err(), "a repeated TID was taken");
        }
        Err(error) => {
            let text = error.to_string();
            assert!(text.len() <= 100 && text.is_ascii(), "an answer that echoes: {text:?}");
        }
    }
});
