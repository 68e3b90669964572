//! A family's price: one offer a person, each sealed with its place in the family, good only all
//! together.

use chrono::{DateTime, NaiveDate, Utc};

use super::offer::{Counter, Group, Offer, When};
use crate::actors::liftoperator::catalogue::{Category, Family, NoFamily, Operator, Product};
use crate::ids;
use crate::money::Cents;

/// Characters of a group's id: 44 random bits, of which an hour's offers never have two alike.
pub const GROUP_ID: usize = 11;

/// What a family pays for one product.
#[derive(Clone, Debug)]
pub struct FamilyOffer<'a> {
    /// The product as the catalogue has it.
    pub product: &'a Product,
    /// The rule by which it is less.
    pub family: &'a Family,
    /// What all of them pay together.
    pub price_cents: Cents,
    /// What they would pay without the family price.
    pub alone_cents: Cents,
    /// One a person, in the order asked for.
    pub offers: Vec<Offer<'a>>,
}

impl Counter {
    /// Quotes every product of the operator's family price for people born on `birth_dates`, in
    /// their order. Empty outside season and sale.
    ///
    /// # Errors
    /// `None` when the operator has no family price, else why they are no family to it.
    pub fn family_offers<'a>(
        &self,
        operator: &'a Operator,
        day: NaiveDate,
        birth_dates: &[NaiveDate],
        now: DateTime<Utc>,
    ) -> Result<Vec<FamilyOffer<'a>>, Option<NoFamily>> {
        let family = operator.family.as_ref().ok_or(None)?;
        let category = |birth_date: &NaiveDate| {
            operator.category_of(*birth_date).filter(|_| *birth_date <= day)
        };
        let categories: Option<Vec<&Category>> = birth_dates.iter().map(category).collect();
        let Some(categories) = categories else { return Ok(Vec::new()) };
        let mut all = Vec::new();
        for product in family.products.iter().filter_map(|key| operator.product(key)) {
            let when = When { day, now };
            let quotes =
                categories.iter().map(|category| self.quote(operator, product, category, when));
            let quotes: Option<Vec<_>> = quotes.collect();
            // people who are no family are told so whether or not anything is sold on the day
            let members = categories.iter().enumerate().map(|(place, category)| {
                let alone = quotes
                    .as_ref()
                    .and_then(|quotes| quotes.get(place))
                    .map_or(0, |quote| quote.price_cents);
                (category.key.as_str(), alone)
            });
            let prices = family.prices(&members.collect::<Vec<_>>()).map_err(Some)?;
            if let Some(quotes) = quotes {
                all.push(self.grouped(operator, family, quotes.into_iter().zip(prices).collect()));
            }
        }
        Ok(all.into_iter().flatten().collect())
    }

    fn grouped<'a>(
        &self,
        operator: &'a Operator,
        family: &'a Family,
        quotes: Vec<(Offer<'a>, Cents)>,
    ) -> Option<FamilyOffer<'a>> {
        let id = ids::new_secret()[..GROUP_ID].to_owned();
        let size = quotes.len();
        let alone_cents = quotes.iter().map(|(quote, _)| quote.price_cents).sum();
        let offers = quotes.into_iter().zip(1..).map(|((quote, price_cents), place)| {
            let group = Some(Group { id: id.clone(), place, size });
            self.sealed(operator, Offer { price_cents, group, ..quote })
        });
        let offers: Vec<_> = offers.collect();
        let product = offers.first()?.product;
        let price_cents = offers.iter().map(|offer| offer.price_cents).sum();
        Some(FamilyOffer { product, family, price_cents, alone_cents, offers })
    }
}
