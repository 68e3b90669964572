//! The order in MDXI 3: its strict sequence, its amounts in decimal text.
//!
//! Source: <https://www.mpay24.com/schemas/MDXI/v3.0/MDXI.xsd>, state 2019; payment types are not
//! checked against it, because the real list has grown since.

use super::codes::{Code, INVALID_MDXI, INVALID_PRICE};
use crate::shape::kinds::{BOOLEAN, FILLED, TEXT, UNSIGNED_INT, digits, is_date};
use crate::shape::{self, Holds, Member, any, maybe, one, some};
use crate::xml::{self, Element};

/// What a page is opened for.
#[derive(Clone, Debug)]
pub(crate) struct Basket {
    pub(crate) tid: String,
    pub(crate) cents: u32,
    pub(crate) currency: String,
    pub(crate) user_field: String,
    pub(crate) description: Option<String>,
    pub(crate) language: String,
    pub(crate) urls: Urls,
}

/// Where the payer and the confirmations go.
#[derive(Clone, Debug, Default)]
pub(crate) struct Urls {
    pub(crate) success: Option<String>,
    pub(crate) error: Option<String>,
    pub(crate) confirmation: Option<String>,
    pub(crate) cancel: Option<String>,
}

const fn up_to(limit: &'static str, fits: fn(&str) -> bool) -> Holds {
    Holds::Text(limit, fits)
}

fn within(text: &str, least: usize, most: usize) -> bool {
    (least..=most).contains(&text.chars().count())
}

const PRICE: Holds = up_to("a price such as 10 or 10.00", |text| price(text).is_some());
const LINE: Holds = up_to("at most 50 characters", |text| within(text, 0, 50));
const LONG: Holds = up_to("at most 255 characters", |text| within(text, 0, 255));
const URL: Holds = up_to("an http or https address", |text| {
    let rest = text.strip_prefix("http://").or_else(|| text.strip_prefix("https://"));
    rest.is_some_and(|rest| within(rest, 5, 2_040))
});
const CLIENT_IP: Holds = up_to("an IPv4 address", |text| {
    let parts: Vec<&str> = text.split('.').collect();
    parts.len() == 4 && parts.iter().all(|part| digits(part) && part.len() <= 3)
});

const STYLE: &[&str] = &["Style"];
const HEADED: &[&str] = &["Header", "HeaderStyle", "Style", "Tax", "Percent"];
const ITEM: &[Member] = &[
    maybe(&["Number"], TEXT).attributes(STYLE),
    maybe(&["ProductNr"], TEXT).attributes(STYLE),
    maybe(&["Description"], TEXT).attributes(STYLE),
    maybe(&["Package"], TEXT).attributes(STYLE),
    maybe(&["Quantity"], UNSIGNED_INT).attributes(STYLE),
    maybe(&["ItemPrice"], PRICE).attributes(&["Style", "Tax"]),
    maybe(&["Price"], PRICE).attributes(STYLE),
];
const CART: &[Member] = &[
    maybe(&["Description"], LONG),
    any(&["Item"], Holds::Members(ITEM)),
    any(&["SubTotal", "Discount", "ShippingCosts", "Tax"], PRICE).attributes(HEADED),
];
const CART_STYLES: &[&str] = &[
    "Header",
    "HeaderStyle",
    "Style",
    "CaptionStyle",
    "NumberHeader",
    "NumberStyle",
    "ProductNrHeader",
    "ProductNrStyle",
    "DescriptionHeader",
    "DescriptionStyle",
    "PackageHeader",
    "PackageStyle",
    "QuantityHeader",
    "QuantityStyle",
    "ItemPriceHeader",
    "ItemPriceStyle",
    "PriceHeader",
    "PriceStyle",
];
const ORDER_STYLES: &[&str] = &[
    "Style",
    "HeaderStyle",
    "LogoStyle",
    "PageHeaderStyle",
    "PageCaptionStyle",
    "PageStyle",
    "InputFieldsStyle",
    "DropDownListsStyle",
    "ButtonsStyle",
    "ErrorsStyle",
    "ErrorsHeaderStyle",
    "SuccessTitleStyle",
    "ErrorTitleStyle",
    "FooterStyle",
];
const ADDRESS: &[Member] = &[
    maybe(&["Name"], LINE).attributes(&["Gender", "Birthday"]),
    maybe(&["FirstName"], LINE),
    maybe(&["LastName"], LINE),
    maybe(&["Street"], LINE),
    maybe(&["Street2"], LINE),
    maybe(&["Zip"], LINE),
    maybe(&["City"], LINE),
    maybe(&["State"], up_to("at most 40 characters", |text| within(text, 0, 40))),
    maybe(&["Country"], LINE).attributes(&["Code"]),
    maybe(&["Email"], up_to("at most 64 characters", |text| within(text, 0, 64))),
    maybe(&["Phone"], up_to("at most 20 characters", |text| within(text, 0, 20))),
];
const PAYMENT_TYPES: &[Member] =
    &[some(&["Payment"], TEXT).attributes(&["Type!", "Brand", "SubBrand"])];
const PROFILES: &[Member] =
    &[some(&["ProfileID"], up_to("at most 12 characters", |text| within(text, 0, 12)))];
const URLS: &[Member] = &[
    maybe(&["Success"], URL),
    maybe(&["Error"], URL),
    maybe(&["Confirmation"], URL),
    maybe(&["Cancel"], URL),
];
const ORDER: &[Member] = &[
    maybe(&["ClientIP"], CLIENT_IP),
    maybe(&["UserField"], LONG),
    one(&["Tid"], up_to("1 to 32 characters", |text| within(text, 1, 32))),
    maybe(&["TemplateSet"], TEXT).attributes(&["CSSName", "Language"]),
    maybe(&["PaymentTypes"], Holds::Members(PAYMENT_TYPES)).attributes(&["Enable"]),
    maybe(&["PaymentProfiles"], Holds::Members(PROFILES)).attributes(&["Enable"]),
    maybe(&["ShoppingCart"], Holds::Members(CART)).attributes(CART_STYLES),
    one(&["Price"], PRICE).attributes(&["Header", "HeaderStyle", "Style"]),
    maybe(
        &["Currency"],
        up_to("a currency", |text| text.len() == 3 && text.bytes().all(|b| b.is_ascii_uppercase())),
    )
    .attributes(&["Display"]),
    maybe(&["Customer"], LINE).attributes(&["Id", "UseProfile"]),
    maybe(&["BillingAddr"], Holds::Members(ADDRESS)).attributes(&["Mode!"]),
    maybe(&["ShippingAddr"], Holds::Members(ADDRESS)).attributes(&["Mode!"]),
    maybe(&["URL"], Holds::Members(URLS)),
];
const LANGUAGES: &str =
    "EN DE BG FR HU NL ES IT CS HR SK SL SR RO RU PL PT TR ZH JA DA FI SV NO UK EL";

/// Reads an MDXI order; the error is the return code and what is wrong.
pub(crate) fn read(mdxi: &str) -> Result<Basket, (Code, String)> {
    let invalid = |says: String| (INVALID_MDXI, says);
    let order = xml::parse(mdxi.as_bytes()).map_err(invalid)?;
    if order.name != "Order" || !order.namespace.is_empty() {
        return Err(invalid(format!("root is {}, expected Order in no namespace", order.name)));
    }
    shape::attributes(&order, ORDER_STYLES).map_err(invalid)?;
    shape::check(&order, "", ORDER).map_err(invalid)?;
    values(&order).map_err(invalid)?;
    ["BillingAddr", "ShippingAddr"]
        .iter()
        .filter_map(|name| order.child(name))
        .try_for_each(address)
        .map_err(invalid)?;
    let cents = price(order.text_of("Price")).unwrap_or_default();
    let cents = u32::try_from(cents).ok().filter(|cents| *cents >= 10);
    let urls = order.child("URL");
    let url = |name| urls.and_then(|urls| urls.get(name)).map(ToOwned::to_owned);
    Ok(Basket {
        tid: order.text_of("Tid").to_owned(),
        cents: cents.ok_or((INVALID_PRICE, "Price must be at least 0.10".to_owned()))?,
        currency: order.get("Currency").unwrap_or("EUR").to_owned(),
        user_field: order.text_of("UserField").to_owned(),
        description: order
            .child("ShoppingCart")
            .and_then(|cart| cart.get("Description"))
            .map(ToOwned::to_owned),
        language: order
            .child("TemplateSet")
            .and_then(|set| set.attribute("Language"))
            .unwrap_or("DE")
            .to_owned(),
        urls: Urls {
            success: url("Success"),
            error: url("Error"),
            confirmation: url("Confirmation"),
            cancel: url("Cancel"),
        },
    })
}

/// `-?\d{1,9}(\.\d{2})?` in cents.
fn price(text: &str) -> Option<i64> {
    let unsigned = text.strip_prefix('-').unwrap_or(text);
    let (whole, places) = unsigned.split_once('.').unwrap_or((unsigned, "00"));
    if !digits(whole) || whole.len() > 9 || !digits(places) || places.len() != 2 {
        return None;
    }
    let cents = whole.parse::<i64>().ok()? * 100 + places.parse::<i64>().ok()?;
    Some(if text.starts_with('-') { -cents } else { cents })
}

/// Attribute values with a type of their own, everywhere in the order.
fn values(element: &Element) -> Result<(), String> {
    for attribute in &element.attributes {
        let value = attribute.value.as_str();
        let fits = match attribute.name.as_str() {
            "Language" => LANGUAGES.split(' ').any(|language| language == value),
            "Mode" => matches!(value, "ReadOnly" | "ReadWrite"),
            "Code" => value.len() == 2 && value.bytes().all(|byte| byte.is_ascii_uppercase()),
            "Gender" => matches!(value, "M" | "F"),
            "Birthday" => is_date(value),
            "Tax" => price(value).is_some(),
            "Id" => within(value, 0, 32),
            "Enable" | "UseProfile" => holds(BOOLEAN, value),
            "Type" => holds(FILLED, value),
            _ => true,
        };
        if !fits {
            return Err(format!(
                "{}: attribute {} has a wrong value",
                element.name, attribute.name
            ));
        }
    }
    element.children.iter().try_for_each(values)
}

fn holds(kind: Holds, value: &str) -> bool {
    matches!(kind, Holds::Text(_, fits) if fits(value))
}

/// Name, or both old names; street to country all or none.
fn address(address: &Element) -> Result<(), String> {
    let has = |name: &&str| address.child(name).is_some();
    let names = ["Name", "FirstName", "LastName"].map(|name| has(&name));
    if !matches!(names, [true, false, false] | [false, true, true]) {
        return Err(format!("{}: expected Name, or FirstName and LastName", address.name));
    }
    let needed = ["Street", "Zip", "City", "Country"];
    let some = needed.iter().chain(&["Street2", "State"]).any(has);
    if some && !needed.iter().all(has) {
        return Err(format!("{}: Street, Zip, City and Country stand together", address.name));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(inner: &str) -> String {
        format!("<Order>{inner}</Order>")
    }

    #[test]
    fn prices_are_decimal_text_as_the_schema_has_them() {
        for (text, cents) in
            [("10", Some(1_000)), ("10.00", Some(1_000)), ("0.29", Some(29)), ("-1.15", Some(-115))]
        {
            assert_eq!(price(text), cents, "{text}");
        }
        for text in ["10.5", "10,00", "1e2", "", ".50", "1234567890", "+1"] {
            assert_eq!(price(text), None, "{text}");
        }
    }

    #[test]
    fn the_sequence_is_strict() {
        for (inner, fits) in [
            ("<Tid>A-P1</Tid><Price>84.50</Price><Currency>EUR</Currency>", true),
            ("<Price>84.50</Price><Tid>A-P1</Tid>", false),
            ("<Tid>A-P1</Tid><Currency>EUR</Currency><Price>84.50</Price>", false),
            ("<ClientIP>::1</ClientIP><Tid>A</Tid><Price>1.00</Price>", false),
            ("<Tid>A</Tid><Price>1.00</Price><BillingAddr><Name>Ada</Name></BillingAddr>", false),
            (
                "<Tid>A</Tid><Price>1.00</Price><BillingAddr Mode='ReadOnly'><Name>Ada</Name></BillingAddr>",
                true,
            ),
            (
                "<Tid>A</Tid><Price>1.00</Price><BillingAddr Mode='ReadOnly'><Name>A</Name><Zip>1</Zip></BillingAddr>",
                false,
            ),
            ("<Tid>A</Tid><TemplateSet Language='de'/><Price>1.00</Price>", false),
            ("<Tid>A</Tid><TemplateSet Language='DE'/><Price>1.00</Price>", true),
            (
                "<Tid>A</Tid><Price>1.00</Price><URL><Error>http://a.example</Error><Success>http://a.example</Success></URL>",
                false,
            ),
            ("<Tid>A</Tid><Price>0.09</Price>", false),
        ] {
            assert_eq!(read(&order(inner)).is_ok(), fits, "{inner}");
        }
        assert!(
            read(&xml::escaped(&order("<Tid>A</Tid><Price>1.00</Price>"))).is_err(),
            "encoded twice"
        );
    }
}
