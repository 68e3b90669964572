//! Reading XML into a small, bounded tree. DOCTYPE, processing instructions and foreign entities
//! are refused.

use quick_xml::events::{BytesStart, Event};
use quick_xml::name::{Namespace, ResolveResult};
use quick_xml::reader::NsReader;
use quick_xml::{XmlVersion, escape};

/// Largest document in bytes.
pub(crate) const SIZE_MAX: usize = 1024 * 1024;
const DEPTH_MAX: usize = 64;

/// The namespace of `xsi:type` and `xsi:nil`.
pub(crate) const XSI: &str = "http://www.w3.org/2001/XMLSchema-instance";

/// An element with its resolved namespace (empty: none).
#[derive(Debug, Default)]
pub(crate) struct Element {
    pub(crate) namespace: String,
    pub(crate) name: String,
    pub(crate) attributes: Vec<Attribute>,
    pub(crate) text: String,
    pub(crate) children: Vec<Self>,
}

/// An attribute that is not a namespace declaration.
#[derive(Debug)]
pub(crate) struct Attribute {
    pub(crate) namespace: String,
    pub(crate) name: String,
    pub(crate) value: String,
}

impl Element {
    /// The first child of that name.
    pub(crate) fn child(&self, name: &str) -> Option<&Self> {
        self.children.iter().find(|child| child.name == name)
    }

    /// Every child of that name, in order.
    pub(crate) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Self> {
        self.children.iter().filter(move |child| child.name == name)
    }

    /// The trimmed text of the first child of that name, if it is there.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.child(name).map(|child| child.text.trim())
    }

    /// As `get`, empty when absent: for members that a shape has already required.
    pub(crate) fn text_of(&self, name: &str) -> &str {
        self.get(name).unwrap_or_default()
    }

    pub(crate) fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes
            .iter()
            .find(|a| a.namespace.is_empty() && a.name == name)
            .map(|a| a.value.as_str())
    }
}

/// Parses one document; the error says what is wrong with it.
pub(crate) fn parse(bytes: &[u8]) -> Result<Element, String> {
    if bytes.len() > SIZE_MAX {
        return Err(format!("document is larger than {SIZE_MAX} bytes"));
    }
    let text = std::str::from_utf8(bytes).map_err(|error| format!("not UTF-8: {error}"))?;
    let mut reader = NsReader::from_str(text.strip_prefix('\u{feff}').unwrap_or(text));
    reader.config_mut().expand_empty_elements = true;
    let mut tree = Tree::default();
    loop {
        let event = reader.read_event().map_err(|error| format!("not well-formed: {error}"))?;
        match event {
            Event::Start(start) => tree.open(element(&reader, &start)?)?,
            Event::End(_) => tree.close()?,
            Event::Text(text) => tree.text(&text.xml10_content())?,
            Event::CData(data) => tree.text(&data.xml10_content())?,
            Event::GeneralRef(reference) => tree.text(&resolve(&reference)?)?,
            Event::Comment(_) | Event::Decl(_) => {}
            Event::Empty(_) | Event::PI(_) => {
                return Err("processing instruction is not accepted".to_owned());
            }
            Event::DocType(_) => return Err("DOCTYPE is not accepted".to_owned()),
            Event::Eof => return tree.finish(),
        }
    }
}

fn resolve(reference: &quick_xml::events::BytesRef<'_>) -> Result<String, String> {
    if let Some(character) = reference.resolve_char_ref().map_err(|error| error.to_string())? {
        return Ok(character.to_string());
    }
    let known = escape::resolve_predefined_entity(reference).map(ToOwned::to_owned);
    known.ok_or_else(|| "unknown entity is not accepted".to_owned())
}

fn element(reader: &NsReader<&[u8]>, start: &BytesStart<'_>) -> Result<Element, String> {
    let (namespace, local) = reader.resolver().resolve_element(start.name());
    let mut element = Element {
        namespace: bound(&namespace)?,
        name: local.into_inner().to_owned(),
        ..Element::default()
    };
    for attribute in start.attributes() {
        let attribute = attribute.map_err(|error| format!("not well-formed: {error}"))?;
        if attribute.key.as_namespace_binding().is_some() {
            continue;
        }
        let (namespace, local) = reader.resolver().resolve_attribute(attribute.key);
        let value = attribute
            .normalized_value(XmlVersion::Implicit1_0)
            .map_err(|error| error.to_string())?;
        let name = local.into_inner().to_owned();
        element.attributes.push(Attribute {
            namespace: bound(&namespace)?,
            name,
            value: value.into_owned(),
        });
    }
    Ok(element)
}

fn bound(result: &ResolveResult<'_>) -> Result<String, String> {
    match result {
        ResolveResult::Bound(Namespace(name)) => Ok((*name).to_owned()),
        ResolveResult::Unbound => Ok(String::new()),
        ResolveResult::Unknown(prefix) => Err(format!("prefix {prefix} is not declared")),
    }
}

#[derive(Default)]
struct Tree {
    open: Vec<Element>,
    root: Option<Element>,
}

impl Tree {
    fn open(&mut self, element: Element) -> Result<(), String> {
        if self.open.len() >= DEPTH_MAX {
            return Err(format!("deeper than {DEPTH_MAX} elements"));
        }
        if self.root.is_some() {
            return Err("more than one root element".to_owned());
        }
        self.open.push(element);
        Ok(())
    }

    fn close(&mut self) -> Result<(), String> {
        let element = self.open.pop().ok_or("end without start")?;
        match self.open.last_mut() {
            Some(parent) => parent.children.push(element),
            None => self.root = Some(element),
        }
        Ok(())
    }

    fn text(&mut self, text: &str) -> Result<(), String> {
        match self.open.last_mut() {
            Some(element) => element.text.push_str(text),
            None if text.trim().is_empty() => {}
            None => return Err("text outside the root element".to_owned()),
        }
        Ok(())
    }

    fn finish(self) -> Result<Element, String> {
        if self.open.is_empty() {
            self.root.ok_or("no root element".to_owned())
        } else {
            Err("ends too early".to_owned())
        }
    }
}

/// `<name>text</name>`, the text escaped; control characters that XML cannot hold become blanks.
pub(crate) fn leaf(name: &str, text: impl std::fmt::Display) -> String {
    let text: String = text
        .to_string()
        .chars()
        .map(|c| if c.is_control() && c != '\n' { ' ' } else { c })
        .collect();
    format!("<{name}>{}</{name}>", escape::escape(text))
}

/// `<name>inner</name>`, the inside taken as markup.
pub(crate) fn node(name: &str, inner: &str) -> String {
    format!("<{name}>{inner}</{name}>")
}

/// Text made safe for XML and HTML alike.
pub(crate) fn escaped(text: &str) -> String {
    escape::escape(text).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn namespaces_entities_and_cdata_are_read() {
        let root =
            parse(br#"<a:x xmlns:a="urn:1" k="&lt;"><y>1 &amp; &#50;<![CDATA[<3>]]></y></a:x>"#)
                .unwrap();
        assert_eq!(
            (root.namespace.as_str(), root.name.as_str(), root.attribute("k")),
            ("urn:1", "x", Some("<"))
        );
        assert_eq!(
            root.child("y").map(|y| (y.namespace.as_str(), y.text.as_str())),
            Some(("", "1 & 2<3>"))
        );
    }

    #[test]
    fn what_a_strict_parser_must_refuse_is_refused() {
        let deep = "<a>".repeat(65) + &"</a>".repeat(65);
        for document in [
            "",
            "<a>",
            "<a/><b/>",
            "<!DOCTYPE a><a/>",
            "<a>&x;</a>",
            "<p:a/>",
            "<a></b>",
            "x<a/>",
            "<?php ?><a/>",
            &deep,
        ] {
            assert!(parse(document.as_bytes()).is_err(), "{document}");
        }
    }
}
