//! What the shop may sell, put together from four reads: pools, their ticket types, person types,
//! and a tariff for each product, person type and run of days. `Unproven:` the two middle reads and
//! all members of the answers are our own proposal in the service's style; that `SZVALIDTILL` of a
//! tariff is the last day on which it is asked; that a season pass is asked for by the day of
//! purchase.
//!
//! Source: a public WTP client (`Darylbab/asl_Sync`, read 2026-11-23) for the requests of
//! `getpools` and `gettariff`.

use chrono::NaiveDate;

use super::client::{CallError, Reply, Service, contradiction};
use super::config::Config;
use super::wire::{self, number};
use crate::integrations::Permit;
use crate::integrations::lift::{Named, PriceList, Tariff, Wanted, WantedProduct};
use crate::integrations::soap::{Element, Tag};
use crate::money::read_decimal;

/// The product is not sold on that day. `Unproven:` ours, as for a sale.
const NOT_SOLD: i64 = -6541;

/// `i_ctPoolReq`.
pub(super) fn pools(config: &Config, session: &str) -> Tag {
    profile(Tag::new("team:i_ctPoolReq"), config, session)
        .text("ax:SZCOUNTRYCODE", &config.country_code)
}

/// `i_ctTicketTypeReq`.
pub(super) fn ticket_types(config: &Config, pool: i64, session: &str) -> Tag {
    profile(
        Tag::new("team:i_ctTicketTypeReq").text("ax:NPOOLNO", pool.to_string()),
        config,
        session,
    )
}

/// `i_ctPersonTypeReq`.
pub(super) fn person_types(config: &Config, session: &str) -> Tag {
    profile(Tag::new("team:i_ctPersonTypeReq"), config, session)
}

/// A product for staff type on a day.
#[derive(Clone, Copy, Debug)]
pub(super) struct TariffKey {
    pool: u32,
    ticket_type: u32,
    person_type: u32,
    day: NaiveDate,
}

impl TariffKey {
    /// `i_ctTariffReq`.
    pub(super) fn tag(self, config: &Config, session: &str) -> Tag {
        let product = wire::product(
            (self.pool, self.ticket_type),
            self.person_type,
            config.project_no,
            &self.day.to_string(),
        );
        profile(Tag::new("team:i_ctTariffReq").child(product), config, session)
    }
}

fn profile(tag: Tag, config: &Config, session: &str) -> Tag {
    tag.text("ax:NSESSIONID", session).text("ax:NWTPPROFILENO", config.profile_no.to_string())
}

/// Reads everything. One answer that is missing or not understood, and nothing of the others is
/// believed.
pub(super) async fn goods(
    service: &Service,
    wanted: &Wanted,
    permit: &Permit,
) -> Result<PriceList, CallError> {
    let mut goods = PriceList::default();
    let pools = listed(service.pools(permit).await?)?;
    for pool in pools.children("ACTPOOL") {
        let pool = number(pool, "NPOOLNO").ok_or_else(|| contradiction("getpools"))?;
        let types = listed(service.ticket_types(pool, permit).await?)?;
        for one in types.children("ACTTICKETTYPE") {
            let of = number(one, "NTICKETTYPENO").ok_or_else(|| contradiction("gettickettypes"))?;
            goods.products.push(named(format!("{pool}/{of}"), one));
        }
    }
    let persons = listed(service.person_types(permit).await?)?;
    for one in persons.children("ACTPERSTYPE") {
        let of = number(one, "NPERSTYPENO").ok_or_else(|| contradiction("getpersontypes"))?;
        goods.categories.push(named(of.to_string(), one));
    }
    let mut asked = Vec::new();
    for product in wanted.products.iter().filter(|product| goods.sells(&product.code)) {
        for category in wanted.categories.iter().filter(|category| goods.knows(category)) {
            asked.extend(tariffs(service, product, category, permit).await?);
        }
    }
    Ok(PriceList { tariffs: asked, ..goods })
}

/// Asks from the first day on, and on from the day after each answer's last one; a day without a
/// price ends it.
async fn tariffs(
    service: &Service,
    product: &WantedProduct,
    category: &str,
    permit: &Permit,
) -> Result<Vec<Tariff>, CallError> {
    let mut tariffs = Vec::new();
    let mut day = product.from;
    while day <= product.to {
        let key = key(&product.code, category, day);
        let key =
            key.ok_or_else(|| CallError::NotSent("a code is not one of this supplier".into()))?;
        let reply = service.tariff(key, permit).await?;
        if reply.error_no == NOT_SOLD {
            break;
        }
        let answer = listed(reply)?;
        let read = |answer: &Element| {
            let till: NaiveDate = answer.text_of("SZVALIDTILL")?.parse().ok()?;
            let price = read_decimal(answer.text_of("FTARIFF")?)?;
            (till >= day && answer.text_of("SZCURRENCY") == Some("EUR")).then_some((till, price))
        };
        let (till, price) = read(&answer).ok_or_else(|| contradiction("gettariff"))?;
        let code = product.code.clone();
        let category = category.to_owned();
        tariffs.push(Tariff {
            product: code,
            category,
            from: day,
            to: till.min(product.to),
            price,
        });
        let Some(next) = till.succ_opt() else { break };
        day = next;
    }
    Ok(tariffs)
}

fn key(product: &str, category: &str, day: NaiveDate) -> Option<TariffKey> {
    let (pool, ticket_type) = product.split_once('/')?;
    let pool = pool.parse().ok()?;
    let ticket_type = ticket_type.parse().ok()?;
    Some(TariffKey { pool, ticket_type, person_type: category.parse().ok()?, day })
}

/// The result of a read that went well.
fn listed(reply: Reply) -> Result<Element, CallError> {
    match reply.error_no {
        0 => Ok(reply.result),
        error_no => {
            Err(CallError::Unknown(format!("a read of the catalogue is answered with {error_no}")))
        }
    }
}

fn named(code: String, one: &Element) -> Named {
    Named { name: one.text_of("SZNAME").unwrap_or(&code).to_owned(), code }
}
