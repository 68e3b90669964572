//! The tickets of one contract and their life at the gates.

use std::collections::HashMap;

use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Europe::Vienna;
use serde_json::{Value, json};

use super::requests::{
    ALREADY_CANCELED, FULL, NO_SEGMENT, Naming, Refusal, TICKET_USED, TicketRequest, UNKNOWN_TICKET,
};
use crate::clock::stamp;
use crate::deed::Deed;

/// Tickets one contract keeps.
const TICKETS_MAX: usize = 1_000_000;
/// Source: public description of serial ranges: tickets 1 to 49,999 a point of sale, then they
/// wrap.
const LAST_SERIAL: i64 = 49_999;
/// Source: public description of keycards: three segments a chip.
pub(crate) const SEGMENTS: usize = 3;
/// The point of sale that every login is given.
pub(crate) const POS: i64 = 21;

#[derive(Clone, Debug)]
pub(crate) struct Ticket {
    pub(crate) journal: i64,
    pub(crate) serial: i64,
    pub(crate) unicode: i64,
    pub(crate) transaction: i64,
    pub(crate) request: TicketRequest,
    pub(crate) reference: String,
    /// Lost by its own supplier, as after a restored backup.
    forgotten: bool,
    asked_at: DateTime<Utc>,
    used_at: Option<DateTime<Utc>>,
    canceled_at: Option<DateTime<Utc>>,
    blocked: bool,
}

impl Ticket {
    pub(crate) fn valid_till(&self) -> &str {
        &self.request.valid_till
    }

    /// 0 valid, 1 used, 2 blocked, 3 cancelled, 4 expired.
    pub(crate) fn status(&self, now: DateTime<Utc>) -> i64 {
        let last_day = self.valid_till().parse::<NaiveDate>().ok();
        if self.canceled_at.is_some() {
            3
        } else if self.used_at.is_some() {
            1
        } else {
            i64::from(last_day.is_some_and(|day| day < now.with_timezone(&Vienna).date_naive())) * 4
        }
    }

    fn entry(&self, operator: &str) -> Value {
        let holder = self.request.holder.as_ref();
        let status = match (self.canceled_at, self.used_at) {
            (Some(_), _) => "canceled",
            (None, Some(_)) => "used",
            (None, None) => "live",
        };
        json!({
            "operator": operator, "reference": self.reference, "journal_no": self.journal, "serial_no": self.serial,
            "unicode_no": self.unicode, "pos_no": POS, "project_no": self.request.project, "trans_no": self.transaction,
            "wtp_no": self.request.wtp, "pool_no": self.request.pool, "ticket_type_no": self.request.ticket_type,
            "person_type_no": self.request.person_type, "block_no": self.request.block, "price_cents": self.request.price_cents,
            "valid_from": self.request.valid_from, "valid_to": self.valid_till(),
            "product": self.request.product(), "category": self.request.person_type.to_string(),
            "holder": holder.map(|holder| holder.iter().cloned().collect::<HashMap<_, _>>()),
            "status": status, "gate_blocked": self.blocked, "asked_at": stamp(self.asked_at),
            "canceled_at": self.canceled_at.map(stamp), "used_at": self.used_at.map(stamp),
        })
    }
}

#[derive(Debug)]
pub(crate) struct Book {
    tickets: Vec<Ticket>,
    by_reference: HashMap<String, Vec<usize>>,
    by_card: HashMap<String, Vec<usize>>,
    serial: i64,
    unicode: i64,
    transaction: i64,
}

/// The first journal number; the others follow, so a journal number is a place in the book.
const FIRST_JOURNAL: i64 = 100_001;

impl Book {
    pub(crate) fn new() -> Self {
        let by_reference = HashMap::new();
        let by_card = HashMap::new();
        Self {
            tickets: Vec::new(),
            by_reference,
            by_card,
            serial: 0,
            unicode: 1,
            transaction: 500_000,
        }
    }

    /// Books all requests or none, without asking whether the reference is known.
    pub(crate) fn issue(
        &mut self,
        reference: &str,
        requests: Vec<TicketRequest>,
        now: DateTime<Utc>,
    ) -> Result<Vec<&Ticket>, Refusal> {
        if self.tickets.len() + requests.len() > TICKETS_MAX {
            return Err(FULL);
        }
        let mut wanted: HashMap<&str, usize> = HashMap::new();
        for card in requests.iter().filter_map(|request| request.wtp.as_deref()) {
            *wanted.entry(card).or_default() += 1;
        }
        if wanted.iter().any(|(card, wanted)| *wanted > self.free_segments(card, now)) {
            return Err(NO_SEGMENT);
        }
        self.transaction += 1;
        let first = self.tickets.len();
        for request in requests {
            self.add(reference, request, now);
        }
        Ok(self.tickets.iter().skip(first).collect())
    }

    fn add(&mut self, reference: &str, request: TicketRequest, now: DateTime<Utc>) {
        if self.serial == LAST_SERIAL {
            self.serial = 0;
            self.unicode += 1;
        }
        self.serial += 1;
        let place = self.tickets.len();
        if let Some(card) = &request.wtp {
            self.by_card.entry(card.clone()).or_default().push(place);
        }
        self.by_reference.entry(reference.to_owned()).or_default().push(place);
        self.tickets.push(Ticket {
            journal: FIRST_JOURNAL + i64::try_from(place).unwrap_or_default(),
            serial: self.serial,
            unicode: self.unicode,
            transaction: self.transaction,
            request,
            reference: reference.to_owned(),
            forgotten: false,
            asked_at: now,
            used_at: None,
            canceled_at: None,
            blocked: false,
        });
    }

    /// Segments of a card without an open ticket.
    pub(crate) fn free_segments(&self, card: &str, now: DateTime<Utc>) -> usize {
        let theirs = self
            .by_card
            .get(card)
            .into_iter()
            .flatten()
            .filter_map(|place| self.tickets.get(*place));
        SEGMENTS.saturating_sub(theirs.filter(|ticket| matches!(ticket.status(now), 0 | 1)).count())
    }

    /// Every ticket under our reference, oldest first.
    pub(crate) fn find(&self, reference: &str) -> Vec<&Ticket> {
        let places = self.by_reference.get(reference).into_iter().flatten();
        places.filter_map(|place| self.tickets.get(*place)).collect()
    }

    /// The ticket named, if there is one at this project and point of sale.
    pub(crate) fn named(&self, naming: &Naming) -> Result<&Ticket, Refusal> {
        self.place(naming).and_then(|place| self.tickets.get(place)).ok_or(UNKNOWN_TICKET)
    }

    /// A journal number is a place; other names are looked for, newest first.
    fn place(&self, naming: &Naming) -> Option<usize> {
        let fits = |ticket: &Ticket| is_named(ticket, naming);
        let fits = |ticket: &Ticket| fits(ticket) && !ticket.forgotten;
        match naming.journal {
            Some(journal) => {
                place_of(journal).filter(|place| self.tickets.get(*place).is_some_and(fits))
            }
            None => self.tickets.iter().rposition(fits),
        }
    }

    /// Cancels once, never after the first gate pass; `blocking` also blocks the gates.
    pub(crate) fn cancel(
        &mut self,
        naming: &Naming,
        blocking: bool,
        now: DateTime<Utc>,
    ) -> Result<(), Refusal> {
        let place = self.place(naming).ok_or(UNKNOWN_TICKET)?;
        let ticket = self.tickets.get_mut(place).ok_or(UNKNOWN_TICKET)?;
        if ticket.canceled_at.is_some() {
            return Err(ALREADY_CANCELED);
        }
        if ticket.used_at.is_some() {
            return Err(TICKET_USED);
        }
        ticket.canceled_at = Some(now);
        ticket.blocked = blocking;
        Ok(())
    }

    /// A gate pass: the ticket counts as used from now on.
    pub(crate) fn pass_gate(&mut self, journal: i64, now: DateTime<Utc>) -> Result<(), String> {
        let ticket = place_of(journal)
            .and_then(|place| self.tickets.get_mut(place))
            .ok_or("no ticket has this journal number")?;
        match ticket.status(now) {
            0 | 1 => {
                ticket.used_at.get_or_insert(now);
                Ok(())
            }
            status => Err(format!("the gate stays closed: the ticket's status is {status}")),
        }
    }

    /// The tickets of a project that were sold on a day in Vienna, after a journal number, in its
    /// order.
    pub(crate) fn sold_on(
        &self,
        day: &str,
        (project, after): (i64, i64),
    ) -> impl Iterator<Item = &Ticket> {
        let day = day.parse::<NaiveDate>().ok();
        let sold_on = |ticket: &Ticket| Some(ticket.asked_at.with_timezone(&Vienna).date_naive());
        self.tickets.iter().filter(move |ticket| {
            !ticket.forgotten
                && ticket.request.project == project
                && ticket.journal > after
                && sold_on(ticket) == day
        })
    }

    /// What people at the operator's own desk do.
    pub(crate) fn at_the_desk(
        &mut self,
        journal: i64,
        deed: &Deed,
        now: DateTime<Utc>,
    ) -> Result<(), String> {
        let unknown = "no ticket has this journal number";
        let place = place_of(journal).ok_or(unknown)?;
        let ticket =
            self.tickets.get_mut(place).filter(|ticket| !ticket.forgotten).ok_or(unknown)?;
        match deed {
            Deed::Cancel => drop(ticket.canceled_at.get_or_insert(now)),
            Deed::Revive => (ticket.canceled_at, ticket.blocked) = (None, false),
            Deed::Reprice(cents) => ticket.request.price_cents = *cents,
            Deed::Forget => {
                ticket.forgotten = true;
                for places in self.by_reference.values_mut().chain(self.by_card.values_mut()) {
                    places.retain(|known| *known != place);
                }
            }
            Deed::Copy(reference) => {
                let request = ticket.request.clone();
                let own = ticket.reference.clone();
                self.transaction += 1;
                self.add(reference.as_deref().unwrap_or(&own), request, now);
            }
        }
        Ok(())
    }

    pub(crate) fn entries(&self, operator: &str) -> Vec<Value> {
        self.tickets
            .iter()
            .filter(|ticket| !ticket.forgotten)
            .map(|ticket| ticket.entry(operator))
            .collect()
    }
}

fn place_of(journal: i64) -> Option<usize> {
    usize::try_from(journal.checked_sub(FIRST_JOURNAL)?).ok()
}

fn is_named(ticket: &Ticket, naming: &Naming) -> bool {
    naming.pos == POS
        && naming.project == ticket.request.project
        && naming.fits(ticket.journal, (ticket.serial, ticket.unicode), ticket.valid_till())
}
