//! The sending domain, and the sample credentials that reach it.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::Mailgun;
use crate::start::Builder;
use crate::supplier::Supplier;

pub(crate) const SUPPLIER: Supplier = Supplier {
    name: "mailgun",
    operations: &["messages"],
    booking: None,
    find: None,
    calls_back: false,
    refusal_fits: |_operation, value| {
        value.as_u64().is_some_and(|status| (400..500).contains(&status))
    },
    start,
};

/// How to reach Mailgun.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct MailgunAccess {
    /// Base; `/v3/<domain>/messages` is appended.
    pub url: String,
    /// The sending domain.
    pub domain: String,
    /// The sending key; the HTTP user is `api`.
    pub key: String,
}

fn start(builder: &mut Builder<'_>) -> anyhow::Result<()> {
    let mut access = MailgunAccess {
        url: String::new(),
        domain: "mail.starjack.example".to_owned(),
        key: "sample-mailgun-key".to_owned(),
    };
    let service = Mailgun::new(access.clone(), Arc::clone(&builder.clock));
    access.url = builder.open(Arc::new(service))?;
    builder.endpoints.add(SUPPLIER.name.to_owned(), &access);
    Ok(())
}
