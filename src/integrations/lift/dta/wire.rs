//! DTA's own words. `Unproven:` all but the header's namespace and the vocabulary; every member
//! stands in the namespace of orders, in the order written here.

use crate::ids;
use crate::integrations::soap::{Element, Tag};

/// Source: a public sales-channel client (mpouzko/catalog), which sends this header on every call.
pub(super) const HEADER: &str = "http://www.skidata.com/dta/saleschannel/v10/soapheader";
/// `Unproven:` made in the pattern of the header's namespace.
pub(super) const ORDER: &str = "http://www.skidata.com/dta/saleschannel/v10/order";

/// The header of every call.
pub(super) fn authentication(client_name: &str, user_name: &str, password: &str) -> Tag {
    Tag::new("head:AuthenticationHeader")
        .prefix("head", HEADER)
        .text("head:ClientName", client_name)
        .text("head:UserName", user_name)
        .text("head:Password", password)
}

/// A card's number in its three parts: 2, 20 and 1 digits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Identification {
    pub(super) chip_id: String,
    pub(super) serial_number: String,
    pub(super) luhn_number: String,
}

impl Identification {
    pub(super) fn tag(&self) -> Tag {
        Tag::new("ord:Identification")
            .text("ord:ChipId", &self.chip_id)
            .text("ord:SerialNumber", &self.serial_number)
            .text("ord:LuhnNumber", &self.luhn_number)
    }
}

/// A sale order of one item with one ticket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct NewOrder {
    /// At most 40 characters.
    pub(super) external_order_id: String,
    /// `yyyy-mm-ddThh:mm:ss.fff` with an offset.
    pub(super) order_date: String,
    pub(super) product_id: String,
    pub(super) consumer_category_id: String,
    /// `yyyy-mm-ddThh:mm:ss` with an offset.
    pub(super) valid_from: String,
    pub(super) first_name: String,
    pub(super) last_name: String,
    /// `yyyy-mm-dd`.
    pub(super) birth_date: String,
    pub(super) identification: Identification,
    /// Decimal text with two places, EUR.
    pub(super) price: String,
}

impl NewOrder {
    pub(super) fn tag(&self) -> Tag {
        let contact = Tag::new("ord:Contact")
            .text("ord:FirstName", &self.first_name)
            .text("ord:LastName", &self.last_name)
            .text("ord:BirthDate", &self.birth_date);
        let item = Tag::new("ord:OrderItem")
            .text("ord:ItemNumber", "1")
            .text("ord:ProductId", &self.product_id)
            .text("ord:ConsumerCategoryId", &self.consumer_category_id)
            .text("ord:Quantity", "1")
            .text("ord:ValidFrom", &self.valid_from)
            .text("ord:DepotFlag", "false")
            .child(self.money("ord:UnitPrice"))
            .child(Tag::new("ord:TicketItem").child(contact).child(self.identification.tag()));
        Tag::new("ord:Order")
            .text("ord:ExternalOrderId", &self.external_order_id)
            .text("ord:OrderDate", &self.order_date)
            .text("ord:IsReservation", "false")
            .child(Tag::new("ord:OrderItems").child(item))
            .child(self.money("ord:TotalPrice"))
    }

    fn money(&self, name: &'static str) -> Tag {
        Tag::new(name).text("ord:Amount", &self.price).text("ord:CurrencyCode", "EUR")
    }
}

/// An order with one ticket, as every answer that carries orders has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct BookedOrder {
    pub(super) order_id: String,
    pub(super) order_item_id: String,
    pub(super) ticket_item_id: String,
    pub(super) permission_serial_number: String,
    /// The item's state; the answer to `CreateOrder` has none.
    pub(super) sales_status: Option<String>,
    /// The ticket's state; the answer to `CreateOrder` has none.
    pub(super) permission_status: Option<String>,
}

impl BookedOrder {
    /// Reads an order of exactly one item with exactly one ticket; `None` when it is anything else.
    pub(super) fn read(order: &Element) -> Option<Self> {
        let item = only(order.child("OrderItems")?, "OrderItem")?;
        let ticket = only(item.child("TicketItems")?, "TicketItem")?;
        let text = |element: &Element, name: &str| element.text_of(name).map(str::to_owned);
        Some(Self {
            order_id: text(order, "OrderId")?,
            order_item_id: text(item, "OrderItemId")?,
            ticket_item_id: text(ticket, "TicketItemId")?,
            permission_serial_number: text(ticket, "PermissionSerialNumber")?,
            sales_status: text(item, "SalesStatus"),
            permission_status: text(ticket, "PermissionStatus"),
        })
    }
}

/// An order of the list of a day, which says whose it is and what it costs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ListedOrder {
    pub(super) external_order_id: String,
    pub(super) order: BookedOrder,
    /// Decimal text.
    pub(super) price: Option<String>,
}

/// A block of the list of a day.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Block {
    pub(super) orders: Vec<ListedOrder>,
    /// How many orders were sent, readable or not: by these the list's end is judged.
    pub(super) rows: usize,
    /// Those that are named as ours are and cannot be read.
    pub(super) unreadable: usize,
}

impl Block {
    pub(super) fn read(orders: &Element) -> Self {
        let mut block = Self::default();
        for order in orders.children("Order") {
            block.rows += 1;
            match ListedOrder::read(order) {
                Some(listed) => block.orders.push(listed),
                // other shops may sell several tickets in one order: those are not ours, whatever
                // their shape
                None => {
                    block.unreadable +=
                        usize::from(order.text_of("ExternalOrderId").is_some_and(ids::is_ticket))
                }
            }
        }
        block
    }
}

impl ListedOrder {
    /// `None` for an order that is not one of ours by its shape.
    fn read(order: &Element) -> Option<Self> {
        let price =
            order.child("TotalPrice").and_then(|price| price.text_of("Amount")).map(str::to_owned);
        let external_order_id = order.text_of("ExternalOrderId")?.to_owned();
        Some(Self { external_order_id, order: BookedOrder::read(order)?, price })
    }
}

/// The orders that came in from one instant on and before another, in blocks. `Unproven:` the
/// members; that the operation is there and pages by first row and block size is public.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct GetOrders {
    /// `yyyy-mm-ddThh:mm:ss` with an offset.
    pub(super) from: String,
    pub(super) to: String,
    pub(super) first_row: usize,
}

impl GetOrders {
    /// The most orders of one block.
    pub(super) const BLOCK: usize = 500;

    pub(super) fn tag(&self) -> Tag {
        Tag::new("ord:GetOrders")
            .text("ord:From", &self.from)
            .text("ord:To", &self.to)
            .text("ord:FirstRow", self.first_row.to_string())
            .text("ord:BlockSize", Self::BLOCK.to_string())
    }
}

fn only<'a>(parent: &'a Element, name: &'a str) -> Option<&'a Element> {
    let mut children = parent.children(name);
    let first = children.next()?;
    children.next().is_none().then_some(first)
}
