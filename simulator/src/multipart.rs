//! Reading `multipart/form-data`, strictly enough for a sender that builds it right.
//!
//! Source: RFC 7578 and RFC 2046, section 5.1.

use bytes::Bytes;

const PARTS_MAX: usize = 2_000;

/// One field or file.
#[derive(Clone, Debug)]
pub(crate) struct Part {
    pub(crate) name: String,
    pub(crate) filename: Option<String>,
    pub(crate) content_type: String,
    pub(crate) body: Bytes,
}

impl Part {
    /// The body, when it is text.
    pub(crate) fn text(&self) -> Option<&str> {
        std::str::from_utf8(&self.body).ok()
    }
}

/// Splits a body into its parts; the error says what is wrong with it.
pub(crate) fn parse(content_type: &str, body: &Bytes) -> Result<Vec<Part>, String> {
    let (kind, parameters) = content_type.split_once(';').unwrap_or((content_type, ""));
    if !kind.trim().eq_ignore_ascii_case("multipart/form-data") {
        return Err("Content-Type must be multipart/form-data".to_owned());
    }
    let boundary = parameter(parameters, "boundary").ok_or("no boundary")?;
    if boundary.is_empty() || boundary.len() > 70 {
        return Err("boundary must have 1 to 70 characters".to_owned());
    }
    let delimiter = format!("--{boundary}");
    let mut rest = body
        .strip_prefix(delimiter.as_bytes())
        .ok_or("the body does not begin with the boundary")?;
    let between = format!("\r\n{delimiter}");
    let mut parts = Vec::new();
    loop {
        if rest.starts_with(b"--") {
            return Ok(parts);
        }
        if parts.len() >= PARTS_MAX {
            return Err("too many parts".to_owned());
        }
        rest = rest.strip_prefix(b"\r\n").ok_or("no line end after a boundary")?;
        let end = find(rest, between.as_bytes()).ok_or("a part without an end")?;
        let (content, after) = rest.split_at_checked(end).ok_or("a part without an end")?;
        parts.push(part(body, content)?);
        rest = after.get(between.len()..).unwrap_or_default();
    }
}

fn part(whole: &Bytes, content: &[u8]) -> Result<Part, String> {
    let split = find(content, b"\r\n\r\n").ok_or("a part without a blank line")?;
    let head = std::str::from_utf8(content.get(..split).unwrap_or_default())
        .map_err(|error| error.to_string())?;
    let header = |name: &str| {
        let pairs = head.split("\r\n").filter_map(|line| line.split_once(':'));
        pairs
            .into_iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.trim())
    };
    let disposition = header("content-disposition").ok_or("a part without Content-Disposition")?;
    let (kind, parameters) = disposition.split_once(';').unwrap_or((disposition, ""));
    if !kind.trim().eq_ignore_ascii_case("form-data") {
        return Err("Content-Disposition must be form-data".to_owned());
    }
    Ok(Part {
        name: parameter(parameters, "name").ok_or("a part without a name")?,
        filename: parameter(parameters, "filename"),
        content_type: header("content-type").unwrap_or("text/plain").to_owned(),
        body: whole.slice_ref(content.get(split + 4..).unwrap_or_default()),
    })
}

/// A parameter `name=value` or `name="value"`.
fn parameter(parameters: &str, name: &str) -> Option<String> {
    let mut rest = parameters;
    while let Some((key, after)) = rest.split_once('=') {
        let key = key.trim_matches([' ', ';', '\t']);
        let (value, next) = match after.strip_prefix('"') {
            Some(quoted) => quoted.split_once('"')?,
            None => after.split_once(';').unwrap_or((after, "")),
        };
        if key.eq_ignore_ascii_case(name) {
            return Some(value.trim().to_owned());
        }
        rest = next;
    }
    None
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack.windows(needle.len()).position(|window| window == needle)
}

#[cfg(test)]
mod tests {
    use super::*;

    const KIND: &str = "multipart/form-data; boundary=\"x y\"";

    #[test]
    fn fields_and_files_are_read_as_they_are() {
        let body = "--x y\r\nContent-Disposition: form-data; name=\"to\"\r\n\r\na@b\r\n--x y\r\ncontent-disposition: form-data; \
            name=\"attachment\"; filename=\"a;b.pdf\"\r\nContent-Type: application/pdf\r\n\r\n\r\n-\r\n--x y--\r\n";
        let parts = parse(KIND, &Bytes::from(body)).unwrap();
        assert_eq!(
            (parts[0].name.as_str(), parts[0].text(), parts[0].filename.as_deref()),
            ("to", Some("a@b"), None)
        );
        assert_eq!(
            (parts[1].filename.as_deref(), parts[1].text()),
            (Some("a;b.pdf"), Some("\r\n-"))
        );
        assert_eq!(parts[1].content_type, "application/pdf");
    }

    #[test]
    fn what_is_cut_or_of_another_kind_is_refused() {
        for (kind, body) in [
            (KIND, "--x y\r\nContent-Disposition: form-data; name=\"to\"\r\n\r\na@b"),
            (KIND, "--other--"),
            (KIND, "--x y\r\nX: y\r\n\r\na\r\n--x y--"),
            ("application/x-www-form-urlencoded", "to=a@b"),
            ("multipart/form-data", "--x--"),
        ] {
            assert!(parse(kind, &Bytes::from(body)).is_err(), "{body}");
        }
    }
}
