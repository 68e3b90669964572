//! Which language an answer speaks: what the client accepts, else the account's own, else English.

use actix_web::http::header::{self, HeaderMap};
use uuid::Uuid;

use super::problem::Problem;
use crate::http::state::State;
use crate::language::Language;

/// Somebody who reads an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reader {
    /// The account that is logged in.
    pub account_id: Uuid,
    /// What `Accept-Language` asks for; none when it names neither of ours.
    pub asked: Option<Language>,
}

impl Reader {
    /// The language to speak; the account is read only when the request asks for none of ours.
    ///
    /// # Errors
    /// The database's.
    pub async fn language(self, state: &State) -> Result<Language, Problem> {
        match self.asked {
            Some(language) => Ok(language),
            None => Ok(state.auth.account(self.account_id).await?.language),
        }
    }
}

/// The most wanted language of a request's headers that we speak.
#[must_use]
pub fn asked(headers: &HeaderMap) -> Option<Language> {
    let given: Vec<&str> =
        headers.get_all(header::ACCEPT_LANGUAGE).filter_map(|value| value.to_str().ok()).collect();
    Language::accepted(&given.join(","))
}
