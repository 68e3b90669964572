//! E-mails about accounts.

use super::super::payload::{OrderEmail, order_email};
use super::*;

#[tokio::test]
async fn a_code_is_shown_with_its_end_in_vienna_and_names_are_escaped_only_where_they_must_be() {
    let desk = desk().await;
    let email = desk
        .email(&account_email(&AccountEmail::AccountCode { registration: Uuid::nil() }, 1))
        .await;
    assert_eq!(
        (email.to.as_str(), email.subject.as_str()),
        ("anna@example.org", "[simulated] 7ZQ4M-0K3XD is your code for Starjack")
    );
    assert_says(&email, &["Hello,", "7ZQ4M-0K3XD", "08:05 on 24 December 2026 (Vienna time)"]);
    assert!(!email.text.contains("Anna"), "an address that is not confirmed is nobody's");
    let exists =
        desk.email(&account_email(&AccountEmail::AccountExists { account: Uuid::nil() }, 1)).await;
    assert!(!exists.html.contains("<b>"));
    assert_says(&exists, &["Hello <b>Anna & Co,", "You already have one", "nothing was changed"]);
}

#[tokio::test]
async fn an_email_that_nobody_wants_any_more_is_not_sent_and_an_unreadable_one_waits() {
    let desk = desk().await;
    let gone = account_email(&AccountEmail::AccountCode { registration: Uuid::from_u128(7) }, 1);
    assert_eq!(desk.work_off(&gone, 1).await, JobEnd::Done);
    let unreadable = account_email(&AccountEmail::AccountCode { registration: Uuid::max() }, 1);
    assert!(matches!(desk.work_off(&unreadable, 1).await, JobEnd::Again { .. }));
    let unknown = order_email(OrderEmail::Finished, Uuid::nil(), 1).unwrap();
    assert!(matches!(desk.work_off(&unknown, 1).await, JobEnd::Dead { .. }));
    let garbage = NewJob { payload: "{}".into(), ..gone };
    assert!(matches!(desk.work_off(&garbage, 1).await, JobEnd::Dead { .. }));
    assert!(desk.pillar.taken.borrow().is_empty());
}

#[tokio::test]
async fn a_new_password_is_offered_by_a_code_and_its_change_is_told_with_the_time() {
    let desk = desk_in(Language::De).await;
    let code = desk
        .email(&account_email(&AccountEmail::PasswordResetCode { reset: Uuid::nil() }, 1))
        .await;
    assert_eq!(
        code.subject,
        "[simuliert] 7ZQ4M-0K3XD ist Ihr Code für ein neues Passwort bei Starjack"
    );
    assert_says(
        &code,
        &[
            "Guten Tag <b>Anna & Co Berg,",
            "7ZQ4M-0K3XD",
            "08:05 Uhr am 24. Dezember 2026 (Wiener Zeit)",
        ],
    );
    let at = Utc.with_ymd_and_hms(2026, 12, 19, 22, 59, 0).unwrap();
    let changed = desk
        .email(&account_email(&AccountEmail::PasswordChanged { account: Uuid::nil(), at }, 1))
        .await;
    assert_says(
        &changed,
        &["um 23:59 Uhr am 19. Dezember 2026", "Sie waren das nicht?", "help@shop.example"],
    );
}
