//! Reading XML strictly and within bounds.

use quick_xml::XmlVersion;
use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::attributes::Attribute;
use quick_xml::events::{BytesDecl, BytesRef, BytesStart, Event};
use quick_xml::name::ResolveResult;
use quick_xml::reader::NsReader;

use super::INSTANCE;
use super::element::{Element, Marks};
use super::tree::Tree;

/// The largest document, in bytes.
const SIZE: usize = 1 << 20;
/// The most attributes of one element, declarations of namespaces included.
const ATTRIBUTES: usize = 32;
/// The longest URI of a namespace, in bytes.
const URI: usize = 512;

/// Why a document is not read; no text of the document is in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParseError {
    /// Longer than 1 MiB.
    #[error("the document is too long")]
    TooLong,
    /// Deeper than 64 elements.
    #[error("the document is too deep")]
    TooDeep,
    /// More than 65,536 elements, or more than 32 attributes on one.
    #[error("the document has too many elements or attributes")]
    TooMany,
    /// Its tree would need more than four times as many bytes as it has itself.
    #[error("the document's tree is too large for its length")]
    TooLarge,
    /// The URI of a namespace is longer than 512 bytes.
    #[error("the document has a namespace that is too long")]
    NamespaceTooLong,
    /// Not UTF-8, or it says that it is something else.
    #[error("the document is not UTF-8")]
    NotUtf8,
    /// A document type, a processing instruction or an entity of the document's own: SOAP 1.1
    /// section 3 forbids them.
    #[error("the document contains what SOAP forbids")]
    Forbidden,
    /// Not well-formed, or a prefix without its declaration.
    #[error("the document is not well-formed at byte {0}")]
    Malformed(u64),
}

/// Reads a whole document of at most 1 MiB and 64 levels, into a tree of at most four times its
/// length (64 KiB are always allowed). Pure; never panics.
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
    let mut tree = Tree::of(document.len());
    loop {
        let event = reader
            .read_event()
            .map_err(|_syntax| ParseError::Malformed(reader.error_position()))?;
        let at = ParseError::Malformed(reader.buffer_position());
        match event {
            Event::Start(start) => {
                let element = element(&mut tree, &reader, &start, at)?;
                tree.open(element)?;
            }
            Event::End(_) => tree.close().ok_or(at)?,
            Event::Text(text) => tree.text(&text.xml10_content(), at)?,
            Event::CData(text) => data(&mut tree, &text.xml10_content(), at)?,
            Event::GeneralRef(reference) => data(&mut tree, &resolve(&reference)?, at)?,
            Event::Decl(declaration) => check(&declaration)?,
            Event::Comment(_) => {}
            Event::Empty(_) => return Err(at),
            Event::DocType(_) | Event::PI(_) => return Err(ParseError::Forbidden),
            Event::Eof => return tree.done().ok_or(at),
        }
    }
}

fn data(tree: &mut Tree, text: &str, at: ParseError) -> Result<(), ParseError> {
    if text.chars().all(is_xml_character) { tree.data(text, at) } else { Err(at) }
}

fn element(
    tree: &mut Tree,
    reader: &NsReader<&[u8]>,
    start: &BytesStart<'_>,
    at: ParseError,
) -> Result<Element, ParseError> {
    let (namespace, name) = reader.resolver().resolve_element(start.name());
    let local = name.into_inner();
    if !is_local_name(local) {
        return Err(at);
    }
    let namespace = match namespace {
        ResolveResult::Bound(namespace) => Some(namespace.into_inner()),
        ResolveResult::Unbound => None,
        ResolveResult::Unknown(_) => return Err(at),
    };
    // each declaration is looked at where it stands, so that no element can be in a longer one
    let marks = marks(reader, start, at)?;
    let name = tree.name(namespace, local)?;
    let marks = (marks != Marks::default()).then(|| Box::new(marks));
    Ok(Element { name, text: String::new(), children: Vec::new(), marks })
}

fn marks(
    reader: &NsReader<&[u8]>,
    start: &BytesStart<'_>,
    at: ParseError,
) -> Result<Marks, ParseError> {
    let mut marks = Marks::default();
    for (place, attribute) in start.attributes().enumerate() {
        if place == ATTRIBUTES {
            return Err(ParseError::TooMany);
        }
        let attribute: Attribute<'_> = attribute.map_err(|_syntax| at)?;
        if attribute.key.as_namespace_binding().is_some() {
            if attribute.value.len() > URI {
                return Err(ParseError::NamespaceTooLong);
            }
            continue;
        }
        let value =
            attribute.normalized_value(XmlVersion::Implicit1_0).map_err(|_syntax| at)?.into_owned();
        let (namespace, local) = reader.resolver().resolve_attribute(attribute.key);
        match (namespace, local.into_inner()) {
            (ResolveResult::Unknown(_), _) => return Err(at),
            (ResolveResult::Bound(uri), "type") if uri.into_inner() == INSTANCE => {
                marks.xsi_type = value.rsplit(':').next().map(|local| local.trim().to_owned());
            }
            (ResolveResult::Bound(uri), "nil") if uri.into_inner() == INSTANCE => {
                marks.nil = matches!(value.trim(), "true" | "1");
            }
            (ResolveResult::Bound(_) | ResolveResult::Unbound, _) => {
                marks.attributes.push((attribute.key.into_inner().to_owned(), value));
            }
        }
    }
    Ok(marks)
}

fn resolve(reference: &BytesRef<'_>) -> Result<String, ParseError> {
    match reference.resolve_char_ref() {
        Ok(Some(character)) => Ok(character.to_string()),
        Ok(None) => {
            resolve_predefined_entity(reference).map(str::to_owned).ok_or(ParseError::Forbidden)
        }
        Err(_) => Err(ParseError::Forbidden),
    }
}

fn check(declaration: &BytesDecl<'_>) -> Result<(), ParseError> {
    match declaration.encoding() {
        None => Ok(()),
        Some(Ok(encoding))
            if encoding.eq_ignore_ascii_case("utf-8")
                || encoding.eq_ignore_ascii_case("us-ascii") =>
        {
            Ok(())
        }
        Some(_) => Err(ParseError::NotUtf8),
    }
}

/// A name without a prefix; quick-xml takes any bytes up to the next blank. Source: "Namespaces in
/// XML 1.0", section 3.
fn is_local_name(name: &str) -> bool {
    let inner = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '\u{b7}');
    name.starts_with(|c: char| c.is_alphabetic() || c == '_') && name.chars().all(inner)
}

fn is_xml_character(character: char) -> bool {
    !matches!(character, '\u{0}'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}')
}
