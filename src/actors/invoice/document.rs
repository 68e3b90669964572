//! The document of an invoice, laid out from its row alone.
//!
//! Holds what an Austrian invoice must say (Umsatzsteuergesetz section 11): name, address and UID
//! of the supplier, name of the buyer and above 400 € the address too, number, day of issue,
//! quantity and customary description, day of the service, what was paid, and per rate the net
//! amount and the tax.

use chrono::Datelike;

use super::labels::{Labels, labels};
use super::pdf::{self, About, HEIGHT, Sheet, Style, WIDTH};
use super::store::{Invoice, Line};
use super::totals::per_rate;
use crate::language::Language;

const LEFT: f32 = 50.0;
const RIGHT: f32 = WIDTH - 50.0;
const TOP: f32 = 60.0;
/// Nothing but the foot stands lower.
const BOTTOM: f32 = HEIGHT - 80.0;
const LEADING: f32 = 12.5;

const PLAIN: Style = Style { size: 9.0, bold: false, warning: false };
const STRONG: Style = Style { bold: true, ..PLAIN };
const SMALL: Style = Style { size: 7.5, ..PLAIN };
const TITLE: Style = Style { size: 15.0, ..STRONG };
const WARNING: Style = Style { size: 11.0, warning: true, ..STRONG };

/// Where the columns of the lines stand: left ends of the texts, right ends of the numbers.
mod column {
    pub(super) const NO: f32 = super::LEFT;
    pub(super) const DESCRIPTION: f32 = 74.0;
    pub(super) const DESCRIPTION_WIDTH: f32 = 178.0;
    pub(super) const DAY: f32 = 260.0;
    pub(super) const DAY_WIDTH: f32 = 106.0;
    pub(super) const QUANTITY: f32 = 400.0;
    pub(super) const RATE: f32 = 455.0;
    pub(super) const GROSS: f32 = super::RIGHT;
}

/// Renders an invoice; the same row always gives the same bytes.
pub(super) fn render(invoice: &Invoice) -> Result<Vec<u8>, &'static str> {
    let issued = invoice.issued_on;
    let about = About {
        title: format!("{} {}", labels(invoice.language).title, invoice.number),
        author: invoice.seller.name.clone(),
        language: invoice.language.as_str(),
        year: u16::try_from(issued.year()).map_err(|_error| "its year is out of range")?,
        month: u8::try_from(issued.month()).map_err(|_error| "its month is out of range")?,
        day: u8::try_from(issued.day()).map_err(|_error| "its day is out of range")?,
    };
    let mut layout = Layout::new(invoice);
    layout.write_head();
    layout.write_line_titles();
    for (no, line) in (1..).zip(&invoice.lines) {
        layout.write_line(no, line);
    }
    layout.write_totals();
    pdf::print(&layout.into_sheets(), about)
}

struct Layout<'a> {
    invoice: &'a Invoice,
    labels: &'static Labels,
    full: Vec<Sheet>,
    sheet: Sheet,
    y: f32,
}

impl<'a> Layout<'a> {
    fn new(invoice: &'a Invoice) -> Self {
        let labels = labels(invoice.language);
        let mut layout =
            Self { invoice, labels, full: Vec::new(), sheet: Sheet::default(), y: TOP };
        layout.write_banner();
        layout
    }

    fn write_banner(&mut self) {
        if self.invoice.simulated {
            self.sheet.left((LEFT, TOP - 24.0), WARNING, self.labels.simulated);
        }
    }

    fn write_head(&mut self) {
        let invoice = self.invoice;
        self.sheet.left((LEFT, self.y), TITLE, self.labels.title);
        self.y += 26.0;
        let below_title = self.y;
        let seller = &invoice.seller;
        self.write_block(LEFT, &seller.name, &seller.address);
        self.sheet.left((LEFT, self.y), PLAIN, &format!("{} {}", self.labels.uid, seller.uid));
        let below_seller = self.y + LEADING;
        self.y = below_title;
        for (label, value) in [
            (self.labels.number, invoice.number.as_str()),
            (self.labels.issued, invoice.language.day(invoice.issued_on).as_str()),
            (self.labels.order, invoice.order_number.as_str()),
        ] {
            self.sheet.left((330.0, self.y), PLAIN, label);
            self.sheet.right((RIGHT, self.y), STRONG, value);
            self.y += LEADING;
        }
        self.y = below_seller.max(self.y) + LEADING;
        self.sheet.left((LEFT, self.y), SMALL, self.labels.buyer);
        self.y += LEADING;
        self.write_block(LEFT, &invoice.buyer.name, &invoice.buyer.address);
        self.y += LEADING * 1.5;
    }

    /// A name and the address below it.
    fn write_block(&mut self, x: f32, name: &str, address: &[String]) {
        let limit = 330.0 - LEFT - 20.0;
        for line in pdf::wrap(STRONG, name, limit) {
            self.sheet.left((x, self.y), STRONG, &line);
            self.y += LEADING;
        }
        for line in address.iter().flat_map(|line| pdf::wrap(PLAIN, line, limit)) {
            self.sheet.left((x, self.y), PLAIN, &line);
            self.y += LEADING;
        }
    }

    fn write_line_titles(&mut self) {
        let y = self.y;
        self.sheet.left((column::NO, y), STRONG, self.labels.no);
        self.sheet.left((column::DESCRIPTION, y), STRONG, self.labels.description);
        self.sheet.left((column::DAY, y), STRONG, self.labels.days);
        self.sheet.right((column::QUANTITY, y), STRONG, self.labels.quantity);
        self.sheet.right((column::RATE, y), STRONG, self.labels.vat);
        self.sheet.right(
            (column::GROSS, y),
            STRONG,
            &format!("{} {}", self.labels.gross, self.invoice.currency),
        );
        self.sheet.rule(LEFT, RIGHT, y + 4.0);
        self.y += LEADING * 1.4;
    }

    fn write_line(&mut self, no: usize, line: &Line) {
        let language = self.invoice.language;
        let description = pdf::wrap(PLAIN, &line.description, column::DESCRIPTION_WIDTH);
        let days = pdf::wrap(PLAIN, &days(language, line), column::DAY_WIDTH);
        let rows: f32 = (0..description.len().max(days.len())).map(|_row| LEADING).sum();
        if self.y + rows > BOTTOM {
            self.turn_the_page();
            self.write_line_titles();
        }
        let mut y = self.y;
        self.sheet.left((column::NO, y), PLAIN, &no.to_string());
        self.sheet.right((column::QUANTITY, y), PLAIN, &line.quantity.to_string());
        self.sheet.right((column::RATE, y), PLAIN, &percent(language, line.vat_permille));
        self.sheet.right((column::GROSS, y), PLAIN, &language.number(line.gross_cents));
        for text in &description {
            self.sheet.left((column::DESCRIPTION, y), PLAIN, text);
            y += LEADING;
        }
        y = self.y;
        for text in &days {
            self.sheet.left((column::DAY, y), PLAIN, text);
            y += LEADING;
        }
        self.y += rows + 3.0;
    }

    /// The total, then what of it is net and what is tax, per rate; kept together on one page.
    fn write_totals(&mut self) {
        let language = self.invoice.language;
        let rates = per_rate(&self.invoice.lines);
        let rows: f32 = rates.iter().map(|_rate| LEADING).sum();
        if self.y + rows + LEADING * 6.0 > BOTTOM {
            self.turn_the_page();
        }
        self.sheet.rule(LEFT, RIGHT, self.y - 6.0);
        self.y += 8.0;
        let total = Style { size: 11.0, ..STRONG };
        let amount = language.amount(&self.invoice.currency, self.invoice.total_cents);
        self.sheet.left((column::DESCRIPTION, self.y), total, self.labels.total);
        self.sheet.right((column::GROSS, self.y), total, &amount);
        self.y += LEADING * 2.0;
        let columns =
            [column::QUANTITY - 60.0, column::QUANTITY + 10.0, column::RATE + 15.0, column::GROSS];
        for (x, title) in columns.into_iter().zip([
            self.labels.rate,
            self.labels.net,
            self.labels.vat,
            self.labels.gross,
        ]) {
            self.sheet.right((x, self.y), STRONG, title);
        }
        self.y += LEADING;
        for rate in rates {
            let [net, vat, gross] =
                [rate.net, rate.vat, rate.gross].map(|cents| language.number(cents));
            let of_country = format!("{} {}", rate.country, percent(language, rate.vat_permille));
            let values = [of_country, net, vat, gross];
            for (x, value) in columns.into_iter().zip(&values) {
                self.sheet.right((x, self.y), PLAIN, value);
            }
            self.y += LEADING;
        }
        self.y += LEADING;
        self.sheet.left((LEFT, self.y), PLAIN, self.labels.paid);
    }

    fn turn_the_page(&mut self) {
        self.full.push(std::mem::take(&mut self.sheet));
        self.y = TOP;
        self.write_banner();
        self.sheet.left(
            (LEFT, self.y),
            STRONG,
            &format!("{} {}", self.labels.title, self.invoice.number),
        );
        self.y += LEADING * 2.0;
    }

    fn into_sheets(mut self) -> Vec<Sheet> {
        self.full.push(self.sheet);
        let pages = self.full.len();
        let seller = &self.invoice.seller;
        for (no, sheet) in (1..).zip(&mut self.full) {
            sheet.rule(LEFT, RIGHT, HEIGHT - 60.0);
            sheet.left(
                (LEFT, HEIGHT - 48.0),
                SMALL,
                &format!("{} · {} {}", seller.name, self.labels.uid, seller.uid),
            );
            sheet.right(
                (RIGHT, HEIGHT - 48.0),
                SMALL,
                &format!("{} {no} {} {pages}", self.labels.page, self.labels.of),
            );
        }
        self.full
    }
}

fn days(language: Language, line: &Line) -> String {
    let first = language.day(line.from);
    let last = language.day(line.to);
    if line.from == line.to { first } else { format!("{first} – {last}") }
}

/// A rate in per mille as percent: 100 is `10 %` or `10%`, 81 is `8,1 %` or `8.1%`.
fn percent(language: Language, permille: i32) -> String {
    let (point, sign) = match language {
        Language::De => (',', " %"),
        Language::En => ('.', "%"),
    };
    let whole = permille / 10;
    let tenth = permille % 10;
    if tenth == 0 { format!("{whole}{sign}") } else { format!("{whole}{point}{tenth}{sign}") }
}
