//! Not simulated yet: every request is answered 501.
use crate::{
    access::Mpay24Access,
    clock::Clock,
    faults::{Bent, Faults},
    http::{Answer, Asked},
    supplier::{Service, Supplier},
    tasks::Tasks,
};
use serde_json::Value;
use std::sync::Arc;
pub(crate) const PATH: &str = "/app/bin/etpproxy_v15";
pub(crate) struct Mpay24 {}
#[derive(serde::Deserialize)]
pub(crate) struct Payment {}
pub(crate) fn is_return_code(_: &str) -> bool {
    true
}
impl Mpay24 {
    pub(crate) fn new(_: Mpay24Access, _: Arc<Clock>, _: Arc<Faults>, _: Tasks) -> Self {
        Self {}
    }
    pub(crate) fn listens_at(&self, _: String) {}
    pub(crate) fn set_automatic(&self, _: bool) {}
    pub(crate) fn happen(&self, _: &str, _: &str) -> Result<Value, String> {
        Err(String::new())
    }
    pub(crate) async fn pay(&self, _: &str, _: Payment) -> Result<Value, String> {
        Err(String::new())
    }
}
impl Service for Mpay24 {
    fn supplier(&self) -> Supplier {
        Supplier::Mpay24
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
