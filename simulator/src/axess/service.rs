//! The wire of one Axess contract: check the shape and the session, ask the book, answer.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::TimeDelta;
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use serde_json::Value;

use super::book::{Book, POS, Ticket};
use super::lists;
use super::number::media_id;
use super::requests::{
    LOGIN_FAILED, NO_SEGMENT, NO_SESSION, Naming, Refusal, SOAP_LOGIN_FAILED, TicketRequest, card,
};
use super::sessions::Sessions;
use super::shapes::{AX, TEAM, decimal, parameter};
use super::start::{AxessAccess, SUPPLIER};
use crate::clock::Clock;
use crate::control::{deed_of, done, gate, unknown};
use crate::deed::Deed;
use crate::faults::Bent;
use crate::goods::{Goods, Shelf};
use crate::http::{Answer, Asked};
use crate::soap;
use crate::supplier::{Service, Supplier};
use crate::xml::{Element, leaf, node};

/// Where the service is.
pub(crate) const PATH: &str = "/DCI4WTP/DCI4WTPService.svc/soap";

/// One operator's contract.
pub(crate) struct Axess {
    shelf: Shelf,
    access: AxessAccess,
    clock: Arc<Clock>,
    state: Mutex<(Sessions, Book)>,
}

/// Members of a result with their markup inside; sorted before they are sent.
pub(crate) type Members = Vec<(&'static str, String)>;

impl Axess {
    pub(crate) fn new(
        goods: &'static Goods,
        access: AxessAccess,
        clock: Arc<Clock>,
        session_seconds: u32,
    ) -> Self {
        let sessions = Sessions::new(TimeDelta::seconds(i64::from(session_seconds)));
        Self { shelf: Shelf::new(goods), access, clock, state: Mutex::new((sessions, Book::new())) }
    }

    /// A gate pass; the error says why the gate stays closed.
    pub(crate) fn pass_gate(&self, journal: &str) -> Result<(), String> {
        let journal = journal.parse().map_err(|error| format!("journal number: {error}"))?;
        self.state().1.pass_gate(journal, self.clock.now())
    }

    /// What people at the operator's own desk do to a ticket; the error says why not.
    pub(crate) fn at_the_desk(&self, journal: &str, deed: &Deed) -> Result<(), String> {
        let journal = journal.parse().map_err(|error| format!("journal number: {error}"))?;
        self.state().1.at_the_desk(journal, deed, self.clock.now())
    }

    fn state(&self) -> MutexGuard<'_, (Sessions, Book)> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn call(&self, operation: &str, request: &Element, bent: Bent) -> (Members, Option<Refusal>) {
        let outcome = if operation == "login" {
            self.login(request)
        } else {
            self.in_session(operation, request, bent)
        };
        outcome.unwrap_or_else(|refusal| (Members::new(), Some(refusal)))
    }

    fn login(&self, request: &Element) -> Result<(Members, Option<Refusal>), Refusal> {
        let is = |name, right: &String| request.text_of(name) == right;
        if !is("SZSOAPUSERNAME", &self.access.soap_user_name)
            || !is("SZSOAPPASSWORD", &self.access.soap_password)
        {
            return Err(SOAP_LOGIN_FAILED);
        }
        if !is("SZUSERNAME", &self.access.user_name) || !is("SZPASSWORD", &self.access.password) {
            return Err(LOGIN_FAILED);
        }
        let session = self.state().0.open(self.clock.now());
        Ok((vec![("NPOSNO", POS.to_string()), ("NSESSIONID", session.to_string())], None))
    }

    fn in_session(
        &self,
        operation: &str,
        request: &Element,
        bent: Bent,
    ) -> Result<(Members, Option<Refusal>), Refusal> {
        let now = self.clock.now();
        let (sessions, book) = &mut *self.state();
        let session = decimal(request.text_of("NSESSIONID")).ok_or(NO_SESSION)?;
        if !sessions.is_open(session, now) {
            return Err(NO_SESSION);
        }
        match operation {
            "logout" => {
                sessions.close(session);
                Ok((Members::new(), None))
            }
            "checkWTPNo" => check(request.text_of("SZWTPNO"), book, now),
            "issueTicket" => {
                let requests = || {
                    request
                        .all("ACTTICKET")
                        .map(|ticket| TicketRequest::read(ticket, &self.shelf))
                        .collect()
                };
                issue(request.text_of("SZEXTORDERNO"), requests, book, (bent, now))
            }
            "getTicketByExtOrder" => {
                let found = if bent.find_nothing {
                    Vec::new()
                } else {
                    book.find(request.text_of("SZEXTORDERNO"))
                };
                Ok((
                    found
                        .into_iter()
                        .map(|found| ("ACTTICKET", ticket(found, Some(found.status(now)))))
                        .collect(),
                    None,
                ))
            }
            "getSalesList" => {
                let number = |name| decimal(request.text_of(name)).unwrap_or_default();
                let most = usize::try_from(number("NMAXCOUNT")).unwrap_or_default();
                let after = (number("NPROJNO"), number("NJOURNALNO"));
                let sold = book.sold_on(request.text_of("SZDATE"), after).take(most);
                Ok((sold.map(|sold| ("ACTTICKET", sale(sold, now))).collect(), None))
            }
            "getpools" => Ok((lists::pools(&self.shelf), None)),
            "gettickettypes" => {
                Ok((lists::ticket_types(&self.shelf, request.text_of("NPOOLNO")), None))
            }
            "getpersontypes" => Ok((lists::person_types(&self.shelf), None)),
            "gettariff" => Ok((lists::tariff(&self.shelf, request)?, None)),
            "cancelTicket" => {
                book.cancel(&Naming::read(request)?, request.text_of("NBLOCKING") == "-1", now)?;
                Ok((Members::new(), None))
            }
            _ => Ok((
                vec![("NSTATUS", book.named(&Naming::read(request)?)?.status(now).to_string())],
                None,
            )),
        }
    }
}

type Now = chrono::DateTime<chrono::Utc>;

fn check(printed: &str, book: &Book, now: Now) -> Result<(Members, Option<Refusal>), Refusal> {
    card(printed)?;
    let free = book.free_segments(printed, now);
    let accepted = if free == 0 { 0 } else { -1 };
    let members = vec![
        ("BACCEPTED", accepted.to_string()),
        ("NFREESEGMENTS", free.to_string()),
        ("SZMEDIAID", media_id(printed)),
    ];
    Ok((members, (free == 0).then_some(NO_SEGMENT)))
}

/// A known reference gets -6530 and the first result, so that a lost answer can be recovered.
/// `Unproven:` ours.
fn issue(
    reference: &str,
    requests: impl FnOnce() -> Result<Vec<TicketRequest>, Refusal>,
    book: &mut Book,
    (bent, now): (Bent, Now),
) -> Result<(Members, Option<Refusal>), Refusal> {
    let first = book.find(reference).first().map(|ticket| ticket.transaction);
    if let Some(transaction) = first.filter(|_| !bent.no_dedup) {
        let tickets = book
            .find(reference)
            .into_iter()
            .filter(|ticket| ticket.transaction == transaction)
            .collect();
        return Ok((receipt(tickets), Some(Refusal(-6530, "external order number is used"))));
    }
    Ok((receipt(book.issue(reference, requests()?, now)?), None))
}

fn receipt(tickets: Vec<&Ticket>) -> Members {
    let transaction = tickets.first().map(|ticket| ticket.transaction).unwrap_or_default();
    let mut members: Members =
        tickets.into_iter().map(|issued| ("ACTTICKET", ticket(issued, None))).collect();
    members.push(("NTRANSNO", transaction.to_string()));
    members
}

/// A ticket of the list of sales, which says more of it.
fn sale(sold: &Ticket, now: Now) -> String {
    let cents = sold.request.price_cents;
    let told = ticket(sold, Some(sold.status(now)));
    let (numbers, validity) = told.split_at(told.find("<a:SZVALIDFROM").unwrap_or(told.len()));
    leaf("a:FTARIFF", format!("{}.{:02}", cents / 100, cents % 100))
        + numbers
        + &leaf("a:SZEXTORDERNO", &sold.reference)
        + validity
}

fn ticket(ticket: &Ticket, status: Option<i64>) -> String {
    let numbers = [
        ("NERRORNO", Some(0)),
        ("NJOURNALNO", Some(ticket.journal)),
        ("NPOSNO", Some(POS)),
        ("NPROJNO", Some(ticket.request.project)),
        ("NSERIALNO", Some(ticket.serial)),
        ("NSTATUS", status),
        ("NUNICODENO", Some(ticket.unicode)),
    ];
    let numbers =
        numbers.into_iter().filter_map(|(name, number)| Some(leaf(&format!("a:{name}"), number?)));
    numbers.collect::<String>()
        + &leaf("a:SZVALIDFROM", &ticket.request.valid_from)
        + &leaf("a:SZVALIDTILL", ticket.valid_till())
}

fn reply(operation: &str, mut members: Members, refusal: Option<&Refusal>) -> Answer {
    let Refusal(number, says) = refusal.unwrap_or(&Refusal(0, ""));
    members.push(("NERRORNO", number.to_string()));
    members.push(("SZERRORMESSAGE", (*says).to_owned()));
    members.sort_by_key(|(name, _)| *name);
    let inner: String =
        members.into_iter().map(|(name, inner)| node(&format!("a:{name}"), &inner)).collect();
    soap::answer(&format!(
        "<{operation}Response xmlns=\"{TEAM}\"><{operation}Result xmlns:a=\"{AX}\">{inner}</{operation}Result></{operation}Response>"
    ))
}

/// The call's one parameter, when everything about the request fits its operation.
fn request(asked: &Asked) -> Result<(&str, &Element), String> {
    let call = soap::open(asked)?.call;
    let member = parameter(&call.name)
        .ok_or_else(|| format!("{} is not an operation of DCI4WTP", call.name))?;
    if call.namespace != TEAM {
        return Err(format!(
            "{} is in namespace '{}', expected '{TEAM}'",
            call.name, call.namespace
        ));
    }
    let action = format!("{TEAM}IAxDCI4WTP/{}", call.name);
    if soap::action(asked) != action {
        return Err(format!("SOAPAction must be \"{action}\""));
    }
    member.check_parameter(call, TEAM, AX)?;
    let request = call.children.first().ok_or("no parameter")?;
    Ok((&call.name, request))
}

impl Service for Axess {
    fn supplier(&self) -> &'static Supplier {
        &SUPPLIER
    }

    fn shelf(&self) -> Option<&Shelf> {
        Some(&self.shelf)
    }

    fn operation<'a>(&self, asked: &'a Asked) -> Option<&'a str> {
        soap::operation(asked)
    }

    fn execute(&self, asked: &Asked, bent: Bent) -> Answer {
        if let Some(answer) = soap::misplaced(asked, PATH) {
            return answer;
        }
        match request(asked) {
            Ok((operation, request)) => {
                let (members, refusal) = self.call(operation, request, bent);
                reply(operation, members, refusal.as_ref())
            }
            Err(says) => soap::fault("Client", &says, ""),
        }
    }

    fn refuse(&self, asked: &Asked, code: Option<&str>) -> Answer {
        let operation = self.operation(asked).unwrap_or_default();
        let usual = match operation {
            "checkWTPNo" | "issueTicket" => -3106,
            "cancelTicket" => -6514,
            "login" => -2002,
            _ => -9999,
        };
        let number = code.and_then(|code| code.parse().ok()).unwrap_or(usual);
        reply(operation, Members::new(), Some(&Refusal(number, "refused by a fault")))
    }

    fn control<'a>(
        &'a self,
        asked: &'a Asked,
        path: &'a [&'a str],
    ) -> BoxFuture<'a, Result<Answer, Answer>> {
        std::future::ready(self.controlled(asked, path)).boxed()
    }

    fn ledger(&self) -> Vec<Value> {
        self.state().1.entries(&self.shelf.operator())
    }
}

impl Axess {
    /// The operator's gates and its desk.
    fn controlled(&self, asked: &Asked, path: &[&str]) -> Result<Answer, Answer> {
        match (asked.method.as_str(), path) {
            ("POST", ["tickets", journal, "use"]) => gate(self.pass_gate(journal)),
            ("POST", ["tickets", journal, deed]) => {
                done(self.at_the_desk(journal, &deed_of(deed, asked)?))
            }
            _ => Err(unknown(asked)),
        }
    }
}
