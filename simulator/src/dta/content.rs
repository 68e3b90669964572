//! What an order asks for, read from a request.

use super::number::Number;
use super::refusal::Refusal;
use super::shapes::number;
use crate::goods::Shelf;
use crate::shape::kinds::cents;
use crate::xml::Element;

/// What is asked for, without ids. Two requests with equal content are the same order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Content {
    pub(crate) reference: String,
    pub(crate) is_reservation: bool,
    pub(crate) contact: Option<Vec<(String, String)>>,
    pub(crate) items: Vec<Item>,
    pub(crate) total_cents: i64,
    pub(crate) currency: String,
}

/// One ticket asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Item {
    pub(crate) number: String,
    pub(crate) product: String,
    pub(crate) category: String,
    pub(crate) valid_from: String,
    pub(crate) valid_to: String,
    pub(crate) depot: bool,
    pub(crate) unit_price_cents: i64,
    pub(crate) currency: String,
    pub(crate) holder: Option<Vec<(String, String)>>,
    pub(crate) card: Option<Number>,
}

impl Content {
    /// Reads an `Order` whose shape is checked and applies the rules that need no memory.
    pub(crate) fn read(order: &Element, goods: &Shelf) -> Result<Self, Refusal> {
        let items = order.child("OrderItems").into_iter().flat_map(|items| items.all("OrderItem"));
        let items = items.map(|item| Item::read(item, goods)).collect::<Result<Vec<_>, _>>()?;
        let (total_cents, currency) = price(order, "TotalPrice");
        let sum: i64 = items.iter().map(|item| item.unit_price_cents).sum();
        if sum != total_cents || items.iter().any(|item| item.currency != currency) {
            return Err(Refusal::new("PriceMismatch", "TotalPrice is not the sum of the items"));
        }
        Ok(Self {
            reference: order.text_of("ExternalOrderId").to_owned(),
            is_reservation: truth(order.text_of("IsReservation")),
            contact: order.child("Contact").map(contact),
            items,
            total_cents,
            currency,
        })
    }
}

impl Item {
    fn read(item: &Element, goods: &Shelf) -> Result<Self, Refusal> {
        let product = item.text_of("ProductId");
        let category = item.text_of("ConsumerCategoryId");
        let unknown = || Refusal::new("UnknownProduct", "ProductId is not in the catalogue");
        let validity = goods.validity(product).ok_or_else(unknown)?;
        if !goods.has_category(category) {
            return Err(Refusal::new(
                "ConsumerCategoryNotAllowed",
                "ConsumerCategoryId is not in the catalogue",
            ));
        }
        let valid_from = item.text_of("ValidFrom");
        let day = valid_from.get(..10).unwrap_or_default();
        let time = valid_from.get(11..19).unwrap_or_default();
        let last_day = goods.last_day(validity, day).filter(|_| time == validity.begins);
        let last_day = last_day.ok_or_else(|| {
            Refusal::new(
                "ValidityNotAllowed",
                "ValidFrom is not a moment at which the product begins to be valid",
            )
        })?;
        let (unit_price_cents, currency) = price(item, "UnitPrice");
        let ticket = item.child("TicketItem");
        let card = ticket.and_then(|ticket| ticket.child("Identification")).map(number);
        let without = ticket
            .and_then(|ticket| ticket.get("IsBookingWithoutIdentification"))
            .is_some_and(truth);
        match &card {
            Some(card) if without || !card.is_right() || !card.is_known_type() => {
                return Err(Refusal::new(
                    "InvalidIdentification",
                    "Identification is not that of a keycard",
                ));
            }
            None if !without => {
                return Err(Refusal::new(
                    "InvalidIdentification",
                    "Identification or IsBookingWithoutIdentification is needed",
                ));
            }
            Some(_) | None => {}
        }
        Ok(Self {
            number: item.text_of("ItemNumber").to_owned(),
            product: product.to_owned(),
            category: category.to_owned(),
            valid_from: valid_from.to_owned(),
            valid_to: format!("{last_day}T23:59:59"),
            depot: truth(item.text_of("DepotFlag")),
            unit_price_cents,
            currency,
            holder: ticket.and_then(|ticket| ticket.child("Contact")).map(contact),
            card,
        })
    }
}

fn truth(text: &str) -> bool {
    matches!(text, "true" | "1")
}

fn contact(contact: &Element) -> Vec<(String, String)> {
    contact
        .children
        .iter()
        .map(|member| (member.name.clone(), member.text.trim().to_owned()))
        .collect()
}

fn price(parent: &Element, name: &str) -> (i64, String) {
    let price = parent.child(name);
    let amount = price.and_then(|price| cents(price.text_of("Amount"))).unwrap_or_default();
    (amount, price.map(|price| price.text_of("CurrencyCode").to_owned()).unwrap_or_default())
}
