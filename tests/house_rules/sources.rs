//! The sources as text: which files there are, what of them is code and what is test.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// One Rust file of the product; its tests are cut away.
pub(crate) struct Source {
    /// Its path from the repository's root.
    pub(crate) path: String,
    /// Its text without tests.
    pub(crate) text: String,
    /// Its text without tests and comments.
    pub(crate) code: String,
}

/// The repository's root.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A file of the repository.
pub(crate) fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Every file under a folder, in order, as paths from the root; what is built, hidden or not ours
/// is left out.
pub(crate) fn files(folder: &str) -> Vec<String> {
    let mut found = Vec::new();
    walk(&root().join(folder), &mut found);
    found.sort();
    found
}

fn walk(folder: &Path, found: &mut Vec<String>) {
    for entry in
        std::fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
    {
        let path = entry.unwrap().path();
        let relative = path.strip_prefix(root()).unwrap().to_str().unwrap().to_owned();
        let name = path.file_name().unwrap().to_str().unwrap();
        let is_hidden = name.starts_with('.') && !matches!(name, ".ci" | ".config");
        if is_hidden
            || name == "node_modules"
            || matches!(relative.as_str(), "target" | "data" | "fuzz/crashes")
        {
            continue;
        }
        if path.is_dir() { walk(&path, found) } else { found.push(relative) }
    }
}

/// Every source of the product under `folder`, without the files that are tests.
pub(crate) fn sources(folder: &str) -> Vec<Source> {
    let rust: Vec<_> = files(folder).into_iter().filter(|path| path.ends_with(".rs")).collect();
    assert!(!rust.is_empty(), "no sources under {folder}");
    let tests: BTreeSet<String> =
        rust.iter().flat_map(|path| test_modules(path, &read(path))).collect();
    let is_test =
        |path: &str| tests.iter().any(|test| path == test || path.starts_with(&format!("{test}/")));
    rust.into_iter()
        .filter(|path| !is_test(path.trim_end_matches(".rs")))
        .map(|path| {
            let text = without_tests(&read(&path)).to_owned();
            Source { code: without_comments(&text), text, path }
        })
        .collect()
}

/// The modules that a file declares for tests only, as paths without `.rs`.
fn test_modules(path: &str, text: &str) -> Vec<String> {
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    let own = PathBuf::from(path);
    let folder = own.parent().unwrap();
    let is_front = matches!(own.file_stem().unwrap().to_str().unwrap(), "mod" | "lib" | "main");
    let inside = if is_front { folder.to_path_buf() } else { own.with_extension("") };
    let mut found = Vec::new();
    for (at, _) in lines.iter().enumerate().filter(|(_, line)| **line == "#[cfg(test)]") {
        let named =
            lines[at + 1].strip_prefix("#[path = \"").and_then(|rest| rest.strip_suffix("\"]"));
        let declared = lines[at + usize::from(named.is_some()) + 1];
        let name = declared.rsplit_once("mod ").and_then(|(_, rest)| rest.strip_suffix(';'));
        if let Some(name) = name {
            let module = named
                .map_or_else(|| inside.join(name), |file| folder.join(file).with_extension(""));
            found.push(module.to_str().unwrap().to_owned());
        }
    }
    found
}

/// The text before the file's own test module, which stands last.
fn without_tests(text: &str) -> &str {
    let mut rest = 0;
    while let Some(at) = text[rest..].find("#[cfg(test)]\n").map(|at| at + rest) {
        rest = at + "#[cfg(test)]\n".len();
        let next = text[rest..].lines().next().unwrap_or_default();
        if next.contains("mod ") && next.ends_with('{') {
            return &text[..at];
        }
    }
    text
}

/// The text without what a reader but not the compiler sees; texts in quotes stay.
fn without_comments(text: &str) -> String {
    let mut code = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let length = if rest.starts_with("//") {
            rest = &rest[rest.find('\n').unwrap_or(rest.len())..];
            continue;
        } else if rest.starts_with("/*") {
            rest = &rest[rest.find("*/").map_or(rest.len(), |end| end + 2)..];
            continue;
        } else if let Some(raw) = rest.strip_prefix("r#\"") {
            raw.find("\"#").map_or(rest.len(), |end| end + 5)
        } else if rest.starts_with("'\"'") {
            3
        } else if first == '"' {
            quoted(rest)
        } else {
            first.len_utf8()
        };
        code.push_str(&rest[..length]);
        rest = &rest[length..];
    }
    code
}

/// The length of the quoted text at the beginning.
fn quoted(text: &str) -> usize {
    let mut escaped = false;
    let end = text.char_indices().skip(1).find(|(_, character)| {
        let ends = *character == '"' && !escaped;
        escaped = *character == '\\' && !escaped;
        ends
    });
    end.map_or(text.len(), |(at, _)| at + 1)
}

#[test]
fn comments_are_left_out_and_texts_are_kept() {
    let text = "a // b\n\"c // d \\\" e\" /* f */ g r#\"h // \"#\n";
    assert_eq!(without_comments(text), "a \n\"c // d \\\" e\"  g r#\"h // \"#\n");
}

#[test]
fn tests_are_left_out() {
    assert_eq!(without_tests("a\n#[cfg(test)]\nmod tests {\nb\n}\n"), "a\n");
    let declared = test_modules(
        "src/x.rs",
        "#[cfg(test)]\n#[path = \"y_tests.rs\"]\nmod tests;\n#[cfg(test)]\nmod z;\n",
    );
    assert_eq!(declared, ["src/y_tests", "src/x/z"]);
    assert!(sources("src").iter().all(|source| !source.path.contains("tests")));
}
