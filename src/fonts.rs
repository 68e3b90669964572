//! The fonts of documents, and which characters they can draw.

use std::sync::LazyLock;

use skrifa::charmap::Charmap;
use skrifa::{FontRef, MetadataProvider};
use unicode_normalization::UnicodeNormalization;

/// What texts are printed with.
pub static REGULAR: &[u8] = include_bytes!("../assets/fonts/DejaVuSans.ttf");
/// What headings and names are printed with.
pub static BOLD: &[u8] = include_bytes!("../assets/fonts/DejaVuSans-Bold.ttf");

static CHARACTERS: LazyLock<Vec<Charmap<'static>>> = LazyLock::new(|| {
    let fonts = [REGULAR, BOLD].into_iter().filter_map(|bytes| FontRef::new(bytes).ok());
    fonts.map(|font| font.charmap()).collect()
});

/// The first character of a text, composed where it can be, that one of the fonts has no glyph for:
/// an empty box on paper.
#[must_use]
pub fn first_missing(text: &str) -> Option<char> {
    let is_drawn = |sign: char| CHARACTERS.iter().all(|characters| characters.map(sign).is_some());
    text.nfc().find(|sign| !sign.is_whitespace() && !only_joins(*sign) && !is_drawn(*sign))
}

/// The joiners and variation selectors, which have nothing to draw.
fn only_joins(sign: char) -> bool {
    matches!(sign, '\u{200c}' | '\u{200d}' | '\u{fe00}'..='\u{fe0f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_fonts_cannot_draw_is_found() {
        for drawn in [
            "Žofia Öztürk-Łęska",
            "Zoe\u{308}",
            "Nguyễn Thị Ánh",
            "Ελένη",
            "Ольга",
            "שרה",
            "محمد",
            "می\u{200c}خواهم",
        ] {
            assert_eq!(first_missing(drawn), None, "{drawn}");
        }
        for (text, missing) in
            [("Li 小明", '小'), ("さくら", 'さ'), ("김", '김'), ("สมชาย", 'ส'), ("राम", 'र')]
        {
            assert_eq!(first_missing(text), Some(missing), "{text}");
        }
    }
}
