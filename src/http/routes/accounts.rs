//! Opening an account, and how whatever concerns accounts fails.

use std::time::Duration;

use actix_web::{HttpRequest, HttpResponse, post, web};
use chrono::NaiveDate;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::admin::{second_factor, security_keys};
use super::billing::BillingView;
use crate::actors::auth::{self, Account, Names, Role, SignUpRequest};
use crate::http::middleware::body::Json;
use crate::http::middleware::network::client_address;
use crate::http::middleware::problem::{Kind, Problem};
use crate::http::state::State;
use crate::language::{Language, both};
use crate::typed::{self, Day};

/// The address of who wants an account.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OpenAccount {
    /// Where the code goes; case does not count.
    #[schema(format = "email", max_length = 254)]
    #[serde(deserialize_with = "typed::read_address")]
    email: String,
    /// The language of the e-mail; English when absent.
    language: Option<Language>,
}

/// The answer whether or not the address was known.
#[derive(Serialize, utoipa::ToSchema)]
pub struct EmailSent {}

/// The code from the e-mail, and what the account is to be.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ConfirmAccount {
    /// The address that the e-mail went to.
    #[schema(format = "email", max_length = 254)]
    #[serde(deserialize_with = "typed::read_address")]
    email: String,
    /// Ten letters and digits; case, blanks and dashes do not count.
    #[schema(min_length = 10, max_length = 100, example = "7ZQ4M-0K3XD")]
    code: String,
    /// 10 to 128 characters, none of the commonest passwords, not made of the address or the shop's
    /// name.
    #[schema(value_type = String, format = "password", min_length = 10, max_length = 128)]
    password: SecretString,
    /// As it will stand on invoices; who has one name only sends one of the two.
    #[schema(max_length = 80)]
    first_name: Option<String>,
    /// As it will stand on invoices.
    #[schema(max_length = 80)]
    last_name: Option<String>,
    /// From 1900-01-01 to today.
    birth_date: Option<Day>,
    /// The language of e-mails and documents; English when absent.
    language: Option<Language>,
}

/// An account.
#[derive(Serialize, utoipa::ToSchema)]
pub struct AccountView {
    id: Uuid,
    email: String,
    first_name: String,
    last_name: String,
    #[schema(required)]
    birth_date: Option<NaiveDate>,
    language: Language,
    role: Role,
    /// Where invoices go.
    #[schema(required)]
    billing: Option<BillingView>,
}

/// Asks for an account. An e-mail brings a code for half an hour, or the hint that the address has
/// an account already.
///
/// 429 after 40 requests from one network in a quarter of an hour.
#[utoipa::path(tag = "accounts", operation_id = "open_account", responses((status = 202, description = "An e-mail is on its way", body = EmailSent)))]
#[post("/api/v1/accounts")]
pub(in crate::http) async fn open(
    state: web::Data<State>,
    request: HttpRequest,
    Json(body): Json<OpenAccount>,
) -> Result<HttpResponse, Problem> {
    let from = client_address(&request, &state.face.trusted_proxies);
    state.auth.register(&body.email, body.language.unwrap_or_default(), from).await?;
    Ok(HttpResponse::Accepted().json(EmailSent {}))
}

/// Opens the account with the code from the e-mail.
///
/// All that the account is to be comes with this call: whoever asked for the code has no part in
/// it. 422 `invalid` tries no code. 429 after 40 wrong codes from one network in a quarter of an
/// hour.
#[utoipa::path(tag = "accounts", operation_id = "confirm_account", responses((status = 201, description = "The account is open", body = AccountView)))]
#[post("/api/v1/accounts/confirmation")]
pub(in crate::http) async fn confirm(
    state: web::Data<State>,
    request: HttpRequest,
    Json(body): Json<ConfirmAccount>,
) -> Result<HttpResponse, Problem> {
    let ConfirmAccount { email, code, password, first_name, last_name, birth_date, language } =
        body;
    let application = SignUpRequest {
        email,
        password,
        names: Names { first: first_name.unwrap_or_default(), last: last_name.unwrap_or_default() },
        birth_date: birth_date.map(|day| day.0),
        language: language.unwrap_or_default(),
    };
    let from = client_address(&request, &state.face.trusted_proxies);
    let account = state.auth.confirm(application, &code, from).await?;
    Ok(HttpResponse::Created().json(AccountView::from(account)))
}

impl From<Account> for AccountView {
    fn from(account: Account) -> Self {
        Self {
            id: account.id,
            email: account.email,
            first_name: account.names.first,
            last_name: account.names.last,
            birth_date: account.birth_date,
            language: account.language,
            role: account.role,
            billing: account.billing.map(BillingView::from),
        }
    }
}

impl From<auth::Error> for Problem {
    fn from(error: auth::Error) -> Self {
        use auth::Error as E;
        match error {
            E::Invalid(detail) => Self::invalid(detail),
            E::WrongPassword => Self::new(
                Kind::WrongPassword,
                both(
                    "Check both and try again. Without an account, open one first.",
                    "Prüfen Sie beide und versuchen Sie es noch einmal. Ohne Konto eröffnen Sie zuerst eines.",
                ),
            ),
            E::SessionOver => {
                Self::new(Kind::SessionOver, both("Log in again.", "Melden Sie sich neu an."))
            }
            E::WrongOldPassword => Self::new(
                Kind::WrongOldPassword,
                both(
                    "Nothing was changed. Check the old password, or ask for a code by e-mail.",
                    "Es wurde nichts geändert. Prüfen Sie das alte Passwort oder fordern Sie einen Code per E-Mail an.",
                ),
            ),
            E::WrongToken | E::UnknownKey => Self::unauthenticated(both(
                "The access token does not count. Refresh the session or log in again.",
                "Das Zugangstoken gilt nicht. Erneuern Sie die Sitzung oder melden Sie sich neu an.",
            )),
            E::WrongCode => Self::new(
                Kind::WrongCode,
                both(
                    "It is wrong, too old or was used. Check it, or ask for a new one.",
                    "Er ist falsch, zu alt oder wurde schon benutzt. Prüfen Sie ihn oder fordern Sie einen neuen an.",
                ),
            ),
            E::SecondFactorRequired(asked) => second_factor::required(asked),
            E::SecurityKeyNeeded(_) => security_keys::needed(),
            E::SecurityKey(refused) => security_keys::refused(refused),
            E::WrongSecondFactor(_) => second_factor::wrong(),
            E::SecondFactorNeededAgain => second_factor::needed_again(),
            E::SecondFactorThere => second_factor::there(),
            E::NoSecondFactor => second_factor::none(),
            E::Disabled => second_factor::disabled(),
            E::LastAdmin => second_factor::last_admin(),
            E::Taken => Self::new(
                Kind::AddressTaken,
                both("Log in with this address.", "Melden Sie sich mit dieser Adresse an."),
            ),
            E::Throttled(wait) => throttled(wait),
            E::Besieged(wait) => besieged(wait),
            E::Busy => Self::unavailable(
                both(
                    "Many are logging in at the moment. Nothing was done, try again.",
                    "Gerade melden sich viele an. Es ist nichts geschehen, versuchen Sie es noch einmal.",
                ),
                2,
            ),
            E::Database(error) => error.into(),
            E::Fault(place) => {
                tracing::error!(event = "server.fault", place, "accounts are faulty");
                Self::internal()
            }
        }
    }
}

/// 429: whoever asks has failed too often.
fn throttled(wait: Duration) -> Problem {
    Problem::throttled(
        both(
            "Too many attempts. Wait, then try again.",
            "Zu viele Versuche. Warten Sie und versuchen Sie es dann noch einmal.",
        ),
        wait.as_secs().saturating_add(1),
    )
}

/// 429: others try the account, and a code by e-mail lets its owner in.
fn besieged(wait: Duration) -> Problem {
    Problem::throttled(
        both(
            "Many others try this account. Wait, or ask for a new password by e-mail: with its code you are let in at once.",
            "Viele andere versuchen es mit diesem Konto. Warten Sie oder fordern Sie per E-Mail ein neues Passwort an: Mit dessen Code kommen Sie sofort hinein.",
        ),
        wait.as_secs().saturating_add(1),
    )
}
