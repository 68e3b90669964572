//! The operator's list as DCI4WTP's reads show it. `Unproven:` the names of the members are ours,
//! in the service's style.

use chrono::NaiveDate;

use super::requests::{NOT_SOLD, PARAMETER, Refusal};
use super::service::Members;
use super::shapes::decimal;
use crate::goods::Shelf;
use crate::xml::{Element, leaf};

/// A product's code in its two numbers: pool and ticket type.
fn parts(code: &str) -> Option<(&str, &str)> {
    code.split_once('/')
}

/// `ACTPOOL` once a pool.
pub(crate) fn pools(shelf: &Shelf) -> Members {
    let products = shelf.products();
    let mut pools: Vec<&str> = products.iter().filter_map(|code| Some(parts(code)?.0)).collect();
    pools.sort_unstable();
    pools.dedup();
    let pool =
        |number: &str| leaf("a:NPOOLNO", number) + &leaf("a:SZNAME", format!("Pool {number}"));
    pools.into_iter().map(|number| ("ACTPOOL", pool(number))).collect()
}

/// `ACTTICKETTYPE` once a ticket type of a pool; a ticket to the end of the season has no days.
pub(crate) fn ticket_types(shelf: &Shelf, pool: &str) -> Members {
    let products = shelf.products();
    let theirs = products
        .iter()
        .filter(|code| parts(code).is_some_and(|(of, _)| decimal(of) == decimal(pool)));
    let ticket_type = |code: &String| {
        let days = shelf.validity(code).and_then(|validity| validity.days);
        let number = parts(code).map(|(_, number)| number).unwrap_or_default();
        let days = days.map(|days| leaf("a:NDAYS", days)).unwrap_or_default();
        days + &leaf("a:NTICKETTYPENO", number) + &leaf("a:SZNAME", format!("Product {code}"))
    };
    theirs.map(|code| ("ACTTICKETTYPE", ticket_type(code))).collect()
}

/// `ACTPERSTYPE` once a person type.
pub(crate) fn person_types(shelf: &Shelf) -> Members {
    let person = |number: String| {
        leaf("a:NPERSTYPENO", &number) + &leaf("a:SZNAME", format!("Category {number}"))
    };
    shelf.categories().into_iter().map(|number| ("ACTPERSTYPE", person(number))).collect()
}

/// What a product costs a person type on a day, and until when it costs that.
pub(crate) fn tariff(shelf: &Shelf, request: &Element) -> Result<Members, Refusal> {
    let product = request.child("CTPRODUCT").ok_or(PARAMETER)?;
    let number =
        |name| decimal(product.text_of(name)).filter(|number| *number > 0).ok_or(PARAMETER);
    if number("NPROJNO")? != i64::from(shelf.goods.project_no) {
        return Err(NOT_SOLD);
    }
    let code = format!("{}/{}", number("NPOOLNO")?, number("NTICKETTYPENO")?);
    let day: NaiveDate = product.text_of("SZVALIDFROM").parse().map_err(|_no_day| PARAMETER)?;
    let prices = shelf.prices(&code, &number("NPERSONTYPNO")?.to_string());
    let span =
        prices.into_iter().find(|span| (span.from..=span.to).contains(&day)).ok_or(NOT_SOLD)?;
    let amount = format!("{}.{:02}", span.cents / 100, span.cents % 100);
    Ok(vec![
        ("FTARIFF", amount.clone()),
        ("FTARIFFLIST", amount),
        ("NTARIFFSHEETNO", "1".to_owned()),
        ("NTARIFFSHEETVALIDNO", "1".to_owned()),
        ("SZCURRENCY", "EUR".to_owned()),
        ("SZVALIDTILL", span.to.to_string()),
    ])
}
