//! Writing an envelope.

use std::borrow::Cow;

use super::{ENVELOPE, INSTANCE};

/// An element to be written: `Tag::new("etp:SelectPayment").text("merchantID", "90000")`.
///
/// Names are written as given, with or without a prefix; declare a prefix on the outermost tag that
/// uses it. Texts and attribute values are escaped exactly once; characters that XML cannot carry
/// become U+FFFD.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tag {
    name: &'static str,
    attributes: Vec<(Cow<'static, str>, Cow<'static, str>)>,
    content: Content,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Content {
    Text(String),
    Children(Vec<Tag>),
}

impl Tag {
    /// An empty element.
    #[must_use]
    pub fn new(name: &'static str) -> Self {
        Self { name, attributes: Vec::new(), content: Content::Children(Vec::new()) }
    }

    /// An element that holds only text.
    pub fn with_text(name: &'static str, text: impl Into<String>) -> Self {
        Self { name, attributes: Vec::new(), content: Content::Text(text.into()) }
    }

    /// Declares `prefix` for `namespace` on this element.
    #[must_use]
    pub fn prefix(mut self, prefix: &str, namespace: &'static str) -> Self {
        self.attributes.push((format!("xmlns:{prefix}").into(), namespace.into()));
        self
    }

    /// Adds an attribute.
    #[must_use]
    pub fn attribute(mut self, name: &'static str, value: impl Into<Cow<'static, str>>) -> Self {
        self.attributes.push((name.into(), value.into()));
        self
    }

    /// Says the element's type; `type_name` is a qualified name whose prefix must be declared here
    /// or further out.
    #[must_use]
    pub fn xsi_type(self, type_name: &'static str) -> Self {
        self.attribute("xsi:type", type_name)
    }

    /// Adds a child; a text that this element held is replaced.
    #[must_use]
    pub fn child(mut self, child: Tag) -> Self {
        match &mut self.content {
            Content::Children(children) => children.push(child),
            Content::Text(_) => self.content = Content::Children(vec![child]),
        }
        self
    }

    /// Adds a child that holds only text.
    #[must_use]
    pub fn text(self, name: &'static str, text: impl Into<String>) -> Self {
        self.child(Self::with_text(name, text))
    }

    /// Adds a child that holds only text, when there is one.
    #[must_use]
    pub fn maybe_text(self, name: &'static str, text: Option<impl Into<String>>) -> Self {
        match text {
            Some(text) => self.text(name, text),
            None => self,
        }
    }

    /// Writes the element, without an XML declaration.
    #[must_use]
    pub fn write(&self) -> String {
        let mut out = String::new();
        self.write_into(&mut out);
        out
    }

    fn write_into(&self, out: &mut String) {
        out.push('<');
        out.push_str(self.name);
        for (name, value) in &self.attributes {
            out.push(' ');
            out.push_str(name);
            out.push_str("=\"");
            escape(value, out);
            out.push('"');
        }
        out.push('>');
        match &self.content {
            Content::Text(text) => escape(text, out),
            Content::Children(children) => children.iter().for_each(|child| child.write_into(out)),
        }
        out.push_str("</");
        out.push_str(self.name);
        out.push('>');
    }
}

/// Writes a SOAP 1.1 envelope around `body`, with the header blocks before it; the prefixes `soap`
/// and `xsi` are declared.
#[must_use]
pub fn envelope(headers: &[Tag], body: Tag) -> String {
    let mut whole = Tag::new("soap:Envelope").prefix("soap", ENVELOPE).prefix("xsi", INSTANCE);
    if !headers.is_empty() {
        whole = whole.child(
            headers
                .iter()
                .fold(Tag::new("soap:Header"), |header, block| header.child(block.clone())),
        );
    }
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"utf-8\"?>");
    whole.child(Tag::new("soap:Body").child(body)).write_into(&mut out);
    out
}

fn escape(text: &str, out: &mut String) {
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            // written as they are, a reader would turn them into blanks or line feeds
            '\r' => out.push_str("&#13;"),
            '\n' => out.push_str("&#10;"),
            '\t' => out.push_str("&#9;"),
            '\u{0}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => out.push('\u{fffd}'),
            other => out.push(other),
        }
    }
}
