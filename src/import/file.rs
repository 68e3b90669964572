//! Reading what somebody hands in: any file at all, up to a size, as text.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use anyhow::{Context as _, bail, ensure};

/// Reads a text of at most `most` bytes; a byte order mark is dropped. Blocks: for the command
/// line.
///
/// # Errors
/// Says what the file is instead, and what to do.
pub(super) fn text(path: &Path, most: u64) -> anyhow::Result<String> {
    let name = path.display();
    let file = open(path)?;
    let mut bytes = Vec::new();
    file.take(most + 1)
        .read_to_end(&mut bytes)
        .with_context(|| format!("{name} cannot be read"))?;
    ensure!(bytes.len() as u64 <= most, "{name} is longer than {} MiB; split it", most >> 20);
    if matches!(bytes.get(..2), Some([0xff, 0xfe] | [0xfe, 0xff])) {
        bail!("{name} is written in UTF-16; save it as UTF-8");
    }
    let text = String::from_utf8(bytes).map_err(|error| {
        let before = &error.as_bytes()[..error.utf8_error().valid_up_to()];
        let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
        anyhow::anyhow!("{name} line {line} is not UTF-8 (Latin-1?); save the file as UTF-8")
    })?;
    Ok(text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text))
}

/// Opens what is no folder.
///
/// # Errors
/// Says what is wrong with it.
pub(super) fn open(path: &Path) -> anyhow::Result<File> {
    let name = path.display();
    let file = File::open(path).with_context(|| format!("{name} cannot be opened"))?;
    let about = file.metadata().with_context(|| format!("{name} cannot be looked at"))?;
    ensure!(!about.is_dir(), "{name} is a folder; name the files in it");
    Ok(file)
}

/// A text from a file as it may stand in a terminal: in one line and without control characters.
pub(super) fn plain(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(bytes: &[u8]) -> String {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.toml");
        std::fs::write(&path, bytes).unwrap();
        text(&path, 20).unwrap_err().to_string()
    }

    #[test]
    fn what_is_no_text_is_named() {
        assert!(
            fault(b"a\nS\xf6lden")
                .ends_with("x.toml line 2 is not UTF-8 (Latin-1?); save the file as UTF-8")
        );
        assert!(fault(b"\xff\xfea\0").ends_with("is written in UTF-16; save it as UTF-8"));
        assert!(fault(&[b'a'; 21]).ends_with("is longer than 0 MiB; split it"));
        let folder = tempfile::tempdir().unwrap();
        assert!(
            text(folder.path(), 20)
                .unwrap_err()
                .to_string()
                .ends_with("is a folder; name the files in it")
        );
        assert!(
            text(&folder.path().join("none"), 20)
                .unwrap_err()
                .to_string()
                .ends_with("cannot be opened")
        );
        std::fs::write(folder.path().join("bom"), "\u{feff}a").unwrap();
        assert_eq!(text(&folder.path().join("bom"), 20).unwrap(), "a");
        assert_eq!(plain("a\u{1b}[2Jb\n"), "a [2Jb ");
    }
}
