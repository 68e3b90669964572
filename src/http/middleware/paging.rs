//! Lists: `{"items": […], "next": "cursor or null"}`.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::problem::Problem;
use crate::language::{Words, both};

/// How many items a page has when the client does not say.
pub const DEFAULT_LIMIT: u64 = 20;

/// The most items a page may have.
pub const MAX_LIMIT: u64 = 100;

/// One page of a list.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Page<T> {
    /// The items, in the list's order.
    pub items: Vec<T>,
    /// Where the next page begins; `null` on the last one. Send it back as `cursor`.
    #[schema(required)]
    pub next: Option<String>,
}

impl<T> Page<T> {
    /// A list that is always whole.
    #[must_use]
    pub fn whole(items: Vec<T>) -> Self {
        Self { items, next: None }
    }

    /// Makes a page of rows that were read with `limit + 1`; `key` names the last item of the page,
    /// after which the next one begins.
    #[must_use]
    pub fn cut(mut rows: Vec<T>, limit: u64, key: impl Fn(&T) -> String) -> Self {
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let more = rows.len() > limit;
        rows.truncate(limit);
        let next = rows.last().filter(|_| more).map(|last| URL_SAFE_NO_PAD.encode(key(last)));
        Self { items: rows, next }
    }
}

/// Where a list goes on.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
pub struct PageQuery {
    /// The `next` of the page before.
    cursor: Option<String>,
    /// 1 to 100, 20 when absent.
    limit: Option<u64>,
}

impl PageQuery {
    /// The same of a query that has more parameters.
    #[must_use]
    pub fn new(cursor: Option<String>, limit: Option<u64>) -> Self {
        Self { cursor, limit }
    }

    /// The key after which the page begins, and how many items it has at most.
    ///
    /// # Errors
    /// 422 that names the parameter.
    pub fn read(&self) -> Result<(Option<String>, u64), Problem> {
        Ok((cursor(self.cursor.as_deref())?, limit(self.limit)?))
    }

    /// The same for a list whose key is an id.
    ///
    /// # Errors
    /// 422 that names the parameter.
    pub fn read_id(&self) -> Result<(Option<Uuid>, u64), Problem> {
        let (key, limit) = self.read()?;
        match key.map(|key| key.parse()) {
            None => Ok((None, limit)),
            Some(Ok(id)) => Ok((Some(id), limit)),
            Some(Err(_)) => Err(Problem::invalid(no_cursor())),
        }
    }
}

/// Checks the `limit` of a query: 1 to 100, 20 when absent.
///
/// # Errors
/// 422 that names the range.
fn limit(given: Option<u64>) -> Result<u64, Problem> {
    match given {
        None => Ok(DEFAULT_LIMIT),
        Some(limit) if (1..=MAX_LIMIT).contains(&limit) => Ok(limit),
        Some(_) => Err(Problem::invalid(both(
            format!("`limit` must be 1 to {MAX_LIMIT}."),
            format!("`limit` muss zwischen 1 und {MAX_LIMIT} liegen."),
        ))),
    }
}

/// Reads a `cursor` back into the key that `Page::cut` was given.
///
/// # Errors
/// 422 for a cursor that is none of ours.
fn cursor(given: Option<&str>) -> Result<Option<String>, Problem> {
    let Some(given) = given else { return Ok(None) };
    let key = URL_SAFE_NO_PAD.decode(given).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    match key {
        Some(key) if key.len() <= 200 => Ok(Some(key)),
        Some(_) | None => Err(Problem::invalid(no_cursor())),
    }
}

/// What to say of a cursor that is none.
pub(in crate::http) fn no_cursor() -> Words {
    both(
        "`cursor` must be the `next` of an earlier page.",
        "`cursor` muss das `next` einer früheren Seite sein.",
    )
}

/// What to say of a cursor whose item is gone.
pub(in crate::http) fn list_changed() -> Words {
    both(
        "The list has changed since that page. Begin again without a `cursor`.",
        "Die Liste hat sich seit dieser Seite geändert. Beginnen Sie ohne `cursor` von vorn.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_names_the_item_after_which_the_next_one_begins() {
        let page = Page::cut(vec![1, 2, 3], 2, ToString::to_string);
        assert_eq!(page.items, [1, 2]);
        assert_eq!(cursor(page.next.as_deref()).unwrap().as_deref(), Some("2"));
        assert_eq!(Page::cut(vec![1, 2], 2, ToString::to_string).next, None);
        assert_eq!(Page::cut(Vec::<i32>::new(), 2, ToString::to_string).next, None);
    }

    #[test]
    fn limits_and_cursors_out_of_range_are_refused() {
        assert_eq!(limit(None).unwrap(), DEFAULT_LIMIT);
        assert_eq!(limit(Some(MAX_LIMIT)).unwrap(), MAX_LIMIT);
        assert!(limit(Some(0)).is_err());
        assert!(limit(Some(MAX_LIMIT + 1)).is_err());
        assert!(cursor(Some("not base64!")).is_err());
    }
}
