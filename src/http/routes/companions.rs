//! Free tickets: sold only together with a paid one of an adult, as operators demand. Whoever could
//! order them alone would load tickets onto other people's cards for nothing.

use std::collections::BTreeSet;

use chrono::NaiveDate;

use super::basket_problems::{free_alone, free_beyond, free_kept_alone};
use crate::actors::liftoperator::GROUP_ID;
use crate::actors::order::NewLine;
use crate::actors::order::rules::record::OnRefusal;
use crate::http::middleware::problem::Problem;
use crate::ids;

/// Most free tickets beside one paid ticket of an adult: as many children as somebody takes along.
const MOST_BESIDE_ONE: usize = 6;

/// From this age on somebody accompanies a child, in years.
const ADULT_FROM: u32 = 18;

/// Sees that every free ticket has a paid one of an adult beside it, for the same operator and all
/// of its days, and binds the two to each other: they are refused together and go back together.
///
/// # Errors
/// 422 that names the line.
pub(in crate::http) fn bind(lines: &mut [NewLine], on_refusal: OnRefusal) -> Result<(), Problem> {
    let frees: Vec<usize> = (0..lines.len()).filter(|at| lines[*at].price == 0).collect();
    let fit: Vec<_> = frees.iter().map(|free| companions(lines, *free)).collect();
    if let Some(alone) = fit.iter().position(Vec::is_empty) {
        return Err(free_alone(frees[alone] + 1));
    }
    let beside = spread(&fit).map_err(|beyond| free_beyond(frees[beyond] + 1, MOST_BESIDE_ONE))?;
    if let (Some(free), true) = (frees.first(), on_refusal != OnRefusal::Undo) {
        return Err(free_kept_alone(free + 1));
    }
    for (free, paid) in frees.into_iter().zip(beside) {
        unite(lines, free, paid);
    }
    Ok(())
}

/// The paid tickets that a free one may go beside: those of the same family's price first.
fn companions(lines: &[NewLine], free: usize) -> Vec<usize> {
    let of_family = lines[free].returns.family.as_ref();
    let mut fit: Vec<usize> =
        (0..lines.len()).filter(|at| accompanies(&lines[*at], &lines[free])).collect();
    fit.sort_by_key(|at| of_family.is_none() || lines[*at].returns.family.as_ref() != of_family);
    fit
}

/// The paid ticket of each free one, of those that fit it, when all of them find a place; else the
/// first that finds none.
fn spread(fit: &[Vec<usize>]) -> Result<Vec<usize>, usize> {
    let mut beside: Vec<Option<usize>> = vec![None; fit.len()];
    for free in 0..fit.len() {
        if !place(free, fit, &mut beside, &mut BTreeSet::new()) {
            return Err(free);
        }
    }
    Ok(beside.into_iter().flatten().collect())
}

/// Finds a place for a free ticket: where all are taken, by moving one that fits elsewhere; `tried`
/// are the paid tickets whose free ones could not be moved.
fn place(
    free: usize,
    fit: &[Vec<usize>],
    beside: &mut [Option<usize>],
    tried: &mut BTreeSet<usize>,
) -> bool {
    let taken_along = |beside: &[Option<usize>], paid: usize| -> Vec<usize> {
        (0..beside.len()).filter(|free| beside[*free] == Some(paid)).collect()
    };
    if let Some(paid) =
        fit[free].iter().find(|paid| taken_along(beside, **paid).len() < MOST_BESIDE_ONE)
    {
        beside[free] = Some(*paid);
        return true;
    }
    for paid in &fit[free] {
        if tried.insert(*paid)
            && taken_along(beside, *paid).into_iter().any(|other| place(other, fit, beside, tried))
        {
            beside[free] = Some(*paid);
            return true;
        }
    }
    false
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
    let united = other
        .clone()
        .or_else(|| own.clone())
        .unwrap_or_else(|| ids::new_secret()[..GROUP_ID].to_owned());
    for (at, line) in lines.iter_mut().enumerate() {
        let family = &line.returns.family;
        let is_of_either = family.is_some() && (*family == own || *family == other);
        if at == free || at == beside || is_of_either {
            line.returns.family = Some(united.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn children_make_room_for_one_who_fits_nowhere_else() {
        let either = vec![0, 1];
        let second = vec![1];
        let six_and_six = [vec![either; 6], vec![second.clone(); 6]].concat();
        assert_eq!(spread(&six_and_six), Ok([[0; 6], [1; 6]].concat()));
        let moved = [vec![vec![1, 0]; 6], vec![second; 6]].concat();
        assert_eq!(spread(&moved), Ok([[0; 6], [1; 6]].concat()));
        assert_eq!(spread(&vec![vec![0]; 7]), Err(6));
        assert_eq!(spread(&vec![vec![0, 1]; 13]), Err(12));
        assert_eq!(spread(&[]), Ok(Vec::new()));
    }
}
