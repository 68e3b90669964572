//! All SQL of invoices.

use std::collections::HashMap;

use chrono::{DateTime, Datelike, NaiveDate, Utc};
use chrono_tz::Europe::Vienna;
use sea_orm::sea_query::{Expr, ExprTrait, OnConflict};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, DatabaseTransaction, DbErr, EntityTrait,
    QueryFilter, QueryOrder, QuerySelect,
};
use serde::{Deserialize, Serialize};
use starjack_entity::{invoice, invoice_series};
use uuid::Uuid;

use super::buyer::Buyer;
use super::number::InvoiceNumber;
use super::seller::{Seller, ShortName};
use crate::epoch;
use crate::ids::{Epoch, OrderNumber};
use crate::io::{Io, IoError};
use crate::language::Language;
use crate::money::Cents;

/// An invoice to be issued for an order that was charged.
#[derive(Clone)]
pub struct NewInvoice {
    /// The order that was charged; an order has one invoice.
    pub order_id: Uuid,
    /// The order as the customer knows it.
    pub order_number: OrderNumber,
    /// Whose order.
    pub account_id: Uuid,
    /// The moment; its day and year are taken in Vienna.
    pub issued_at: DateTime<Utc>,
    /// From the configuration.
    pub seller: Seller,
    /// To whom.
    pub buyer: Buyer,
    /// What was sold; at least one.
    pub lines: Vec<Line>,
    /// What was charged: the sum of the lines.
    pub total_cents: Cents,
    /// Three letters of ISO 4217.
    pub currency: String,
    /// The buyer's language, in which the document is written.
    pub language: Language,
    /// Whether no real money was charged; the document says so on every page.
    pub simulated: bool,
}

/// One line of an invoice.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// The customary description, without the skier's name.
    pub description: String,
    /// How many.
    pub quantity: u32,
    /// First day of the service.
    pub from: NaiveDate,
    /// Last day of the service.
    pub to: NaiveDate,
    /// What all of them cost, tax included.
    pub gross_cents: Cents,
    /// The rate in per mille (100 is 10 %).
    pub vat_permille: i32,
    /// The country whose tax that is, two letters of ISO 3166; Austria on invoices that do not say
    /// it.
    #[serde(default = "austria")]
    pub vat_country: String,
}

fn austria() -> String {
    "AT".to_owned()
}

/// An invoice as it was issued; `Debug` is not derived because it names the buyer.
#[derive(Clone, PartialEq, Eq)]
pub struct Invoice {
    /// Its number.
    pub number: InvoiceNumber,
    /// Its order.
    pub order_id: Uuid,
    /// Its order as the customer knows it.
    pub order_number: String,
    /// Whose it is: nobody else may read it.
    pub account_id: Uuid,
    /// The moment.
    pub issued_at: DateTime<Utc>,
    /// The day in Vienna.
    pub issued_on: NaiveDate,
    /// Who issued it, as of then.
    pub seller: Seller,
    /// To whom.
    pub buyer: Buyer,
    /// What was sold.
    pub lines: Vec<Line>,
    /// What was charged.
    pub total_cents: Cents,
    /// Three letters of ISO 4217.
    pub currency: String,
    /// The language of the document.
    pub language: Language,
    /// Whether no real money was charged.
    pub simulated: bool,
    /// SHA-256 of the document in hex, once it was written.
    pub document_sha256: Option<String>,
}

/// The column `buyer`.
#[derive(Serialize, Deserialize)]
struct StoredBuyer {
    order_number: String,
    #[serde(default)]
    language: Language,
    #[serde(flatten)]
    buyer: Buyer,
}

/// The column `seller`.
#[derive(Serialize, Deserialize)]
struct StoredSeller {
    seller: Seller,
    simulated: bool,
}

/// Takes the next number of the seller's series and writes the invoice. To be the last statements
/// of the commit that finishes an order: the series stays locked until then, and a rollback gives
/// the number back. Called again for the same order it changes nothing and answers the number it
/// has.
///
/// # Errors
/// The database's; also when the lines do not add up to the total. The transaction must not be
/// committed then.
pub async fn issue(tx: &DatabaseTransaction, new: NewInvoice) -> Result<InvoiceNumber, DbErr> {
    if let Some(number) = number_of_order(tx, new.order_id).await? {
        return Ok(number);
    }
    if new.lines.iter().map(|line| line.gross_cents).sum::<Cents>() != new.total_cents {
        return Err(DbErr::Custom("the lines of an invoice do not add up to its total".into()));
    }
    let issued_on = new.issued_at.with_timezone(&Vienna).date_naive();
    let series = series_of(&new.seller.short, issued_on.year(), epoch::within(tx).await?);
    let buyer = StoredBuyer {
        order_number: new.order_number.to_string(),
        language: new.language,
        buyer: new.buyer,
    };
    let seller = StoredSeller { seller: new.seller, simulated: new.simulated };
    let buyer = to_json(&buyer)?;
    let seller = to_json(&seller)?;
    let lines = to_json(&new.lines)?;
    let serial = next_serial(tx, &series).await?;
    let number = number_in(&series, serial);
    let row = invoice::ActiveModel {
        number: Set(number.clone()),
        series: Set(series),
        serial: Set(serial),
        order_id: Set(new.order_id),
        account_id: Set(new.account_id),
        issued_at: Set(new.issued_at.into()),
        issued_on: Set(issued_on),
        seller: Set(seller),
        buyer: Set(buyer),
        lines: Set(lines),
        total_cents: Set(new.total_cents),
        currency: Set(new.currency),
        document_sha256: Set(None),
    };
    invoice::Entity::insert(row).exec_without_returning(tx).await?;
    Ok(InvoiceNumber::stored(number))
}

/// A seller's series of a year. What was given out after a backup is forgotten by whoever restores
/// it, so a restore begins a series of its own: no number is given out twice, and no series that is
/// still counted on has a gap.
pub fn series_of(short: &ShortName, year: i32, epoch: Epoch) -> String {
    let letter = if epoch == Epoch::FIRST { String::new() } else { epoch.to_string() };
    format!("{}-{year}{letter}", short.as_str())
}

/// Counts the series on, from 1; other transactions that want a number of it wait until this one
/// ends.
async fn next_serial(tx: &DatabaseTransaction, series: &str) -> Result<i64, DbErr> {
    let first = invoice_series::ActiveModel { series: Set(series.to_owned()), last: Set(1) };
    let count_on = OnConflict::column(invoice_series::Column::Series)
        .value(
            invoice_series::Column::Last,
            Expr::col((invoice_series::Entity, invoice_series::Column::Last)).add(1),
        )
        .to_owned();
    let counted =
        invoice_series::Entity::insert(first).on_conflict(count_on).exec_with_returning(tx).await?;
    Ok(counted.last)
}

/// The last number of every series, in order.
///
/// # Errors
/// The database's.
pub async fn last_numbers(io: &Io) -> Result<Vec<String>, IoError> {
    io.read(|db| {
        Box::pin(async move {
            let series = invoice_series::Entity::find()
                .order_by_asc(invoice_series::Column::Series)
                .all(db)
                .await?;
            Ok(series.into_iter().map(|row| number_in(&row.series, row.last)).collect())
        })
    })
    .await
}

fn number_in(series: &str, serial: i64) -> String {
    format!("{series}-{serial:06}")
}

/// The number of an order's invoice; none when nothing was charged, or not yet.
///
/// # Errors
/// The database's.
pub async fn number_of_order(
    db: &impl ConnectionTrait,
    order_id: Uuid,
) -> Result<Option<InvoiceNumber>, DbErr> {
    Ok(numbers_of_orders(db, &[order_id]).await?.remove(&order_id))
}

/// The invoices of several orders, by one query.
///
/// # Errors
/// The database's.
pub async fn numbers_of_orders(
    db: &impl ConnectionTrait,
    order_ids: &[Uuid],
) -> Result<HashMap<Uuid, InvoiceNumber>, DbErr> {
    let numbers = invoice::Entity::find()
        .select_only()
        .columns([invoice::Column::OrderId, invoice::Column::Number])
        .filter(invoice::Column::OrderId.is_in(order_ids.iter().copied()))
        .into_tuple::<(Uuid, String)>()
        .all(db)
        .await?;
    Ok(numbers
        .into_iter()
        .map(|(order_id, number)| (order_id, InvoiceNumber::stored(number)))
        .collect())
}

/// The invoice under a number.
///
/// # Errors
/// The database's, `Json` when the row was not written by [`issue`].
pub async fn read(
    db: &impl ConnectionTrait,
    number: &InvoiceNumber,
) -> Result<Option<Invoice>, DbErr> {
    let Some(row) = invoice::Entity::find_by_id(number.as_str()).one(db).await? else {
        return Ok(None);
    };
    let StoredBuyer { order_number, language, buyer } = from_json(&row.buyer)?;
    let StoredSeller { seller, simulated } = from_json(&row.seller)?;
    Ok(Some(Invoice {
        number: InvoiceNumber::stored(row.number),
        order_id: row.order_id,
        order_number,
        account_id: row.account_id,
        issued_at: row.issued_at.to_utc(),
        issued_on: row.issued_on,
        seller,
        buyer,
        lines: from_json(&row.lines)?,
        total_cents: row.total_cents,
        currency: row.currency,
        language,
        simulated,
        document_sha256: row.document_sha256,
    }))
}

/// Notes the document's SHA-256, the first time; it never changes again.
///
/// # Errors
/// The database's.
pub(super) async fn note_document(
    db: &impl ConnectionTrait,
    number: &InvoiceNumber,
    sha256: String,
) -> Result<(), DbErr> {
    invoice::Entity::update_many()
        .col_expr(invoice::Column::DocumentSha256, Expr::value(sha256))
        .filter(invoice::Column::Number.eq(number.as_str()))
        .filter(invoice::Column::DocumentSha256.is_null())
        .exec(db)
        .await?;
    Ok(())
}

fn to_json(value: &impl Serialize) -> Result<String, DbErr> {
    serde_json::to_string(value).map_err(|error| DbErr::Json(error.to_string()))
}

fn from_json<'a, T: Deserialize<'a>>(text: &'a str) -> Result<T, DbErr> {
    serde_json::from_str(text).map_err(|error| DbErr::Json(error.to_string()))
}
