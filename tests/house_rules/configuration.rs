//! The sample configuration is all that a server needs besides its secrets.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use base64::Engine as _;
use starjack::actors::auth::Keys;
use starjack::actors::liftoperator::Catalogue;
use tempfile::TempDir;

use crate::sources::root;

/// Exit code of a configuration that cannot be used.
const CONFIGURATION: i32 = 78;

/// A command over `config/base.toml` and a further file, with a folder and a database of its own, and no secrets.
fn starjack(command: &str, file: &str, folder: &Path) -> Command {
    let mut process = Command::new(env!("CARGO_BIN_EXE_starjack"));
    process.args([command, "--config", "config/base.toml", "--config", file]).current_dir(root());
    // what a test's own surroundings set is no setting of the server
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("STARJACK_") || name == "RUST_LOG") {
        process.env_remove(name);
    }
    process.env("STARJACK_DATA", folder);
    process.env("STARJACK_DATABASE__URL", format!("sqlite://{}?mode=rwc", folder.join("starjack.db").display()));
    process.stdout(Stdio::null()).stderr(Stdio::piped());
    process
}

/// The secrets that the sample files leave to the environment.
fn with_secrets(process: &mut Command) -> &mut Command {
    let key = base64::engine::general_purpose::STANDARD.encode(Keys::generate().unwrap());
    process.env("STARJACK_AUTH__SIGNING_KEY", key).env("STARJACK_AUTH__SECRET", "0123456789abcdef0123456789abcdef");
    // digits alone need quotes, or they are a number
    process.env("STARJACK_PAYMENT__PASSWORD", "\"123456\"").env("STARJACK_MAIL__KEY", "key-of-a-test");
    for operator in Catalogue::embedded().unwrap().operators() {
        let credentials = format!("STARJACK_CONTRACTS__{}__CREDENTIALS", operator.key.to_uppercase());
        process.env(format!("{credentials}__PASSWORD"), "secret");
        if operator.contract.supplier == "axess" {
            process.env(format!("{credentials}__SOAP_PASSWORD"), "secret");
        }
    }
    process
}

#[test]
fn the_test_sample_and_its_secrets_start_a_server_that_ends_when_told() {
    let folder = TempDir::new().unwrap();
    let mut server = starjack("serve", "config/test.toml", folder.path());
    let mut server = with_secrets(&mut server).spawn().unwrap();
    let mut log = String::new();
    let mut lines = BufReader::new(server.stderr.take().unwrap()).lines();
    let is_ready = lines.by_ref().map_while(Result::ok).any(|line| {
        log.push_str(&line);
        line.contains("\"message\":\"ready\"")
    });
    assert!(is_ready, "the server ended: {log}");
    assert!(log.contains("there is nothing to sell") && log.contains("starjack import operators FILE --take"), "{log}");
    assert!(!log.contains("123456") && !log.contains("0123456789abcdef"), "a secret stands in the log");

    let mut second = starjack("serve", "config/test.toml", folder.path());
    let second = with_secrets(&mut second).output().unwrap();
    assert_eq!(second.status.code(), Some(1), "two servers on one embedded database");
    assert!(String::from_utf8_lossy(&second.stderr).contains("another process uses"));

    let told = Command::new("sh").args(["-c", &format!("kill -TERM {}", server.id())]).status().unwrap();
    assert!(told.success());
    lines.map_while(Result::ok).for_each(drop);
    assert_eq!(server.wait().unwrap().code(), Some(0));
}

#[test]
fn the_production_sample_is_read_with_its_secrets_and_refused_without() {
    let folder = TempDir::new().unwrap();
    let without = starjack("migrate", "config/production.toml", folder.path()).output().unwrap();
    assert_eq!(without.status.code(), Some(CONFIGURATION));
    let mut with = starjack("migrate", "config/production.toml", folder.path());
    let with = with_secrets(&mut with).output().unwrap();
    assert_eq!(with.status.code(), Some(0), "{}", String::from_utf8_lossy(&with.stderr));
}

#[test]
fn production_refuses_what_is_simulated() {
    let folder = TempDir::new().unwrap();
    for (name, value) in [
        ("STARJACK_CONTRACTS__SOLDEN__ENDPOINT", "http://127.0.0.1:1"),
        ("STARJACK_PAYMENT__TEST", "true"),
        ("STARJACK_MAIL__BASE_URL", "http://localhost:1"),
    ] {
        let mut process = starjack("migrate", "config/production.toml", folder.path());
        let output = with_secrets(&mut process).env(name, value).output().unwrap();
        assert_eq!(output.status.code(), Some(CONFIGURATION), "{name}");
        assert!(String::from_utf8_lossy(&output.stderr).contains("environment = "), "{name}");
    }
}
