//! Quotes: a price shown, sealed into its own id, and taken back when the order comes. Nothing is
//! stored.

use std::sync::Arc;

use aws_lc_rs::hmac;
use chrono::{DateTime, DurationRound as _, NaiveDate, NaiveTime, TimeDelta, Utc};

use super::seal::{self, Promise};
use crate::actors::liftoperator::catalogue::{
    Catalogue, Category, Current, HolderField, Operator, Product,
};
use crate::money::Cents;
use crate::typed::is_birth_date;

pub use super::seal::Group;

/// How long a price that was shown can be ordered.
const LIFE: TimeDelta = TimeDelta::minutes(60);

/// Where prices are quoted and quotes are taken back. Cheap to clone, shared by all threads.
#[derive(Clone)]
pub struct Counter {
    catalogue: Current,
    key: hmac::Key,
}

/// A price shown to a customer.
#[derive(Clone, Debug)]
pub struct Offer<'a> {
    /// Carries all of the offer under a seal; at most 250 of `[A-Za-z0-9_-]`.
    pub offer_id: String,
    /// The product as the catalogue has it.
    pub product: &'a Product,
    /// The category of the person asked for.
    pub category: &'a Category,
    /// Gross price in euro cents; 0 is free.
    pub price_cents: Cents,
    /// Per mille: 100 is 10 %.
    pub vat_permille: i32,
    /// First day, in the operator's time zone.
    pub valid_from: NaiveDate,
    /// Last day, inclusive.
    pub valid_to: NaiveDate,
    /// From when on it cannot be ordered any more: 60 minutes, down to the full one, or the end of
    /// loading on its first day if that is earlier.
    pub expires_at: DateTime<Utc>,
    /// The family whose price it is a part of.
    pub group: Option<Group>,
}

/// For which first day is asked, and when.
#[derive(Clone, Copy)]
pub(in crate::actors::liftoperator) struct When {
    pub(in crate::actors::liftoperator) day: NaiveDate,
    pub(in crate::actors::liftoperator) now: DateTime<Utc>,
}

/// All that an order line needs to know of what it bought.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QuotedLine {
    /// The operator's key.
    pub operator: String,
    /// The key of the supplier that serves the operator.
    pub supplier: String,
    /// The product's key.
    pub product: String,
    /// The person category's key.
    pub category: String,
    /// The supplier's own code of the product.
    pub product_code: String,
    /// The supplier's own code of the category.
    pub category_code: String,
    /// First day, in the operator's time zone.
    pub valid_from: NaiveDate,
    /// Last day, inclusive.
    pub valid_to: NaiveDate,
    /// Local time of the first day from which on it is valid; the whole day when absent.
    pub from_time: Option<NaiveTime>,
    /// The price that was shown: gross euro cents, 0 is free.
    pub price_cents: Cents,
    /// Per mille: 100 is 10 %.
    pub vat_permille: i32,
    /// The country whose tax that is: two letters of ISO 3166.
    pub vat_country: String,
    /// What must be known of the holder.
    pub needs: Vec<HolderField>,
    /// Whose cards the operator accepts, by the suppliers' keys.
    pub accepted_suppliers: Vec<String>,
    /// From when on the ticket is not loaded any more: a time of its first day.
    pub loading_ends: DateTime<Utc>,
    /// The family whose price it is a part of: it holds when all of them are ordered together.
    pub group: Option<Group>,
}

/// Why an offer cannot be ordered. Every one is the customer's to mend by asking for offers again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OfferError {
    /// Not an id of ours: cut off, changed, or sealed with another key.
    #[error("this is not an offer of ours")]
    Forged,
    /// Its time is over; a new one may have another price.
    #[error("the offer has expired")]
    Expired,
    /// It was ours, but the catalogue has the operator, product or category no more, or with
    /// another validity.
    #[error("what was offered is not sold any more")]
    Unknown,
    /// The day is over, or its last loading time is.
    #[error("tickets for this day are not loaded any more")]
    LoadingOver,
    /// The holder's birth date belongs to another person category than the offered one.
    #[error("the holder's birth date does not fit the offered person category")]
    OtherCategory,
    /// Nobody who is alive can be born on the holder's birth date: its operator's system would
    /// refuse it once it is paid.
    #[error("the holder's birth date is before 1900 or after today")]
    NobodysBirthDate,
}

/// The key of the seal is too short to be one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the key that seals offers needs at least 32 bytes")]
pub struct KeyTooShort;

impl Counter {
    /// Opens the counter; replicas that share customers share `key`, at least 32 random bytes.
    ///
    /// # Errors
    /// `KeyTooShort`.
    pub fn new(catalogue: impl Into<Current>, key: &[u8]) -> Result<Self, KeyTooShort> {
        if key.len() < 32 {
            return Err(KeyTooShort);
        }
        Ok(Self { catalogue: catalogue.into(), key: hmac::Key::new(hmac::HMAC_SHA256, key) })
    }

    /// What the counter quotes from at this moment.
    #[must_use]
    pub fn catalogue(&self) -> Arc<Catalogue> {
        self.catalogue.now()
    }

    /// Quotes every product of `operator` for a person born on `birth_date` and the plain date
    /// `day` in the operator's time zone. Without those whose season or sale `day` or `now` is
    /// outside of; empty for the unborn.
    #[must_use]
    pub fn offers<'a>(
        &self,
        operator: &'a Operator,
        day: NaiveDate,
        birth_date: NaiveDate,
        now: DateTime<Utc>,
    ) -> Vec<Offer<'a>> {
        let Some(category) = operator.category_of(birth_date).filter(|_| birth_date <= day) else {
            return Vec::new();
        };
        let quotes = operator
            .products
            .iter()
            .filter_map(|product| self.quote(operator, product, category, When { day, now }));
        quotes.map(|offer| self.sealed(operator, offer)).collect()
    }

    /// What a product costs, when it can be ordered now; not yet sealed.
    pub(in crate::actors::liftoperator) fn quote<'a>(
        &self,
        operator: &'a Operator,
        product: &'a Product,
        category: &'a Category,
        When { day, now }: When,
    ) -> Option<Offer<'a>> {
        let loading_ends = operator.loading_ends(product, day);
        let opens = operator.sale_opens(product, day);
        if now >= loading_ends || opens.is_some_and(|opens| now < opens) {
            return None;
        }
        Some(Offer {
            offer_id: String::new(),
            product,
            category,
            price_cents: product.price_cents(category, day, operator.day_at(now))?,
            vat_permille: self.catalogue.now().vat_permille(operator, day)?,
            valid_from: day,
            valid_to: product.last_day(day, &operator.season)?,
            expires_at: full_minute(now + LIFE).min(loading_ends),
            group: None,
        })
    }

    /// The offer with its id.
    pub(in crate::actors::liftoperator) fn sealed<'a>(
        &self,
        operator: &Operator,
        offer: Offer<'a>,
    ) -> Offer<'a> {
        let promise = Promise {
            operator: operator.key.clone(),
            product: offer.product.key.clone(),
            category: offer.category.key.clone(),
            from: offer.valid_from,
            to: offer.valid_to,
            version: self.catalogue.now().version().to_owned(),
            price_cents: offer.price_cents,
            expires_at: offer.expires_at.timestamp(),
            group: offer.group.clone(),
        };
        Offer { offer_id: seal::seal(&self.key, &promise), ..offer }
    }

    /// Takes an offer back for a holder born on `birth_date`. The price shown holds, also when a
    /// newer price list has another. Asking twice answers the same: an offer is not used up.
    ///
    /// # Errors
    /// See [`OfferError`].
    pub fn redeem(
        &self,
        offer_id: &str,
        birth_date: NaiveDate,
        now: DateTime<Utc>,
    ) -> Result<QuotedLine, OfferError> {
        let promise = seal::open(&self.key, offer_id).ok_or(OfferError::Forged)?;
        let catalogue = self.catalogue.now();
        let (operator, product, category, vat_permille) =
            still_sold(&catalogue, &promise).ok_or(OfferError::Unknown)?;
        let loading_ends = operator.loading_ends(product, promise.from);
        if now >= loading_ends {
            return Err(OfferError::LoadingOver);
        }
        if now.timestamp() >= promise.expires_at {
            return Err(OfferError::Expired);
        }
        if !is_birth_date(birth_date, operator.day_at(now)) {
            return Err(OfferError::NobodysBirthDate);
        }
        if birth_date > promise.from
            || operator.category_of(birth_date).is_none_or(|own| own.key != category.key)
        {
            return Err(OfferError::OtherCategory);
        }
        Ok(QuotedLine {
            operator: operator.key.clone(),
            supplier: operator.contract.supplier.clone(),
            product: product.key.clone(),
            category: category.key.clone(),
            product_code: product.code.clone(),
            category_code: category.code.clone(),
            valid_from: promise.from,
            valid_to: promise.to,
            from_time: product.from_time,
            price_cents: promise.price_cents,
            vat_permille,
            vat_country: operator.country.clone(),
            needs: product.needs.clone(),
            accepted_suppliers: operator.accepts.clone(),
            loading_ends,
            group: promise.group,
        })
    }
}

fn still_sold<'a>(
    catalogue: &'a Catalogue,
    promise: &Promise,
) -> Option<(&'a Operator, &'a Product, &'a Category, i32)> {
    let operator = catalogue.operator(&promise.operator)?;
    let product = operator.product(&promise.product)?;
    let same = product.last_day(promise.from, &operator.season) == Some(promise.to);
    let product = same.then_some(product)?;
    let category = operator.category(&promise.category)?;
    let vat_permille = catalogue.vat_permille(operator, promise.from)?;
    Some((operator, product, category, vat_permille))
}

impl QuotedLine {
    /// Whether the ticket can be loaded onto a card of `vendor`.
    #[must_use]
    pub fn accepts_card_of(&self, vendor: &str) -> bool {
        self.accepted_suppliers.iter().any(|accepted| accepted == vendor)
    }
}

#[cfg(test)]
#[path = "offer_tests.rs"]
mod tests;

/// So that whoever asks twice within a minute gets the same answer, and need not load it again.
fn full_minute(at: DateTime<Utc>) -> DateTime<Utc> {
    at.duration_trunc(TimeDelta::minutes(1)).unwrap_or(at)
}
