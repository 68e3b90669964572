//! One comparison: a day with an operator, with the payment provider, or with our own invoices.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, NaiveDate, TimeDelta, TimeZone, Utc};
use chrono_tz::Europe::Vienna;
use chrono_tz::Tz;

use super::compare::{self, Action, Difference, Kind, OurTicket};
use super::desk::ReconcileDesk;
use super::listing;
use super::orphans;
use super::store::cases::{self, About};
use super::store::our_records::{self, Flaw, OurLine, OurPayment};
use super::store::{Run, Scope, Tally};
use crate::clock;
use crate::ids::{self, Reference};
use crate::integrations::lift::{Found, Sold};
use crate::integrations::payment::{Observed, ObservedState};
use crate::io::IoError;

/// Most cases that one comparison opens; more than that is one case: nobody looks at thousands, and
/// it has one cause.
const MOST_CASES: usize = 200;
/// Shortest pause between two lists of the payment provider: its own limit.
const LIST_PAUSE: std::time::Duration = std::time::Duration::from_secs(1);

/// A comparison under way.
pub(super) struct Comparing<'a> {
    pub(super) books: &'a ReconcileDesk,
    run: &'a Run,
    tally: Tally,
}

/// Compares what a run asks for, and opens the cases of what differs.
pub(super) async fn compare(books: &ReconcileDesk, run: &Run) -> Result<Tally, IoError> {
    let mut comparing = Comparing { books, run, tally: Tally::default() };
    match Scope::of(&run.scope) {
        Some(Scope::Operator(key)) => comparing.operator(&key).await?,
        Some(Scope::Payments) => comparing.payments().await?,
        Some(Scope::Invoices) => comparing.invoices().await?,
        None => comparing.not_told(format!("nobody is called {}", run.scope)),
    }
    Ok(comparing.tally)
}

impl Comparing<'_> {
    async fn operator(&mut self, key: &str) -> Result<(), IoError> {
        let Some(contract) = self.books.lift.contract(key) else {
            self.not_told("there is no contract with this operator".to_owned());
            return Ok(());
        };
        let day = self.run.day;
        let today = clock::now().with_timezone(&contract.time_zone).date_naive();
        let listed = self.sold_on(key, day).await;
        let asked =
            our_records::lines_asked(&self.books.io, key.to_owned(), span(contract.time_zone, day))
                .await?;
        let mut lines: HashMap<String, OurLine> =
            asked.into_iter().map(|line| (line.reference.clone(), line)).collect();
        let is_known = |sold: &&Sold| !lines.contains_key(&sold.reference);
        let others =
            listed.iter().flatten().filter(is_known).map(|sold| sold.reference.clone()).collect();
        lines.extend(our_records::lines_of(&self.books.io, others).await?);
        let mut theirs: BTreeMap<&str, Vec<&Sold>> =
            lines.keys().map(|key| (&**key, Vec::new())).collect();
        for sold in listed.iter().flatten() {
            theirs.entry(&sold.reference).or_default().push(sold);
        }
        self.tally.compared = theirs.len();
        for (reference, sold) in theirs {
            let ours = lines.get(reference);
            if ours.is_some_and(|ours| !ours.rests)
                || (listed.is_some() && !is_suspicious(ours, &sold, today))
            {
                continue;
            }
            if let Some((difference, about)) = self.look(key, reference, (ours, &sold), today).await
            {
                self.differs_of_anybody(difference, about).await?;
            }
        }
        Ok(())
    }

    /// What the operator's supplier booked on a day; `None` when it does not tell, and then each of
    /// ours is looked for.
    async fn sold_on(&mut self, key: &str, day: NaiveDate) -> Option<Vec<Sold>> {
        let listed = listing::read(async |after| self.books.lift.list(key, day, after).await).await;
        if let Some(flaw) = listed.flaw {
            self.not_told(flaw);
        }
        listed.sold
    }

    /// The reference itself decides: whoever only came late to the list is no difference.
    async fn look(
        &mut self,
        key: &str,
        reference: &str,
        (ours, sold): (Option<&OurLine>, &[&Sold]),
        today: NaiveDate,
    ) -> Option<(Difference, About)> {
        let found = match self
            .books
            .lift
            .find(key, Reference::stored(reference.to_owned()), self.books.may_write())
            .await
            .told()
        {
            Ok(found) => found,
            Err(why) => {
                self.not_told(format!("{reference}: {}", why));
                return None;
            }
        };
        let ticket = ours.map(ticket_of);
        let listed = sold.iter().find_map(|sold| sold.price);
        let by_price =
            || ticket.as_ref().zip(listed).and_then(|(ours, theirs)| compare::price(ours, theirs));
        let difference = compare::ticket(ticket.as_ref(), &found, today).or_else(by_price)?;
        let about = About {
            subject: reference.to_owned(),
            operator: Some(key.to_owned()),
            order_id: ours.map(|ours| ours.order_id),
            line_no: ours.map(|ours| ours.no),
            payment_no: None,
            detail: format!(
                "ours: {}; theirs: {}",
                ours.map_or("nothing", |ours| ours.state.word()),
                words(&found)
            ),
        };
        Some((difference, about))
    }

    async fn payments(&mut self) -> Result<(), IoError> {
        let ours = our_records::payments_placed(&self.books.io, span(Vienna, self.run.day)).await?;
        self.tally.compared = ours.len();
        for payment in ours {
            if let Some(difference) = self.look_into_books(&payment).await? {
                let about = about_payment(&payment, format!("ours: {:?}", payment.money));
                self.differs(difference, about).await?;
            }
        }
        for seen in self.reserved().await {
            self.reservation(&seen).await?;
        }
        Ok(())
    }

    /// A row that moved while its books were read is compared another day.
    async fn look_into_books(
        &mut self,
        payment: &OurPayment,
    ) -> Result<Option<Difference>, IoError> {
        match self.books.payment.history(payment.tid.clone()).await.told() {
            Ok(books) => {
                let Some(difference) = compare::money(&payment.money, &books) else {
                    return Ok(None);
                };
                let still = our_records::payment_of(&self.books.io, payment.tid.clone()).await?;
                Ok(still.filter(|still| still == payment).map(|_| difference))
            }
            Err(why) => {
                self.not_told(format!("{}: {}", payment.tid, why));
                Ok(None)
            }
        }
    }

    /// Everything that the provider lists as reserved. Nothing follows from what it does not list.
    async fn reserved(&mut self) -> Vec<Observed> {
        let reading = self.books.payment.read_open(LIST_PAUSE).await;
        if let Some(flaw) = reading.flaw() {
            self.not_told(format!("not the whole list of reservations: {flaw}"));
        }
        reading.payments.into_iter().filter(|seen| seen.state == ObservedState::Reserved).collect()
    }

    /// Other shops may share the merchant: only what is named as we name it is ours.
    async fn reservation(&mut self, seen: &Observed) -> Result<(), IoError> {
        let ours = our_records::payment_of(&self.books.io, seen.tid.clone()).await?;
        if let Some(payment) = ours {
            if payment.money.state == crate::actors::order::rules::lifecycle::PaymentState::Reversed
            {
                let action = Some(Action::Release);
                let difference =
                    Difference { kind: Kind::MoneyReserved, action, amount: seen.amount };
                let about = about_payment(&payment, "ours: reversed; theirs: reserved".to_owned());
                self.differs(difference, about).await?;
            }
            return Ok(());
        }
        let known =
            self.books.orders.store().order_of_page(seen.reference.clone()).await?.is_some();
        if known || !ids::is_page(&seen.reference) {
            return Ok(());
        }
        self.tally.compared += 1;
        let (difference, about) = orphans::case_of(seen, seen.amount);
        self.differs(difference, about).await
    }

    async fn invoices(&mut self) -> Result<(), IoError> {
        let (flaws, compared) =
            our_records::flaws(&self.books.io, span(Vienna, self.run.day)).await?;
        self.tally.compared = compared;
        for flaw in flaws {
            let (kind, amount, about) = match flaw {
                Flaw::Gap(series, missing) => {
                    let detail = format!("{missing} numbers of the series are missing");
                    (Kind::InvoiceGap, 0, About { subject: series, detail, ..About::default() })
                }
                Flaw::Without(order, total) => {
                    let detail = "finished and paid, without an invoice".to_owned();
                    let about = About {
                        subject: order.to_string(),
                        order_id: Some(order),
                        detail,
                        ..About::default()
                    };
                    (Kind::InvoiceMissing, total, about)
                }
            };
            self.differs(Difference { kind, action: None, amount }, about).await?;
        }
        Ok(())
    }

    /// Whether a further difference gets a case of its own.
    pub(super) fn has_room(&self) -> bool {
        self.tally.differences < MOST_CASES
    }

    pub(super) async fn differs(
        &mut self,
        difference: Difference,
        about: About,
    ) -> Result<(), IoError> {
        self.tally.differences += 1;
        let (difference, about) = match self.tally.differences.cmp(&(MOST_CASES + 1)) {
            std::cmp::Ordering::Less => (difference, about),
            std::cmp::Ordering::Equal => {
                let Run { scope, day, .. } = self.run;
                let subject = format!("{scope}/{day}");
                let operator = about.operator;
                let detail = format!(
                    "more than {MOST_CASES} differences: look for their one cause, then compare again"
                );
                let about = About { subject, operator, detail, ..About::default() };
                (Difference { kind: Kind::Many, action: None, amount: 0 }, about)
            }
            std::cmp::Ordering::Greater => return Ok(()),
        };
        self.tally.opened += usize::from(cases::open(&self.books.io, difference, about).await?);
        Ok(())
    }

    /// The first thing that was not told stands for all.
    fn not_told(&mut self, why: String) {
        tracing::warn!(scope = self.run.scope, day = %self.run.day, why, "a part of a day cannot be compared");
        self.tally.not_told.get_or_insert(why);
    }
}

/// A line as it is compared.
pub(super) fn ticket_of(line: &OurLine) -> OurTicket {
    OurTicket { state: line.state, price: line.price, last_day: line.last_day }
}

fn is_suspicious(ours: Option<&OurLine>, sold: &[&Sold], today: NaiveDate) -> bool {
    let Some(line) = ours else { return true };
    let (ticket, found): (_, Vec<Found>) =
        (ticket_of(line), sold.iter().map(|sold| sold.found.clone()).collect());
    let other = !found.is_empty() && line.handle.is_some() && {
        found.iter().all(|found| line.handle.as_deref() != Some(&found.booking.handle))
    };
    let prices = sold.iter().filter_map(|sold| sold.price);
    other
        || compare::ticket(Some(&ticket), &found, today).is_some()
        || prices.into_iter().any(|theirs| compare::price(&ticket, theirs).is_some())
}

fn about_payment(payment: &OurPayment, detail: String) -> About {
    About {
        subject: payment.tid.clone(),
        order_id: Some(payment.order_id),
        payment_no: Some(payment.no),
        detail,
        ..About::default()
    }
}

fn words(found: &[Found]) -> String {
    let one = |found: &Found| {
        format!("{} {:?}", found.booking.ticket_reference, found.state).to_lowercase()
    };
    if found.is_empty() {
        "nothing".to_owned()
    } else {
        found.iter().map(one).collect::<Vec<_>>().join(", ")
    }
}

/// A day's first instant and that of the next.
fn span(zone: Tz, day: NaiveDate) -> (DateTime<Utc>, DateTime<Utc>) {
    let midnight = |day: NaiveDate| {
        let local = day.and_time(chrono::NaiveTime::MIN);
        let later = (0..=4).find_map(|halves| {
            zone.from_local_datetime(&(local + TimeDelta::minutes(30 * halves))).earliest()
        });
        later.map_or_else(|| local.and_utc(), |moment| moment.to_utc())
    };
    (midnight(day), midnight(day.succ_opt().unwrap_or(day)))
}
