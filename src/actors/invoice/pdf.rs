//! Sheets of paper: text and rules at a place, printed as one PDF. The same sheets always give the
//! same bytes.

use std::sync::LazyLock;

use krilla::Document;
use krilla::color::rgb;
use krilla::geom::{PathBuilder, Point};
use krilla::metadata::{DateTime as PdfDateTime, Metadata};
use krilla::num::NormalizedF32;
use krilla::page::PageSettings;
use krilla::paint::{Fill, FillRule, Stroke};
use krilla::text::{Font, TextDirection};
use skrifa::instance::{LocationRef, Size};
use skrifa::metrics::GlyphMetrics;
use skrifa::{FontRef, MetadataProvider};

use crate::fonts::{BOLD, REGULAR};

/// A4 in points.
pub(super) const WIDTH: f32 = 595.0;
pub(super) const HEIGHT: f32 = 842.0;

static FONTS: LazyLock<Option<Fonts>> = LazyLock::new(Fonts::load);

/// How a text looks.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Style {
    /// Points.
    pub(super) size: f32,
    pub(super) bold: bool,
    pub(super) warning: bool,
}

/// One sheet to be printed.
#[derive(Default)]
pub(super) struct Sheet {
    texts: Vec<(f32, f32, Style, String)>,
    rules: Vec<(f32, f32, f32)>,
}

impl Sheet {
    /// Puts text with its left end at `x` and its baseline at `y`, counted from the upper left
    /// corner.
    pub(super) fn left(&mut self, (x, y): (f32, f32), style: Style, text: &str) {
        let plain = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        self.texts.push((x, y, style, plain));
    }

    /// Puts text with its right end at `x` and its baseline at `y`.
    pub(super) fn right(&mut self, (x, y): (f32, f32), style: Style, text: &str) {
        self.left((x - width(style, text), y), style, text);
    }

    /// Draws a rule from `from` to `to` at the height `y`.
    pub(super) fn rule(&mut self, from: f32, to: f32, y: f32) {
        self.rules.push((from, to, y));
    }
}

/// What the document says about itself.
pub(super) struct About {
    pub(super) title: String,
    pub(super) author: String,
    /// ISO 639-1.
    pub(super) language: &'static str,
    pub(super) year: u16,
    pub(super) month: u8,
    pub(super) day: u8,
}

/// Prints the sheets.
pub(super) fn print(sheets: &[Sheet], about: About) -> Result<Vec<u8>, &'static str> {
    let fonts = FONTS.as_ref().ok_or("its fonts cannot be read")?;
    let mut document = Document::new();
    for sheet in sheets {
        let settings = PageSettings::from_wh(WIDTH, HEIGHT).ok_or("its page has no size")?;
        let mut page = document.start_page_with(settings);
        let mut surface = page.surface();
        for (from, to, y) in &sheet.rules {
            let mut path = PathBuilder::new();
            path.move_to(*from, *y);
            path.line_to(*to, *y);
            surface.set_stroke(Some(Stroke { width: 0.5, ..Stroke::default() }));
            if let Some(path) = path.finish() {
                surface.draw_path(&path);
            }
        }
        surface.set_stroke(None);
        for (x, y, style, text) in &sheet.texts {
            let color =
                if style.warning { rgb::Color::new(180, 0, 0) } else { rgb::Color::new(0, 0, 0) };
            let fill = Fill {
                paint: color.into(),
                opacity: NormalizedF32::ONE,
                rule: FillRule::default(),
            };
            surface.set_fill(Some(fill));
            let font = fonts.of(*style).font.clone();
            surface.draw_text(
                Point::from_xy(*x, *y),
                font,
                style.size,
                text,
                false,
                TextDirection::Auto,
            );
        }
        surface.finish();
        page.finish();
    }
    let date = PdfDateTime::new(about.year).month(about.month).day(about.day);
    let metadata =
        Metadata::new().title(about.title).authors(vec![about.author]).creation_date(date);
    document.set_metadata(metadata.language(about.language.into()));
    document.finish().map_err(|_error| "the PDF library refused it")
}

/// How wide a text is, in points; kerning is left out, so it is rather a little less.
pub(super) fn width(style: Style, text: &str) -> f32 {
    FONTS.as_ref().map_or(0.0, |fonts| fonts.of(style).width(style.size, text))
}

/// Breaks text into lines no wider than `limit`, between words where it can, within a word where it
/// must.
pub(super) fn wrap(style: Style, text: &str, limit: f32) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        for piece in pieces(style, word, limit) {
            let Some(line) = lines.last_mut() else { continue };
            let longer = if line.is_empty() { piece.clone() } else { format!("{line} {piece}") };
            if line.is_empty() || width(style, &longer) <= limit {
                *line = longer;
            } else {
                lines.push(piece);
            }
        }
    }
    lines
}

fn pieces(style: Style, word: &str, limit: f32) -> Vec<String> {
    let mut pieces = vec![String::new()];
    for c in word.chars() {
        let Some(piece) = pieces.last_mut() else { continue };
        if piece.is_empty() || width(style, &format!("{piece}{c}")) <= limit {
            piece.push(c);
        } else {
            pieces.push(c.to_string());
        }
    }
    pieces
}

struct Fonts {
    regular: Face,
    bold: Face,
}

struct Face {
    font: Font,
    font_ref: FontRef<'static>,
    metrics: GlyphMetrics<'static>,
}

impl Fonts {
    fn load() -> Option<Self> {
        Some(Self { regular: Face::load(REGULAR)?, bold: Face::load(BOLD)? })
    }

    fn of(&self, style: Style) -> &Face {
        if style.bold { &self.bold } else { &self.regular }
    }
}

impl Face {
    fn load(bytes: &'static [u8]) -> Option<Self> {
        let font_ref = FontRef::new(bytes).ok()?;
        let metrics = font_ref.glyph_metrics(Size::unscaled(), LocationRef::default());
        Some(Self { font: Font::new(bytes.into(), 0)?, font_ref, metrics })
    }

    fn width(&self, size: f32, text: &str) -> f32 {
        let characters = self.font_ref.charmap();
        let advance = |c| {
            self.metrics.advance_width(characters.map(c).unwrap_or_default()).unwrap_or_default()
        };
        text.chars().map(advance).sum::<f32>() * size / self.font.units_per_em()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: Style = Style { size: 9.0, bold: false, warning: false };

    #[test]
    fn no_line_is_wider_than_its_limit_and_no_word_is_lost() {
        let text = "Skipass 3 days, Donaudampfschifffahrtsgesellschaftskapitaen and a short word";
        let lines = wrap(PLAIN, text, 100.0);
        assert!(lines.len() > 3);
        for line in &lines {
            assert!(width(PLAIN, line) <= 100.0, "{line}");
        }
        assert_eq!(lines.concat().replace(' ', ""), text.replace(' ', ""));
    }

    #[test]
    fn digits_are_all_of_one_width_so_that_amounts_stand_in_columns() {
        let one = width(PLAIN, "1");
        assert!(one > 0.0);
        for digit in '0'..='9' {
            assert!((width(PLAIN, &digit.to_string()) - one).abs() < f32::EPSILON);
        }
    }
}
