//! Two replicas over one database, and an owner who is attacked from elsewhere.

use std::net::IpAddr;

use super::{Desk, Error, Names, Role, Rotation, create_account};
use crate::actors::jobs::tests::database;

const ANNA: &str = "anna@example.org";

async fn two_replicas() -> (tempfile::TempDir, Desk, Desk) {
    let (folder, io) = database().await;
    let names = Names { first: "Anna".into(), last: "Berg".into() };
    create_account(&io, ANNA, "correct horse".to_owned().into(), names, Role::Customer).await.unwrap();
    let open = || Desk::open(io.clone(), b"one secret for all replicas".to_vec().into());
    let (one, other) = (open().await.unwrap(), open().await.unwrap());
    (folder, one, other)
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
    assert!(one.verify(&old).is_err() && other.verify(&old).is_err(), "the compromised key is believed");
}

#[tokio::test]
async fn a_session_that_ended_at_one_replica_ends_at_the_other() {
    let (_folder, one, other) = two_replicas().await;
    let token = one.log_in(ANNA, "correct horse".to_owned().into(), None).await.unwrap().access_token;
    let claims = other.verify(&token).unwrap();
    one.log_out_everywhere(claims.sub).await.unwrap();
    assert!(matches!(one.verify(&token), Err(Error::WrongToken)));
    other.learn().await.unwrap();
    assert!(matches!(other.verify(&token), Err(Error::WrongToken)));
}

#[tokio::test]
async fn an_attack_from_many_networks_slows_strangers_and_not_the_owner() {
    let (_folder, desk, _other) = two_replicas().await;
    let home = from("192.0.2.7");
    assert!(desk.log_in(ANNA, "correct horse".to_owned().into(), home).await.is_ok());
    let mut throttled = 0;
    for no in 0..60 {
        let attacker = from(&format!("198.51.{no}.1"));
        throttled += u32::from(matches!(
            desk.log_in(ANNA, "wrong horse".to_owned().into(), attacker).await,
            Err(Error::Throttled(_))
        ));
    }
    assert!(throttled > 0, "nobody was slowed down");
    assert!(desk.log_in(ANNA, "correct horse".to_owned().into(), home).await.is_ok());
}
