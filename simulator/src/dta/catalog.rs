//! `InventoryService.GetCatalog`: the operator's list in the shape of the two public answers.
//!
//! A price list belongs to one product and one category; days that cost the same are one item,
//! whose time period is a range, or a tree of unions over ranges. Ids of lists and periods are made
//! up for the answer.

use chrono::{DateTime, Days, NaiveDate, NaiveTime, TimeDelta, TimeZone, Utc};
use chrono_tz::Europe::Vienna;

use crate::clock::stamp;
use crate::goods::{Shelf, Span};
use crate::xml::{XSI, leaf, node};

/// The markup inside `GetCatalogResponse`.
pub(crate) fn catalog(shelf: &Shelf) -> String {
    let mut lists = Lists::default();
    let categories = shelf.categories();
    let products: String =
        shelf.products().iter().map(|code| product(shelf, code, &categories, &mut lists)).collect();
    let persons: String = categories.iter().map(|code| category(code)).collect();
    let inner = leaf("SwissTaxCalculationMode", "false")
        + &node("Products", &products)
        + &node("TimePeriods", &lists.periods)
        + &node("ConsumerCategories", &persons)
        + &node("PriceLists", &lists.lists);
    format!("<Catalog xmlns:xsi=\"{XSI}\">{inner}</Catalog>")
}

fn name(text: &str) -> String {
    let of = |language: &str| {
        node("LocalizedText", &(leaf("LanguageCode", language) + &leaf("Text", text)))
    };
    node("Name", &(of("de") + &of("en")))
}

fn category(code: &str) -> String {
    let inner = leaf("Id", code)
        + &name(&format!("Category {code}"))
        + &leaf("Active", "true")
        + &leaf("ReservedForSpecialUseCase", "false");
    format!("<Category xsi:type=\"ConsumerCategory\">{inner}</Category>")
}

fn product(shelf: &Shelf, code: &str, categories: &[String], lists: &mut Lists) -> String {
    let mut maps = String::new();
    for category in categories {
        let prices = shelf.prices(code, category);
        if prices.is_empty() {
            continue;
        }
        let list = lists.add(&prices);
        let inner = leaf("ConsumerCategoryId", category)
            + &leaf("PriceListId", list)
            + &leaf("Mode", "PRE_SALES");
        maps += &node("PriceMaps", &inner);
    }
    let allowed: String = categories.iter().map(|category| leaf("CategoryId", category)).collect();
    let inner = leaf("Id", code)
        + &name(&format!("Product {code}"))
        + &leaf("IsAdditionalProductOnly", "false")
        + &node("ConsumerCategoryIds", &allowed)
        + &maps
        + &leaf("Active", "true")
        + &leaf("ReservedForSpecialUseCase", "false")
        + &leaf("ClientId", shelf.goods.catalog_id);
    format!("<Product xsi:type=\"TicketProduct\">{inner}</Product>")
}

/// Price lists and time periods as they are written.
#[derive(Default)]
struct Lists {
    lists: String,
    periods: String,
    next: u32,
}

impl Lists {
    /// Writes a price list and gives its id.
    fn add(&mut self, prices: &[Span]) -> String {
        let mut amounts: Vec<i64> = prices.iter().map(|span| span.cents).collect();
        amounts.sort_unstable();
        amounts.dedup();
        let mut items = String::new();
        for cents in amounts {
            let period = self.union(prices.iter().filter(|span| span.cents == cents));
            let amount = format!("{}.{:02}", cents / 100, cents % 100);
            let price = leaf("Amount", amount) + &leaf("CurrencyCode", "EUR");
            let inner = leaf("Priority", 1)
                + &leaf("TimePeriodId", period)
                + &leaf("Quantity", 1)
                + &leaf("IsTemplate", "false")
                + &node("UnitPrice", &price);
            items += &node("PriceListItems", &inner);
        }
        let id = self.id();
        let inner = leaf("Id", &id)
            + &name("Prices")
            + &leaf("IsTemplate", "false")
            + &leaf("Active", "true");
        self.lists += &node("PriceList", &(inner + &leaf("Type", "PRICE") + &items));
        id
    }

    /// Writes the ranges and the unions over them, and gives the id of the period that holds all.
    fn union<'a>(&mut self, spans: impl Iterator<Item = &'a Span>) -> String {
        let mut whole: Option<String> = None;
        for span in spans {
            let start = begin_of(span.from);
            let end = begin_of(next(span.to)) - TimeDelta::milliseconds(1);
            let range =
                self.period("TimeRange", &(leaf("Start", stamp(start)) + &leaf("End", stamp(end))));
            whole = Some(match whole {
                None => range,
                Some(others) => self.period(
                    "OrTimePeriodNode",
                    &(leaf("TimePeriod1Id", others) + &leaf("TimePeriod2Id", range)),
                ),
            });
        }
        whole.unwrap_or_default()
    }

    fn period(&mut self, kind: &str, inner: &str) -> String {
        let id = self.id();
        let whole = leaf("Id", &id) + &leaf("Active", "true") + inner;
        self.periods += &format!("<TimePeriod xsi:type=\"{kind}\">{whole}</TimePeriod>");
        id
    }

    fn id(&mut self) -> String {
        self.next += 1;
        format!("{:08x}-e707-11f1-9000-02fc00000001", self.next)
    }
}

fn next(day: NaiveDate) -> NaiveDate {
    day.checked_add_days(Days::new(1)).unwrap_or(day)
}

/// The first moment of a day at the lifts; no clock is changed at midnight there.
fn begin_of(day: NaiveDate) -> DateTime<Utc> {
    let local = day.and_time(NaiveTime::MIN);
    Vienna
        .from_local_datetime(&local)
        .earliest()
        .map_or_else(|| local.and_utc(), |begin| begin.with_timezone(&Utc))
}
