//! Suppliers that lie: whatever one answers to whichever question, its client ends with a typed
//! outcome, in time, the process does not grow by more than sixteen times what was sent, and what
//! may have happened is never taken for "not sent". Longer: `make attack`.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on says so")]
#![expect(clippy::print_stderr, reason = "what an attack cost is for whoever asks for it")]

mod clients;
mod liar;
mod lies;

use std::rc::Rc;
use std::time::Duration;

use peak_alloc::PeakAlloc;
use starjack::clock::{self, Deadline};
use starjack::integrations::Permit;

use clients::{Client, Question};
use liar::Liar;
use lies::Lie;

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

/// Tells every lie to one client, so many times to each of its questions; prints the dearest of
/// each question.
async fn told_to<C: ?Sized>(supplier: &str, client: Client<C>, times: usize) {
    eprintln!(
        "\n| attack: {supplier} lies to | dearest lie | it sent | the process grew by |\n| --- | --- | --- | --- |"
    );
    for question in &client.questions {
        let mut dearest = (0, 0, "");
        for lie in lies::all() {
            for _ in 0..times {
                let (grown, sent) = tell(&client, question, &lie).await;
                dearest = dearest.max((grown, sent, lie.name));
            }
        }
        let (grown, sent, lie) = dearest;
        eprintln!("| {} | {lie} | {} KiB | {} KiB |", question.name, sent >> 10, grown >> 10);
    }
}

/// Tells one lie once; answers by how many bytes the process grew, and how many the lie sent.
async fn tell<C: ?Sized>(client: &Client<C>, question: &Question<C>, lie: &Lie) -> (usize, usize) {
    let name = format!("{} to {}", lie.name, question.name);
    let liar = Liar::tells(lie);
    let asked: Rc<C> = (client.connect)(liar.address());
    let before = MEMORY.current_usage();
    MEMORY.reset_peak_usage();
    let begun = clock::instant();
    let outcome = (question.ask)(asked, Permit::until(Deadline::after(PATIENCE))).await;
    assert!(liar.was_asked(), "{name}: nobody asked ({outcome})");
    let grown = MEMORY.peak_usage().saturating_sub(before);
    let allowed = 16 * liar.sent().min(LONGEST) + EXCHANGE;
    assert!(grown <= allowed, "{name}: {grown} bytes for {} ({outcome})", liar.sent());
    assert!(outcome == "unknown" || outcome == "not sent" && !question.writes, "{name}: {outcome}");
    assert!(clock::since(begun) < LATE, "{name}: it took {:?}", clock::since(begun));
    (grown, liar.sent())
}

/// How often each lie is told: once, or as often as was asked for.
fn times() -> usize {
    std::env::var("STARJACK_ATTACK_TIMES").map_or(1, |times| times.parse().unwrap())
}

#[tokio::test]
async fn no_answer_to_the_client_of_dta_makes_the_process_large() {
    told_to("dta", clients::dta(), times()).await;
}

#[tokio::test]
async fn no_answer_to_the_client_of_axess_makes_the_process_large() {
    told_to("axess", clients::axess(), times()).await;
}

#[tokio::test]
async fn no_answer_to_the_client_of_mpay24_makes_the_process_large() {
    told_to("mpay24", clients::mpay24(), times()).await;
}

#[tokio::test]
async fn no_answer_to_the_client_of_mailgun_makes_the_process_large() {
    told_to("mailgun", clients::mailgun(), times()).await;
}
