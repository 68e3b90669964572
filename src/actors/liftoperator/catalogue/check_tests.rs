//! A table of person categories is taken exactly when it gives every birth year one category.

use proptest::prelude::*;

use super::*;
use crate::actors::liftoperator::catalogue::Text;

fn category(no: usize, (born_from, born_to): (Option<i32>, Option<i32>)) -> Category {
    let name = Text { de: String::new(), en: String::new() };
    Category { key: format!("c{no}"), name, born_from, born_to, code: no.to_string() }
}

fn table(limits: &[(Option<i32>, Option<i32>)]) -> Vec<Category> {
    limits.iter().enumerate().map(|(no, limits)| category(no, *limits)).collect()
}

/// Counted year by year, without any of the loader's own reasoning.
fn every_year_has_one_and_every_category_a_year(categories: &[Category]) -> bool {
    let years = 1900..2100;
    let one = |year: i32| categories.iter().filter(|category| category.contains(year)).count() == 1;
    years.clone().all(one)
        && categories.iter().all(|category| years.clone().any(|year| category.contains(year)))
}

fn limit() -> impl Strategy<Value = Option<i32>> {
    prop_oneof![1 => Just(None), 4 => (1996..2006_i32).prop_map(Some)]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]

    #[test]
    fn any_table_at_all_is_judged_as_counting_does(limits in prop::collection::vec((limit(), limit()), 0..4)) {
        let categories = table(&limits);
        let whole = every_year_has_one_and_every_category_a_year(&categories);
        prop_assert_eq!(every_birth_year_once(&categories).is_ok(), whole, "{:?}", limits);
    }

    #[test]
    fn a_table_cut_at_any_years_is_taken_in_any_order_and_refused_once_a_limit_moves(
        cuts in prop::collection::btree_set(1950..2050_i32, 1..8), turn in 0..8_usize, which in 0..16_usize, years in 1..4_i32,
    ) {
        let cuts: Vec<i32> = cuts.into_iter().collect();
        let from = std::iter::once(None).chain(cuts.iter().map(|cut| Some(*cut)));
        let to = cuts.iter().map(|cut| Some(*cut - 1)).chain([None]);
        let mut limits: Vec<_> = from.zip(to).collect();
        let turn = turn % limits.len();
        limits.rotate_left(turn);
        prop_assert!(every_birth_year_once(&table(&limits)).is_ok(), "{:?}", limits);

        let ends = limits.iter_mut().flat_map(|(first, last)| [first, last]);
        let mut ends: Vec<&mut i32> = ends.filter_map(Option::as_mut).collect();
        let moved = which % ends.len();
        *ends[moved] += if which < 8 { years } else { -years };
        prop_assert!(every_birth_year_once(&table(&limits)).is_err(), "{:?}", limits);
    }
}

#[test]
fn a_slip_of_the_pen_in_a_birth_year_is_named() {
    for year in [i32::MIN, 19_900, i32::MAX] {
        let categories = table(&[(None, Some(year)), (Some(year.saturating_add(1)), None)]);
        assert!(
            every_birth_year_once(&categories).unwrap_err().contains("has the birth year"),
            "{year}"
        );
    }
}
