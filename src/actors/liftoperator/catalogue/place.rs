//! Where something stands in the text of a catalogue.

use std::ops::Range;

/// The line, from 1, of a place in the text.
pub(super) fn line_at(text: &str, span: Option<Range<usize>>) -> usize {
    let start = span.map_or(0, |span| span.start);
    text.bytes().take(start).filter(|byte| *byte == b'\n').count() + 1
}

/// The line, from 1, of `operator KEY` or `operator KEY, product KEY`, when the text writes them as
/// tables.
pub(super) fn line_of(text: &str, place: &str) -> Option<usize> {
    let mut parts = place.split(", ");
    let operator = parts.next()?.strip_prefix("operator ")?;
    let product = parts.next().and_then(|part| part.strip_prefix("product "));
    let keys = || {
        let mut table = "";
        text.lines().zip(1..).filter_map(move |(line, number)| {
            let line = line.trim();
            if line.starts_with('[') {
                table = line.split(']').next().unwrap_or_default().trim_start_matches('[').trim();
            }
            let key = line
                .strip_prefix("key")?
                .trim_start()
                .strip_prefix('=')?
                .trim()
                .trim_start_matches('"');
            Some((table, key.split('"').next().unwrap_or_default(), number))
        })
    };
    let begin = keys()
        .find(|(table, key, _)| *table == "operator" && *key == operator)
        .map(|(.., line)| line)?;
    let Some(product) = product else { return Some(begin) };
    let mut inside = keys()
        .skip_while(|(.., line)| *line <= begin)
        .take_while(|(table, ..)| *table != "operator");
    inside
        .find(|(table, key, _)| *table == "operator.product" && *key == product)
        .map_or(Some(begin), |(.., line)| Some(line))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_operator_and_its_product_are_found_by_their_keys() {
        let text = "# a\r\n[[operator]] # first\r\nkey = \"a\"\n[[operator.product]]\nkey=\"day\"\n[[operator]]\nkey = \"b\" # x\n[[operator.category]]\nkey = \"day\"\n[[operator.product]]\nkey = \"day\"\n";
        for (place, line) in [
            ("operator a", Some(3)),
            ("operator a, product day", Some(5)),
            ("operator b", Some(7)),
            ("operator b, product day", Some(11)),
            ("operator b, product week", Some(7)),
            ("operator c", None),
            ("file", None),
        ] {
            assert_eq!(line_of(text, place), line, "{place}");
        }
        assert_eq!(line_at("a\nb\nc", Some(4..5)), 3);
    }
}
