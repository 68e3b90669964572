//! Free tickets: sold only together with a paid one of an adult, as operators demand. Whoever could order them alone would load
//! tickets onto other people's cards for nothing.

use chrono::NaiveDate;

use super::basket_problems::{free_alone, free_beyond, free_kept_alone};
use super::problem::Problem;
use crate::actors::liftoperator::GROUP_ID;
use crate::actors::order::NewLine;
use crate::actors::order::record::OnRefusal;
use crate::ids;

/// Most free tickets beside one paid ticket of an adult: as many children as somebody takes along.
const MOST_BESIDE_ONE: usize = 6;

/// From this age on somebody accompanies a child, in years.
const ADULT_FROM: u32 = 18;

/// Sees that every free ticket has a paid one of an adult beside it, for the same operator and all of its days, and binds the two
/// to each other: they are refused together and go back together.
///
/// # Errors
/// 422 that names the line.
pub(super) fn bind(lines: &mut [NewLine], on_refusal: OnRefusal) -> Result<(), Problem> {
    let mut takes_along = vec![0; lines.len()];
    for free in 0..lines.len() {
        if lines[free].price != 0 {
            continue;
        }
        let no = free + 1;
        let beside = companion(lines, free, &takes_along).ok_or_else(|| free_alone(no))?;
        takes_along[beside] += 1;
        if takes_along[beside] > MOST_BESIDE_ONE {
            return Err(free_beyond(no, MOST_BESIDE_ONE));
        }
        if on_refusal != OnRefusal::Undo {
            return Err(free_kept_alone(no));
        }
        unite(lines, free, beside);
    }
    Ok(())
}

/// The paid ticket of an adult beside a free one: one that takes fewer along than it may, and of the same family's price if there
/// is one.
fn companion(lines: &[NewLine], free: usize, takes_along: &[usize]) -> Option<usize> {
    let of_family = lines[free].returns.family.as_ref();
    let fits = (0..lines.len()).filter(|at| accompanies(&lines[*at], &lines[free]));
    fits.min_by_key(|at| {
        let is_of_others = of_family.is_none() || lines[*at].returns.family.as_ref() != of_family;
        (takes_along[*at] >= MOST_BESIDE_ONE, is_of_others)
    })
}

fn accompanies(paid: &NewLine, free: &NewLine) -> bool {
    let [with, child] = [&paid.ticket, &free.ticket];
    paid.price > 0
        && with.operator == child.operator
        && with.valid_from <= child.valid_from
        && child.valid_to <= with.valid_to
        && is_adult(with.holder_birth_date, with.valid_from)
}

fn is_adult(born: NaiveDate, on: NaiveDate) -> bool {
    on.years_since(born).is_some_and(|years| years >= ADULT_FROM)
}

/// What goes back together with either of the two goes back together with both.
fn unite(lines: &mut [NewLine], free: usize, beside: usize) {
    let own = lines[free].returns.family.clone();
    let other = lines[beside].returns.family.clone();
    let united = other.clone().or_else(|| own.clone()).unwrap_or_else(|| ids::new_secret()[..GROUP_ID].to_owned());
    for (at, line) in lines.iter_mut().enumerate() {
        let family = &line.returns.family;
        let is_of_either = family.is_some() && (*family == own || *family == other);
        if at == free || at == beside || is_of_either {
            line.returns.family = Some(united.clone());
        }
    }
}
