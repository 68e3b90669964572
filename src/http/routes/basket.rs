//! What a customer wants to order, read strictly: every line must be one that can be placed.

use std::collections::BTreeSet;

use chrono::NaiveDate;
use serde::Deserialize;
use uuid::Uuid;

use super::basket_problems::{
    card_not_accepted, card_twice, family_incomplete, family_kept_in_part, operator_down,
    unknown_card,
};
use super::billing::GiveBilling;
use super::companions;
use super::holder::Holder;
use super::offers::{Loading, loading};
use crate::actors::liftoperator::lift::card::Card;
use crate::actors::liftoperator::{Group, QuotedLine, for_order};
use crate::actors::order::NewLine;
use crate::actors::order::rules::record::{OnRefusal, ReturnTerms, Ticket};
use crate::clock;
use crate::http::middleware::problem::Problem;
use crate::http::state::State;
use crate::io::IoError;
use crate::language::both;
use crate::typed::Billing;

/// Most tickets in one order.
const MOST_LINES: usize = 20;

/// Longest address to return to.
const LONGEST_URL: usize = 1000;

/// An order to be placed.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PlaceOrder {
    /// One ticket each, 1 to 20.
    #[schema(min_items = 1, max_items = 20)]
    pub(in crate::http) lines: Vec<PlaceLine>,
    /// What happens when one ticket of several is refused; `undo` when absent.
    on_refusal: Option<Refused>,
    /// Where the payer's browser goes afterwards; a plain page of ours when absent.
    #[schema(format = "uri", max_length = 1000)]
    return_url: Option<String>,
    /// Where this order's invoice goes; where the account's go when absent. An order of more than
    /// 400 € needs one of the two.
    billing: Option<GiveBilling>,
}

/// One ticket to order.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct PlaceLine {
    /// As offered.
    offer_id: String,
    /// A card of the account.
    card_id: Uuid,
    holder: Holder,
}

/// What happens when one ticket of several is refused.
#[derive(Clone, Copy, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = OnRefusal)]
enum Refused {
    /// The others are kept and paid.
    Keep,
    /// The whole order is undone.
    Undo,
}

impl PlaceOrder {
    /// What the order does when a line is refused.
    #[must_use]
    pub fn on_refusal(&self) -> OnRefusal {
        match self.on_refusal {
            Some(Refused::Keep) => OnRefusal::Keep,
            Some(Refused::Undo) | None => OnRefusal::Undo,
        }
    }

    /// The address to return to, when it is one of a shop that is known here.
    ///
    /// # Errors
    /// 422.
    pub fn return_url(&self, state: &State) -> Result<Option<String>, Problem> {
        let Some(text) = &self.return_url else { return Ok(None) };
        let is_known = |url: &reqwest::Url| {
            let origin = url.origin().ascii_serialization();
            matches!(url.scheme(), "http" | "https")
                && url.username().is_empty()
                && url.password().is_none()
                && url.as_str().len() <= LONGEST_URL
                && state.face.return_origins.contains(&origin)
        };
        match reqwest::Url::parse(text).ok().filter(is_known) {
            Some(url) => Ok(Some(url.into())),
            None => Err(Problem::invalid(both(
                "`return_url` must be an http or https address of a shop that is known here.",
                "`return_url` muss eine http- oder https-Adresse eines hier bekannten Shops sein.",
            ))),
        }
    }

    /// Where the invoice goes, when the order says so itself.
    ///
    /// # Errors
    /// 422 that names the value.
    pub fn billing(&self) -> Result<Option<Billing>, Problem> {
        self.billing.clone().map(GiveBilling::read).transpose()
    }

    /// The lines as the desk takes them.
    ///
    /// # Errors
    /// 422 that names the line.
    pub async fn lines(&self, state: &State, account_id: Uuid) -> Result<Vec<NewLine>, Problem> {
        if !(1..=MOST_LINES).contains(&self.lines.len()) {
            return Err(Problem::invalid(both(
                format!("`lines` must have 1 to {MOST_LINES} tickets."),
                format!("`lines` muss 1 bis {MOST_LINES} Tickets enthalten."),
            )));
        }
        let cards = self.cards(state, account_id).await?;
        let mut lines = Vec::<NewLine>::new();
        let mut groups = Vec::new();
        for ((asked, card), no) in self.lines.iter().zip(cards).zip(1..) {
            let part = both(format!("Line {no}"), format!("Zeile {no}"));
            let (line, group) = asked.check(state, card).map_err(|problem| problem.about(&part))?;
            groups.push(group);
            if let Some(other) = lines.iter().position(|other| clash(&other.ticket, &line.ticket)) {
                return Err(card_twice(other + 1, no));
            }
            lines.push(line);
        }
        self.families_are_whole(&groups)?;
        companions::bind(&mut lines, self.on_refusal())?;
        Ok(lines)
    }

    /// A family's price holds for all of its tickets or for none.
    fn families_are_whole(&self, groups: &[Option<Group>]) -> Result<(), Problem> {
        for (group, no) in
            groups.iter().zip(1..).filter_map(|(group, no)| Some((group.as_ref()?, no)))
        {
            if self.on_refusal() != OnRefusal::Undo {
                return Err(family_kept_in_part(no));
            }
            let of_family = groups.iter().flatten().filter(|other| other.id == group.id);
            let places: BTreeSet<usize> = of_family.clone().map(|other| other.place).collect();
            if places.len() != group.size || of_family.count() != group.size {
                return Err(family_incomplete(no, group.size));
            }
        }
        Ok(())
    }

    async fn cards(&self, state: &State, account_id: Uuid) -> Result<Vec<Option<Card>>, IoError> {
        let ids: Vec<Uuid> = self.lines.iter().map(|line| line.card_id).collect();
        let read = state.io.read(move |db| {
            Box::pin(async move {
                let mut cards = Vec::new();
                for id in ids {
                    cards.push(for_order(db, account_id, id).await?);
                }
                Ok::<_, IoError>(cards)
            })
        });
        read.await
    }
}

impl PlaceLine {
    fn check(
        &self,
        state: &State,
        card: Option<Card>,
    ) -> Result<(NewLine, Option<Group>), Problem> {
        let (first_name, last_name) = self.holder.names()?;
        let birth_date = *self.holder.birth_date;
        let card = card.ok_or_else(unknown_card)?;
        let quoted = state.counter.redeem(&self.offer_id, birth_date, clock::now())?;
        if !quoted.accepts_card_of(&card.vendor) {
            return Err(card_not_accepted(&card.number));
        }
        let group = quoted.group.clone();
        let price = quoted.price_cents;
        let mut loading_ends = quoted.loading_ends;
        let mut returns =
            ReturnTerms { ends: None, family: group.as_ref().map(|group| group.id.clone()) };
        if let Some(operator) = state.counter.catalogue().operator(&quoted.operator) {
            if loading(state, operator) == Loading::Refused {
                return Err(operator_down(&operator.name));
            }
            loading_ends = operator.gives_up(quoted.valid_from, loading_ends, clock::now());
            returns.ends = operator.return_ends(quoted.valid_from);
        }
        Ok((
            NewLine {
                price,
                loading_ends,
                returns,
                ticket: ticket(quoted, card, (first_name, last_name, birth_date)),
            },
            group,
        ))
    }
}

/// The ticket of a line; the holder is first name, last name and birth date.
fn ticket(quoted: QuotedLine, card: Card, holder: (String, String, NaiveDate)) -> Ticket {
    let (holder_first_name, holder_last_name, holder_birth_date) = holder;
    Ticket {
        operator: quoted.operator,
        product: quoted.product,
        category: quoted.category,
        product_code: quoted.product_code,
        category_code: quoted.category_code,
        valid_from: quoted.valid_from,
        valid_to: quoted.valid_to,
        from_time: quoted.from_time,
        vat_permille: quoted.vat_permille,
        vat_country: quoted.vat_country,
        card_id: card.id,
        card_number: card.number,
        holder_first_name,
        holder_last_name,
        holder_birth_date,
    }
}

/// Whether two tickets of one basket want the same card, operator and day.
fn clash(one: &Ticket, other: &Ticket) -> bool {
    one.operator == other.operator
        && one.card_number == other.card_number
        && one.valid_from <= other.valid_to
        && other.valid_from <= one.valid_to
}
