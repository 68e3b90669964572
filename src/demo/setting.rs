//! What the demonstration runs on: database, simulated suppliers, people, and the configuration
//! that joins them.

use std::fs::File;
use std::path::Path;

use anyhow::Context as _;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};
use starjack_simulator::{Simulator, sample_dta_number, sample_wtp_number};

use super::Demo;
use super::store::{SECRET, remember};
use crate::actors::auth::{self, Names, Role};
use crate::actors::liftoperator::catalogue::import::{Import, ImportError, take};
use crate::actors::liftoperator::catalogue::{sample, store};
use crate::app::App;
use crate::ids;
use crate::io::Io;
use crate::process::lock;
use crate::typed::Billing;

/// The simulated suppliers, in this process or in another.
pub(super) struct Suppliers {
    /// `GET /control/endpoints`.
    pub(super) endpoints: Value,
    own: Option<Simulator>,
}

impl Suppliers {
    pub(super) async fn stop(self) {
        if let Some(own) = self.own {
            own.stop().await;
        }
    }
}

/// The demonstration's own people and secrets, random per database.
pub(super) struct People {
    pub(super) admin: LogIn,
    pub(super) skier: LogIn,
    pub(super) secret: SecretString,
}

/// An address and its password.
pub(super) struct LogIn {
    pub(super) email: String,
    pub(super) password: SecretString,
}

/// The database's address; the embedded one belongs to one process, which holds its lock.
pub(super) fn database(demo: &Demo, folder: &Path) -> anyhow::Result<(String, Option<File>)> {
    if let Some(url) = &demo.database {
        return Ok((url.clone(), None));
    }
    Ok((format!("sqlite://{}?mode=rwc", folder.join("starjack.db").display()), Some(lock(folder)?)))
}

/// Imports the sample areas into a database that has no operators, as `starjack import operators`
/// does.
pub(super) async fn stock(io: &Io) -> anyhow::Result<()> {
    if store::newest(io).await? == 0 {
        let import = Import::read("the sample areas", &sample())?;
        match take(io, vec![import], Vec::new(), "the demonstration".to_owned()).await {
            // another replica that began in the same moment did it
            Ok(_) | Err(ImportError::Meanwhile) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

/// Starts the simulator, or asks the one that runs already for its addresses.
pub(super) async fn suppliers(demo: &Demo) -> anyhow::Result<Suppliers> {
    let Some(url) = &demo.external_simulator else {
        let listen_ip = demo.simulator.ip();
        let config =
            starjack_simulator::Config { control: demo.simulator, listen_ip, ..Default::default() };
        let own =
            starjack_simulator::start(config).await.context("the simulator does not start")?;
        return Ok(Suppliers { endpoints: own.endpoints.to_json(), own: Some(own) });
    };
    let url = format!("{}/control/endpoints", url.trim_end_matches('/'));
    let answer = super::basket::client()?
        .get(&url)
        .send()
        .await
        .with_context(|| format!("no simulator at {url}"))?;
    Ok(Suppliers {
        endpoints: answer.json().await.context("the simulator's addresses cannot be read")?,
        own: None,
    })
}

/// The people and secrets of this database, made at the first start.
pub(super) async fn people(io: &Io) -> anyhow::Result<People> {
    let secret = remember(io, SECRET.to_owned(), ids::new_secret()).await?;
    Ok(People {
        admin: person(io, "admin@starjack.example", ("Ada", "Admin"), Role::Admin).await?,
        skier: person(io, "skier@starjack.example", ("Sepp", "Skier"), Role::Customer).await?,
        secret: secret.into(),
    })
}

async fn person(
    io: &Io,
    email: &str,
    (first, last): (&str, &str),
    role: Role,
) -> anyhow::Result<LogIn> {
    let password = remember(
        io,
        format!("demo_password_{}", role.as_str()),
        ids::new_secret()[..16].to_owned(),
    )
    .await?;
    let password = SecretString::from(password);
    let names = Names { first: first.to_owned(), last: last.to_owned() };
    match auth::create_account(io, email, password.clone(), names, role).await {
        Ok(account) => {
            auth::set_billing(io, account.id, Some(address())).await?;
            Ok(LogIn { email: email.to_owned(), password })
        }
        Err(auth::Error::Taken) => Ok(LogIn { email: email.to_owned(), password }),
        Err(error) => Err(error.into()),
    }
}

/// Where everybody's invoices go, so that larger baskets can be tried at once.
fn address() -> Billing {
    Billing {
        company: None,
        street: "Musterweg 2".to_owned(),
        postal_code: Some("6450".to_owned()),
        city: "Beispiel".to_owned(),
        country: "AT".to_owned(),
        vat_number: None,
    }
}

/// The configuration of a demonstration; environment variables may still change it.
pub(super) fn configuration(
    demo: &Demo,
    (folder, url): (&Path, &str),
    endpoints: &Value,
    people: &People,
) -> Value {
    let mut contracts = serde_json::Map::new();
    for (name, access) in endpoints.as_object().into_iter().flatten() {
        if let Some((_supplier, operator)) = name.split_once('/') {
            let text =
                |(key, value): (&String, &Value)| Some((key.clone(), json!(value.as_str()?)));
            let mut credentials: serde_json::Map<_, _> =
                access.as_object().into_iter().flatten().filter_map(text).collect();
            let endpoint = credentials.remove("url");
            contracts.insert(
                operator.to_owned(),
                json!({ "endpoint": endpoint, "credentials": credentials }),
            );
        }
    }
    let merchant: u32 = endpoints["mpay24"]["merchant_id"]
        .as_str()
        .and_then(|id| id.parse().ok())
        .unwrap_or_default();
    let mail_domain = endpoints["mailgun"]["domain"].as_str().unwrap_or("starjack.example");
    json!({
        "environment": "test",
        "http": { "listen": demo.listen, "return_origins": ["http://localhost:5173"],
            "api_origins": ["http://localhost:5173"] },
        "operations": { "listen": demo.operations },
        "database": { "url": url },
        "data": folder,
        // anybody may try the admin's log-in, and the tests log in often
        "auth": { "secret": people.secret.expose_secret(), "second_factor": "optional", "most_sessions": 1000 },
        "contracts": contracts,
        "payment": {
            "endpoint": endpoints["mpay24"]["url"],
            "merchant_id": merchant,
            "password": endpoints["mpay24"]["password"],
            "test": true,
            "callback_networks": ["127.0.0.0/8", "::1/128"],
        },
        "mail": {
            "base_url": endpoints["mailgun"]["url"],
            "domain": mail_domain,
            "key": endpoints["mailgun"]["key"],
            "from": format!("starjack (simulated) <tickets@{mail_domain}>"),
        },
        "letterhead": {
            "shop": "starjack (simulated)",
            "shop_url": "http://localhost:5173",
            "support": format!("help@{mail_domain}"),
            "domain": mail_domain,
        },
        "seller": {
            "name": "Starjack Demo GmbH (simulated)",
            "address": ["Musterweg 1", "6450 Beispiel", "Austria"],
            "uid": "ATU00000000",
            "short": "DEMO",
        },
        "books": { "daily": false },
        "times": { "settle": "60s", "payment_settle": "60s" },
    })
}

/// The first line on stdout.
pub(super) fn first_line(app: &App, endpoints: &Value, people: &People) -> Value {
    let log_in = |person: &LogIn| json!({ "email": person.email, "password": person.password.expose_secret() });
    json!({
        "api": app.public_url,
        "listens": format!("http://{}", app.address),
        "operations": format!("http://{}", app.operations),
        "simulator": endpoints["control"],
        "simulated": true,
        "logins": { "admin": log_in(&people.admin), "skier": log_in(&people.skier) },
        "cards": { "dta": sample_dta_number(1), "axess": sample_wtp_number(1) },
    })
}
