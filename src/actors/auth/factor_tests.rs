//! A second factor at two replicas over one database, at moments that the test names.

use std::sync::{Arc, Mutex};

use chrono::{DateTime, TimeDelta, Utc};
use futures_util::future::BoxFuture;
use secrecy::ExposeSecret as _;
use tokio::time::Instant;

use super::device::Device;
use super::tests::{PASSWORD, add, two_replicas};
use super::{Claims, Desk, Error, LogIn, PROVEN_FOR, Pair, Role, Shown, forget_second_factor};
use crate::clock::{self, Time};

const ADA: &str = "ada@example.org";

/// A clock that stands still until the test moves it.
struct Wall {
    now: Mutex<DateTime<Utc>>,
    instant: Instant,
}

impl Time for Wall {
    fn now(&self) -> DateTime<Utc> {
        *self.now.lock().unwrap()
    }

    fn instant(&self) -> Instant {
        self.instant
    }

    fn sleep_until(&self, _moment: Instant) -> BoxFuture<'static, ()> {
        Box::pin(std::future::pending())
    }

    fn chance(&self) -> u64 {
        4
    }
}

/// An admin, two replicas, and the time.
struct Office {
    one: Desk,
    other: Desk,
    wall: Arc<Wall>,
    _folder: tempfile::TempDir,
}

impl Drop for Office {
    fn drop(&mut self) {
        clock::live_in(None);
    }
}

impl Office {
    async fn open() -> Self {
        let (folder, one, other) = two_replicas().await;
        add(&one, ADA, Role::Admin).await;
        let wall = Arc::new(Wall { now: Mutex::new(clock::now()), instant: clock::instant() });
        clock::live_in(Some(wall.clone()));
        Self { one, other, wall, _folder: folder }
    }

    fn pass(&self, time: TimeDelta) {
        *self.wall.now.lock().unwrap() += time;
    }

    async fn log_in(&self, at: &Desk, code: Option<&str>) -> Result<Pair, Error> {
        let email = ADA.to_owned();
        let password = PASSWORD.to_owned().into();
        at.log_in_with(LogIn { email, password, shown: code.map(typed) }, None).await
    }

    /// A device that was set up in a session, what the session may do, and the recovery codes.
    async fn set_up(&self) -> (Device, Claims, Vec<String>) {
        let session = self.log_in(&self.one, None).await.unwrap();
        let claims = self.one.verify(&session.access_token).unwrap();
        let device = device(&self.one, &claims).await;
        let confirmed =
            self.one.confirm_factor(&claims, &device.shows(clock::now())).await.unwrap();
        let claims = self.one.verify(&confirmed.pair.access_token).unwrap();
        (device, claims, confirmed.recovery_codes)
    }
}

async fn device(desk: &Desk, claims: &Claims) -> Device {
    let enrolment = desk.enrol(claims.sub, claims.sid).await.unwrap();
    let address = enrolment.address.expose_secret();
    assert!(
        address.starts_with("otpauth://totp/Snow%20Shop:ada")
            && address.contains("issuer=Snow%20Shop"),
        "{address}"
    );
    let secret = totp_rs::Secret::try_from_base32(enrolment.secret.expose_secret()).unwrap();
    let secret: &[u8] = secret.as_ref();
    Device::of(secret.to_vec(), "Snow Shop", ADA).unwrap()
}

fn typed(code: &str) -> Shown {
    Shown::Code(code.to_owned())
}

fn wrong(end: &Result<Pair, Error>) -> bool {
    matches!(end, Err(Error::WrongSecondFactor(_)))
}

#[tokio::test]
async fn who_has_a_device_is_asked_for_its_code_and_each_code_counts_once_at_whichever_replica() {
    let office = Office::open().await;
    let before = office.log_in(&office.one, None).await.unwrap();
    let (device, claims, _codes) = office.set_up().await;
    assert!(!office.one.lets_administer(&office.other.verify(&before.access_token).unwrap()));
    assert!(office.one.verify(&before.access_token).is_err(), "every other session ended");
    assert!(office.one.lets_administer(&claims));

    assert!(matches!(office.log_in(&office.one, None).await, Err(Error::SecondFactorRequired(_))));
    let used = device.shows(clock::now());
    assert!(
        wrong(&office.log_in(&office.other, Some(&used)).await),
        "the code that confirmed was used"
    );
    office.pass(TimeDelta::seconds(30));
    let fresh = device.shows(clock::now());
    let (one, other) = tokio::join!(
        office.log_in(&office.one, Some(&fresh)),
        office.log_in(&office.other, Some(&fresh))
    );
    assert!(one.is_ok() != other.is_ok(), "of two who show one code one is let in");
    let pair = one.or(other).unwrap();
    assert!(office.one.lets_administer(&office.one.verify(&pair.access_token).unwrap()));
    let refreshed = office.other.refresh(&pair.refresh_token, None).await.unwrap();
    assert!(office.one.lets_administer(&office.one.verify(&refreshed.access_token).unwrap()));

    office.pass(TimeDelta::seconds(60));
    let early = clock::now() + TimeDelta::seconds(30);
    let late = clock::now() - TimeDelta::seconds(60);
    assert!(wrong(&office.log_in(&office.one, Some(&device.shows(late))).await));
    let spaced = device.shows(early);
    let spaced = format!(" {} {}", &spaced[..3], &spaced[3..]);
    assert!(
        office.log_in(&office.one, Some(&spaced)).await.is_ok(),
        "a clock that is half a minute ahead"
    );
    let now = device.shows(clock::now());
    assert!(
        wrong(&office.log_in(&office.one, Some(&now)).await),
        "an older code than the last one"
    );
}

#[tokio::test]
async fn who_has_not_the_password_learns_nothing_of_a_second_factor() {
    let office = Office::open().await;
    let (device, _claims, codes) = office.set_up().await;
    office.pass(TimeDelta::seconds(30));
    for code in
        [None, Some(device.shows(clock::now())), Some("000000".to_owned()), Some(codes[0].clone())]
    {
        let shown = code.map(Shown::Code);
        let guess =
            LogIn { email: ADA.to_owned(), password: "wrong horse".to_owned().into(), shown };
        assert!(matches!(office.one.log_in_with(guess, None).await, Err(Error::WrongPassword)));
    }
    let malformed = office.log_in(&office.one, Some("12345")).await;
    assert!(matches!(malformed, Err(Error::Invalid(_))));
    assert!(
        office.log_in(&office.one, Some(&device.shows(clock::now()))).await.is_ok(),
        "a guess used nothing up"
    );
    assert!(office.log_in(&office.one, Some(&codes[0])).await.is_ok());
}

#[tokio::test]
async fn ten_wrong_codes_make_the_device_wait_and_a_recovery_code_lets_in_once() {
    let office = Office::open().await;
    let (device, _claims, codes) = office.set_up().await;
    office.pass(TimeDelta::seconds(30));
    let wrong_code = if device.shows(clock::now()) == "000000" { "000001" } else { "000000" };
    for no in 0..10 {
        let from = Some(format!("192.0.{no}.1").parse().unwrap());
        let email = ADA.to_owned();
        let password = PASSWORD.to_owned().into();
        let guess = LogIn { email, password, shown: Some(typed(wrong_code)) };
        assert!(
            matches!(office.one.log_in_with(guess, from).await, Err(Error::WrongSecondFactor(_))),
            "{no}"
        );
    }
    let right = device.shows(clock::now());
    assert!(matches!(office.log_in(&office.one, Some(&right)).await, Err(Error::Throttled(_))));
    assert_eq!(codes.len(), 10);
    let lower = codes[3].to_lowercase().replace('-', "");
    let (one, other) = tokio::join!(
        office.log_in(&office.one, Some(&lower)),
        office.log_in(&office.one, Some(&codes[3]))
    );
    assert!(one.is_ok() != other.is_ok(), "it counts once");
    assert!(wrong(&office.log_in(&office.one, Some(&codes[3])).await));
    assert!(
        office.log_in(&office.one, Some(&right)).await.is_ok(),
        "a right code forgives the wrong ones"
    );
}

#[tokio::test]
async fn what_moves_money_needs_a_factor_that_was_shown_within_ten_minutes() {
    let office = Office::open().await;
    let (device, claims, codes) = office.set_up().await;
    let may = async || office.other.check_proof(claims.sub, claims.sid).await;
    assert!(may().await.is_ok(), "it was shown when it was set up");
    office.pass(PROVEN_FOR);
    assert!(matches!(may().await, Err(Error::SecondFactorNeededAgain)));
    let used = device.shows(clock::now() - PROVEN_FOR);
    let refused = office.one.prove(claims.sub, claims.sid, &typed(&used)).await;
    assert!(matches!(refused, Err(Error::WrongSecondFactor(_))));
    office.one.prove(claims.sub, claims.sid, &typed(&device.shows(clock::now()))).await.unwrap();
    assert!(may().await.is_ok());
    office.pass(PROVEN_FOR);
    office.one.prove(claims.sub, claims.sid, &typed(&codes[0])).await.unwrap();
    assert!(may().await.is_ok());
    let renewed = office.one.renew_recovery_codes(claims.sub).await.unwrap();
    assert!(
        office.one.prove(claims.sub, claims.sid, &typed(&codes[1])).await.is_err(),
        "the earlier ones count no more"
    );
    assert!(office.one.prove(claims.sub, claims.sid, &typed(&renewed[1])).await.is_ok());
    office.one.log_out(claims.sid).await.unwrap();
    assert!(may().await.is_err(), "an ended session proves nothing");
}

#[tokio::test]
async fn a_factor_counts_once_its_own_first_code_is_shown_and_is_not_replaced_then() {
    let office = Office::open().await;
    let session = office.log_in(&office.one, None).await.unwrap();
    let claims = office.one.verify(&session.access_token).unwrap();
    assert!(
        !office.one.lets_administer(&claims)
            && office.one.check_proof(claims.sub, claims.sid).await.is_err()
    );
    let none = office.one.confirm_factor(&claims, "123456").await;
    assert!(matches!(none, Err(Error::NoSecondFactor)));
    let first = device(&office.one, &claims).await;
    let second = device(&office.other, &claims).await;
    let replaced = office.one.confirm_factor(&claims, &first.shows(clock::now())).await;
    assert!(matches!(replaced, Err(Error::WrongSecondFactor(_))), "it was drawn anew");
    assert!(office.log_in(&office.one, None).await.is_ok(), "one that waits is asked of nobody");
    assert!(matches!(
        office.one.prove(claims.sub, claims.sid, &typed("123456")).await,
        Err(Error::NoSecondFactor)
    ));
    let confirmed = office.one.confirm_factor(&claims, &second.shows(clock::now())).await.unwrap();
    // whoever had copied the refresh token of before has not shown the factor
    assert!(office.one.verify(&session.access_token).is_err());
    assert!(office.one.refresh(&session.refresh_token, None).await.is_err());
    let claims = office.one.verify(&confirmed.pair.access_token).unwrap();
    assert!(matches!(
        office.one.enrol(claims.sub, claims.sid).await,
        Err(Error::SecondFactorThere)
    ));
    assert!(forget_second_factor(&office.one.inner.io, claims.sub).await.unwrap());
    office.one.learn().await.unwrap();
    assert!(office.one.verify(&confirmed.pair.access_token).is_err(), "every session ends with it");
    assert!(matches!(office.one.enrol(claims.sub, claims.sid).await, Err(Error::SessionOver)));
    let again = office.log_in(&office.one, None).await.unwrap();
    let claims = office.one.verify(&again.access_token).unwrap();
    assert!(office.one.enrol(claims.sub, claims.sid).await.is_ok());
}
