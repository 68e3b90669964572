//! The words of `GetCatalog` and what they mean to the port. The answer's shape is public;
//! `Unproven:` its wrapper and namespace, and how a price is chosen: of the items whose time period
//! holds the day's first moment the one with the lowest `Priority`, in the list that the product's
//! price map for pre-sale names.
//!
//! Source: two answers of a real server, kept by a public sales-channel client (mpouzko/catalog,
//! read 2026-11-23).

use std::collections::{BTreeSet, HashMap};

use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Tz;

use super::translate::begins;
use crate::integrations::lift::{Named, PriceList, Tariff, Wanted, WantedProduct};
use crate::integrations::soap::Element;
use crate::money::{Cents, read_decimal};

/// `Unproven:` made in the pattern of the header's namespace.
pub(super) const INVENTORY: &str = "http://www.skidata.com/dta/saleschannel/v10/inventory";
/// The mode of a price map that a web shop sells by. Source: as above, the only one seen.
const MODE: &str = "PRE_SALES";

/// Reads a `Catalog`; `None` when a part is missing, a reference leads nowhere or a price is not in
/// euro: then nothing of it is believed.
pub(super) fn goods(catalog: &Element, wanted: &Wanted, zone: Tz) -> Option<PriceList> {
    let book = Book {
        zone,
        periods: by_id(catalog.child("TimePeriods")?, "TimePeriod")?,
        lists: by_id(catalog.child("PriceLists")?, "PriceList")?,
    };
    let products = catalog.child("Products")?.children("Product");
    let products: Vec<&Element> = products.filter(|product| is_sold(product)).collect();
    let categories =
        catalog.child("ConsumerCategories")?.children("Category").filter(|one| is(one, "Active"));
    let mut tariffs = Vec::new();
    for product in &products {
        for one in wanted.products.iter().filter(|one| product.text_of("Id") == Some(&one.code)) {
            for category in &wanted.categories {
                tariffs.extend(book.tariffs(product, one, category)?);
            }
        }
    }
    let products = products.into_iter().map(named).collect::<Option<_>>()?;
    Some(PriceList { products, categories: categories.map(named).collect::<Option<_>>()?, tariffs })
}

/// Lists and periods by their ids.
struct Book<'a> {
    zone: Tz,
    periods: HashMap<&'a str, &'a Element>,
    lists: HashMap<&'a str, &'a Element>,
}

/// One price of a list.
struct Item {
    priority: u32,
    ranges: Vec<(DateTime<Utc>, DateTime<Utc>)>,
    price: Cents,
}

impl Book<'_> {
    /// What the product costs the category, day by day; none when it is not sold to it.
    fn tariffs(
        &self,
        product: &Element,
        one: &WantedProduct,
        category: &str,
    ) -> Option<Vec<Tariff>> {
        let is_ours = |map: &&Element| {
            map.text_of("ConsumerCategoryId") == Some(category) && map.text_of("Mode") == Some(MODE)
        };
        let mut maps = product.children("PriceMaps").filter(is_ours);
        let Some(map) = maps.next() else { return Some(Vec::new()) };
        if maps.next().is_some() {
            return None;
        }
        let list = self.lists.get(map.text_of("PriceListId")?)?;
        if !is(list, "Active") {
            return Some(Vec::new());
        }
        let items = list
            .children("PriceListItems")
            .filter(|item| item.text_of("Quantity").is_none_or(|of| of == "1"));
        let mut items: Vec<Item> = items.map(|item| self.item(item)).collect::<Option<_>>()?;
        items.sort_by_key(|item| item.priority);
        let mut tariffs: Vec<Tariff> = Vec::new();
        for day in one.from.iter_days().take_while(|day| *day <= one.to) {
            let Some(price) = self.price_on(&items, day) else { continue };
            match tariffs.last_mut() {
                Some(last) if last.price == price && last.to.succ_opt() == Some(day) => {
                    last.to = day
                }
                Some(_) | None => tariffs.push(Tariff {
                    product: one.code.clone(),
                    category: category.to_owned(),
                    from: day,
                    to: day,
                    price,
                }),
            }
        }
        Some(tariffs)
    }

    fn item(&self, item: &Element) -> Option<Item> {
        let price =
            item.child("UnitPrice").filter(|price| price.text_of("CurrencyCode") == Some("EUR"))?;
        Some(Item {
            priority: item.text_of("Priority")?.parse().ok()?,
            ranges: self.ranges(item.text_of("TimePeriodId")?)?,
            price: read_decimal(price.text_of("Amount")?)?,
        })
    }

    /// The first moments and last ones that a period is a union of. A tree that leads back into
    /// itself ends all the same.
    fn ranges(&self, id: &str) -> Option<Vec<(DateTime<Utc>, DateTime<Utc>)>> {
        let mut open = vec![id.to_owned()];
        let mut seen = BTreeSet::new();
        let mut ranges = Vec::new();
        while let Some(id) = open.pop() {
            let period = self.periods.get(id.as_str())?;
            if !seen.insert(id) {
                continue;
            }
            match period.xsi_type()? {
                "TimeRange" => ranges.push((instant(period, "Start")?, instant(period, "End")?)),
                "OrTimePeriodNode" => {
                    open.extend([
                        period.text_of("TimePeriod1Id")?.to_owned(),
                        period.text_of("TimePeriod2Id")?.to_owned(),
                    ]);
                }
                _ => return None,
            }
        }
        Some(ranges)
    }

    fn price_on(&self, items: &[Item], day: NaiveDate) -> Option<Cents> {
        let begin = begins(day, None, self.zone)?.with_timezone(&Utc);
        let holds =
            |item: &&Item| item.ranges.iter().any(|(start, end)| (*start..=*end).contains(&begin));
        items.iter().find(holds).map(|item| item.price)
    }
}

fn by_id<'a>(parent: &'a Element, name: &'a str) -> Option<HashMap<&'a str, &'a Element>> {
    parent.children(name).map(|child| Some((child.text_of("Id")?, child))).collect()
}

/// Whether a product is sold by itself and to everybody.
fn is_sold(product: &Element) -> bool {
    is(product, "Active")
        && !is(product, "IsAdditionalProductOnly")
        && !is(product, "ReservedForSpecialUseCase")
}

fn is(element: &Element, name: &str) -> bool {
    matches!(element.text_of(name), Some("true" | "1"))
}

fn instant(period: &Element, name: &str) -> Option<DateTime<Utc>> {
    Some(DateTime::parse_from_rfc3339(period.text_of(name)?).ok()?.with_timezone(&Utc))
}

/// The id, with the English name where there is one.
fn named(element: &Element) -> Option<Named> {
    let texts =
        || element.child("Name").into_iter().flat_map(|name| name.children("LocalizedText"));
    let english = texts().find(|text| text.text_of("LanguageCode") == Some("en"));
    let name = english.or_else(|| texts().next()).and_then(|text| text.text_of("Text"));
    let code = element.text_of("Id")?.to_owned();
    Some(Named { name: name.unwrap_or(&code).to_owned(), code })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::integrations::soap::parse;

    const SAMPLE: &str = include_str!("samples/get_catalog.xml");

    fn read(text: &str) -> Option<PriceList> {
        let envelope = parse(text.as_bytes()).unwrap();
        let [from, to] = ["2026-12-23", "2027-01-01"].map(|day| day.parse().unwrap());
        let wanted = Wanted {
            products: vec![WantedProduct { code: "day".to_owned(), from, to }],
            categories: vec!["adult".to_owned(), "child".to_owned()],
        };
        let catalog = envelope.children[0].children[0].child("Catalog").unwrap();
        goods(catalog, &wanted, chrono_tz::Europe::Vienna)
    }

    #[test]
    fn the_item_of_the_lowest_priority_whose_period_holds_the_day_is_its_price() {
        let goods = read(SAMPLE).unwrap();
        let name = |named: &Named| format!("{} {}", named.code, named.name);
        assert_eq!(goods.products.iter().map(name).collect::<Vec<_>>(), ["day Day ticket"]);
        assert_eq!(
            goods.categories.iter().map(name).collect::<Vec<_>>(),
            ["adult Erwachsene", "child child"]
        );
        let spans: Vec<_> = goods
            .tariffs
            .iter()
            .map(|one| format!("{} {} {}", one.from, one.to, one.price))
            .collect();
        assert_eq!(
            spans,
            [
                "2026-12-23 2026-12-23 8000",
                "2026-12-24 2026-12-24 9050",
                "2026-12-25 2026-12-30 8000",
                "2026-12-31 2026-12-31 9050",
            ]
        );
    }

    #[test]
    fn what_contradicts_itself_is_not_believed() {
        for (from, to) in [
            ("<TimePeriod2Id>sylvester", "<TimePeriod2Id>nowhere"),
            ("<PriceListId>list", "<PriceListId>nowhere"),
            ("<CurrencyCode>EUR", "<CurrencyCode>CHF"),
            ("<Amount>90.5<", "<Amount>90.555<"),
            ("<Mode>DESK<", "<Mode>PRE_SALES<"),
            ("ns3:TimeRange", "ns3:Moon"),
            ("<Start>2026-12-23T23:00:00.000Z", "<Start>soon"),
            ("<Products>", "<Others>"),
            ("<Id>adult</Id>", ""),
        ] {
            assert!(SAMPLE.contains(from), "{from}");
            let text = SAMPLE.replace(from, to).replace("<Others>", "<Others/><Others>");
            let text =
                if from == "<Products>" { text.replace("</Products>", "</Others>") } else { text };
            assert_eq!(read(&text), None, "{from}");
        }
        let loops = SAMPLE.replace("<TimePeriod1Id>eve", "<TimePeriod1Id>feasts");
        assert_eq!(read(&loops).unwrap().tariffs.len(), 2, "a tree that leads into itself ends");
    }
}
