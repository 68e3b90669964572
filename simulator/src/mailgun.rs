//! Not simulated yet: every request is answered 501.
use crate::{
    access::MailgunAccess,
    clock::Clock,
    faults::Bent,
    http::{Answer, Asked},
    supplier::{Service, Supplier},
};
use serde_json::Value;
use std::sync::Arc;
pub(crate) struct Mailgun {}
impl Mailgun {
    pub(crate) fn new(_: MailgunAccess, _: Arc<Clock>) -> Self {
        Self {}
    }
}
impl Service for Mailgun {
    fn supplier(&self) -> Supplier {
        Supplier::Mailgun
    }
    fn operation<'a>(&self, _: &'a Asked) -> Option<&'a str> {
        None
    }
    fn execute(&self, _: &Asked, _: Bent) -> Answer {
        Answer::html(501, String::new())
    }
    fn refuse(&self, _: &Asked, _: Option<&str>) -> Answer {
        Answer::html(501, String::new())
    }
    fn ledger(&self) -> Vec<Value> {
        Vec::new()
    }
}
