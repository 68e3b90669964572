//! Requests read into what the book understands.

use super::number::{self, Flaw};
use super::shapes::decimal;
use crate::goods::Shelf;
use crate::shape::kinds::cents;
use crate::xml::Element;

/// `NERRORNO` and its words.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Refusal(pub(crate) i64, pub(crate) &'static str);

pub(crate) const PARAMETER: Refusal = Refusal(-1002, "parameter not accepted");
pub(crate) const NO_SESSION: Refusal = Refusal(-2001, "session unknown or expired");
pub(crate) const LOGIN_FAILED: Refusal = Refusal(-2002, "login failed");
pub(crate) const SOAP_LOGIN_FAILED: Refusal = Refusal(-2004, "soap login failed");
/// `Unproven:` ours.
pub(crate) const NO_SEGMENT: Refusal = Refusal(-3106, "no free segment on the card");
/// `Unproven:` the numbers are public, their meanings ours.
pub(crate) const UNKNOWN_TICKET: Refusal = Refusal(-6513, "ticket unknown");
pub(crate) const ALREADY_CANCELED: Refusal = Refusal(-6514, "ticket is already cancelled");
pub(crate) const TICKET_USED: Refusal = Refusal(-6515, "ticket is used");
pub(crate) const NOT_SOLD: Refusal =
    Refusal(-6541, "product or person type is not sold here on that day");
pub(crate) const FULL: Refusal = Refusal(-9999, "the simulator's book is full");

/// A ticket asked for.
#[derive(Clone, Debug)]
pub(crate) struct TicketRequest {
    pub(crate) project: i64,
    pub(crate) pool: i64,
    pub(crate) ticket_type: i64,
    pub(crate) person_type: i64,
    pub(crate) valid_from: String,
    pub(crate) valid_till: String,
    pub(crate) price_cents: i64,
    pub(crate) block: i64,
    pub(crate) wtp: Option<String>,
    pub(crate) holder: Option<Vec<(String, String)>>,
}

/// How a ticket is named: by journal, by serial and unicode, or by serial and last day.
#[derive(Debug)]
pub(crate) struct Naming {
    pub(crate) project: i64,
    pub(crate) pos: i64,
    pub(crate) journal: Option<i64>,
    serial: Option<i64>,
    unicode: Option<i64>,
    valid_till: Option<String>,
}

impl TicketRequest {
    /// Reads an `ACTTICKET` whose shape is checked.
    pub(crate) fn read(ticket: &Element, shelf: &Shelf) -> Result<Self, Refusal> {
        let product = ticket.child("CTPRODUCT").ok_or(PARAMETER)?;
        let above_zero =
            |name| decimal(product.text_of(name)).filter(|number| *number > 0).ok_or(PARAMETER);
        let wtp = ticket.get("SZWTPNO").map(ToOwned::to_owned);
        wtp.as_deref().map_or(Ok(()), card)?;
        let [project, pool, ticket_type, person_type] = [
            above_zero("NPROJNO")?,
            above_zero("NPOOLNO")?,
            above_zero("NTICKETTYPENO")?,
            above_zero("NPERSONTYPNO")?,
        ];
        let valid_from = product.text_of("SZVALIDFROM").to_owned();
        let validity = shelf.validity(&format!("{pool}/{ticket_type}")).ok_or(NOT_SOLD)?;
        if project != i64::from(shelf.goods.project_no)
            || !shelf.has_category(&person_type.to_string())
        {
            return Err(NOT_SOLD);
        }
        Ok(Self {
            project,
            pool,
            ticket_type,
            person_type,
            valid_till: shelf.last_day(validity, &valid_from).ok_or(NOT_SOLD)?,
            valid_from,
            price_cents: cents(ticket.text_of("FTARIFF")).ok_or(PARAMETER)?,
            block: decimal(ticket.text_of("NBLOCKNO")).ok_or(PARAMETER)?,
            wtp,
            holder: ticket.child("CTPERSON").map(|person| {
                person
                    .children
                    .iter()
                    .map(|member| (member.name.clone(), member.text.trim().to_owned()))
                    .collect()
            }),
        })
    }
}

impl TicketRequest {
    /// As a shop's catalogue writes it: `<pool>/<ticket type>`.
    pub(crate) fn product(&self) -> String {
        format!("{}/{}", self.pool, self.ticket_type)
    }
}

/// Whether a card is accepted.
pub(crate) fn card(printed: &str) -> Result<(), Refusal> {
    number::check(printed).map_err(|flaw| match flaw {
        Flaw::Form => PARAMETER,
        Flaw::Crc => Refusal(-3103, "WTP number: CRC is wrong"),
        Flaw::Acceptance => Refusal(-3104, "WTP number: acceptance number is wrong"),
    })
}

impl Naming {
    /// Reads how the ticket is named; the error says that it is not.
    pub(crate) fn read(request: &Element) -> Result<Self, Refusal> {
        let number = |name| request.get(name).and_then(decimal);
        let naming = Self {
            project: number("NPROJNO").ok_or(PARAMETER)?,
            pos: number("NPOSNO").ok_or(PARAMETER)?,
            journal: number("NJOURNALNO"),
            serial: number("NSERIALNO"),
            unicode: number("NUNICODENO"),
            valid_till: request.get("SZVALIDTILL").map(ToOwned::to_owned),
        };
        let by_serial =
            naming.serial.is_some() && (naming.unicode.is_some() || naming.valid_till.is_some());
        if naming.journal.is_some() || by_serial { Ok(naming) } else { Err(PARAMETER) }
    }

    /// Whether everything said fits a ticket of these numbers.
    pub(crate) fn fits(
        &self,
        journal: i64,
        (serial, unicode): (i64, i64),
        valid_till: &str,
    ) -> bool {
        self.journal.is_none_or(|said| said == journal)
            && self.serial.is_none_or(|said| said == serial)
            && self.unicode.is_none_or(|said| said == unicode)
            && self.valid_till.as_deref().is_none_or(|said| said == valid_till)
    }
}
