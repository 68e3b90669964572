//! What the post answers, and what it costs when the post breaks.

use super::*;
use crate::actors::mail::actor::start;
use crate::actors::supervision::System;
use crate::integrations::mail::MailProvider;
use crate::integrations::{Permit, Refusal, RefusalKind};

#[tokio::test]
async fn what_the_post_answers_decides_and_every_repeat_has_the_same_message_id() {
    let desk = desk().await;
    let job = account_email(&AccountEmail::AccountCode { registration: Uuid::nil() }, 1);
    let refused = Refusal { kind: RefusalKind::MessageRejected, code: "400".into() };
    let ask_after = Duration::from_secs(9);
    for (answer, end) in [
        (Outcome::Done(()), JobEnd::Done),
        (Outcome::Refused(refused), JobEnd::Dead { why: "the e-mail was refused: 400".into() }),
        (
            Outcome::NotSent("busy".into()),
            JobEnd::Later { after: Duration::from_secs(60), why: "not sent: busy".into() },
        ),
        (
            Outcome::Pending { ask_after },
            JobEnd::Again { after: Some(ask_after), why: "accepted, but not for sure".into() },
        ),
        (
            Outcome::Unknown("reset".into()),
            JobEnd::Again { after: None, why: "in doubt: reset".into() },
        ),
    ] {
        *desk.pillar.answer.borrow_mut() = answer;
        assert_eq!(desk.work_off(&job, 1).await, end);
    }
    let ids: Vec<_> =
        desk.pillar.taken.borrow().iter().map(|email| email.message_id.clone()).collect();
    assert!(
        ids.len() == 5
            && ids.iter().all(|id| *id == ids[0])
            && ids[0].ends_with("@mail.shop.example"),
        "{ids:?}"
    );
    *desk.pillar.answer.borrow_mut() = Outcome::Done(());
    let other = desk
        .email(&account_email(&AccountEmail::AccountCode { registration: Uuid::nil() }, 2))
        .await;
    assert_ne!(other.message_id, ids[0]);
}

/// A provider that panics at one address and takes e-mails for any other.
struct Moody;

impl MailProvider for Moody {
    fn send(&self, email: OutgoingEmail, permit: Permit) -> LocalBoxFuture<'_, Outcome<()>> {
        Box::pin(async move {
            assert!(permit.holds());
            assert_ne!(email.to, "panic@example.org");
            Outcome::Done(())
        })
    }
}

#[actix_rt::test]
async fn the_office_says_of_an_email_that_broke_it_that_anything_may_have_happened_and_takes_the_next()
 {
    let system = System::start().unwrap();
    let office = start(&system, || Ok(Rc::new(Moody)));
    let email = |to: &str| OutgoingEmail {
        message_id: "1@example.org".into(),
        to: to.into(),
        subject: String::new(),
        text: String::new(),
        html: String::new(),
        attachments: Vec::new(),
    };
    let soon = || Deadline::after(Duration::from_secs(10));
    assert!(matches!(office.send(email("panic@example.org"), soon()).await, Outcome::Unknown(_)));
    assert_eq!(office.send(email("anna@example.org"), soon()).await, Outcome::Done(()));
    let too_late = Deadline::after(Duration::ZERO);
    assert!(matches!(office.send(email("anna@example.org"), too_late).await, Outcome::NotSent(_)));
    assert!(!system.shutdown(soon()).await, "it did not drain in time");
}
