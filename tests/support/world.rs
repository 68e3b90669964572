//! Server, simulator and database of one test.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use chrono::NaiveDate;
use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};
use starjack::clock::{self, Deadline};

use super::client::{Answer, Client};
use super::database::{Database, Postgres};
use super::ledger::Ledger;
use super::people::{Offer, Person, ticket};
use super::server::{self, Plan, Ran, Server, Version};
use super::suppliers::Suppliers;
use crate::support::ADULT;

/// How long anything that a test waits for may take; generous, because only failing tests wait so
/// long.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// Waits until `look` finds something, and gives it.
pub(crate) async fn eventually<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let deadline = Deadline::after(PATIENCE);
    loop {
        if let Some(found) = look().await {
            return found;
        }
        assert!(!deadline.is_over(), "not within {PATIENCE:?}: {what}");
        clock::sleep(Duration::from_millis(50)).await;
    }
}

/// The released version sends so many digits, and wants password and names with the wish.
const DIGITS_OF_OLDER_CODES: usize = 6;

/// Whether a word of a subject is a code: `7ZQ4M-0K3XD`, or the digits of an older version.
pub(crate) fn is_code(word: &str) -> bool {
    let signs = word.replace('-', "");
    let is_sign = |sign: char| sign.is_ascii_digit() || sign.is_ascii_uppercase();
    let is_older =
        word.len() == DIGITS_OF_OLDER_CODES && word.chars().all(|sign| sign.is_ascii_digit());
    is_older || (signs.len() == 10 && word.len() == 11 && signs.chars().all(is_sign))
}

/// Asks for an account as this version wants it, and of a server of the released one as that did.
async fn ask_for_account(guest: &Client, email: &str, password: &str, first_name: &str) {
    let wish = json!({ "email": email });
    let older = json!({ "email": email, "password": password, "first_name": first_name, "last_name": "Skier" });
    // many who come at once are asked to wait
    eventually("an account is taken", async || {
        let mut answer = guest.post("/api/v1/accounts", &wish).await;
        if answer.status == 422 {
            answer = guest.post("/api/v1/accounts", &older).await;
        }
        (answer.status != 503).then(|| answer.expect(202))
    })
    .await;
}

/// Where everybody's invoices go.
fn address() -> Value {
    json!({ "street": "Gasse 1", "postal_code": "6020", "city": "Innsbruck", "country": "AT" })
}

/// A shop, its suppliers and its customers.
#[derive(Debug)]
pub(crate) struct World {
    /// Dropped first, in this order: the server, its database, the suppliers, the folder.
    pub(crate) server: Server,
    database: Option<Postgres>,
    pub(crate) suppliers: Suppliers,
    folder: tempfile::TempDir,
    plan: Plan,
    /// Somebody who is not logged in.
    pub(crate) guest: Client,
    control: Client,
    cards: Arc<AtomicU64>,
    replicas: AtomicUsize,
    skiers: Mutex<Vec<Person>>,
    /// The token of the administrator's session: a log-in is work for a processor.
    clerk: Mutex<Option<String>>,
}

impl World {
    pub(crate) async fn start(database: Database) -> Self {
        Self::with(database, &[]).await
    }

    /// With variables such as `("STARJACK_TIMES__PAGE_LIFE", "3s")` over the tests' own short
    /// times.
    pub(crate) async fn with(database: Database, settings: &[(&str, &str)]) -> Self {
        let database = match database {
            Database::Sqlite => None,
            Database::Postgres => Some(Postgres::create().await),
        };
        Self::on(database, settings).await
    }

    /// On this PostgreSQL database, or on the embedded one.
    pub(crate) async fn on(database: Option<Postgres>, settings: &[(&str, &str)]) -> Self {
        Self::together(Version::This, database, settings, 0).await.0
    }

    /// The same of any version, with so many more replicas, all begun in one moment: nobody has
    /// prepared the database.
    pub(crate) async fn together(
        version: Version,
        database: Option<Postgres>,
        settings: &[(&str, &str)],
        others: usize,
    ) -> (Self, Vec<Server>) {
        let suppliers = Suppliers::start().await;
        let folder = tempfile::tempdir().unwrap();
        let plan = Plan {
            folder: folder.path().to_owned(),
            database: database.as_ref().map(Postgres::url),
            simulator: suppliers.control.clone(),
            settings: settings
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect(),
            port: free_port(),
            log: "server.log".to_owned(),
            version,
        };
        let other = |no: usize| Plan {
            port: free_port(),
            log: format!("server-{}.log", no + 2),
            ..plan.clone()
        };
        let plans: Vec<Plan> = (0..others).map(other).collect();
        let (server, begun) = futures_util::future::join(
            Server::start(&plan),
            join_all(plans.iter().map(Server::start)),
        )
        .await;
        let world = Self {
            guest: Client::new(server.api()),
            control: Client::new(&suppliers.control),
            server,
            database,
            suppliers,
            folder,
            plan,
            cards: Arc::new(AtomicU64::new(1000)),
            replicas: AtomicUsize::new(1 + others),
            skiers: Mutex::default(),
            clerk: Mutex::default(),
        };
        (world, begun)
    }

    /// Ends the server without a chance to do anything more.
    pub(crate) fn kill_9(&mut self) {
        self.server.kill_9();
    }

    /// Starts the server again, at the same place on the same data; the old one must have ended.
    pub(crate) async fn restart(&mut self) {
        self.server = Server::start(&self.plan).await;
    }

    /// The server's database, for what nobody but its people would do.
    pub(crate) async fn database(&self) -> sea_orm::DatabaseConnection {
        let embedded =
            format!("sqlite://{}", self.folder.path().join("data/starjack.db").display());
        sea_orm::Database::connect(self.plan.database.as_ref().unwrap_or(&embedded)).await.unwrap()
    }

    /// A backup of the PostgreSQL database, taken while everything goes on.
    pub(crate) async fn back_up(&self) -> PathBuf {
        let file = self.folder.path().join("backup");
        self.database.as_ref().expect("only PostgreSQL is backed up here").dump(&file).await;
        file
    }

    /// The server's database is lost, and a backup comes into a new one; the server must have
    /// ended.
    pub(crate) async fn restore(&mut self, backup: &Path) {
        let fresh = Postgres::create().await;
        fresh.fill(backup).await;
        self.plan.database = Some(fresh.url());
        self.database = Some(fresh);
    }

    /// Tells the server to end, waits, and gives the exit code.
    pub(crate) async fn terminate(&mut self) -> i32 {
        self.server.terminate().await
    }

    /// One more replica on the same PostgreSQL database, at a place of its own.
    pub(crate) async fn another_server(&self) -> Server {
        assert!(self.plan.database.is_some(), "the embedded database belongs to one process");
        let log = format!("server-{}.log", self.replicas.fetch_add(1, Ordering::Relaxed) + 1);
        Server::start(&Plan { port: free_port(), log, ..self.plan.clone() }).await
    }

    /// The address of its PostgreSQL database.
    pub(crate) fn database_url(&self) -> &str {
        self.plan.database.as_deref().unwrap()
    }

    /// Runs `starjack` with these words on the server's database, in the world's folder.
    pub(crate) fn command(&self, words: &[&str]) -> Ran {
        server::run(&self.plan, words)
    }

    /// The folder of database, documents and logs.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Lets the next question to an actor suffer a fault, for example
    /// `{"fault": "wedge", "milliseconds": 900}`.
    pub(crate) async fn break_actor(&self, clerk: &Person, actor: &str, fault: &Value) {
        clerk.client.post(&faults_of(actor), fault).await.expect(202);
    }

    /// Takes back what the actor has not suffered, and says how often it would have.
    pub(crate) async fn mend_actor(&self, clerk: &Person, actor: &str) -> u64 {
        let cleared = Answer::to(clerk.client.request(Method::DELETE, &faults_of(actor)))
            .await
            .unwrap()
            .expect(200);
        cleared["cleared"].as_u64().unwrap()
    }

    /// An actor as its admin sees it.
    pub(crate) async fn actor(&self, clerk: &Person, name: &str) -> Value {
        let actors = clerk.client.get("/api/v1/admin/actors").await.expect(200);
        let found = actors["items"].as_array().unwrap().iter().find(|actor| actor["name"] == name);
        found.unwrap_or_else(|| panic!("no actor {name}: {actors:#}")).clone()
    }

    /// Somebody new, who opens an account with the code from the e-mail and logs in.
    pub(crate) async fn skier(&self, first_name: &str) -> Person {
        let serial = self.cards.fetch_add(1, Ordering::Relaxed);
        let email = format!("{}.{serial}@skier.example", first_name.to_lowercase());
        let password = format!("correct horse {serial}");
        let guest = self.guest.in_network(serial);
        ask_for_account(&guest, &email, &password, first_name).await;
        let code = eventually("a letter with the code", async || {
            let ledger = self.ledger().await;
            let emails = ledger.emails_to(&email);
            Some(
                emails.first()?["subject"]
                    .as_str()?
                    .split(' ')
                    .find(|word| is_code(word))?
                    .to_owned(),
            )
        })
        .await;
        let mut confirmation = json!({ "email": email, "code": code });
        if code.len() > DIGITS_OF_OLDER_CODES {
            confirmation["password"] = password.as_str().into();
            confirmation["first_name"] = first_name.into();
            confirmation["last_name"] = "Skier".into();
        }
        guest.post("/api/v1/accounts/confirmation", &confirmation).await.expect(201);
        let skier = Person::log_in(&guest, &email, &password, Arc::clone(&self.cards)).await;
        // the released version has no such call, and asks for no address
        let billing = skier.client.request(Method::PUT, "/api/v1/accounts/me/billing");
        Answer::to(billing.json(&address())).await.unwrap();
        self.skiers.lock().unwrap().push(skier.clone());
        skier
    }

    /// The administrator of the demonstration.
    pub(crate) async fn clerk(&self) -> Person {
        let log_in = &self.server.first_line["logins"]["admin"];
        let email = log_in["email"].as_str().unwrap();
        let password = log_in["password"].as_str().unwrap();
        Person::log_in(&self.guest, email, password, Arc::clone(&self.cards)).await
    }

    /// The listener of those who run the server.
    pub(crate) fn operations(&self) -> Client {
        Client::new(self.server.first_line["operations"].as_str().unwrap())
    }

    /// Everybody who opened an account through [`World::skier`].
    pub(crate) fn skiers(&self) -> Vec<Person> {
        self.skiers.lock().unwrap().clone()
    }

    /// A day on which all lifts of the sample catalogue run.
    pub(crate) fn ski_day(&self) -> NaiveDate {
        let tomorrow = clock::now().date_naive().succ_opt().unwrap();
        NaiveDate::from_ymd_opt(2026, 12, 20).unwrap().max(tomorrow)
    }

    /// The day ticket of an operator for somebody born on that date.
    pub(crate) async fn offer(&self, operator: &str, day: NaiveDate, birth_date: &str) -> Offer {
        let offers = self.offers(operator, day, birth_date).await;
        Offer::of(offers.first().unwrap_or_else(|| panic!("{operator} offers nothing on {day}")))
    }

    /// One adult's ticket at each of these operators, each on a new card of the operator's own
    /// kind.
    pub(crate) async fn basket(&self, skier: &Person, operators: &[&str]) -> Vec<Value> {
        let mut lines = Vec::new();
        for operator in operators {
            let offer = self.offer(operator, self.ski_day(), ADULT).await;
            lines.push(ticket(&offer, &skier.card_for(operator).await, "Anna", ADULT));
        }
        lines
    }

    /// Places a basket at these operators and waits until it can be paid.
    pub(crate) async fn order_to_pay(
        &self,
        skier: &Person,
        operators: &[&str],
        on_refusal: &str,
    ) -> Value {
        let lines = self.basket(skier, operators).await;
        let placed = skier.place(&lines, on_refusal, &new_key()).await.expect(202);
        skier.wait_for_page(placed["id"].as_str().unwrap()).await
    }

    /// Places and pays a basket at these operators, and waits until it is finished.
    pub(crate) async fn bought(&self, skier: &Person, operators: &[&str]) -> Value {
        let order = self.order_to_pay(skier, operators, "undo").await;
        self.pay(&order, "reserved").await;
        skier.wait_for(order["id"].as_str().unwrap(), &["finished"]).await
    }

    /// Pays (or fails to pay) the order's page; `outcome` is `reserved`, `billed`, `declined`,
    /// `suspended` or `abandoned`.
    pub(crate) async fn pay(&self, order: &Value, outcome: &str) -> Value {
        let page = order["payment"]["page_url"]
            .as_str()
            .unwrap_or_else(|| panic!("nothing to pay: {order:#}"));
        self.pay_with(page, &json!({ "outcome": outcome })).await.expect(200)
    }

    /// Pays a page named by its address, with everything that the simulator's payer can do.
    pub(crate) async fn pay_with(&self, page_url: &str, payment: &Value) -> Answer {
        let page = page_url.rsplit('/').next().unwrap();
        self.control(Method::POST, &format!("mpay24/pages/{page}/pay"), payment).await
    }

    /// A call of the simulator's control side; `path` is what follows `/control/`.
    pub(crate) async fn control(&self, method: Method, path: &str, body: &Value) -> Answer {
        Answer::to(self.control.request(method, &format!("/control/{path}")).json(body))
            .await
            .unwrap()
    }

    /// Orders a fault, for example
    /// `{"supplier": "dta", "operator": "solden", "fault": "hang", "times": 1}`.
    pub(crate) async fn fault(&self, fault: Value) {
        self.control(Method::POST, "faults", &fault).await.expect(201);
    }

    pub(crate) async fn clear_faults(&self) {
        self.control(Method::DELETE, "faults", &json!({})).await.expect(204);
    }

    /// What really happened.
    pub(crate) async fn ledger(&self) -> Ledger {
        Ledger(self.control.get("/control/ledger").await.expect(200))
    }

    /// What each supplier's contract was asked and when, by the contract's name.
    pub(crate) async fn questions(&self) -> Value {
        self.control(Method::GET, "questions", &json!({})).await.expect(200)
    }

    /// What waits for staff, as the administrator sees it at `base`; an error while nobody
    /// answers there.
    pub(crate) async fn open_cases(&self, base: &str) -> Result<Value, String> {
        let guest = Client::new(base);
        let kept = self.clerk.lock().unwrap().clone();
        let token = match kept {
            Some(token) => token,
            None => self.log_clerk_in(&guest).await?,
        };
        let open =
            guest.with_token(&token).try_get("/api/v1/admin/cases?state=open&limit=100").await;
        let open = open.map_err(|error| error.to_string())?;
        if open.status == 200 {
            return Ok(open.json);
        }
        // its session may be over, or unknown to a restored database: the next look begins another
        *self.clerk.lock().unwrap() = None;
        Err(format!("no cases are shown: {}", open.status))
    }

    async fn log_clerk_in(&self, guest: &Client) -> Result<String, String> {
        let log_in = &self.server.first_line["logins"]["admin"];
        let body = json!({ "email": log_in["email"], "password": log_in["password"] });
        let tokens =
            guest.try_post("/api/v1/sessions", &body).await.map_err(|error| error.to_string())?;
        let Some(token) = tokens.json["access_token"].as_str() else {
            return Err(format!("the administrator is not let in: {}", tokens.status));
        };
        *self.clerk.lock().unwrap() = Some(token.to_owned());
        Ok(token.to_owned())
    }
}

fn faults_of(actor: &str) -> String {
    format!("/api/v1/admin/actors/{}/faults", actor.replace('/', "%2F"))
}

/// A new idempotency key.
pub(crate) fn new_key() -> String {
    uuid::Uuid::new_v4().to_string()
}

/// A port that no connection is given by chance, so that a killed server can come back to it.
///
/// Tests run in processes of their own, so each begins to look at a place of its own.
pub(crate) fn free_port() -> u16 {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    let first = usize::try_from(std::process::id()).unwrap() * 64;
    for _ in 0..18_000 {
        let place = (first + NEXT.fetch_add(1, Ordering::Relaxed)) % 18_000;
        let port = u16::try_from(12_000 + place).unwrap();
        if std::net::TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
    panic!("no port between 12000 and 30000 is free");
}
