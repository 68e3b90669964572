//! Axess's own words. Every request is a struct whose members stand in alphabetical order: a WCF
//! server drops what is out of order. `Unproven:` all but `login`.

use crate::integrations::soap::{Element, Tag};

/// The namespace of operations and their parameters.
pub(super) const TEAM: &str = "http://teamaxess.com/";
/// The namespace of the members of structs.
pub(super) const MEMBERS: &str = "http://schemas.datacontract.org/2004/07/AxWebServices";

/// An operation with its one parameter, whose members are in [`MEMBERS`].
pub(super) fn operation(name: &'static str, parameter: Tag) -> Tag {
    Tag::new(name).prefix("team", TEAM).prefix("ax", MEMBERS).child(parameter)
}

/// `i_ctLoginReq`.
pub(super) struct Login<'a> {
    pub(super) country_code: &'a str,
    pub(super) password: &'a str,
    pub(super) soap_password: &'a str,
    pub(super) soap_user_name: &'a str,
    pub(super) user_name: &'a str,
}

impl Login<'_> {
    pub(super) fn tag(&self) -> Tag {
        Tag::new("team:i_ctLoginReq")
            .text("ax:SZCOUNTRYCODE", self.country_code)
            .text("ax:SZLOGINID", "starjack")
            .text("ax:SZLOGINMODE", "CUSTOMER")
            .text("ax:SZPASSWORD", self.password)
            .text("ax:SZSOAPPASSWORD", self.soap_password)
            .text("ax:SZSOAPUSERNAME", self.soap_user_name)
            .text("ax:SZUSERNAME", self.user_name)
    }
}

/// `i_ctCheckWTPNoReq` without its session.
pub(super) struct CheckWtpNo {
    pub(super) project_no: u32,
    pub(super) wtp_no: String,
}

impl CheckWtpNo {
    pub(super) fn tag(&self, session: &str) -> Tag {
        Tag::new("team:i_ctCheckWTPNoReq")
            .text("ax:NPROJNO", self.project_no.to_string())
            .text("ax:NSESSIONID", session)
            .text("ax:SZWTPNO", &self.wtp_no)
    }
}

/// `i_ctIssueTicketReq` of one ticket, without its session.
pub(super) struct IssueTicket {
    /// `yyyy-MM-dd`.
    pub(super) birth_date: String,
    pub(super) first_name: String,
    pub(super) last_name: String,
    pub(super) person_type_no: u32,
    pub(super) pool_no: u32,
    pub(super) project_no: u32,
    pub(super) ticket_type_no: u32,
    /// `yyyy-MM-dd`.
    pub(super) valid_from: String,
    /// Decimal text with two places.
    pub(super) tariff: String,
    /// In groups of 8, 3 and 3.
    pub(super) wtp_no: String,
    pub(super) profile_no: u32,
    pub(super) ext_order_no: String,
}

impl IssueTicket {
    pub(super) fn tag(&self, session: &str) -> Tag {
        let person = Tag::new("ax:CTPERSON")
            .text("ax:SZBIRTHDATE", &self.birth_date)
            .text("ax:SZFIRSTNAME", &self.first_name)
            .text("ax:SZNAME", &self.last_name);
        let product = product(
            (self.pool_no, self.ticket_type_no),
            self.person_type_no,
            self.project_no,
            &self.valid_from,
        );
        let ticket = Tag::new("ax:ACTTICKET")
            .child(person)
            .child(product)
            .text("ax:FTARIFF", &self.tariff)
            .text("ax:NBLOCKNO", "0")
            .text("ax:SZWTPNO", &self.wtp_no);
        Tag::new("team:i_ctIssueTicketReq")
            .child(ticket)
            .text("ax:NSESSIONID", session)
            .text("ax:NWTPPROFILENO", self.profile_no.to_string())
            .text("ax:SZEXTORDERNO", &self.ext_order_no)
    }
}

/// `CTPRODUCT` of a pool and ticket type, from a day `yyyy-MM-dd` on.
pub(super) fn product(
    (pool, ticket_type): (u32, u32),
    person_type: u32,
    project: u32,
    valid_from: &str,
) -> Tag {
    Tag::new("ax:CTPRODUCT")
        .text("ax:NARTICLENO", "0")
        .text("ax:NPERSONTYPNO", person_type.to_string())
        .text("ax:NPOOLNO", pool.to_string())
        .text("ax:NPROJNO", project.to_string())
        .text("ax:NTICKETTYPENO", ticket_type.to_string())
        .text("ax:SZVALIDFROM", valid_from)
}

/// `i_ctGetTicketByExtOrderReq`.
pub(super) fn ticket_by_ext_order(session: &str, ext_order_no: &str) -> Tag {
    Tag::new("team:i_ctGetTicketByExtOrderReq")
        .text("ax:NSESSIONID", session)
        .text("ax:SZEXTORDERNO", ext_order_no)
}

/// The most tickets of one page of sales.
pub(super) const MOST_SALES: usize = 500;

/// `i_ctGetSalesListReq`. `Unproven:` ours, in the pattern of the sister service's list of sales,
/// which is paged by a running counter and a most.
pub(super) fn sales_list(session: &str, project_no: u32, (day, after): (&str, i64)) -> Tag {
    Tag::new("team:i_ctGetSalesListReq")
        .text("ax:NJOURNALNO", after.to_string())
        .text("ax:NMAXCOUNT", MOST_SALES.to_string())
        .text("ax:NPROJNO", project_no.to_string())
        .text("ax:NSESSIONID", session)
        .text("ax:SZDATE", day)
}

/// A ticket of the list of sales, which says whose it is and what it costs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Sale {
    pub(super) ext_order_no: String,
    pub(super) ticket: Ticket,
    /// Decimal text.
    pub(super) tariff: Option<String>,
}

/// The sales of an answer, in order; `None` when one of them is not understood.
pub(super) fn sales(result: &Element) -> Option<Vec<Sale>> {
    let sale = |element: &Element| {
        let text = |name: &str| element.text_of(name).map(str::to_owned);
        let ext_order_no = text("SZEXTORDERNO").unwrap_or_default();
        Some(Sale { ext_order_no, ticket: Ticket::read(element)?, tariff: text("FTARIFF") })
    };
    result.children("ACTTICKET").map(sale).collect()
}

/// Which ticket: a sale's journal number names it, and each of our sales is one ticket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TicketKey {
    pub(super) project_no: i64,
    pub(super) pos_no: i64,
    pub(super) journal_no: i64,
    pub(super) serial_no: i64,
    pub(super) unicode_no: i64,
}

impl TicketKey {
    /// `i_ctCancelTicketReq`; the ticket is blocked at the gates too.
    pub(super) fn cancel_tag(self, session: &str) -> Tag {
        self.members(Tag::new("team:i_ctCancelTicketReq").text("ax:NBLOCKING", "-1"), session)
    }

    /// `i_ctGetTicketStatusReq`.
    pub(super) fn status_tag(self, session: &str) -> Tag {
        self.members(Tag::new("team:i_ctGetTicketStatusReq"), session)
    }

    fn members(self, tag: Tag, session: &str) -> Tag {
        tag.text("ax:NJOURNALNO", self.journal_no.to_string())
            .text("ax:NPOSNO", self.pos_no.to_string())
            .text("ax:NPROJNO", self.project_no.to_string())
            .text("ax:NSESSIONID", session)
    }
}

/// A ticket in an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Ticket {
    pub(super) key: TicketKey,
    /// The ticket's own `NERRORNO`; 0 where it has none.
    pub(super) error_no: i64,
    /// `NSTATUS`: 0 valid, 1 used, 2 blocked, 3 cancelled, 4 expired; only a search answers it.
    pub(super) status: Option<i64>,
}

impl Ticket {
    fn read(ticket: &Element) -> Option<Self> {
        Some(Self {
            key: TicketKey {
                project_no: number(ticket, "NPROJNO")?,
                pos_no: number(ticket, "NPOSNO")?,
                journal_no: number(ticket, "NJOURNALNO")?,
                serial_no: number(ticket, "NSERIALNO")?,
                unicode_no: number(ticket, "NUNICODENO")?,
            },
            error_no: optional_number(ticket, "NERRORNO")?.unwrap_or(0),
            status: optional_number(ticket, "NSTATUS")?,
        })
    }
}

/// The tickets of an answer, in order; `None` when one of them is not understood.
/// `Unproven:` the member stands once a ticket, without an element around them.
pub(super) fn tickets(result: &Element) -> Option<Vec<Ticket>> {
    result.children("ACTTICKET").map(Ticket::read).collect()
}

/// A member that is a whole number; every number is an `xs:decimal` on the wire.
pub(super) fn number(element: &Element, name: &str) -> Option<i64> {
    optional_number(element, name)?
}

/// The outer `None` is a text that is no whole number, the inner one a missing member.
fn optional_number(element: &Element, name: &str) -> Option<Option<i64>> {
    let Some(text) = element.text_of(name) else { return Some(None) };
    let (whole, places) = text.split_once('.').unwrap_or((text, ""));
    if places.bytes().any(|place| place != b'0') {
        return None;
    }
    whole.parse().ok().map(Some)
}
