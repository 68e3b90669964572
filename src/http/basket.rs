//! What a customer wants to order, read strictly: every line must be one that can be placed.

use std::collections::BTreeSet;

use chrono::NaiveDate;
use serde::Deserialize;
use uuid::Uuid;

use super::companions;
use super::offers::{Loading, loading};
use super::problem::{Kind, Problem};
use super::state::State;
use crate::actors::liftoperator::card::{self, Card};
use crate::actors::liftoperator::{Group, QuotedLine, for_order};
use crate::actors::order::NewLine;
use crate::actors::order::record::{OnRefusal, ReturnTerms, Ticket};
use crate::clock;
use crate::io::IoError;
use crate::language::both;

/// Most tickets in one order.
const MOST_LINES: usize = 20;

/// Longest first or last name in characters.
const LONGEST_NAME: usize = 80;

/// Longest address to return to.
const LONGEST_URL: usize = 1000;

/// An order to be placed.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PlaceOrder {
    /// One ticket each, 1 to 20.
    #[schema(min_items = 1, max_items = 20)]
    pub(super) lines: Vec<PlaceLine>,
    /// What happens when one ticket of several is refused.
    #[serde(default)]
    on_refusal: Refused,
    /// Where the payer's browser goes afterwards; a plain page of ours when absent.
    #[schema(format = "uri", max_length = 1000)]
    return_url: Option<String>,
}

/// One ticket to order.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct PlaceLine {
    /// As offered.
    offer_id: String,
    /// A card of the account.
    card_id: Uuid,
    holder: Holder,
}

/// Who skis.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
struct Holder {
    #[schema(min_length = 1, max_length = 80)]
    first_name: String,
    #[schema(min_length = 1, max_length = 80)]
    last_name: String,
    /// The one that the offer was made for.
    birth_date: NaiveDate,
}

/// What happens when one ticket of several is refused.
#[derive(Clone, Copy, Default, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = OnRefusal)]
enum Refused {
    /// The others are kept and paid.
    Keep,
    /// The whole order is undone.
    #[default]
    Undo,
}

impl PlaceOrder {
    /// What the order does when a line is refused.
    #[must_use]
    pub fn on_refusal(&self) -> OnRefusal {
        match self.on_refusal {
            Refused::Keep => OnRefusal::Keep,
            Refused::Undo => OnRefusal::Undo,
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
                && state.return_origins.contains(&origin)
        };
        match reqwest::Url::parse(text).ok().filter(is_known) {
            Some(url) => Ok(Some(url.into())),
            None => Err(Problem::invalid(both(
                "`return_url` must be an http or https address of a shop that is known here.",
                "`return_url` muss eine http- oder https-Adresse eines hier bekannten Shops sein.",
            ))),
        }
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
        let (mut lines, mut groups) = (Vec::<NewLine>::new(), Vec::new());
        for ((wish, card), no) in self.lines.iter().zip(cards).zip(1..) {
            let part = both(format!("Line {no}"), format!("Zeile {no}"));
            let (line, group) = wish.check(state, card).map_err(|problem| problem.about(&part))?;
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
        for (group, no) in groups.iter().zip(1..).filter_map(|(group, no)| Some((group.as_ref()?, no))) {
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
    fn check(&self, state: &State, card: Option<Card>) -> Result<(NewLine, Option<Group>), Problem> {
        let holder = self.holder.check()?;
        let card = card.ok_or_else(unknown_card)?;
        let quoted = state.counter.redeem(&self.offer_id, holder.birth_date, clock::now())?;
        if !quoted.accepts_card_of(&card.vendor) {
            return Err(card_not_accepted(&card.number));
        }
        let (group, price) = (quoted.group.clone(), quoted.price_cents);
        let mut loading_ends = quoted.loading_ends;
        let mut returns = ReturnTerms { ends: None, family: group.as_ref().map(|group| group.id.clone()) };
        if let Some(operator) = state.counter.catalogue().operator(&quoted.operator) {
            if loading(state, operator) == Loading::Refused {
                return Err(operator_down(&operator.name));
            }
            loading_ends = operator.gives_up(quoted.valid_from, loading_ends, clock::now());
            returns.ends = operator.return_ends(quoted.valid_from);
        }
        Ok((NewLine { price, loading_ends, returns, ticket: ticket(quoted, card, holder) }, group))
    }
}

impl Holder {
    fn check(&self) -> Result<Self, Problem> {
        Ok(Self {
            first_name: name("first_name", &self.first_name)?,
            last_name: name("last_name", &self.last_name)?,
            birth_date: self.birth_date,
        })
    }
}

fn name(field: &str, given: &str) -> Result<String, Problem> {
    let name = given.trim();
    if (1..=LONGEST_NAME).contains(&name.chars().count()) && !name.chars().any(char::is_control) {
        return Ok(name.to_owned());
    }
    Err(Problem::invalid(both(
        format!("The holder's `{field}` must have 1 to {LONGEST_NAME} characters on one line."),
        format!("`{field}` der Person, die fährt, muss 1 bis {LONGEST_NAME} Zeichen in einer Zeile haben."),
    )))
}

fn ticket(quoted: QuotedLine, card: Card, holder: Holder) -> Ticket {
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
        holder_first_name: holder.first_name,
        holder_last_name: holder.last_name,
        holder_birth_date: holder.birth_date,
    }
}

/// Whether two tickets of one basket want the same card, operator and day.
fn clash(one: &Ticket, other: &Ticket) -> bool {
    one.operator == other.operator
        && one.card_number == other.card_number
        && one.valid_from <= other.valid_to
        && other.valid_from <= one.valid_to
}

/// Nothing was kept: the same may be sent again.
fn operator_down(name: &str) -> Problem {
    let detail = both(
        format!("{name} cannot be reached and takes no orders until it is. Try again later, or choose another area."),
        format!(
            "{name} ist nicht erreichbar und nimmt solange keine Bestellungen an. Versuchen Sie es später noch einmal oder wählen Sie ein anderes Skigebiet."
        ),
    );
    Problem::new(Kind::OperatorDown, detail).retry_after(60)
}

/// The same for a card of somebody else and one that does not exist.
fn unknown_card() -> Problem {
    let detail = both(
        "Register the card first, then name its `id`.",
        "Registrieren Sie die Karte zuerst und nennen Sie dann ihre `id`.",
    );
    Problem::new(Kind::UnknownCard, detail)
}

fn card_not_accepted(number: &str) -> Problem {
    let number = card::masked(number);
    let detail = both(
        format!("The operator does not accept {number}. Choose one of its `accepted_cards`."),
        format!("Das Skigebiet nimmt {number} nicht an. Wählen Sie eine Karte aus seinen `accepted_cards`."),
    );
    Problem::new(Kind::CardNotAccepted, detail)
}

fn card_twice(one: usize, other: usize) -> Problem {
    let detail = both(
        format!("Lines {one} and {other} want the same card, operator and day. Choose another card for one of them."),
        format!(
            "Zeile {one} und Zeile {other} wollen dieselbe Karte im selben Skigebiet am selben Tag. Wählen Sie für eine davon eine andere Karte."
        ),
    );
    Problem::new(Kind::CardTwice, detail)
}

fn family_incomplete(line: usize, size: usize) -> Problem {
    let detail = both(
        format!(
            "Line {line} is one of {size} offers of a family price. Order all {size}, each once, or ask for single offers."
        ),
        format!(
            "Zeile {line} ist eines von {size} Angeboten eines Familienpreises. Bestellen Sie alle {size}, jedes einmal, oder fragen Sie nach einzelnen Angeboten."
        ),
    );
    Problem::new(Kind::FamilyIncomplete, detail)
}

fn family_kept_in_part(line: usize) -> Problem {
    let detail = both(
        format!("Line {line} is of a family price. Leave `on_refusal` out or say `undo`, or ask for single offers."),
        format!(
            "Zeile {line} gehört zu einem Familienpreis. Lassen Sie `on_refusal` weg oder senden Sie `undo`, oder fragen Sie nach einzelnen Angeboten."
        ),
    );
    Problem::new(Kind::FamilyTogether, detail)
}
