//! Accounts and their sessions: found, ended, disabled, and who runs the shop.

use actix_web::{HttpResponse, get, post, web};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::reason::{GivenReason, Reason};
use crate::actors::auth::{Member, Role, Standing};
use crate::http::middleware::body::Json;
use crate::http::middleware::paging::Page;
use crate::http::routes::sessions::SessionList;
use crate::http::store;
use crate::http::{Admin, Problem, State};
use crate::language::both;
use crate::typed;

/// Whose account.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SearchAccount {
    /// The whole address; case does not count.
    #[schema(format = "email", max_length = 254)]
    #[serde(deserialize_with = "typed::read_address")]
    email: String,
}

/// What can be changed of an account.
#[derive(Clone, Copy, Debug, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum AccountChange {
    /// Nobody logs in with it any more.
    Disable,
    /// Its owner logs in again.
    Enable,
    /// It runs the shop.
    GrantAdmin,
    /// It runs the shop no more; its second factor is taken away.
    RevokeAdmin,
    /// Its device and recovery codes are lost: its second factor is taken away.
    ForgetSecondFactor,
}

/// An account as admins see it.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = AdminAccount)]
pub struct MemberView {
    id: Uuid,
    email: String,
    role: Role,
    /// Whether a second factor is asked for at its log-ins.
    has_second_factor: bool,
    /// Since when nobody logs in with it.
    #[schema(required)]
    disabled_at: Option<DateTime<Utc>>,
    opened_at: DateTime<Utc>,
}

impl From<Member> for MemberView {
    fn from(member: Member) -> Self {
        let Member { id, email, role, has_second_factor, disabled_at, opened_at } = member;
        Self { id, email, role, has_second_factor, disabled_at, opened_at }
    }
}

/// Every account that runs the shop, in the order in which they were opened.
#[utoipa::path(tag = "admin", operation_id = "list_admins", security(("bearer" = [])),
    responses((status = 200, description = "All of them", body = Page<MemberView>)))]
#[get("/api/v1/admin/accounts")]
pub(in crate::http) async fn list(
    state: web::Data<State>,
    admin: Admin,
) -> Result<HttpResponse, Problem> {
    store::write_audit(&state.io, admin.audit_entry("accounts.read", "admins", None)).await?;
    let members = state.auth.admins().await?;
    Ok(HttpResponse::Ok()
        .json(Page::<MemberView>::whole(members.into_iter().map(MemberView::from).collect())))
}

/// The account of an address. That somebody looked is written down, the address is not.
///
/// A POST, because addresses have no place in the logs of proxies. 404 when no account has it.
#[utoipa::path(tag = "admin", operation_id = "search_account", security(("bearer" = [])), request_body = SearchAccount,
    responses((status = 200, description = "The account", body = MemberView)))]
#[post("/api/v1/admin/account-search")]
pub(in crate::http) async fn search(
    state: web::Data<State>,
    admin: Admin,
    Json(body): Json<SearchAccount>,
) -> Result<HttpResponse, Problem> {
    let email = super::cases::plain("email", &body.email, 1..=254)?;
    let found = state.auth.member_of(&email).await?;
    let subject =
        found.as_ref().map_or_else(|| "nobody".to_owned(), |member| member.id.to_string());
    store::write_audit(&state.io, admin.audit_entry("account.read", subject, None)).await?;
    Ok(HttpResponse::Ok().json(MemberView::from(found.ok_or_else(unknown)?)))
}

/// The sessions of an account that go on, the newest first, at most 100.
#[utoipa::path(tag = "admin", operation_id = "list_sessions_of_account", security(("bearer" = [])),
    params(("id" = Uuid, Path, description = "The account's id")),
    responses((status = 200, description = "The sessions", body = SessionList)))]
#[get("/api/v1/admin/accounts/{id}/sessions")]
pub(in crate::http) async fn sessions(
    state: web::Data<State>,
    admin: Admin,
    id: web::Path<Uuid>,
) -> Result<HttpResponse, Problem> {
    state.auth.member(*id).await?.ok_or_else(unknown)?;
    store::write_audit(&state.io, admin.audit_entry("sessions.read", id.to_string(), None)).await?;
    Ok(HttpResponse::Ok().json(SessionList::new(state.auth.sessions(*id).await?, None)))
}

/// Ends a session of an account, its access token included: at other replicas in a moment, without
/// Redis within five seconds. The reason is written down first; twice changes nothing.
#[utoipa::path(tag = "admin", operation_id = "end_session_of_account", security(("bearer" = [])), request_body = GivenReason,
    params(("id" = Uuid, Path, description = "The account's id"), ("session" = Uuid, Path, description = "The session's id")),
    responses((status = 204, description = "The session is over")))]
#[post("/api/v1/admin/accounts/{id}/sessions/{session}/end")]
pub(in crate::http) async fn end_session(
    state: web::Data<State>,
    admin: Admin,
    path: web::Path<(Uuid, Uuid)>,
    Reason(reason): Reason,
) -> Result<HttpResponse, Problem> {
    let (account, session) = path.into_inner();
    if !state.auth.has_session(account, session).await? {
        return Err(Problem::not_found(both(
            "The account has no such session. `GET /api/v1/admin/accounts/{id}/sessions` lists those that go on.",
            "Das Konto hat keine solche Sitzung. `GET /api/v1/admin/accounts/{id}/sessions` nennt die, die noch laufen.",
        )));
    }
    store::write_audit(
        &state.io,
        admin.audit_entry("session.end", session.to_string(), Some(reason)),
    )
    .await?;
    state.auth.end_session(account, session).await?;
    state.streams.end_session(session);
    Ok(HttpResponse::NoContent().finish())
}

/// Changes how an account stands; the reason is written down first, and every session of the
/// account ends: at other replicas in a moment, without Redis within five seconds. Twice is like
/// once.
///
/// 403 `second-factor-needed-again` where the second factor was not shown within ten minutes. 409
/// `last-admin`: nobody could run the shop any more.
#[utoipa::path(tag = "admin", operation_id = "change_account_standing", security(("bearer" = [])), request_body = GivenReason,
    params(("id" = Uuid, Path, description = "The account's id"), ("change" = inline(AccountChange), Path)),
    responses((status = 200, description = "The account as it is now", body = MemberView)))]
#[post("/api/v1/admin/accounts/{id}/standing/{change}")]
pub(in crate::http) async fn change_standing(
    state: web::Data<State>,
    admin: Admin,
    path: web::Path<(Uuid, AccountChange)>,
    Reason(reason): Reason,
) -> Result<HttpResponse, Problem> {
    let (id, change) = path.into_inner();
    let (standing, action) = match change {
        AccountChange::Disable => (Standing::Disabled, "account.disable"),
        AccountChange::Enable => (Standing::Enabled, "account.enable"),
        AccountChange::GrantAdmin => (Standing::Admin, "account.give_admin"),
        AccountChange::RevokeAdmin => (Standing::Customer, "account.take_admin"),
        AccountChange::ForgetSecondFactor => {
            (Standing::WithoutSecondFactor, "account.forget_second_factor")
        }
    };
    admin.check_proof(&state).await?;
    state.auth.member(id).await?.ok_or_else(unknown)?;
    state.auth.may_change(id, standing).await?;
    store::write_audit(&state.io, admin.audit_entry(action, id.to_string(), Some(reason))).await?;
    let ended = state.auth.change_standing(id, standing).await?.ok_or_else(unknown)?;
    tracing::warn!(account = %id, action, sessions = ended.len(), "an admin changed how an account stands");
    ended.into_iter().for_each(|session| state.streams.end_session(session));
    let member = state.auth.member(id).await?.ok_or_else(unknown)?;
    Ok(HttpResponse::Ok().json(MemberView::from(member)))
}

fn unknown() -> Problem {
    Problem::not_found(both(
        "There is no such account. `POST /api/v1/admin/account-search` finds one by its address.",
        "Dieses Konto gibt es nicht. `POST /api/v1/admin/account-search` findet eines über seine Adresse.",
    ))
}
