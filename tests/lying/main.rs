//! Suppliers that lie: whatever one answers, its client ends with a typed outcome, in time, and the process does not grow by more
//! than sixteen times what was sent. Longer: `make attack`.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on says so")]

mod clients;
mod liar;
mod lies;

use std::time::Duration;

use peak_alloc::PeakAlloc;
use starjack::clock::{self, Deadline};
use starjack::integrations::Permit;

use clients::Asked;
use liar::Liar;

/// Counts every byte of this process.
#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

/// No answer that is longer is read, and what comes after it is not counted.
const LONGEST: usize = 1 << 20;
/// What an exchange costs whatever is answered: a connection, its buffers, the request.
const EXCHANGE: usize = 768 << 10;
/// When an exchange ends at the latest, on a machine that is busy with others.
const LATE: Duration = Duration::from_secs(10);
/// How long an answer is waited for.
const PATIENCE: Duration = Duration::from_millis(250);

/// Tells every lie to one client, so many times each.
async fn told_to(connect: fn(&str) -> Asked, times: usize) {
    for lie in lies::all() {
        for _ in 0..times {
            let liar = Liar::tells(&lie);
            let client = connect(liar.address());
            let before = MEMORY.current_usage();
            MEMORY.reset_peak_usage();
            let begun = clock::instant();
            let outcome = client.ask(Permit::until(Deadline::after(PATIENCE))).await;
            let grown = MEMORY.peak_usage().saturating_sub(before);
            let allowed = 16 * liar.sent().min(LONGEST) + EXCHANGE;
            assert!(grown <= allowed, "{}: {grown} bytes for {} ({outcome})", lie.name, liar.sent());
            assert!(["unknown", "not sent"].contains(&outcome), "{}: {outcome}", lie.name);
            assert!(clock::since(begun) < LATE, "{}: it took {:?}", lie.name, clock::since(begun));
        }
    }
}

/// How often each lie is told: once, or as often as was asked for.
fn times() -> usize {
    std::env::var("STARJACK_ATTACK_TIMES").map_or(1, |times| times.parse().unwrap())
}

#[tokio::test]
async fn no_answer_to_the_client_of_dta_makes_the_process_large() {
    told_to(clients::dta, times()).await;
}

#[tokio::test]
async fn no_answer_to_the_client_of_axess_makes_the_process_large() {
    told_to(clients::axess, times()).await;
}

#[tokio::test]
async fn no_answer_to_the_client_of_mpay24_makes_the_process_large() {
    told_to(clients::mpay24, times()).await;
}

#[tokio::test]
async fn no_answer_to_the_client_of_mailgun_makes_the_process_large() {
    told_to(clients::mailgun, times()).await;
}
