//! What holds for the sources as a whole, read from the sources: who may import whom, who may name
//! what, and whether the written pages still tell the truth.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on says so")]

mod architecture;
mod configuration;
mod events;
mod expansion;
mod imports;
mod sources;
mod words;

/// Fails with one line per breach.
#[track_caller]
fn assert_none(breaches: Vec<String>, rule: &str) {
    assert!(breaches.is_empty(), "{rule}:\n  {}", breaches.join("\n  "));
}
