//! How an e-mail is asked for: a job with ids, never names or addresses.

use sea_orm::DbErr;
use serde::{Deserialize, Serialize};
pub use starjack_rules::effects::OrderEmail;
use uuid::Uuid;

use crate::actors::auth;
use crate::actors::jobs::NewJob;
use crate::clock;

/// The kind of the jobs that ask for an e-mail.
pub(super) const KIND: &str = "letter";

/// What stands in the job.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "letter", rename_all = "snake_case")]
pub(super) enum Payload {
    OrderFinished {
        order_id: Uuid,
    },
    OrderRejected {
        order_id: Uuid,
    },
    OrderUndone {
        order_id: Uuid,
    },
    MoneyReturned {
        order_id: Uuid,
        payment: i32,
    },
    TicketReturn {
        order_id: Uuid,
        line: i32,
        kept: bool,
    },
    /// What accounts ask for.
    #[serde(untagged)]
    Account(auth::AccountEmail),
}

/// The job for an e-mail about an order, for the commit it follows from. An end has one e-mail
/// however often it is asked for; returned money has one a payment and `version` of the order, a
/// ticket that was to be returned one a line and `version`.
///
/// # Errors
/// `Json`, never seen: ids can be written.
pub fn order_email(email: OrderEmail, order_id: Uuid, version: i64) -> Result<NewJob, DbErr> {
    let (payload, key) = match email {
        OrderEmail::Finished => {
            (Payload::OrderFinished { order_id }, format!("order_finished/{order_id}"))
        }
        OrderEmail::Rejected => {
            (Payload::OrderRejected { order_id }, format!("order_rejected/{order_id}"))
        }
        OrderEmail::Undone => {
            (Payload::OrderUndone { order_id }, format!("order_undone/{order_id}"))
        }
        OrderEmail::MoneyReturned(payment) => (
            Payload::MoneyReturned { order_id, payment },
            format!("money_returned/{order_id}/{payment}/{version}"),
        ),
        OrderEmail::TicketReturned(line) => {
            let payload = Payload::TicketReturn { order_id, line, kept: false };
            (payload, format!("ticket_return/{order_id}/{line}/{version}"))
        }
        OrderEmail::TicketKept(line) => {
            let payload = Payload::TicketReturn { order_id, line, kept: true };
            (payload, format!("ticket_return/{order_id}/{line}/{version}"))
        }
    };
    job(&payload, &key)
}

fn job(payload: &Payload, key: &str) -> Result<NewJob, DbErr> {
    Ok(NewJob {
        kind: KIND,
        payload: serde_json::to_string(payload).map_err(|error| DbErr::Json(error.to_string()))?,
        dedup_key: format!("{KIND}/{key}"),
        run_at: clock::now(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_email_is_asked_for_by_ids_and_its_key_fits_the_table() {
        let money =
            order_email(OrderEmail::MoneyReturned(i32::MIN), Uuid::max(), i64::MIN).unwrap();
        assert!(money.dedup_key.len() <= 120, "{}", money.dedup_key);
        let finished = order_email(OrderEmail::Finished, Uuid::nil(), 9).unwrap();
        assert_eq!(
            finished.payload,
            r#"{"letter":"order_finished","order_id":"00000000-0000-0000-0000-000000000000"}"#
        );
        assert_eq!(
            finished.dedup_key,
            order_email(OrderEmail::Finished, Uuid::nil(), 10).unwrap().dedup_key
        );
    }

    #[test]
    fn what_a_payload_says_beyond_its_email_is_overlooked() {
        let payload = r#"{"letter":"order_finished","order_id":"00000000-0000-0000-0000-000000000000","payment":null}"#;
        let understood: Payload = serde_json::from_str(payload).unwrap();
        assert_eq!(understood, Payload::OrderFinished { order_id: Uuid::nil() });
    }

    #[test]
    fn what_auth_asks_for_is_understood() {
        let id = Uuid::max();
        for asked in [
            auth::AccountEmail::AccountCode { registration: id },
            auth::AccountEmail::AccountExists { account: id },
            auth::AccountEmail::PasswordResetCode { reset: id },
            auth::AccountEmail::PasswordChanged { account: id, at: clock::now() },
            auth::AccountEmail::AddressCode { change: id },
            auth::AccountEmail::AddressTaken { account: id },
            auth::AccountEmail::AddressChanged { change: id },
            auth::AccountEmail::AccountDeleted { change: id },
        ] {
            let payload = serde_json::to_string(&asked).unwrap();
            assert_eq!(serde_json::from_str::<Payload>(&payload).unwrap(), Payload::Account(asked));
        }
        assert_eq!(auth::EMAIL_JOB, KIND);
    }
}
