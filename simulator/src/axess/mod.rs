//! Not simulated yet: every request is answered 501.
use crate::{
    access::AxessAccess,
    clock::Clock,
    faults::Bent,
    http::{Answer, Asked},
    supplier::{Service, Supplier},
};
use serde_json::Value;
use std::sync::Arc;
pub(crate) const PATH: &str = "/DCI4WTP/DCI4WTPService.svc/soap";
pub(crate) struct Axess {
    operator: String,
}
impl Axess {
    pub(crate) fn new(operator: &str, _: AxessAccess, _: Arc<Clock>, _: u32) -> Self {
        Self { operator: operator.to_owned() }
    }
    pub(crate) fn pass_gate(&self, _: &str) -> Result<(), String> {
        Err(String::new())
    }
}
impl Service for Axess {
    fn supplier(&self) -> Supplier {
        Supplier::Axess
    }
    fn operator(&self) -> Option<&str> {
        Some(&self.operator)
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
/// Not simulated yet.
pub fn sample_wtp_number(n: u64) -> String {
    n.to_string()
}
