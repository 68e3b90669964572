//! Limits of log-ins that replicas keep together by Redis, and what a Redis in which anybody writes
//! does to them.

use std::time::Duration;

use secrecy::SecretString;
use starjack::actors::auth::{
    Desk, Error, Names, Role, SecondFactor, Settings as Accounts, create_account,
    until_told_of_sessions,
};
use starjack::io::Io;
use starjack::redis::{Link, Redis as Way, Settings};

use crate::support::{Redis, eventually};

const ANNA: &str = "anna@example.org";
/// Failed log-ins of one account from one network.
const LIMIT: usize = 10;

struct Replicas {
    io: Io,
    redis: Redis,
    _folder: tempfile::TempDir,
}

impl Replicas {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}?mode=rwc", folder.path().join("test.db").display());
        let io = Io::start(&url, 4).await.unwrap();
        io.migrate().await.unwrap();
        let names = Names { first: "Anna".into(), last: "Berg".into() };
        create_account(&io, ANNA, "correct horse".to_owned().into(), names, Role::Customer)
            .await
            .unwrap();
        Self { io, redis: Redis::start().await, _folder: folder }
    }

    /// A replica that begins now.
    async fn one(&self) -> Desk {
        let settings =
            Settings { url: self.redis.url().into(), prefix: "shop".to_owned(), ca: None };
        let way = Way::start(&self.io, Some(&settings)).unwrap();
        eventually("Redis answers", async || (way.link() == Link::Up).then_some(())).await;
        let settings = Accounts {
            shop: "Snow Shop".to_owned(),
            second_factor: SecondFactor::Required,
            most_sessions: 20,
            relying_party: None,
        };
        Desk::open(self.io.clone(), way, b"one secret for all replicas".to_vec().into(), settings)
            .await
            .unwrap()
    }
}

async fn try_password(desk: &Desk, password: &str, from: &str) -> Result<(), Error> {
    let password: SecretString = password.to_owned().into();
    desk.log_in(ANNA, password, Some(from.parse().unwrap())).await.map(drop)
}

/// Wrong passwords at one replica after the other, until one is refused; how many were not.
async fn tries(desks: &[&Desk], from: &str) -> usize {
    for (count, desk) in desks.iter().cycle().enumerate() {
        match try_password(desk, "wrong horse", from).await {
            Err(Error::WrongPassword) => assert!(count < 5 * LIMIT, "nobody counts"),
            Err(Error::Throttled(_)) => return count,
            other => panic!("{other:?}"),
        }
    }
    0
}

#[tokio::test]
async fn failed_log_ins_are_counted_by_all_replicas_together_and_a_restart_forgets_half_at_most() {
    let replicas = Replicas::new().await;
    let one = replicas.one().await;
    let other = replicas.one().await;
    assert_eq!(tries(&[&one, &other], "192.0.2.1").await, LIMIT);
    assert_eq!(tries(&[&one, &other], "198.51.100.1").await, LIMIT, "another network");
    assert_eq!(tries(&[&replicas.one().await], "192.0.2.1").await, LIMIT / 2, "it begins anew");
    let keys = replicas.redis.writer().tell("KEYS *");
    assert!(
        keys.contains("shop:{limits}:") && !keys.contains("192.0.2") && !keys.contains("anna"),
        "{keys}"
    );

    for _ in 0..2 * LIMIT {
        assert!(matches!(
            try_password(&one, "wrong horse", "203.0.113.1").await,
            Err(Error::WrongPassword)
        ));
        try_password(&other, "correct horse", "203.0.113.1").await.unwrap();
        try_password(&one, "correct horse", "203.0.113.1").await.unwrap();
    }
}

#[tokio::test]
async fn a_redis_that_lies_lets_nobody_through_and_keeps_no_owner_out() {
    let mut replicas = Replicas::new().await;
    let one = replicas.one().await;
    let writer = replicas.redis.writer();
    let written = |value: &str| {
        let script = format!(
            "for _, key in ipairs(redis.call('KEYS', 'shop:*')) do redis.call('SET', key, '{value}', 'PX', 60000) end"
        );
        writer.tell(&format!("EVAL \"{script}\" 0"));
    };
    for _ in 0..LIMIT {
        assert!(matches!(
            try_password(&one, "wrong horse", "192.0.2.1").await,
            Err(Error::WrongPassword)
        ));
        written("0");
    }
    assert_eq!(tries(&[&one], "192.0.2.1").await, 0, "own counts are the floor");
    assert!(matches!(
        try_password(&one, "wrong horse", "198.51.100.1").await,
        Err(Error::WrongPassword)
    ));
    written("1000000");
    // one of the half is kept for the right one
    for _ in 2..LIMIT / 2 {
        assert!(matches!(
            try_password(&one, "wrong horse", "198.51.100.1").await,
            Err(Error::WrongPassword)
        ));
    }
    try_password(&one, "correct horse", "198.51.100.1").await.unwrap();
    replicas.redis.kill_9();
    assert_eq!(tries(&[&one], "198.51.100.7").await, LIMIT, "without it each counts for itself");
}

#[tokio::test]
async fn a_session_that_ends_at_one_replica_is_told_to_the_others_at_once() {
    let replicas = Replicas::new().await;
    let one = replicas.one().await;
    let other = replicas.one().await;
    let mut news = other.listen();
    // again and again: whoever listens is not heard of by Redis from the first moment on
    let sessions_end = async {
        loop {
            let password = "correct horse".to_owned().into();
            let session = one.log_in(ANNA, password, None).await.unwrap().access_token;
            one.log_out(one.verify(&session).unwrap().sid).await.unwrap();
        }
    };
    tokio::select! {
        is_told = until_told_of_sessions(&mut news, Duration::from_secs(60)) => assert!(is_told),
        () = sessions_end => unreachable!("it goes on for ever"),
    }
}
