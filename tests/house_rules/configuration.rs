//! The sample configuration is all that a server needs besides its secrets.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::{Value, json};
use starjack::actors::liftoperator::Catalogue;
use tempfile::TempDir;

use crate::sources::root;

/// Exit code of a configuration that cannot be used.
const CONFIGURATION: i32 = 78;

/// A command over `config/base.toml` and a further file, with a folder and a database of its own,
/// and no secrets.
fn starjack(command: &str, file: &str, folder: &Path) -> Command {
    starjack_with(&[command], file, folder)
}

/// The same for a command of several words.
fn starjack_with(command: &[&str], file: &str, folder: &Path) -> Command {
    let mut process = Command::new(env!("CARGO_BIN_EXE_starjack"));
    process
        .args(command)
        .args(["--config", "config/base.toml", "--config", file])
        .current_dir(root());
    // what a test's own surroundings set is no setting of the server
    for (name, _) in
        std::env::vars().filter(|(name, _)| name.starts_with("STARJACK_") || name == "RUST_LOG")
    {
        process.env_remove(name);
    }
    process.env("STARJACK_DATA", folder);
    process.env(
        "STARJACK_DATABASE__URL",
        format!("sqlite://{}?mode=rwc", folder.join("starjack.db").display()),
    );
    process.stdout(Stdio::null()).stderr(Stdio::piped());
    process
}

/// The secrets that the sample files leave to the environment.
fn with_secrets(process: &mut Command) -> &mut Command {
    process.env("STARJACK_AUTH__SECRET", "0123456789abcdef0123456789abcdef");
    // digits alone need quotes, or they are a number
    process
        .env("STARJACK_PAYMENT__PASSWORD", "\"123456\"")
        .env("STARJACK_MAIL__KEY", "key-of-a-test");
    for operator in Catalogue::embedded().unwrap().operators() {
        let credentials =
            format!("STARJACK_CONTRACTS__{}__CREDENTIALS", operator.key.to_uppercase());
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
    assert!(
        log.contains("there is nothing to sell")
            && log.contains("starjack import operators FILE --take"),
        "{log}"
    );
    assert!(
        !log.contains("123456") && !log.contains("0123456789abcdef"),
        "a secret stands in the log"
    );

    let mut second = starjack("serve", "config/test.toml", folder.path());
    let second = with_secrets(&mut second).output().unwrap();
    assert_eq!(second.status.code(), Some(1), "two servers on one embedded database");
    assert!(String::from_utf8_lossy(&second.stderr).contains("another process uses"));

    let told =
        Command::new("sh").args(["-c", &format!("kill -TERM {}", server.id())]).status().unwrap();
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

/// What cannot belong together is said before anything starts.
fn refused(file: &str, settings: &[(&str, &str)], says: &str) {
    let folder = TempDir::new().unwrap();
    let mut process = starjack("serve", file, folder.path());
    let output = with_secrets(&mut process).envs(settings.iter().copied()).output().unwrap();
    let log = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(CONFIGURATION), "{settings:?}: {log}");
    assert!(log.contains(says), "{settings:?}: {log}");
}

#[test]
fn case_33_a_merchant_of_one_system_on_the_host_of_the_other_is_refused_at_the_start() {
    let production = "config/production.toml";
    let must = "the payment endpoint must be www.mpay24.com and the merchant id 7xxxx";
    refused(production, &[("STARJACK_PAYMENT__MERCHANT_ID", "90000")], must);
    refused(production, &[("STARJACK_PAYMENT__ENDPOINT", "https://test.mpay24.com")], must);
    let test = [("STARJACK_PAYMENT__ENDPOINT", "https://test.mpay24.com")];
    let real = [test[0], ("STARJACK_PAYMENT__MERCHANT_ID", "70000")];
    refused(
        "config/test.toml",
        &real,
        "the payment endpoint must be test.mpay24.com and the merchant id 9xxxx",
    );
    refused("config/test.toml", &test, "callback_networks holds 127.0.0.1");
    for networks in ["[\"0.0.0.0/0\"]", "[\"::/0\"]", "[\"127.0.0.1\"]", "[]"] {
        refused(
            production,
            &[("STARJACK_PAYMENT__CALLBACK_NETWORKS", networks)],
            "callback_networks",
        );
    }
}

#[test]
fn production_refuses_what_is_simulated() {
    let folder = TempDir::new().unwrap();
    for (name, value) in [
        ("STARJACK_CONTRACTS__SOLDEN__ENDPOINT", "http://127.0.0.1:1"),
        ("STARJACK_PAYMENT__TEST", "true"),
        ("STARJACK_MAIL__BASE_URL", "http://localhost:1"),
        ("STARJACK_AUTH__SECOND_FACTOR", "optional"),
    ] {
        let mut process = starjack("migrate", "config/production.toml", folder.path());
        let output = with_secrets(&mut process).env(name, value).output().unwrap();
        assert_eq!(output.status.code(), Some(CONFIGURATION), "{name}");
        assert!(String::from_utf8_lossy(&output.stderr).contains("environment = "), "{name}");
    }
}

#[test]
fn production_sends_nothing_to_a_database_elsewhere_without_looking_at_its_certificate() {
    let production = "config/production.toml";
    for url in [
        "postgres://starjack@db.example/starjack",
        "postgres://starjack@db.example/starjack?sslmode=require",
        "postgres://starjack@localhost/starjack?host=10.0.0.5",
        "postgresql://starjack@[2001:db8::1]:5432/starjack?sslmode=prefer",
    ] {
        refused(production, &[("STARJACK_DATABASE__URL", url)], "sslmode=verify-full");
    }
    refused(
        production,
        &[("STARJACK_CONTRACTS__SOLDEN__ORIGIN", "https://dta.solden.example/path")],
        "is not an origin",
    );
}

#[test]
fn production_says_nothing_to_a_redis_elsewhere_without_tls_and_a_password() {
    for url in [
        "redis://:secret@redis.example/0",
        "rediss://redis.example/0",
        "redis-sentinel://:secret@localhost/#shop",
    ] {
        let settings = [("STARJACK_REDIS__URL", url)];
        refused("config/production.toml", &settings, "write rediss://user:password@host:6379");
    }
}

#[test]
fn too_few_open_files_are_refused_with_what_to_do() {
    let folder = TempDir::new().unwrap();
    let sample = starjack("serve", "config/test.toml", folder.path());
    let mut limited = Command::new("sh");
    limited
        .args(["-c", "ulimit -n 4000 && exec \"$@\"", "sh"])
        .arg(sample.get_program())
        .args(sample.get_args());
    limited.current_dir(root()).stdout(Stdio::null()).stderr(Stdio::piped());
    for (name, value) in sample.get_envs() {
        match value {
            Some(value) => limited.env(name, value),
            None => limited.env_remove(name),
        };
    }
    let output = with_secrets(&mut limited).output().unwrap();
    let log = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(CONFIGURATION), "{log}");
    assert!(
        log.contains("8192 connections need 16640 open files and only 4000 are allowed"),
        "{log}"
    );
}

#[test]
fn a_demonstration_takes_no_shops_database_and_its_own_again() {
    let folder = TempDir::new().unwrap();
    let database = |name: &str| format!("sqlite://{}?mode=rwc", folder.path().join(name).display());
    let mut created = starjack_with(
        &["admin", "create", "clerk@shop.example"],
        "config/test.toml",
        folder.path(),
    );
    assert_eq!(with_secrets(&mut created).output().unwrap().status.code(), Some(0));
    let demo = |name: &str| {
        let mut process = Command::new("timeout");
        // a demonstration that starts is ended after a while, and ends clean
        process.args([
            "--preserve-status",
            "3",
            env!("CARGO_BIN_EXE_starjack"),
            "demo",
            "--database",
            &database(name),
        ]);
        let output = process.current_dir(folder.path()).stdout(Stdio::null()).output().unwrap();
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    let (code, log) = demo("starjack.db");
    assert!(code == Some(1) && log.contains("the database is a shop's"), "{code:?} {log}");
    for time in ["first", "second"] {
        let (code, log) = demo("demo.db");
        assert!(!log.contains("the database is a shop's"), "the {time} time: {code:?} {log}");
    }
}

/// An address of a network that leads nowhere.
const NOWHERE: &str = "https://192.0.2.1";

/// The production sample without anybody outside, on ports of its own.
fn production(command: &[&str], folder: &Path) -> Command {
    let mut process = starjack_with(command, "config/production.toml", folder);
    for listener in ["HTTP", "OPERATIONS"] {
        process.env(format!("STARJACK_{listener}__LISTEN"), "127.0.0.1:0");
    }
    // nobody pays here, so nothing but the list of open payments would ask the provider
    process.env("STARJACK_TIMES__SWEEP_EVERY", "1d").env("STARJACK_MAIL__BASE_URL", NOWHERE);
    with_secrets(&mut process);
    process
}

/// Sets a second factor up, and answers the token that says so.
async fn with_second_factor(http: &reqwest::Client, api: &str, token: &str) -> String {
    let path = format!("{api}/admin/me/second-factor");
    let drawn =
        http.post(&path).bearer_auth(token).send().await.unwrap().json::<Value>().await.unwrap();
    let secret = totp_rs::Secret::try_from_base32(drawn["secret"].as_str().unwrap()).unwrap();
    let device = totp_rs::Builder::new().with_secret(secret).build().unwrap();
    let now = u64::try_from(starjack::clock::now().timestamp()).unwrap();
    let code = json!({ "code": device.generate(now).to_string() });
    let confirmed = http
        .post(format!("{path}/confirmation"))
        .bearer_auth(token)
        .json(&code)
        .send()
        .await
        .unwrap();
    assert_eq!(confirmed.status(), 201);
    confirmed.json::<Value>().await.unwrap()["access_token"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn in_production_nobody_breaks_an_actor_on_order() {
    let folder = TempDir::new().unwrap();
    let created = production(&["admin", "create", "clerk@shop.example"], folder.path())
        .stdout(Stdio::piped())
        .output();
    let told = String::from_utf8(created.unwrap().stdout).unwrap();
    let code = told.trim().rsplit(' ').next().unwrap().to_owned();
    let mut server = production(&["serve"], folder.path()).spawn().unwrap();
    let mut lines = BufReader::new(server.stderr.take().unwrap()).lines().map_while(Result::ok);
    let ready = lines
        .by_ref()
        .find(|line| line.contains("\"message\":\"ready\""))
        .expect("the server ended");
    std::thread::spawn(move || lines.for_each(drop));
    let ready: Value = serde_json::from_str(&ready).unwrap();
    let api = format!("http://{}/api/v1", ready["address"].as_str().unwrap());

    drop(rustls::crypto::aws_lc_rs::default_provider().install_default());
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let log_in = json!({ "email": "clerk@shop.example", "password": "correct horse" });
    let first = json!({ "email": "clerk@shop.example", "password": "correct horse", "code": code });
    let set = http
        .post(format!("{api}/accounts/password-reset/confirmation"))
        .json(&first)
        .send()
        .await
        .unwrap();
    assert_eq!(set.status(), 204, "the code of the command line: {told}");
    let session = http.post(format!("{api}/sessions")).json(&log_in).send().await.unwrap();
    let token = session.json::<Value>().await.unwrap()["access_token"].as_str().unwrap().to_owned();
    let actors = http.get(format!("{api}/admin/actors")).bearer_auth(&token).send().await.unwrap();
    assert_eq!(actors.status(), 403, "without a second factor");
    let token = with_second_factor(&http, &api, &token).await;
    let faults = format!("{api}/admin/actors/order/faults");
    let broken = http
        .post(&faults)
        .bearer_auth(&token)
        .json(&json!({ "fault": "panic" }))
        .send()
        .await
        .unwrap();
    assert_eq!(broken.status(), 404);
    let cleared = http.delete(&faults).bearer_auth(&token).send().await.unwrap();
    assert_eq!(cleared.status(), 405, "as for any word that is no wish");
    let actors = http.get(format!("{api}/admin/actors")).bearer_auth(&token).send().await.unwrap();
    assert_eq!(actors.status(), 200, "not for want of being an admin");
    server.kill().unwrap();
    server.wait().unwrap();
}
