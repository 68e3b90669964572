//! Lives drawn at random: several faults, crashes, payments and a change of mind in one order.

use futures_util::{StreamExt, stream};
use starjack::actors::order::intent::Verb;
use starjack::actors::order::lifecycle::OrderState;
use starjack::actors::order::record::OnRefusal;

use super::faults::{Fault, Strike, fitting};
use super::incarnation::Setting;
use super::stories::{Deed, Story};
use super::world::{PATIENCE, World};

/// How many lives are lived each day; `STARJACK_SIMULATION_LIVES` lets a run by hand live more.
const LIVES: u64 = 60;
const AT_ONCE: usize = 8;

/// Where faults strike.
const QUESTIONS: [(OrderState, Verb); 17] = [
    (OrderState::Placed, Verb::Check),
    (OrderState::Paying, Verb::Open),
    (OrderState::Paying, Verb::Status),
    (OrderState::Authorised, Verb::Issue),
    (OrderState::Authorised, Verb::Issue),
    (OrderState::Authorised, Verb::Issue),
    (OrderState::Authorised, Verb::Find),
    (OrderState::Authorised, Verb::Cancel),
    (OrderState::Issued, Verb::Capture),
    (OrderState::Issued, Verb::Credit),
    (OrderState::Issued, Verb::History),
    (OrderState::Undoing, Verb::Issue),
    (OrderState::Undoing, Verb::Find),
    (OrderState::Undoing, Verb::Cancel),
    (OrderState::Undoing, Verb::Reverse),
    (OrderState::Undoing, Verb::Credit),
    (OrderState::Undoing, Verb::History),
];

/// Dice that fall the same way for the same seed.
struct Dice(u64);

impl Dice {
    fn below(&mut self, sides: usize) -> usize {
        // splitmix64
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((bits ^ (bits >> 31)) % u64::try_from(sides).unwrap()).unwrap()
    }

    fn one<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(of.len())]
    }
}

fn draw(seed: u64) -> (bool, Story) {
    let mut dice = Dice(seed);
    let dedups = dice.one(&[false, true]);
    let mut story = Story::new(dice.one(&[OnRefusal::Undo, OnRefusal::Keep]));
    let reserved = dice.one(&[true, true, false]);
    story = story.doing([Deed::Pay { row: OrderState::Paying, more: 0, reserved }]);
    match dice.below(6) {
        0 => story = story.then(Deed::Pay { row: OrderState::Authorised, more: 0, reserved: !reserved }),
        1 => story = story.then(Deed::Pay { row: OrderState::Undoing, more: 0, reserved }),
        2 => story = story.then(Deed::Cancel),
        _ => {}
    }
    if dice.below(3) == 0 {
        story = story.tired(dice.one(&[Fault::DoneUnanswered, Fault::NotDone, Fault::Late]));
    }
    for _ in 0..2 + dice.below(4) {
        let (row, verb) = dice.one(&QUESTIONS);
        let fault = dice.one(&fitting(verb));
        // a credit of a part that the way doubles, or whose asker dies before the books show it, is a person's
        if verb != Verb::Credit || !matches!(fault, Fault::Twice | Fault::CrashBeforeAsking) {
            let strike = Strike::new(row, verb, fault);
            story = story.with(dice.one(&[strike, strike.of_line(1), strike.of_line(2)]));
        }
    }
    (dedups, story)
}

async fn lives(seed: u64) -> Result<(), String> {
    let (dedups, story) = draw(seed);
    let mut world = World::new(Setting::new(dedups), &story).await;
    let wrong = world.live(&story, PATIENCE).await;
    if wrong.is_empty() { Ok(()) } else { Err(format!("seed {seed}, dedups {dedups}, {story:?}: {wrong:#?}")) }
}

#[actix_rt::test]
async fn whatever_fails_together_ends_clean() {
    let lived = std::env::var("STARJACK_SIMULATION_LIVES").ok().and_then(|text| text.parse().ok()).unwrap_or(LIVES);
    let first = std::env::var("STARJACK_SIMULATION_SEED").ok().and_then(|text| text.parse().ok()).unwrap_or(0);
    let ends: Vec<_> = stream::iter(first..first + lived).map(lives).buffer_unordered(AT_ONCE).collect().await;
    let failed: Vec<_> = ends.iter().filter_map(|end| end.as_ref().err()).cloned().collect();
    assert!(failed.is_empty(), "{} of {} lives:\n{}", failed.len(), ends.len(), failed.join("\n"));
}
