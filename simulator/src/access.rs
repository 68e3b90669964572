//! Where each contract listens and with which sample credentials. All are made up; nothing here is
//! secret.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Map, Value};

/// Every address of a running simulator.
#[derive(Clone, Debug)]
pub struct Endpoints {
    /// Base of the control side, `http://127.0.0.1:<port>`.
    pub control: String,
    /// DTA contracts by operator.
    pub dta: BTreeMap<String, DtaAccess>,
    /// Axess contracts by operator.
    pub axess: BTreeMap<String, AxessAccess>,
    /// The payment provider.
    pub mpay24: Mpay24Access,
    /// The mail provider.
    pub mailgun: MailgunAccess,
}

/// How to reach one DTA contract.
#[derive(Clone, Debug, Serialize)]
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

/// How to reach one Axess contract.
#[derive(Clone, Debug, Serialize)]
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

/// How to reach mPAY24.
#[derive(Clone, Debug, Serialize)]
pub struct Mpay24Access {
    /// The SOAP endpoint itself.
    pub url: String,
    /// Five digits, first digit 9 as on the test system; the HTTP user is `u` and these digits.
    pub merchant_id: String,
    /// The SOAP password.
    pub password: String,
}

/// How to reach Mailgun.
#[derive(Clone, Debug, Serialize)]
pub struct MailgunAccess {
    /// Base; `/v3/<domain>/messages` is appended.
    pub url: String,
    /// The sending domain.
    pub domain: String,
    /// The sending key; the HTTP user is `api`.
    pub key: String,
}

impl Endpoints {
    /// The flat object of `GET /control/endpoints`: `control`, `dta/<operator>`,
    /// `axess/<operator>`, `mpay24`, `mailgun`.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let mut all = Map::new();
        all.insert("control".to_owned(), Value::String(self.control.clone()));
        for (operator, access) in &self.dta {
            all.insert(format!("dta/{operator}"), object(access));
        }
        for (operator, access) in &self.axess {
            all.insert(format!("axess/{operator}"), object(access));
        }
        all.insert("mpay24".to_owned(), object(&self.mpay24));
        all.insert("mailgun".to_owned(), object(&self.mailgun));
        Value::Object(all)
    }
}

fn object(access: &impl Serialize) -> Value {
    serde_json::to_value(access).unwrap_or_default()
}
