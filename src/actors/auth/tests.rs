//! Two replicas over one database, and an owner who is attacked from elsewhere.

use std::net::IpAddr;

use futures_util::future::join_all;
use futures_util::{StreamExt, stream};

use super::{Desk, Error, Names, Role, Rotation, SecondFactor, Settings, create_account};
use crate::actors::jobs::tests::database;
use crate::redis::Redis;

pub(super) const ANNA: &str = "anna@example.org";
/// What all replicas have.
pub(super) const SECRET: &[u8] = b"one secret for all replicas";
pub(super) const PASSWORD: &str = "correct horse";

pub(super) fn settings() -> Settings {
    Settings {
        shop: "Snow Shop".to_owned(),
        second_factor: SecondFactor::Required,
        most_sessions: 20,
        relying_party: None,
    }
}

pub(super) async fn two_replicas() -> (tempfile::TempDir, Desk, Desk) {
    let (folder, io) = database().await;
    let names = Names { first: "Anna".into(), last: "Berg".into() };
    create_account(&io, ANNA, "correct horse".to_owned().into(), names, Role::Customer)
        .await
        .unwrap();
    let open = || Desk::open(io.clone(), Redis::off(), SECRET.to_vec().into(), settings());
    let one = open().await.unwrap();
    let other = open().await.unwrap();
    (folder, one, other)
}

/// One more account.
pub(super) async fn add(desk: &Desk, email: &str, role: Role) {
    let names = Names { first: "Ada".into(), last: "Berg".into() };
    create_account(&desk.inner.io, email, PASSWORD.to_owned().into(), names, role).await.unwrap();
}

fn from(text: &str) -> Option<IpAddr> {
    Some(text.parse().unwrap())
}

#[tokio::test]
async fn a_replica_believes_a_key_that_it_has_not_seen_and_keeps_believing_the_previous_one() {
    let (_folder, one, other) = two_replicas().await;
    let old = one.log_in(ANNA, "correct horse".to_owned().into(), None).await.unwrap().access_token;
    let planned = one.rotate_keys(Rotation::Planned).await.unwrap();
    assert_ne!(one.keys().kid(), planned.kid, "it is published before it signs");
    assert_eq!(one.published_keys().keys.len(), 2);
    assert!(one.verify(&old).is_ok() && other.verify(&old).is_ok());
    one.rotate_keys(Rotation::Compromised).await.unwrap();
    let new = one.log_in(ANNA, "correct horse".to_owned().into(), None).await.unwrap().access_token;
    assert!(matches!(other.verify(&new), Err(Error::UnknownKey)));
    other.learn().await.unwrap();
    assert!(other.verify(&new).is_ok());
    assert!(
        one.verify(&old).is_err() && other.verify(&old).is_err(),
        "the compromised key is believed"
    );
}

#[tokio::test]
async fn a_session_that_ended_at_one_replica_ends_at_the_other() {
    let (_folder, one, other) = two_replicas().await;
    let token =
        one.log_in(ANNA, "correct horse".to_owned().into(), None).await.unwrap().access_token;
    let claims = other.verify(&token).unwrap();
    one.log_out_everywhere(claims.sub).await.unwrap();
    assert!(matches!(one.verify(&token), Err(Error::WrongToken)));
    other.learn().await.unwrap();
    assert!(matches!(other.verify(&token), Err(Error::WrongToken)));
}

#[tokio::test]
async fn an_attack_from_many_networks_slows_unknown_networks_and_not_the_owner() {
    let (_folder, desk, _other) = two_replicas().await;
    let home = from("192.0.2.7");
    assert!(desk.log_in(ANNA, "correct horse".to_owned().into(), home).await.is_ok());
    let mut throttled = 0;
    for no in 0..60 {
        let attacker = from(&format!("198.51.{no}.1"));
        throttled += u32::from(matches!(
            desk.log_in(ANNA, "wrong horse".to_owned().into(), attacker).await,
            Err(Error::Besieged(_))
        ));
    }
    assert!(throttled > 0, "nobody was slowed down");
    assert!(desk.log_in(ANNA, "correct horse".to_owned().into(), home).await.is_ok());
}

#[tokio::test]
async fn a_flood_from_one_network_turns_no_other_log_in_away() {
    let (_folder, desk, _other) = two_replicas().await;
    let flood =
        (0..40).map(|no| {
            let desk = desk.clone();
            let email = format!("nobody-{no}@example.org");
            async move {
                desk.log_in(&email, "wrong horse".to_owned().into(), from("198.51.100.7")).await
            }
        });
    let customers = (0..4).map(|no| {
        let desk = desk.clone();
        let network = format!("192.0.{no}.1");
        async move { desk.log_in(ANNA, "correct horse".to_owned().into(), from(&network)).await }
    });
    let (flood, customers) = futures_util::join!(join_all(flood), join_all(customers));
    assert!(flood.iter().any(|end| matches!(end, Err(Error::Busy))), "the flood was no flood");
    for end in customers {
        assert!(end.is_ok(), "a customer was turned away: {:?}", end.err());
    }
}

/// What this process has in memory, in MiB.
fn resident() -> u64 {
    let pages = std::fs::read_to_string("/proc/self/statm").unwrap();
    pages.split(' ').nth(1).unwrap().parse::<u64>().unwrap() / 256
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn log_ins_leave_the_process_as_large_as_it_was() {
    let (_folder, desk, _other) = two_replicas().await;
    let log_in = async |no: usize| {
        let email = format!("nobody-{no}@example.org");
        let network = format!("198.51.{no}.1");
        desk.log_in(&email, "wrong horse".to_owned().into(), from(&network)).await
    };
    for no in 0..4 {
        assert!(matches!(log_in(no).await, Err(Error::WrongPassword)));
    }
    let before = resident();
    let ends = stream::iter(4..80).map(log_in).buffer_unordered(12).collect::<Vec<_>>().await;
    assert!(ends.iter().all(|end| matches!(end, Err(Error::WrongPassword))));
    let grown = resident().saturating_sub(before);
    assert!(grown < 30, "{grown} MiB");
}

#[tokio::test]
async fn an_umlaut_typed_on_another_keyboard_logs_in() {
    let (_folder, desk, _other) = two_replicas().await;
    let names = Names { first: "Berta".into(), last: "Berg".into() };
    let composed = "Grüße-aus-Tirol";
    let decomposed = "Gru\u{308}ße-aus-Tirol";
    create_account(
        &desk.inner.io,
        "berta@example.org",
        composed.to_owned().into(),
        names,
        Role::Customer,
    )
    .await
    .unwrap();
    for typed in [composed, decomposed] {
        assert!(
            desk.log_in("berta@example.org", typed.to_owned().into(), None).await.is_ok(),
            "{typed}"
        );
    }
}

#[tokio::test]
async fn a_hash_made_otherwise_is_replaced_at_the_next_log_in_and_stays_then() {
    let (_folder, desk, _other) = two_replicas().await;
    let account = desk.look_up(ANNA.to_owned(), String::new()).await.unwrap().0.unwrap().id;
    let stored = async || {
        desk.look_up(ANNA.to_owned(), String::new()).await.unwrap().0.unwrap().password_hash
    };
    let first = stored().await;
    let log_in = async |password: &str| desk.log_in(ANNA, password.to_owned().into(), None).await;
    assert!(log_in("correct horse").await.is_ok());
    assert_eq!(stored().await, first, "it was as hashes are made now");
    let cheap = argon2::Params::new(8 * 1024, 1, 1, None).unwrap();
    let cheap = argon2::Argon2::new(argon2::Algorithm::Argon2id, argon2::Version::V0x13, cheap);
    let older = argon2::password_hash::PasswordHasher::hash_password(&cheap, b"correct horse")
        .unwrap()
        .to_string();
    let written = older.clone();
    let set = desk.inner.io.write(move |tx| {
        Box::pin(
            async move { Ok::<_, Error>(super::store::set_password(tx, account, written).await?) },
        )
    });
    set.await.unwrap();
    assert!(log_in("wrong horse").await.is_err());
    assert_eq!(stored().await, older);
    assert!(log_in("correct horse").await.is_ok());
    assert_ne!(stored().await, older);
    assert!(log_in("correct horse").await.is_ok(), "the new hash is the same password's");
}

#[tokio::test]
async fn refused_log_ins_however_many_change_no_other_count() {
    let (_folder, desk, _other) = two_replicas().await;
    let attacker = from("198.51.100.7");
    let log_in =
        async |email: &str| desk.log_in(email, "wrong horse".to_owned().into(), attacker).await;
    for _ in 0..10 {
        assert!(matches!(log_in(ANNA).await, Err(Error::WrongPassword)));
    }
    assert!(matches!(log_in(ANNA).await, Err(Error::Throttled(_))));
    for no in 0..90 {
        assert!(
            matches!(log_in(&format!("nobody-{no}@example.org")).await, Err(Error::WrongPassword)),
            "{no}"
        );
    }
    let before = desk.inner.counts.remembered();
    for no in 0..300 {
        assert!(
            matches!(log_in(&format!("somebody-{no}@example.org")).await, Err(Error::Throttled(_))),
            "{no}"
        );
    }
    assert_eq!(desk.inner.counts.remembered(), before);
    assert_eq!(desk.limits_reached().into_iter().map(|(_, refused)| refused).sum::<u64>(), 301);
}

#[tokio::test]
async fn every_attempt_is_counted_by_how_it_ended() {
    let (_folder, desk, _other) = two_replicas().await;
    for password in ["correct horse", "wrong horse", "wrong pony"] {
        drop(desk.log_in(ANNA, password.to_owned().into(), None).await);
    }
    let ended: Vec<_> = desk.log_ins().into_iter().filter(|(_, count)| *count > 0).collect();
    assert_eq!(ended, [("logged_in", 1), ("wrong_password", 2)]);
}

#[tokio::test]
async fn an_address_that_has_an_account_is_not_given_another_one() {
    let (_folder, desk, _other) = two_replicas().await;
    let names = Names { first: "Eve".into(), last: "Berg".into() };
    let io = &desk.inner.io;
    let taken =
        create_account(io, ANNA, "another password".to_owned().into(), names, Role::Admin).await;
    assert!(matches!(taken, Err(Error::Taken)), "{taken:?}");
    assert!(desk.log_in(ANNA, "correct horse".to_owned().into(), None).await.is_ok());
}
