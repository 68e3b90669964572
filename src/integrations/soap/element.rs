//! Reading XML into a small tree that owns its texts.

use quick_xml::XmlVersion;
use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::attributes::Attribute;
use quick_xml::events::{BytesDecl, BytesRef, BytesStart, Event};
use quick_xml::name::ResolveResult;
use quick_xml::reader::NsReader;

use super::INSTANCE;

/// The largest document, in bytes.
const SIZE: usize = 1 << 20;
/// The deepest element; the root's depth is 1.
const DEPTH: usize = 64;

/// An element that was read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Element {
    /// The namespace's URI, where the element is in one.
    pub namespace: Option<String>,
    /// The name without its prefix.
    pub name: String,
    /// The attributes by their names as written, without declarations of namespaces and without `xsi:` ones.
    pub attributes: Vec<(String, String)>,
    /// The local part of `xsi:type`.
    pub xsi_type: Option<String>,
    /// Whether `xsi:nil` says that there is no value.
    pub nil: bool,
    /// The text directly inside, unescaped, as it stands with its blanks.
    pub text: String,
    /// The elements directly inside, in their order.
    pub children: Vec<Element>,
}

impl Element {
    /// The first child of that local name.
    #[must_use]
    pub fn child(&self, name: &str) -> Option<&Element> {
        self.children.iter().find(|child| child.name == name)
    }

    /// Every child of that local name, in order.
    pub fn children<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Element> {
        self.children.iter().filter(move |child| child.name == name)
    }

    /// The text of the first child of that local name, trimmed; `None` when it is missing, nil or blank.
    #[must_use]
    pub fn text_of(&self, name: &str) -> Option<&str> {
        self.child(name).filter(|child| !child.nil).map(|child| child.text.trim()).filter(|text| !text.is_empty())
    }

    /// The value of the attribute of that name as written.
    #[must_use]
    pub fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// Whether the element has that namespace and local name.
    #[must_use]
    pub fn is(&self, namespace: &str, name: &str) -> bool {
        self.namespace.as_deref() == Some(namespace) && self.name == name
    }
}

/// Why a document is not read; no text of the document is in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParseError {
    /// Longer than 1 MiB.
    #[error("the document is too long")]
    TooLong,
    /// Deeper than 64 elements.
    #[error("the document is too deep")]
    TooDeep,
    /// Not UTF-8, or it says that it is something else.
    #[error("the document is not UTF-8")]
    NotUtf8,
    /// A document type, a processing instruction or an entity of the document's own: SOAP 1.1 section 3 forbids them.
    #[error("the document contains what SOAP forbids")]
    Forbidden,
    /// Not well-formed, or a prefix without its declaration.
    #[error("the document is not well-formed at byte {0}")]
    Malformed(u64),
}

/// Reads a whole document of at most 1 MiB and 64 levels. Pure; never panics.
///
/// # Errors
/// See [`ParseError`]; to an asker each of them means that the answer is unknown.
pub fn parse(document: &[u8]) -> Result<Element, ParseError> {
    if document.len() > SIZE {
        return Err(ParseError::TooLong);
    }
    let text = std::str::from_utf8(document).map_err(|_not_utf8| ParseError::NotUtf8)?;
    if let Some((before, _)) = text.split_once(|character| !is_xml_character(character)) {
        return Err(ParseError::Malformed(before.len() as u64));
    }
    let mut reader = NsReader::from_str(text.strip_prefix('\u{feff}').unwrap_or(text));
    reader.config_mut().enable_all_checks(true);
    reader.config_mut().expand_empty_elements = true;
    let mut tree = Tree::default();
    loop {
        let event = reader.read_event().map_err(|_syntax| ParseError::Malformed(reader.error_position()))?;
        let at = ParseError::Malformed(reader.buffer_position());
        match event {
            Event::Start(start) => tree.open(element(&reader, &start).ok_or(at)?)?,
            Event::End(_) => tree.close().ok_or(at)?,
            Event::Text(text) => tree.text(&text.xml10_content()).ok_or(at)?,
            Event::CData(text) => tree.data(&text.xml10_content()).ok_or(at)?,
            Event::GeneralRef(reference) => tree.data(&resolve(&reference)?).ok_or(at)?,
            Event::Decl(declaration) => check(&declaration)?,
            Event::Comment(_) => {}
            Event::Empty(_) => return Err(at),
            Event::DocType(_) | Event::PI(_) => return Err(ParseError::Forbidden),
            Event::Eof => return tree.done().ok_or(at),
        }
    }
}

#[derive(Default)]
struct Tree {
    open: Vec<Element>,
    root: Option<Element>,
}

impl Tree {
    fn open(&mut self, element: Element) -> Result<(), ParseError> {
        if self.root.is_some() {
            return Err(ParseError::Malformed(0));
        }
        if self.open.len() == DEPTH {
            return Err(ParseError::TooDeep);
        }
        self.open.push(element);
        Ok(())
    }

    fn close(&mut self) -> Option<()> {
        let closed = self.open.pop()?;
        match self.open.last_mut() {
            Some(parent) => parent.children.push(closed),
            None => self.root = Some(closed),
        }
        Some(())
    }

    /// Text; outside the root only blanks are allowed.
    fn text(&mut self, text: &str) -> Option<()> {
        if self.open.is_empty() && text.chars().all(|c| matches!(c, ' ' | '\t' | '\r' | '\n')) {
            return Some(());
        }
        self.data(text)
    }

    fn data(&mut self, text: &str) -> Option<()> {
        if !text.chars().all(is_xml_character) {
            return None;
        }
        self.open.last_mut()?.text.push_str(text);
        Some(())
    }

    fn done(self) -> Option<Element> {
        if self.open.is_empty() { self.root } else { None }
    }
}

fn element(reader: &NsReader<&[u8]>, start: &BytesStart<'_>) -> Option<Element> {
    let (namespace, name) = reader.resolver().resolve_element(start.name());
    let mut element = Element { name: name.into_inner().to_owned(), ..Element::default() };
    if !is_local_name(&element.name) {
        return None;
    }
    element.namespace = match namespace {
        ResolveResult::Bound(namespace) => Some(namespace.into_inner().to_owned()),
        ResolveResult::Unbound => None,
        ResolveResult::Unknown(_) => return None,
    };
    for attribute in start.attributes() {
        let attribute: Attribute<'_> = attribute.ok()?;
        if attribute.key.as_namespace_binding().is_some() {
            continue;
        }
        let value = attribute.normalized_value(XmlVersion::Implicit1_0).ok()?.into_owned();
        let (namespace, local) = reader.resolver().resolve_attribute(attribute.key);
        match (namespace, local.into_inner()) {
            (ResolveResult::Unknown(_), _) => return None,
            (ResolveResult::Bound(at), "type") if at.into_inner() == INSTANCE => {
                element.xsi_type = value.rsplit(':').next().map(|local| local.trim().to_owned());
            }
            (ResolveResult::Bound(at), "nil") if at.into_inner() == INSTANCE => {
                element.nil = matches!(value.trim(), "true" | "1");
            }
            (ResolveResult::Bound(_) | ResolveResult::Unbound, _) => {
                element.attributes.push((attribute.key.into_inner().to_owned(), value));
            }
        }
    }
    Some(element)
}

fn resolve(reference: &BytesRef<'_>) -> Result<String, ParseError> {
    match reference.resolve_char_ref() {
        Ok(Some(character)) => Ok(character.to_string()),
        Ok(None) => resolve_predefined_entity(reference).map(str::to_owned).ok_or(ParseError::Forbidden),
        Err(_) => Err(ParseError::Forbidden),
    }
}

fn check(declaration: &BytesDecl<'_>) -> Result<(), ParseError> {
    match declaration.encoding() {
        None => Ok(()),
        Some(Ok(encoding)) if encoding.eq_ignore_ascii_case("utf-8") || encoding.eq_ignore_ascii_case("us-ascii") => {
            Ok(())
        }
        Some(_) => Err(ParseError::NotUtf8),
    }
}

/// A name without a prefix; quick-xml takes any bytes up to the next blank. Source: "Namespaces in XML 1.0", section 3.
fn is_local_name(name: &str) -> bool {
    let inner = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '\u{b7}');
    name.starts_with(|c: char| c.is_alphabetic() || c == '_') && name.chars().all(inner)
}

fn is_xml_character(character: char) -> bool {
    !matches!(character, '\u{0}'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}')
}
