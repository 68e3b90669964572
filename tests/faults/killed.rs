//! The process is killed at any moment and comes back: nothing is lost, nothing is done twice.

use std::sync::Arc;
use std::time::Duration;

use starjack::clock;

use crate::crowd::{Crowd, TIMES};
use crate::support::{Database, World, both_databases};

const ROUNDS: usize = 5;
const ORDERS_A_ROUND: usize = 40;
/// The process lives at most so long after a round begins.
const LIFE_MS: u64 = 3000;
/// A job whose worker was killed is anybody's again after a minute.
const PATIENCE: Duration = Duration::from_secs(150);

/// Moments from a seed (`SplitMix64`).
pub(crate) struct Dice(u64);

impl Dice {
    /// From `STARJACK_SEED`, or drawn; printed either way.
    pub(crate) fn from_surroundings() -> Self {
        let given = std::env::var("STARJACK_SEED")
            .ok()
            .map(|seed| seed.parse().expect("STARJACK_SEED is a number"));
        let seed = given.unwrap_or_else(|| uuid::Uuid::new_v4().as_u64_pair().1);
        eprintln!("STARJACK_SEED={seed}");
        Self(seed)
    }

    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (mixed ^ (mixed >> 31)) % limit
    }
}

both_databases!(a_server_that_is_killed_five_times_loses_and_doubles_nothing);

/// How a life of the server ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// By `kill -9`.
    Killed,
    /// It is told to end and ends what it has begun.
    Drained,
}

#[tokio::test]
async fn a_server_that_is_told_to_end_five_times_leaves_nothing_lying() {
    outlive(Database::Sqlite, End::Drained).await;
}

async fn a_server_that_is_killed_five_times_loses_and_doubles_nothing(database: Database) {
    outlive(database, End::Killed).await;
}

/// Two hundred orders, forty a round; the server ends in the middle of each round.
#[expect(
    clippy::disallowed_methods,
    reason = "customers go on while the server is killed; each is awaited at the end"
)]
async fn outlive(database: Database, end: End) {
    let mut dice = Dice::from_surroundings();
    let mut world = World::with(database, &TIMES).await;
    let crowd = Arc::new(Crowd::gather(&world, 10).await);
    let customers = Arc::clone(&crowd);
    let paying = tokio::spawn(async move { customers.pay(ROUNDS * ORDERS_A_ROUND).await });
    let mut placing = Vec::new();
    for round in 1..=ROUNDS {
        let customers = Arc::clone(&crowd);
        placing.push(tokio::spawn(async move { customers.place(ORDERS_A_ROUND).await }));
        // not to wait for something: the moment is the test
        let life = Duration::from_millis(dice.below(LIFE_MS));
        clock::sleep(life).await;
        eprintln!("round {round}: {end:?} after {life:?}");
        match end {
            End::Killed => world.kill_9(),
            End::Drained => assert_eq!(world.terminate().await, 0),
        }
        world.restart().await;
    }
    for placing in placing {
        placing.await.unwrap();
    }
    paying.await.unwrap();
    world.clean_slate_within(PATIENCE).await;
    crowd.check(&world).await;
}
