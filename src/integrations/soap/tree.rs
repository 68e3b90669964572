//! The tree while it is read, with what it costs: a short document must not become a large one.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::element::{Element, Marks, Name};
use super::parse::ParseError;

/// The deepest element; the root's depth is 1.
const DEPTH: usize = 64;
/// The most elements of a document.
const ELEMENTS: usize = 1 << 16;
/// How many bytes of a tree one byte of its document pays for.
const BYTES_PER_BYTE: usize = 4;
/// What every tree may cost, in bytes: the names of a short answer alone are more than it.
const ALLOWANCE: usize = 64 << 10;
/// What a table's entry costs beside its texts, in bytes.
const ENTRY: usize = 96;

/// The elements that are open, and all that they cost so far.
pub(super) struct Tree {
    open: Vec<Element>,
    root: Option<Element>,
    /// By namespace and local name, with a NUL between them, which no document has.
    names: HashMap<String, Arc<Name>>,
    uris: HashSet<Arc<str>>,
    elements: usize,
    /// How many more bytes the tree may cost.
    left: usize,
}

impl Tree {
    /// The empty tree of a document of so many bytes.
    pub(super) fn of(length: usize) -> Self {
        Self {
            open: Vec::new(),
            root: None,
            names: HashMap::new(),
            uris: HashSet::new(),
            elements: 0,
            left: length * BYTES_PER_BYTE + ALLOWANCE,
        }
    }

    /// The name, kept once however many elements have it.
    ///
    /// # Errors
    /// The tree is too large.
    pub(super) fn name(
        &mut self,
        namespace: Option<&str>,
        local: &str,
    ) -> Result<Arc<Name>, ParseError> {
        let key = format!("{}\0{local}", namespace.unwrap_or_default());
        if let Some(known) = self.names.get(&key) {
            return Ok(Arc::clone(known));
        }
        self.pay(key.len() + local.len() + ENTRY)?;
        let namespace = namespace.map(|uri| self.uri(uri)).transpose()?;
        let name = Arc::new(Name { namespace, local: local.to_owned() });
        self.names.insert(key, Arc::clone(&name));
        Ok(name)
    }

    fn uri(&mut self, uri: &str) -> Result<Arc<str>, ParseError> {
        if let Some(known) = self.uris.get(uri) {
            return Ok(Arc::clone(known));
        }
        self.pay(uri.len() + ENTRY)?;
        let kept: Arc<str> = uri.into();
        self.uris.insert(Arc::clone(&kept));
        Ok(kept)
    }

    /// Begins an element in the one that is open.
    ///
    /// # Errors
    /// There is a root already, or a bound is exceeded.
    pub(super) fn open(&mut self, element: Element) -> Result<(), ParseError> {
        if self.root.is_some() {
            return Err(ParseError::Malformed(0));
        }
        if self.open.len() == DEPTH {
            return Err(ParseError::TooDeep);
        }
        self.elements += 1;
        if self.elements > ELEMENTS {
            return Err(ParseError::TooMany);
        }
        self.pay(size_of::<Element>() + element.marks.as_deref().map_or(0, cost_of_marks))?;
        self.open.push(element);
        Ok(())
    }

    /// Ends the element that is open; `None` when there is none.
    pub(super) fn close(&mut self) -> Option<()> {
        let mut closed = self.open.pop()?;
        closed.text.shrink_to_fit();
        closed.children.shrink_to_fit();
        match self.open.last_mut() {
            Some(parent) => {
                // by a quarter at a time: doubling would cost as much again as what is paid for
                if parent.children.len() == parent.children.capacity() {
                    parent.children.reserve_exact(parent.children.len() / 4 + 1);
                }
                parent.children.push(closed);
            }
            None => self.root = Some(closed),
        }
        Some(())
    }

    /// Text; outside the root only blanks are allowed.
    ///
    /// # Errors
    /// `at` when text stands outside the root; the tree is too large.
    pub(super) fn text(&mut self, text: &str, at: ParseError) -> Result<(), ParseError> {
        if self.open.is_empty() && text.chars().all(|c| matches!(c, ' ' | '\t' | '\r' | '\n')) {
            return Ok(());
        }
        self.data(text, at)
    }

    /// Text inside the element that is open.
    ///
    /// # Errors
    /// As [`Tree::text`].
    pub(super) fn data(&mut self, text: &str, at: ParseError) -> Result<(), ParseError> {
        self.pay(text.len())?;
        self.open.last_mut().ok_or(at)?.text.push_str(text);
        Ok(())
    }

    /// The whole tree; `None` when an element is open or none was there.
    pub(super) fn done(self) -> Option<Element> {
        if self.open.is_empty() { self.root } else { None }
    }

    fn pay(&mut self, bytes: usize) -> Result<(), ParseError> {
        self.left = self.left.checked_sub(bytes).ok_or(ParseError::TooLarge)?;
        Ok(())
    }
}

fn cost_of_marks(marks: &Marks) -> usize {
    let pair =
        |(name, value): &(String, String)| size_of::<(String, String)>() + name.len() + value.len();
    let texts: usize = marks.attributes.iter().map(pair).sum();
    size_of::<Marks>() + texts + marks.xsi_type.as_ref().map_or(0, String::len)
}
