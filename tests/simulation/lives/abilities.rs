//! What the world of a life can do besides losing answers and processes: each life is given none to
//! three of these abilities, so that what it breaks can be read.

use chrono::TimeDelta;
use starjack::actors::order::{NewLine, NewOrder};
use starjack::clock;

use super::prng::Prng;

/// Something that people, banks, gates or suppliers of a life do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ability {
    /// Payers pay around the end of their page and of the last loading time, mostly by a method
    /// that is billed at once, and the reports of it are lost.
    PaysLate,
    /// Attempts are declined, and others wait for their bank, which decides up to twenty minutes
    /// later.
    WaitsForBank,
    /// The provider denies or stumbles over every second status call.
    Denies,
    /// A bill is reported up to fifteen seconds before the provider's books show it.
    LateBooks,
    /// A bank takes back what was billed, and the provider's books show it up to five minutes after
    /// its report.
    ChargesBack,
    /// Staff at the provider's portal gives back the whole or a part of a payment, or releases it.
    Portal,
    /// What is reserved fails by itself.
    Vanishes,
    /// Some methods have no credits.
    NoCredits,
    /// Some cards are closed, for an hour or for ever.
    ClosedCards,
    /// Skiers use their tickets.
    Gates,
    /// For twenty minutes none, or few, of the answers to the opening of a page arrive, and some
    /// people ask again and again.
    LosesPages,
    /// A backup is restored.
    Restores,
    /// Some entries of the provider's list cannot be read, and many of other shops stand before
    /// ours.
    Unreadable,
}

pub(crate) const ABILITIES: [(Ability, &str); 13] = [
    (Ability::PaysLate, "pays_late"),
    (Ability::WaitsForBank, "waits_for_bank"),
    (Ability::Denies, "denies"),
    (Ability::LateBooks, "late_books"),
    (Ability::ChargesBack, "charges_back"),
    (Ability::Portal, "portal"),
    (Ability::Vanishes, "vanishes"),
    (Ability::NoCredits, "no_credits"),
    (Ability::ClosedCards, "closed_cards"),
    (Ability::Gates, "gates"),
    (Ability::LosesPages, "loses_pages"),
    (Ability::Restores, "restores"),
    (Ability::Unreadable, "unreadable"),
];

/// Whoever restores a backup forgets which transfers were booked, and would send the money twice:
/// the bank's own statement decides then, and no statement is part of this world.
const NOT_TOGETHER: [(Ability, Ability); 2] =
    [(Ability::Restores, Ability::NoCredits), (Ability::Restores, Ability::ClosedCards)];

/// The abilities of one life.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Abilities(u16);

impl Abilities {
    pub(crate) const NONE: Self = Self(0);

    pub(crate) const fn only(ability: Ability) -> Self {
        Self(1 << ability as u16)
    }

    /// None to three.
    pub(crate) fn draw(prng: &Prng) -> Self {
        let all = ABILITIES.map(|(ability, _)| ability);
        (0..prng.below(4)).fold(Self::NONE, |drawn, _| drawn.with(prng.one(&all)))
    }

    /// The abilities of words between commas, whether they go together or not.
    pub(crate) fn of(words: &str) -> Self {
        let named = ABILITIES.iter().filter(|(_, word)| words.split(',').any(|one| one == *word));
        named.fold(Self::NONE, |all, (ability, _)| Self(all.0 | Self::only(*ability).0))
    }

    pub(crate) const fn has(self, ability: Ability) -> bool {
        self.0 & Self::only(ability).0 != 0
    }

    pub(crate) const fn are_none(self) -> bool {
        self.0 == 0
    }

    pub(crate) fn words(self) -> Vec<&'static str> {
        ABILITIES.iter().filter(|(ability, _)| self.has(*ability)).map(|(_, word)| *word).collect()
    }

    /// Whether a day that nobody compares may come right: what others did to ended orders is seen
    /// by the comparison alone.
    pub(crate) fn need_no_evening(self) -> bool {
        !self.has(Ability::Portal) && !self.has(Ability::Restores)
    }

    /// How many of a hundred payments are only reserved: few where what is billed is what the world
    /// is about.
    pub(crate) fn reserved(self) -> u64 {
        let billed = [
            Ability::PaysLate,
            Ability::Denies,
            Ability::LateBooks,
            Ability::ChargesBack,
            Ability::Portal,
            Ability::NoCredits,
            Ability::ClosedCards,
        ];
        if self.has(Ability::Vanishes) {
            85
        } else if billed.into_iter().any(|ability| self.has(ability)) {
            30
        } else {
            65
        }
    }

    /// An order waits for a bank, and for what looks like that, until its tickets can be loaded no
    /// more, so that is soon; around then somebody pays late.
    pub(crate) fn hurry(self, prng: &Prng, order: NewOrder) -> NewOrder {
        let waits = self.has(Ability::WaitsForBank) || self.has(Ability::LateBooks);
        let soon = match (waits, self.has(Ability::PaysLate)) {
            (false, false) => return order,
            (true, _) => prng.one(&[150, 400, 900]),
            (false, true) => prng.one(&[86_400, 86_400, 125, 140]),
        };
        let loading_ends = clock::now() + TimeDelta::seconds(soon);
        let lines = order.lines.into_iter().map(|line| NewLine { loading_ends, ..line }).collect();
        NewOrder { lines, ..order }
    }

    fn with(self, ability: Ability) -> Self {
        let excludes = |(one, other): &(Ability, Ability)| {
            (*one == ability && self.has(*other)) || (*other == ability && self.has(*one))
        };
        if NOT_TOGETHER.iter().any(excludes) { self } else { Self(self.0 | Self::only(ability).0) }
    }
}
