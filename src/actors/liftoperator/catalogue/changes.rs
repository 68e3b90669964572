//! What differs between two documents, in lines that a person reads before taking one.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

/// Longest text of a value in a line, in characters.
const LONGEST: usize = 60;

/// One line for each value that differs, in the order of the documents' names.
pub(super) fn between(old: &Value, new: &Value) -> Vec<String> {
    let mut lines = Vec::new();
    compare("", old, new, &mut lines);
    lines
}

fn compare(path: &str, old: &Value, new: &Value, lines: &mut Vec<String>) {
    match (old, new) {
        _ if old == new => {}
        (Value::Object(old), Value::Object(new)) => {
            let names: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
            for name in names {
                let inner = if path.is_empty() { name.clone() } else { format!("{path}, {name}") };
                compare(&inner, at(old, name), at(new, name), lines);
            }
        }
        (Value::Array(old), Value::Array(new)) => match (named(old), named(new)) {
            (Some(old), Some(new)) => {
                let names: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
                for name in names {
                    compare(&format!("{path} {name}"), at(&old, name), at(&new, name), lines);
                }
            }
            _ => lines.push(format!("{path}: {} → {}", short_list(old), short_list(new))),
        },
        (Value::Null, Value::Object(_) | Value::Array(_)) => lines.push(format!("{path}: new")),
        (Value::Object(_) | Value::Array(_), Value::Null) => lines.push(format!("{path}: gone")),
        _ => lines.push(format!("{path}: {} → {}", short(old), short(new))),
    }
}

fn at<'a>(object: &'a Map<String, Value>, name: &str) -> &'a Value {
    object.get(name).unwrap_or(&Value::Null)
}

/// The items of a list by what names them; `None` when something has no name or two have the same.
fn named(items: &[Value]) -> Option<Map<String, Value>> {
    let mut all = Map::new();
    for item in items {
        let text = |name: &str| item.get(name).and_then(Value::as_str);
        let of = text("key").or(text("vendor")).or(text("name")).or(text("country"))?;
        let name = text("from").map_or_else(|| of.to_owned(), |from| format!("{of} from {from}"));
        if all.insert(name, item.clone()).is_some() {
            return None;
        }
    }
    Some(all)
}

fn short_list(items: &[Value]) -> String {
    short(&Value::Array(items.to_vec()))
}

fn short(value: &Value) -> String {
    let text = match value {
        Value::Null => "nothing".to_owned(),
        Value::String(text) => text.clone(),
        Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => value.to_string(),
    };
    if text.chars().count() <= LONGEST {
        text
    } else {
        text.chars().take(LONGEST).chain(['…']).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_line_names_the_value_and_what_holds_it() {
        let product = |cents: i64| {
            json!({ "key": "solden", "product": [{ "key": "day", "band": [
                { "name": "peak", "from": "2026-12-19", "price_cents": { "adult": cents } },
                { "name": "peak", "from": "2027-01-30", "price_cents": { "adult": 8650 } },
            ] }] })
        };
        assert_eq!(
            between(&product(8650), &product(8700)),
            ["product day, band peak from 2026-12-19, price_cents, adult: 8650 → 8700"]
        );
        assert_eq!(between(&product(8650), &product(8650)), Vec::<String>::new());
        let few = json!({ "accepts": ["a"] });
        let more = json!({ "accepts": ["a", "b"], "x": { "y": 1 } });
        assert_eq!(between(&few, &more), ["accepts: [\"a\"] → [\"a\",\"b\"]", "x: new"]);
        assert_eq!(between(&more, &json!({ "accepts": "a".repeat(99) }))[1], "x: gone");
    }
}
