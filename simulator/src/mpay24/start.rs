//! The merchant's account, and the sample credentials that reach it.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::codes::is_return_code;
use super::service::{Mpay24, PATH};
use crate::start::Builder;
use crate::supplier::{PAYMENT_PAGE, Supplier};

pub(crate) const SUPPLIER: Supplier = Supplier {
    name: "mpay24",
    operations: &[
        "SelectPayment",
        "ManualClear",
        "ManualReverse",
        "ManualCredit",
        "TransactionHistory",
        "ListNotCleared",
        "TransactionStatus",
        PAYMENT_PAGE,
    ],
    booking: None,
    find: None,
    calls_back: true,
    refusal_fits: |_operation, value| value.as_str().is_some_and(is_return_code),
    start,
};

/// How to reach mPAY24.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Mpay24Access {
    /// The SOAP endpoint itself.
    pub url: String,
    /// Five digits, first digit 9 as on the test system; the HTTP user is `u` and these digits.
    pub merchant_id: String,
    /// The SOAP password.
    pub password: String,
}

fn start(builder: &mut Builder<'_>) -> anyhow::Result<()> {
    let mut access = Mpay24Access {
        url: String::new(),
        merchant_id: "90000".to_owned(),
        password: "sample-mpay24".to_owned(),
    };
    let clock = Arc::clone(&builder.clock);
    let faults = Arc::clone(&builder.faults);
    let service = Arc::new(Mpay24::new(access.clone(), clock, faults, builder.tasks.clone()));
    let base = builder.open(Arc::<Mpay24>::clone(&service))?;
    access.url = format!("{base}{PATH}");
    service.listens_at(base);
    builder.endpoints.add(SUPPLIER.name.to_owned(), &access);
    Ok(())
}
