//! What `make run` prints for people to go through by hand works as it is printed, in the shells
//! that people use.

use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use crate::support::PATIENCE;

/// The line before the walk, and how the walk's last line begins.
const BEFORE: &str = "Buy it yourself";
const LAST: &str = "curl -s $S/control/ledger";

#[test]
fn the_printed_walk_buys_a_ticket_in_bash() {
    walk("bash", &["--norc"]);
}

#[test]
fn the_printed_walk_buys_a_ticket_in_zsh() {
    walk("zsh", &["-f"]);
}

#[test]
fn what_is_printed_is_for_people_and_the_log_stands_in_a_file_of_nobody_else() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let mut demo = Demo::start(&data);
    let lines: Vec<String> = demo
        .lines
        .by_ref()
        .map(Result::unwrap)
        .take_while(|line| !line.starts_with(BEFORE))
        .collect();
    let log = data.join("starjack.log");
    assert!(lines[0].starts_with('{'), "{lines:#?}");
    assert!(
        lines[1..].iter().all(|line| !line.starts_with('{')),
        "a log line is printed: {lines:#?}"
    );
    let said = |begin: &str| {
        lines.iter().find(|line| line.starts_with(begin)).unwrap_or_else(|| panic!("{lines:#?}"))
    };
    assert!(said("placed").ends_with(" EUR") && said("placed").contains('.'), "{lines:#?}");
    assert!(said("log").contains(log.to_str().unwrap()), "{lines:#?}");
    assert!(std::fs::read_to_string(&log).unwrap().contains("order placed"));
    for (path, mode) in
        [("", 0o700), ("starjack.db", 0o600), ("starjack.log", 0o600), ("invoices", 0o700)]
    {
        let found = std::fs::metadata(data.join(path)).unwrap().permissions().mode() & 0o777;
        assert_eq!(found, mode, "{path}: {found:o}");
    }
}

fn walk(shell: &str, options: &[&str]) {
    let folder = tempfile::tempdir().unwrap();
    let mut demo = Demo::start(folder.path());
    let walk = demo.read_walk();
    assert_eq!(walk.len(), 10, "the front page promises ten lines: {walk:#?}");
    // as pasted: the shell reads its commands, none of which may wait for us for ever
    let seconds = PATIENCE.as_secs().to_string();
    let command = Command::new("timeout")
        .arg(seconds)
        .arg(shell)
        .args(options)
        .arg("-s")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn();
    let mut child =
        command.unwrap_or_else(|error| panic!("{shell}: {error}; `make test` installs it"));
    child.stdin.take().unwrap().write_all(walk.join("\n").as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{shell} ended with {}:\n{said}", output.status);
    let states: Vec<&str> =
        said.lines().filter(|line| line.chars().all(|sign| sign.is_ascii_lowercase())).collect();
    assert_eq!(states.last(), Some(&"finished"), "{said}");
    assert!(said.contains("pay in a browser, or go on: http://127.0.0.1:"), "{said}");
}

/// `starjack demo --buy`, killed when dropped.
struct Demo {
    child: Child,
    lines: std::io::Lines<BufReader<std::process::ChildStdout>>,
}

impl Demo {
    fn start(folder: &Path) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_starjack"));
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("STARJACK_")) {
            command.env_remove(name);
        }
        let mut child = command
            .args([
                "demo",
                "--buy",
                "--listen",
                "127.0.0.1:0",
                "--operations",
                "127.0.0.1:0",
                "--data",
            ])
            .arg(folder)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { child, lines }
    }

    fn read_walk(&mut self) -> Vec<String> {
        let lines = self.lines.by_ref().map(Result::unwrap);
        let mut walk = Vec::new();
        for line in lines.skip_while(|line| !line.starts_with(BEFORE)).skip(1) {
            let is_last = line.starts_with(LAST);
            walk.push(line);
            if is_last {
                break;
            }
        }
        walk
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
