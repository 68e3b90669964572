//! One contract an operator, and the sample credentials that reach it.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::is_refusal;
use super::service::Dta;
use crate::start::{Builder, Vendor};
use crate::supplier::Supplier;

pub(crate) const SUPPLIER: Supplier = Supplier {
    name: "dta",
    operations: &[
        "CheckIdentification",
        "CreateOrder",
        "GetOrder",
        "GetOrdersByExternalId",
        "GetOrders",
        "CancelOrder",
        "GetCatalog",
    ],
    booking: Some("CreateOrder"),
    find: Some("GetOrdersByExternalId"),
    calls_back: false,
    refusal_fits: |operation, value| value.as_str().is_some_and(|code| is_refusal(operation, code)),
    start,
};

/// How to reach one DTA contract.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct DtaAccess {
    /// Base of the services; `/OrderService` is appended.
    pub url: String,
    /// Eight digits.
    pub client_name: String,
    /// Name in the authentication header.
    pub user_name: String,
    /// Password in the authentication header.
    pub password: String,
}

fn start(builder: &mut Builder<'_>) -> anyhow::Result<()> {
    for (operator, goods) in builder.operators(Vendor::Dta) {
        let mut access = DtaAccess {
            url: String::new(),
            client_name: "10000001".to_owned(),
            user_name: format!("starjack-{operator}"),
            password: format!("sample-dta-{operator}"),
        };
        let step_ms = builder.config.dta_step_ms;
        let service = Dta::new(goods, access.clone(), Arc::clone(&builder.clock), step_ms);
        access.url = builder.open(Arc::new(service))? + "/dta/webservice/sc/v10/services";
        builder.endpoints.add(format!("{}/{operator}", SUPPLIER.name), &access);
    }
    Ok(())
}
