//! One contract an operator, and the sample credentials that reach it.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::service::{Axess, PATH};
use crate::start::{Builder, Vendor};
use crate::supplier::Supplier;

pub(crate) const SUPPLIER: Supplier = Supplier {
    name: "axess",
    operations: &[
        "login",
        "logout",
        "checkWTPNo",
        "issueTicket",
        "getTicketByExtOrder",
        "getSalesList",
        "cancelTicket",
        "getTicketStatus",
        "getpools",
        "gettickettypes",
        "getpersontypes",
        "gettariff",
    ],
    booking: Some("issueTicket"),
    find: Some("getTicketByExtOrder"),
    calls_back: false,
    refusal_fits: |_operation, value| value.as_i64().is_some_and(|number| number != 0),
    start,
};

/// How to reach one Axess contract.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct AxessAccess {
    /// The SOAP endpoint itself.
    pub url: String,
    /// `SZSOAPUSERNAME` of `login`.
    pub soap_user_name: String,
    /// `SZSOAPPASSWORD` of `login`.
    pub soap_password: String,
    /// `SZUSERNAME` of `login`.
    pub user_name: String,
    /// `SZPASSWORD` of `login`.
    pub password: String,
    /// The resort's number, which requests must name.
    pub project_no: u32,
    /// A sales profile for requests; any number above 0 is accepted.
    pub wtp_profile_no: u32,
}

fn start(builder: &mut Builder<'_>) -> anyhow::Result<()> {
    for (operator, goods) in builder.operators(Vendor::Axess) {
        let mut access = AxessAccess {
            url: String::new(),
            soap_user_name: "soap-starjack".to_owned(),
            soap_password: format!("sample-soap-{operator}"),
            user_name: format!("starjack-{operator}"),
            password: format!("sample-axess-{operator}"),
            project_no: goods.project_no,
            wtp_profile_no: 1,
        };
        let seconds = builder.config.axess_session_seconds;
        let service = Axess::new(goods, access.clone(), Arc::clone(&builder.clock), seconds);
        access.url = builder.open(Arc::new(service))? + PATH;
        builder.endpoints.add(format!("{}/{operator}", SUPPLIER.name), &access);
    }
    Ok(())
}
