//! Accounts that end, and who runs the shop, at two replicas over one database.

use chrono::TimeDelta;
use secrecy::ExposeSecret as _;

use super::tests::{PASSWORD, add, two_replicas};
use super::{Error, LogIn, Role, Standing, create_admin};
use crate::clock;

const ADA: &str = "ada@example.org";
const EVE: &str = "eve@example.org";

#[tokio::test]
async fn a_disabled_account_is_out_here_at_once_and_elsewhere_once_that_is_learned() {
    let (_folder, one, other) = two_replicas().await;
    add(&one, ADA, Role::Customer).await;
    let ada = one.member_of(ADA).await.unwrap().unwrap();
    let log_in = async || other.log_in(ADA, PASSWORD.to_owned().into(), None).await;
    let pair = log_in().await.unwrap();
    let ended = one.change_standing(ada.id, Standing::Disabled).await.unwrap().unwrap();
    assert_eq!(ended, [pair.session_id]);
    assert!(one.verify(&pair.access_token).is_err());
    assert!(
        matches!(other.refresh(&pair.refresh_token, None).await, Err(Error::SessionOver)),
        "by the database"
    );
    other.learn().await.unwrap();
    assert!(other.verify(&pair.access_token).is_err());
    assert!(matches!(log_in().await, Err(Error::Disabled)));
    let wrong = other.log_in(ADA, "wrong horse".to_owned().into(), None).await;
    assert!(matches!(wrong, Err(Error::WrongPassword)), "nobody else learns that it is disabled");
    let since = one.member(ada.id).await.unwrap().unwrap().disabled_at;
    assert_eq!(
        one.change_standing(ada.id, Standing::Disabled).await.unwrap(),
        Some(Vec::new()),
        "twice is once"
    );
    assert_eq!(one.member(ada.id).await.unwrap().unwrap().disabled_at, since);
    one.change_standing(ada.id, Standing::Enabled).await.unwrap();
    assert!(log_in().await.is_ok());
    assert!(other.refresh(&pair.refresh_token, None).await.is_err(), "what ended stays ended");
    assert_eq!(one.change_standing(uuid::Uuid::nil(), Standing::Disabled).await.unwrap(), None);
}

#[tokio::test]
async fn who_loses_the_role_is_no_admin_any_more_and_the_last_one_keeps_it() {
    let (_folder, one, other) = two_replicas().await;
    add(&one, ADA, Role::Admin).await;
    add(&one, EVE, Role::Admin).await;
    let [ada, eve] = [ADA, EVE].map(|email| one.member_of(email));
    let ada = ada.await.unwrap().unwrap();
    let eve = eve.await.unwrap().unwrap();
    let pair = one.log_in(EVE, PASSWORD.to_owned().into(), None).await.unwrap();
    one.change_standing(eve.id, Standing::Customer).await.unwrap();
    assert!(one.verify(&pair.access_token).is_err());
    other.learn().await.unwrap();
    assert!(
        other.verify(&pair.access_token).is_err()
            && other.refresh(&pair.refresh_token, None).await.is_err()
    );
    let again = other.log_in(EVE, PASSWORD.to_owned().into(), None).await.unwrap();
    assert_eq!(again.role, Role::Customer);
    for to in [Standing::Disabled, Standing::Customer] {
        assert!(matches!(one.may_change(ada.id, to).await, Err(Error::LastAdmin)));
        assert!(matches!(one.change_standing(ada.id, to).await, Err(Error::LastAdmin)));
    }
    one.change_standing(eve.id, Standing::Admin).await.unwrap();
    assert!(
        other.refresh(&again.refresh_token, None).await.is_err(),
        "a role is nothing that a session grows into"
    );
    let (first, second) = tokio::join!(
        one.change_standing(ada.id, Standing::Disabled),
        other.change_standing(eve.id, Standing::Customer)
    );
    assert!(first.is_ok() != second.is_ok(), "of two admins who take each other's role one stays");
    let left = one.admins().await.unwrap().into_iter().filter(|admin| admin.disabled_at.is_none());
    assert_eq!(left.count(), 1);
}

#[tokio::test]
async fn of_an_accounts_sessions_so_many_go_on_and_the_one_unused_for_longest_ends() {
    let (_folder, one, other) = two_replicas().await;
    add(&one, ADA, Role::Customer).await;
    let mut pairs = Vec::new();
    for _no in 0..20 {
        pairs.push(one.log_in(ADA, PASSWORD.to_owned().into(), None).await.unwrap());
    }
    let first = other.refresh(&pairs[0].refresh_token, None).await.unwrap();
    one.log_in(ADA, PASSWORD.to_owned().into(), None).await.unwrap();
    assert!(one.verify(&pairs[1].access_token).is_err(), "here at once");
    assert!(other.refresh(&pairs[1].refresh_token, None).await.is_err());
    assert!(other.refresh(&first.refresh_token, None).await.is_ok(), "it was used since");
    assert!(other.refresh(&pairs[2].refresh_token, None).await.is_ok());
    assert_eq!(one.sessions(first.account_id).await.unwrap().len(), 20);
}

#[tokio::test]
async fn an_admin_of_the_command_line_sets_a_password_with_a_code_that_counts_once() {
    let (_folder, one, _other) = two_replicas().await;
    let (code, ends) =
        create_admin(&one.inner.io, one.inner.secret.expose_secret(), ADA).await.unwrap();
    let left = ends - clock::now();
    assert!(left > TimeDelta::hours(22) && left <= TimeDelta::hours(24), "{left}");
    let set = async |code: &str, password: &str| {
        one.reset_password(ADA, code, password.to_owned().into(), None).await
    };
    assert!(matches!(set("00000-00000", "battery staple").await, Err(Error::WrongCode)));
    set(code.expose_secret(), "battery staple").await.unwrap();
    assert!(
        matches!(set(code.expose_secret(), "another staple").await, Err(Error::WrongCode)),
        "it was used"
    );
    let log_in =
        LogIn { email: ADA.to_owned(), password: "battery staple".to_owned().into(), shown: None };
    assert_eq!(one.log_in_with(log_in, None).await.unwrap().role, Role::Admin);
    let taken = create_admin(&one.inner.io, one.inner.secret.expose_secret(), ADA).await;
    assert!(matches!(taken, Err(Error::Taken)));
}
