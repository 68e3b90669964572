//! Documents as people read them.

use std::io::Write as _;
use std::process::{Command, Stdio};

/// What a reader of the PDF sees, its columns kept apart.
pub(crate) fn text_of(pdf: &[u8]) -> String {
    let mut reader = Command::new("pdftotext")
        .args(["-layout", "-", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("pdftotext is missing: apt-get install poppler-utils");
    reader.stdin.take().unwrap().write_all(pdf).unwrap();
    let output = reader.wait_with_output().unwrap();
    assert!(output.status.success(), "not a PDF");
    String::from_utf8(output.stdout).unwrap()
}
