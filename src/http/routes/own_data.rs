//! What customers may do with what is theirs: take it along, and leave.

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, delete, get, web};
use secrecy::SecretString;
use serde::Deserialize;

use crate::actors::customer::{self, DeleteError};
use crate::http::middleware::body::Json;
use crate::http::middleware::network::client_address;
use crate::http::middleware::problem::{Kind, Problem};
use crate::http::middleware::session::Customer;
use crate::http::state::State;
use crate::language::both;

/// The password once more.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DeleteAccount {
    /// The account's password.
    #[schema(value_type = String, format = "password")]
    password: SecretString,
}

/// Deletes one's own account: its person, its cards and its sessions. Orders stay without their
/// customer, invoices as the law wants it; holders are erased 90 days after their ticket's last
/// day. An e-mail says so, and the address may open another account.
///
/// Tickets that are valid stay valid and cannot be given back any more. 409 names the orders that
/// are not settled yet. 422 when the password is wrong, 429 after ten tries in a quarter of an
/// hour.
#[utoipa::path(tag = "accounts", operation_id = "delete_account", security(("bearer" = [])), request_body = DeleteAccount,
    responses((status = 204, description = "There is no such account any more")))]
#[delete("/api/v1/accounts/me")]
pub(in crate::http) async fn delete(
    state: web::Data<State>,
    customer: Customer,
    request: HttpRequest,
    Json(body): Json<DeleteAccount>,
) -> Result<HttpResponse, Problem> {
    let from = client_address(&request, &state.face.trusted_proxies);
    customer::delete_account((&state.auth, &state.io), customer.account_id, body.password, from)
        .await?;
    Ok(HttpResponse::NoContent().finish())
}

/// All that is stored about one's own account, but for secrets; invoices are listed and fetched one
/// by one.
///
/// 429 when there was an export less than a minute ago.
#[utoipa::path(tag = "accounts", operation_id = "export_account", security(("bearer" = [])),
    responses((status = 200, description = "A file of JSON", body = Object)))]
#[get("/api/v1/accounts/me/export")]
pub(in crate::http) async fn export(
    state: web::Data<State>,
    customer: Customer,
) -> Result<HttpResponse, Problem> {
    state.auth.may_export(customer.account_id).await?;
    let all = customer::export(&state.io, customer.account_id).await?;
    let all = all.ok_or_else(|| {
        Problem::unauthenticated(both("Log in again.", "Melden Sie sich neu an."))
    })?;
    Ok(HttpResponse::Ok()
        .insert_header((header::CONTENT_DISPOSITION, "attachment; filename=\"starjack.json\""))
        .json(all))
}

impl From<DeleteError> for Problem {
    fn from(error: DeleteError) -> Self {
        match error {
            DeleteError::Open(numbers) => {
                let numbers = numbers.join(", ");
                Self::new(
                    Kind::OrdersOpen,
                    both(
                        format!(
                            "{numbers}: not settled yet. Pay or cancel what waits; what we still have to do ends by itself, at the latest a day after ordering unless a person of ours has to look at it."
                        ),
                        format!(
                            "{numbers}: noch nicht abgeschlossen. Bezahlen oder stornieren Sie, was wartet; was wir noch zu tun haben, endet von selbst, spätestens einen Tag nach der Bestellung, wenn es sich niemand von uns ansehen muss."
                        ),
                    ),
                )
            }
            DeleteError::Admin => Self::forbidden(both(
                "An admin's account is ended by whoever runs the shop.",
                "Ein Administrationskonto beendet, wer den Shop betreibt.",
            )),
            DeleteError::Account(error) => error.into(),
        }
    }
}
