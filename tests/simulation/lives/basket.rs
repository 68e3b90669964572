//! What people order: one to four tickets at both kinds of supplier, on cards that some of them
//! share.

use chrono::{Days, NaiveDate, TimeDelta};
use starjack::actors::order::rules::record::{OnRefusal, ReturnTerms, Ticket};
use starjack::actors::order::{Marks, NewLine, NewOrder};
use starjack::clock;
use starjack::ids;

use super::super::world::{CUSTOMER, NEIGHBOUR, POLICIES};
use super::prng::Prng;
use super::replica::OPERATORS;

/// So few that two orders often want one card, of which two accounts have the number.
const CARDS: u64 = 9;

/// A basket; in `parts` of which each is kept.
pub(crate) fn basket(prng: &Prng, no: u64, parts: bool) -> NewOrder {
    // of some contracts the last loading time is near
    let loading = prng.one(&[86_400, 86_400, 86_400, 86_400, 150, 400]);
    let first = prng.below(CARDS);
    let lines = (0..1 + prng.below(4)).map(|line| NewLine {
        ticket: ticket(prng, (first + line) % CARDS),
        price: prng.one(&[5000, 3000, 2550, 6100, 0]),
        loading_ends: clock::now() + TimeDelta::seconds(loading),
        returns: ReturnTerms::default(),
    });
    NewOrder {
        account_id: if no.is_multiple_of(2) { CUSTOMER } else { NEIGHBOUR },
        lines: lines.collect(),
        on_refusal: if parts { OnRefusal::Keep } else { prng.one(&POLICIES) },
        return_url: None,
        billing: None,
        key: format!("key {no}"),
        marks: Marks { asked: "asked".to_owned(), bytes: "bytes".to_owned() },
    }
}

fn ticket(prng: &Prng, card: u64) -> Ticket {
    let day: NaiveDate = clock::now().date_naive() + Days::new(1);
    let (operator, _dedups) = prng.one(&OPERATORS);
    Ticket {
        operator: operator.to_owned(),
        product: "day".to_owned(),
        category: "adult".to_owned(),
        product_code: prng.one(&["D", "H"]).to_owned(),
        category_code: prng.one(&["A", "C"]).to_owned(),
        valid_from: day,
        valid_to: day,
        from_time: None,
        vat_permille: prng.one(&[100, 200]),
        vat_country: prng.one(&["AT", "IT"]).to_owned(),
        card_id: ids::new_id(),
        card_number: format!("card {card}"),
        holder_first_name: "Ada".to_owned(),
        holder_last_name: format!("Alpin {card}"),
        holder_birth_date: NaiveDate::from_ymd_opt(1990, 1, 1).unwrap(),
    }
}
