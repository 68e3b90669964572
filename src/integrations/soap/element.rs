//! What an answer holds: a small tree that owns its texts.

use std::sync::Arc;

/// An element that was read; names and namespaces are kept once a document, however often they
/// stand in it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Element {
    /// What it is called.
    pub(super) name: Arc<Name>,
    /// The text directly inside, unescaped, as it stands with its blanks.
    pub text: String,
    /// The elements directly inside, in their order.
    pub children: Vec<Element>,
    /// What few elements have.
    pub(super) marks: Option<Box<Marks>>,
}

/// A qualified name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Name {
    pub(super) namespace: Option<Arc<str>>,
    pub(super) local: String,
}

/// What stands in a start tag beside its name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Marks {
    /// By their names as written, without declarations of namespaces and without `xsi:` ones.
    pub(super) attributes: Vec<(String, String)>,
    /// The local part of `xsi:type`.
    pub(super) xsi_type: Option<String>,
    /// Whether `xsi:nil` says that there is no value.
    pub(super) nil: bool,
}

impl Element {
    /// The name without its prefix.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name.local
    }

    /// The namespace's URI, where the element is in one.
    #[must_use]
    pub fn namespace(&self) -> Option<&str> {
        self.name.namespace.as_deref()
    }

    /// The first child of that local name.
    #[must_use]
    pub fn child(&self, name: &str) -> Option<&Element> {
        self.children.iter().find(|child| child.name() == name)
    }

    /// Every child of that local name, in order.
    pub fn children<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Element> {
        self.children.iter().filter(move |child| child.name() == name)
    }

    /// The text of the first child of that local name, trimmed; `None` when it is missing, nil or
    /// blank.
    #[must_use]
    pub fn text_of(&self, name: &str) -> Option<&str> {
        self.child(name)
            .filter(|child| !child.is_nil())
            .map(|child| child.text.trim())
            .filter(|text| !text.is_empty())
    }

    /// The value of the attribute of that name as written.
    #[must_use]
    pub fn attribute(&self, name: &str) -> Option<&str> {
        let attributes = self.marks.as_ref().map_or(&[][..], |marks| &marks.attributes);
        attributes.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The local part of `xsi:type`.
    #[must_use]
    pub fn xsi_type(&self) -> Option<&str> {
        self.marks.as_ref()?.xsi_type.as_deref()
    }

    /// Whether the element has that namespace and local name.
    #[must_use]
    pub fn is(&self, namespace: &str, name: &str) -> bool {
        self.namespace() == Some(namespace) && self.name() == name
    }

    /// Whether `xsi:nil` says that there is no value.
    fn is_nil(&self) -> bool {
        self.marks.as_ref().is_some_and(|marks| marks.nil)
    }
}
