//! Numbers as they are printed: characters in groups.

use crate::language::{Words, both};

/// The groups of a typed number, cut at blanks, dashes, dots and slashes; a leading `*` is dropped.
/// `None` when it holds anything but ASCII letters and digits besides.
pub(super) fn groups(text: &str) -> Option<Vec<&str>> {
    let text = text.trim().trim_start_matches('*');
    let cut = |c: char| {
        c.is_whitespace()
            || matches!(c, '-' | '.' | '/' | '_' | '\u{2010}'..='\u{2015}' | '\u{2212}')
    };
    let groups: Vec<&str> = text.split(cut).filter(|group| !group.is_empty()).collect();
    let plain = groups.iter().all(|group| group.bytes().all(|byte| byte.is_ascii_alphanumeric()));
    (plain && !groups.is_empty()).then_some(groups)
}

/// The first group whose length is not the printed one, in words; `None` when the number was not
/// typed in these groups.
pub(super) fn odd_group(groups: &[&str], printed: &[usize]) -> Option<Words> {
    if groups.len() != printed.len() {
        return None;
    }
    let mut pairs = groups.iter().zip(printed).enumerate();
    let (at, (group, printed)) = pairs.find(|(_, (group, printed))| group.len() != **printed)?;
    let no = at + 1;
    let length = group.len();
    Some(both(
        format!("group {no} ({group}) has {length} characters instead of {printed}"),
        format!("Gruppe {no} ({group}) hat {length} statt {printed} Zeichen"),
    ))
}
