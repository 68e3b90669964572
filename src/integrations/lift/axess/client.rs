//! One function per operation of DCI4WTP, each within the incarnation's session.

use secrecy::ExposeSecret;

use super::config::Config;
use super::lists::{self, TariffKey};
use super::session::{Place, Session};
use super::wire::{self, CheckWtpNo, IssueTicket, Login, MEMBERS, TEAM, TicketKey};
use crate::clock;
use crate::integrations::Permit;
use crate::integrations::client::{Client, SendError};
use crate::integrations::soap::{self, Element, SoapError, Tag};

/// The server does not know the session: nothing was done.
pub(super) const SESSION_UNKNOWN: i64 = -2001;

/// Why a call has no result; an error number is a result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum CallError {
    /// Provably nothing was done.
    NotSent(String),
    /// No answer, or one that is not in the document.
    Unknown(String),
}

impl From<SendError> for CallError {
    fn from(error: SendError) -> Self {
        match error {
            SendError::NotSent(why) => Self::NotSent(why),
            SendError::Unknown(why) => Self::Unknown(why),
        }
    }
}

impl From<SoapError> for CallError {
    fn from(error: SoapError) -> Self {
        let text = error.to_string();
        match error {
            SoapError::Unauthorized(_) => Self::NotSent(text),
            SoapError::Fault(_)
            | SoapError::NotXml { .. }
            | SoapError::Broken { .. }
            | SoapError::NotSoap(_) => Self::Unknown(text),
        }
    }
}

/// An operation's result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Reply {
    /// `NERRORNO`: 0 is success.
    pub(super) error_no: i64,
    /// All members of the result.
    pub(super) result: Element,
}

/// The service of one contract, logged in for one incarnation.
pub(super) struct Service {
    client: Client,
    config: Config,
    place: Place,
}

impl Service {
    pub(super) fn new(client: Client, config: Config) -> Self {
        Self { client, config, place: Place::default() }
    }

    pub(super) fn config(&self) -> &Config {
        &self.config
    }

    /// Whether the project accepts the card. Harmless to repeat.
    pub(super) async fn check_wtp_no(
        &self,
        check: &CheckWtpNo,
        permit: &Permit,
    ) -> Result<Reply, CallError> {
        self.within_session("team:checkWTPNo", permit, |session| check.tag(session)).await
    }

    /// Sells one ticket. `Unproven:` a known `SZEXTORDERNO` is answered with -6530 and the first
    /// result.
    pub(super) async fn issue_ticket(
        &self,
        issue: &IssueTicket,
        permit: &Permit,
    ) -> Result<Reply, CallError> {
        self.within_session("team:issueTicket", permit, |session| issue.tag(session)).await
    }

    /// The tickets under our reference, oldest first. Harmless to repeat.
    pub(super) async fn ticket_by_ext_order(
        &self,
        ext_order_no: &str,
        permit: &Permit,
    ) -> Result<Reply, CallError> {
        let tag = |session: &str| wire::ticket_by_ext_order(session, ext_order_no);
        self.within_session("team:getTicketByExtOrder", permit, tag).await
    }

    /// The sales of a day (`yyyy-MM-dd`) after a journal number. Harmless to repeat.
    pub(super) async fn sales_list(
        &self,
        (day, after): (&str, i64),
        permit: &Permit,
    ) -> Result<Reply, CallError> {
        let tag = |session: &str| wire::sales_list(session, self.config.project_no, (day, after));
        self.within_session("team:getSalesList", permit, tag).await
    }

    /// Cancels the sale and blocks the ticket. Harmless to repeat; what an error means, the status
    /// says.
    pub(super) async fn cancel_ticket(
        &self,
        ticket: TicketKey,
        permit: &Permit,
    ) -> Result<Reply, CallError> {
        self.within_session("team:cancelTicket", permit, |session| ticket.cancel_tag(session)).await
    }

    /// Where the ticket stands. Harmless to repeat.
    pub(super) async fn ticket_status(
        &self,
        ticket: TicketKey,
        permit: &Permit,
    ) -> Result<Reply, CallError> {
        self.within_session("team:getTicketStatus", permit, |session| ticket.status_tag(session))
            .await
    }

    /// The pools that the shop may sell for. Harmless to repeat.
    pub(super) async fn pools(&self, permit: &Permit) -> Result<Reply, CallError> {
        self.within_session("team:getpools", permit, |session| lists::pools(&self.config, session))
            .await
    }

    /// The ticket types of a pool. Harmless to repeat.
    pub(super) async fn ticket_types(
        &self,
        pool: i64,
        permit: &Permit,
    ) -> Result<Reply, CallError> {
        let tag = |session: &str| lists::ticket_types(&self.config, pool, session);
        self.within_session("team:gettickettypes", permit, tag).await
    }

    /// The person types. Harmless to repeat.
    pub(super) async fn person_types(&self, permit: &Permit) -> Result<Reply, CallError> {
        self.within_session("team:getpersontypes", permit, |session| {
            lists::person_types(&self.config, session)
        })
        .await
    }

    /// What a product costs a person type on a day, and until when. Harmless to repeat.
    pub(super) async fn tariff(&self, key: TariffKey, permit: &Permit) -> Result<Reply, CallError> {
        self.within_session("team:gettariff", permit, |session| key.tag(&self.config, session))
            .await
    }

    /// Calls with the session in the request. An answer that says that the session is unknown was
    /// given before the act, so one log-in and one repeat follow; said twice, nothing was done.
    async fn within_session(
        &self,
        name: &'static str,
        permit: &Permit,
        parameter: impl Fn(&str) -> Tag,
    ) -> Result<Reply, CallError> {
        let session = self.session(None, permit).await?;
        let reply = self.call(name, parameter(&session), permit).await?;
        if reply.error_no != SESSION_UNKNOWN {
            return Ok(reply);
        }
        let session = self.session(Some(&session), permit).await?;
        let reply = self.call(name, parameter(&session), permit).await?;
        match reply.error_no {
            SESSION_UNKNOWN => {
                Err(CallError::NotSent("the server refuses a session it has just begun".into()))
            }
            _ => Ok(reply),
        }
    }

    /// The kept session, or a new one. Whatever fails here fails before the act.
    async fn session(&self, forgotten: Option<&str>, permit: &Permit) -> Result<String, CallError> {
        let waiting = clock::timeout_at(permit.deadline(), self.place.0.lock()).await;
        let mut place = waiting
            .map_err(|_elapsed| CallError::NotSent("no session before the deadline".into()))?;
        if let Some(session) =
            place.as_ref().filter(|session| session.is_good(clock::instant(), forgotten))
        {
            return Ok(session.id().to_owned());
        }
        *place = None;
        let session = self.log_in(permit).await.map_err(|error| match error {
            CallError::NotSent(why) | CallError::Unknown(why) => {
                CallError::NotSent(format!("no session: {why}"))
            }
        })?;
        let id = session.id().to_owned();
        *place = Some(session);
        Ok(id)
    }

    async fn log_in(&self, permit: &Permit) -> Result<Session, CallError> {
        let login = Login {
            country_code: &self.config.country_code,
            password: self.config.password.expose_secret(),
            soap_password: self.config.soap_password.expose_secret(),
            soap_user_name: self.config.soap_user_name.expose_secret(),
            user_name: self.config.user_name.expose_secret(),
        };
        let reply = self.call("team:login", login.tag(), permit).await?;
        if reply.error_no != 0 {
            return Err(CallError::NotSent(format!(
                "the log-in is refused with {}",
                reply.error_no
            )));
        }
        let id = wire::number(&reply.result, "NSESSIONID").ok_or_else(|| contradiction("login"))?;
        Ok(Session::begin(id.to_string()))
    }

    async fn call(
        &self,
        name: &'static str,
        parameter: Tag,
        permit: &Permit,
    ) -> Result<Reply, CallError> {
        let operation = name.trim_start_matches("team:");
        let envelope = soap::envelope(&[], wire::operation(name, parameter));
        let request = soap::post("", &format!("{TEAM}IAxDCI4WTP/{operation}"), envelope);
        let mut content = soap::read(&self.client.send(request, permit).await?)?;
        let (Some(result), true) = (content.children.pop(), content.children.is_empty()) else {
            return Err(contradiction(operation));
        };
        let named = content.is(TEAM, &format!("{operation}Response"))
            && result.is(TEAM, &format!("{operation}Result"));
        let spaced = result.children.iter().all(|member| member.namespace() == Some(MEMBERS));
        match wire::number(&result, "NERRORNO").filter(|_| named && spaced) {
            Some(error_no) => Ok(Reply { error_no, result }),
            None => Err(contradiction(operation)),
        }
    }
}

/// The answer is not in the document, which a person has to look at.
pub(super) fn contradiction(operation: &str) -> CallError {
    tracing::warn!(operation, "the supplier's answer contradicts its document");
    CallError::Unknown(format!("the answer to {operation} contradicts its document"))
}
