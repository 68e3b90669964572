//! Checks that an element holds exactly the members it may hold, in their order.

use crate::xml::{Element, XSI};

/// One member of a sequence. The tables of the suppliers read like their schemas.
#[derive(Debug)]
pub(crate) struct Member {
    /// The one name, or the names that may stand here in any mix.
    names: &'static [&'static str],
    least: usize,
    most: usize,
    holds: Holds,
    /// Attributes allowed; one that ends in `!` is required.
    attributes: &'static [&'static str],
}

/// What a member holds.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Holds {
    /// Text for which the function says yes; the words name the type in the error.
    Text(&'static str, fn(&str) -> bool),
    /// Members of its own.
    Members(&'static [Member]),
    /// Anything at all.
    Anything,
}

pub(crate) const fn one(names: &'static [&'static str], holds: Holds) -> Member {
    Member { names, least: 1, most: 1, holds, attributes: &[] }
}

pub(crate) const fn maybe(names: &'static [&'static str], holds: Holds) -> Member {
    Member { names, least: 0, most: 1, holds, attributes: &[] }
}

pub(crate) const fn any(names: &'static [&'static str], holds: Holds) -> Member {
    Member { names, least: 0, most: usize::MAX, holds, attributes: &[] }
}

pub(crate) const fn some(names: &'static [&'static str], holds: Holds) -> Member {
    Member { names, least: 1, most: usize::MAX, holds, attributes: &[] }
}

impl Member {
    pub(crate) const fn attributes(mut self, attributes: &'static [&'static str]) -> Self {
        self.attributes = attributes;
        self
    }

    /// Checks a call whose one parameter is this member, in `outer`, and holds members of `inner`.
    pub(crate) fn check_parameter(
        &self,
        call: &Element,
        outer: &str,
        inner: &str,
    ) -> Result<(), String> {
        let frame = Self {
            names: self.names,
            least: self.least,
            most: self.most,
            holds: Holds::Anything,
            attributes: &[],
        };
        check(call, outer, &[frame])?;
        call.children.iter().try_for_each(|parameter| content(parameter, inner, self))
    }
}

/// Says the first thing that does not fit, with the path to it. Every child must be of `namespace`.
pub(crate) fn check(element: &Element, namespace: &str, members: &[Member]) -> Result<(), String> {
    let says = |what: String| format!("{}: {what}", element.name);
    if !element.text.trim().is_empty() {
        return Err(says("text where members are expected".to_owned()));
    }
    let mut children = element.children.iter().peekable();
    for member in members {
        let mut found = 0;
        while let Some(child) = children
            .next_if(|child| found < member.most && member.names.contains(&child.name.as_str()))
        {
            found += 1;
            if child.namespace != namespace {
                return Err(says(format!(
                    "{} is in namespace '{}', expected '{namespace}'",
                    child.name, child.namespace
                )));
            }
            attributes(child, member.attributes).map_err(says)?;
            content(child, namespace, member).map_err(says)?;
        }
        if found < member.least {
            let next = children.peek().map_or("the end", |child| child.name.as_str());
            return Err(says(format!("expected {}, found {next}", member.names.join(" or "))));
        }
    }
    children.next().map_or(Ok(()), |child| {
        Err(says(format!("{} is unknown, repeated or out of order", child.name)))
    })
}

fn content(child: &Element, namespace: &str, member: &Member) -> Result<(), String> {
    match member.holds {
        Holds::Anything => Ok(()),
        Holds::Members(members) => check(child, namespace, members),
        Holds::Text(..) if !child.children.is_empty() => {
            Err(format!("{} holds members instead of text", child.name))
        }
        Holds::Text(_, fits) if fits(child.text.trim()) => Ok(()),
        Holds::Text(kind, _) => Err(format!("{} is not {kind}", child.name)),
    }
}

/// Whether the attributes are exactly allowed ones; those of `xsi` are always.
pub(crate) fn attributes(element: &Element, allowed: &[&str]) -> Result<(), String> {
    for attribute in element.attributes.iter().filter(|attribute| attribute.namespace != XSI) {
        let known = allowed.iter().any(|name| name.trim_end_matches('!') == attribute.name);
        if !known || !attribute.namespace.is_empty() {
            return Err(format!("{} has the unknown attribute {}", element.name, attribute.name));
        }
    }
    let required = allowed.iter().filter_map(|name| name.strip_suffix('!'));
    let missing = required.into_iter().find(|name| element.attribute(name).is_none());
    missing.map_or(Ok(()), |name| Err(format!("{} lacks the attribute {name}", element.name)))
}

/// Types that more than one supplier uses.
pub(crate) mod kinds {
    use super::Holds;

    pub(crate) const TEXT: Holds = Holds::Text("text", |_| true);
    pub(crate) const FILLED: Holds = Holds::Text("filled", |text| !text.is_empty());
    pub(crate) const BOOLEAN: Holds =
        Holds::Text("a boolean", |text| matches!(text, "true" | "false" | "1" | "0"));
    pub(crate) const UNSIGNED_INT: Holds =
        Holds::Text("an unsignedInt", |text| digits(text) && text.parse::<u32>().is_ok());
    pub(crate) const UNSIGNED_LONG: Holds =
        Holds::Text("an unsignedLong", |text| digits(text) && text.parse::<u64>().is_ok());
    pub(crate) const DATE: Holds = Holds::Text("a date", is_date);

    pub(crate) fn digits(text: &str) -> bool {
        !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
    }

    /// `yyyy-mm-dd` and a day that exists.
    pub(crate) fn is_date(text: &str) -> bool {
        text.len() == 10 && text.parse::<chrono::NaiveDate>().is_ok()
    }

    /// A decimal amount (at most two places, then only zeros) in cents.
    pub(crate) fn cents(text: &str) -> Option<i64> {
        let (whole, places) = text.split_once('.').unwrap_or((text, "0"));
        let fits = digits(whole) && digits(places) && whole.len() <= 9;
        let (counted, beyond) = places.split_at_checked(2).unwrap_or((places, ""));
        if !fits || beyond.bytes().any(|byte| byte != b'0') {
            return None;
        }
        let part: i64 = format!("{counted:0<2}").parse().ok()?;
        Some(whole.parse::<i64>().ok()? * 100 + part)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::xml::parse;

    const POINT: &[Member] =
        &[one(&["X"], kinds::UNSIGNED_INT), maybe(&["Y"], kinds::TEXT).attributes(&["Mode!"])];

    #[test]
    fn only_the_exact_sequence_fits() {
        for (document, fits) in [
            ("<P><X>1</X></P>", true),
            ("<P><X>1</X><Y Mode='a'>2</Y></P>", true),
            ("<P><X>1</X><Y>2</Y></P>", false),
            ("<P><Y Mode='a'>2</Y><X>1</X></P>", false),
            ("<P><X>1</X><X>1</X></P>", false),
            ("<P><X>a</X></P>", false),
            ("<P><X z='1'>1</X></P>", false),
            ("<P>text<X>1</X></P>", false),
            ("<P><X xmlns='urn:other'>1</X></P>", false),
        ] {
            assert_eq!(
                check(&parse(document.as_bytes()).unwrap(), "", POINT).is_ok(),
                fits,
                "{document}"
            );
        }
    }

    #[test]
    fn amounts_are_read_without_floats() {
        for (text, cents) in [
            ("84.5", Some(8450)),
            ("84", Some(8400)),
            ("0.29", Some(29)),
            ("1.150000", Some(115)),
            ("1.155", None),
        ] {
            assert_eq!(kinds::cents(text), cents, "{text}");
        }
    }
}
