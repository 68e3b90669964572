//! What each operation may hold, in its order.

use super::number::Number;
use crate::shape::kinds::{BOOLEAN, DATE, FILLED, TEXT, UNSIGNED_INT, cents};
use crate::shape::{Holds, Member, maybe, one, some};
use crate::xml::Element;

/// Source: public sales-channel client (catalogue reader), real namespace.
pub(crate) const SOAP_HEADER: &str = "http://www.skidata.com/dta/saleschannel/v10/soapheader";
/// `Unproven:` made in the pattern of the header's namespace.
pub(crate) const ORDER: &str = "http://www.skidata.com/dta/saleschannel/v10/order";
/// `Unproven:` made in the pattern of the header's namespace.
pub(crate) const INVENTORY: &str = "http://www.skidata.com/dta/saleschannel/v10/inventory";
/// `Unproven:` made in the pattern of the header's namespace.
pub(crate) const COMMON: &str = "http://www.skidata.com/dta/saleschannel/v10/common";

const DATE_TIME: Holds = Holds::Text("a dateTime", is_date_time);
const AMOUNT: Holds = Holds::Text("an amount of at most two places", |text| cents(text).is_some());
const CURRENCY: Holds = Holds::Text("a currency", |text| {
    text.len() == 3 && text.bytes().all(|b| b.is_ascii_uppercase())
});
const REFERENCE: Holds =
    Holds::Text("1 to 40 characters", |text| (1..=40).contains(&text.chars().count()));

pub(crate) const AUTHENTICATION: &[Member] =
    &[one(&["ClientName"], TEXT), one(&["UserName"], TEXT), one(&["Password"], TEXT)];

const IDENTIFICATION: &[Member] = &[
    one(&["ChipId"], Holds::Text("2 digits", |text| all_digits(text, 2))),
    one(&["SerialNumber"], Holds::Text("20 digits", |text| all_digits(text, 20))),
    one(&["LuhnNumber"], Holds::Text("1 digit", |text| all_digits(text, 1))),
];
pub(crate) const CHECK_IDENTIFICATION: &[Member] =
    &[one(&["Identification"], Holds::Members(IDENTIFICATION))];

const CONTACT: &[Member] = &[
    one(&["FirstName"], FILLED),
    one(&["LastName"], FILLED),
    maybe(&["BirthDate"], DATE),
    maybe(&["Email"], FILLED),
    maybe(&["Phone"], FILLED),
];
const PRICE: &[Member] = &[one(&["Amount"], AMOUNT), one(&["CurrencyCode"], CURRENCY)];
const TICKET_ITEM: &[Member] = &[
    maybe(&["Contact"], Holds::Members(CONTACT)),
    maybe(&["Identification"], Holds::Members(IDENTIFICATION)),
    maybe(&["IsBookingWithoutIdentification"], BOOLEAN),
];
const ORDER_ITEM: &[Member] = &[
    one(&["ItemNumber"], UNSIGNED_INT),
    one(&["ProductId"], FILLED),
    one(&["ConsumerCategoryId"], FILLED),
    one(&["Quantity"], Holds::Text("1", |text| text == "1")),
    one(&["ValidFrom"], DATE_TIME),
    one(&["DepotFlag"], BOOLEAN),
    one(&["UnitPrice"], Holds::Members(PRICE)),
    one(&["TicketItem"], Holds::Members(TICKET_ITEM)),
];
const WHOLE_ORDER: &[Member] = &[
    one(&["ExternalOrderId"], REFERENCE),
    one(&["OrderDate"], DATE_TIME),
    one(&["IsReservation"], BOOLEAN),
    maybe(&["Contact"], Holds::Members(CONTACT)),
    one(&["OrderItems"], Holds::Members(&[some(&["OrderItem"], Holds::Members(ORDER_ITEM))])),
    one(&["TotalPrice"], Holds::Members(PRICE)),
];
pub(crate) const CREATE_ORDER: &[Member] = &[one(&["Order"], Holds::Members(WHOLE_ORDER))];
pub(crate) const GET_ORDER: &[Member] = &[one(&["OrderId"], FILLED)];
pub(crate) const GET_ORDERS_BY_EXTERNAL_ID: &[Member] = &[one(&["ExternalOrderId"], REFERENCE)];
/// `Unproven:` the operation's name and its paging by first row and block size are public, the
/// members' meaning is ours: orders that came in from `From` on and before `To`.
pub(crate) const GET_ORDERS: &[Member] = &[
    one(&["From"], DATE_TIME),
    one(&["To"], DATE_TIME),
    one(&["FirstRow"], UNSIGNED_INT),
    one(&["BlockSize"], BLOCK),
];
const BLOCK: Holds = Holds::Text("1 to 500", |text| {
    text.parse::<usize>().is_ok_and(|rows| (1..=500).contains(&rows))
});
pub(crate) const GET_CATALOG: &[Member] = &[one(&["CatalogId"], FILLED)];
pub(crate) const CANCEL_ORDER: &[Member] = &[one(&["OrderId"], FILLED), maybe(&["Reason"], TEXT)];

/// Reads an `Identification` whose shape is checked.
pub(crate) fn number(identification: &Element) -> Number {
    Number {
        chip: identification.text_of("ChipId").to_owned(),
        serial: identification.text_of("SerialNumber").to_owned(),
        luhn: identification.text_of("LuhnNumber").to_owned(),
    }
}

fn all_digits(text: &str, count: usize) -> bool {
    text.len() == count && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// `yyyy-mm-ddThh:mm:ss`, fractions and zone optional.
fn is_date_time(text: &str) -> bool {
    let local = text.parse::<chrono::NaiveDateTime>().is_ok() && text.contains('T');
    local || chrono::DateTime::parse_from_rfc3339(text).is_ok()
}
