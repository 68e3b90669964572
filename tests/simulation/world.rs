//! One order's world: a database, the books of the outside, and one incarnation of the replica
//! after another.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use chrono::{Days, NaiveDate, TimeDelta};
use sea_orm::{ActiveValue::Set, ConnectionTrait, EntityTrait};
use starjack::actors::order::rules::lifecycle::has_ended;
use starjack::actors::order::rules::record::{OnRefusal, Order, ReturnTerms, Ticket};
use starjack::actors::order::{Desk, Marks, NewLine, NewOrder};
use starjack::clock::{self, Deadline};
use starjack::ids;
use starjack::integrations::payment::{Callback, ObservedState};
use starjack::io::{Io, IoError};
use starjack::money::Cents;
use starjack_entity::account;
use tempfile::TempDir;
use tokio::sync::{OnceCell, watch};
use uuid::Uuid;

use super::faults::Plan;
use super::incarnation::{Incarnation, OPERATOR, Setting, store};
use super::invariants::{Violation, violations};
use super::ledger::Books;
use super::ports::Outside;
use super::story::{Deed, Story};
use super::written::all_orders;

/// How long anything may take before a test gives up.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);
/// How often a world looks at its order.
pub(crate) const LOOK: Duration = Duration::from_millis(10);

/// The customer of every order.
pub(crate) const CUSTOMER: Uuid = Uuid::from_u128(7);
/// Whose account has the same cards.
pub(crate) const NEIGHBOUR: Uuid = Uuid::from_u128(8);

/// A world with its order, if it was placed already.
pub(crate) struct World {
    pub(crate) outside: Arc<Outside>,
    pub(crate) setting: Setting,
    pub(crate) crashes: u32,
    folder: TempDir,
    incarnation: Option<Incarnation>,
    deeds: Vec<Deed>,
}

impl World {
    /// An empty world; nobody drives anything in it yet.
    pub(crate) async fn new(setting: Setting, story: &Story) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let io = database(folder.path()).await;
        let outside = Outside {
            books: Books::default(),
            plan: Plan::new(&story.strikes),
            gate: watch::Sender::new(false),
            at_gate: watch::Sender::new(0),
            io,
        };
        let setting = Setting { patience: story.patience.unwrap_or(setting.patience), ..setting };
        let deeds = story.deeds.clone();
        Self { outside: Arc::new(outside), setting, crashes: 0, folder, incarnation: None, deeds }
    }

    /// Lives the story until everything rests and all is well, at most for `patience`; answers what
    /// is wrong then.
    pub(crate) async fn live(&mut self, story: &Story, patience: Duration) -> Vec<Violation> {
        self.begin().await;
        let order = new_order(story, "first");
        let placed = self.desk().place(order, |_| String::new()).await.unwrap();
        self.go_on(placed.id, story, patience).await
    }

    /// Starts the first life.
    pub(crate) async fn begin(&mut self) {
        self.incarnation = Some(Incarnation::start(&self.setting, &self.outside).await);
    }

    /// The door to orders of the life that is lived now.
    pub(crate) fn desk(&self) -> &Desk {
        &self.incarnation.as_ref().unwrap().desk
    }

    /// As [`World::live`], with an order that is placed already.
    pub(crate) async fn go_on(
        &mut self,
        id: Uuid,
        story: &Story,
        patience: Duration,
    ) -> Vec<Violation> {
        let deadline = Deadline::after(patience);
        loop {
            self.survive().await;
            let order = self.order(id).await;
            let desk = self.desk().clone();
            self.act(&order, &desk).await;
            if story.for_a_person && order.needs_staff() {
                return Vec::new();
            }
            let over = deadline.is_over();
            let wrong = violations(self, over).await;
            if wrong.is_empty() || over {
                return wrong;
            }
            clock::sleep(LOOK).await;
        }
    }

    /// Somebody does one thing more.
    pub(crate) fn add(&mut self, deed: Deed) {
        self.deeds.push(deed);
    }

    /// The order as the database has it.
    pub(crate) async fn order(&self, id: Uuid) -> Order {
        store(&self.setting, self.outside.io.clone()).load(id).await.unwrap().unwrap()
    }

    /// Every order of the database.
    pub(crate) async fn orders(&self) -> Vec<Order> {
        all_orders(&store(&self.setting, self.outside.io.clone())).await
    }

    /// What nobody has done yet and what still can be done.
    pub(crate) fn open_deeds(&self, order: &Order) -> usize {
        let can_be = |deed: &&Deed| match deed {
            Deed::Pay { row, .. } => *row == order.state || !has_ended(order.state),
            Deed::Cancel => !has_ended(order.state),
            Deed::AllBack => false,
        };
        self.deeds.iter().filter(can_be).count()
    }

    /// Starts the next life after a crash.
    pub(crate) async fn survive(&mut self) {
        if let Some(dead) = self.incarnation.take_if(|incarnation| incarnation.life.is_over()) {
            dead.kill();
            self.crashes += 1;
            self.incarnation = Some(Incarnation::start(&self.setting, &self.outside).await);
        }
    }

    /// Does the next deed, if it is time.
    pub(crate) async fn act(&mut self, order: &Order, desk: &Desk) {
        let Some(deed) = self.deeds.first().copied() else { return };
        let page = order.payments.iter().find(|row| row.url.is_some());
        let done = match (deed, page) {
            (Deed::AllBack, _) => {
                let ledger = self.outside.books.open();
                ledger.money.iter().all(|money| !money.reserved && money.captured == money.credited)
            }
            (Deed::Pay { row, more, reserved }, Some(page)) if row == order.state => {
                let reference = page.reference.to_string();
                let amount = order.total + more;
                let tid = self.outside.books.open().pay(&reference, amount, reserved);
                if !reserved {
                    call_back(desk, &reference, tid, amount).await;
                }
                true
            }
            (Deed::Cancel, Some(_)) => {
                drop(desk.cancel(order.account_id, order.id).await);
                true
            }
            (Deed::Pay { .. } | Deed::Cancel, _) => false,
        };
        if done {
            self.deeds.remove(0);
        }
    }
}

/// The provider reports a payment that is billed already.
pub(crate) async fn call_back(desk: &Desk, reference: &str, tid: String, amount: Cents) {
    let callback = Callback {
        tid,
        reference: reference.to_owned(),
        secret: String::new(),
        status: "BILLED".to_owned(),
        state: ObservedState::Billed,
        amount,
        currency: "EUR".to_owned(),
    };
    desk.claimed(callback).await.unwrap();
}

impl Drop for World {
    fn drop(&mut self) {
        if let Some(incarnation) = self.incarnation.take() {
            incarnation.kill();
        }
        assert!(self.folder.path().exists());
    }
}

/// An order of a story, for tickets of cards that no other order has.
pub(crate) fn new_order(story: &Story, key: &str) -> NewOrder {
    let lines = story.prices.iter().map(|price| NewLine {
        ticket: ticket(),
        price: *price,
        loading_ends: clock::now() + TimeDelta::days(1),
        returns: ReturnTerms::default(),
    });
    NewOrder {
        account_id: CUSTOMER,
        on_refusal: story.on_refusal,
        return_url: None,
        billing: None,
        lines: lines.collect(),
        key: key.to_owned(),
        marks: Marks { asked: "asked".to_owned(), bytes: "bytes".to_owned() },
    }
}

fn ticket() -> Ticket {
    static CARDS: AtomicU32 = AtomicU32::new(1);
    let tomorrow: NaiveDate = clock::now().date_naive() + Days::new(1);
    Ticket {
        operator: OPERATOR.to_owned(),
        product: "day".to_owned(),
        category: "adult".to_owned(),
        product_code: "D".to_owned(),
        category_code: "A".to_owned(),
        valid_from: tomorrow,
        valid_to: tomorrow,
        from_time: None,
        vat_permille: 100,
        vat_country: "AT".into(),
        card_id: ids::new_id(),
        card_number: format!("card {}", CARDS.fetch_add(1, Ordering::Relaxed)),
        holder_first_name: "Ada".to_owned(),
        holder_last_name: "Alpin".to_owned(),
        holder_birth_date: NaiveDate::from_ymd_opt(1990, 1, 1).unwrap(),
    }
}

/// A migrated database with its customer, copied from one that was made once.
async fn database(folder: &Path) -> Io {
    static TEMPLATE: OnceCell<Vec<u8>> = OnceCell::const_new();
    let template = TEMPLATE.get_or_init(make_template).await;
    let file = folder.join("db");
    std::fs::write(&file, template).unwrap();
    Io::start(&format!("sqlite:{}", file.display()), 2).await.unwrap()
}

async fn make_template() -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let io = Io::start(&format!("sqlite:{}", folder.path().join("db").display()), 1).await.unwrap();
    io.migrate().await.unwrap();
    let copy = folder.path().join("copy");
    let vacuum = format!("VACUUM INTO '{}'", copy.display());
    io.write(|tx| {
        Box::pin(async move {
            account::Entity::insert_many(customers()).exec_without_returning(tx).await?;
            Ok::<_, IoError>(())
        })
    })
    .await
    .unwrap();
    io.read(move |db| {
        Box::pin(async move {
            db.execute_unprepared(&vacuum).await?;
            Ok::<_, IoError>(())
        })
    })
    .await
    .unwrap();
    std::fs::read(copy).unwrap()
}

/// Where the customer's invoices go, as the database keeps it.
const BILLING: &str = r#"{"company":null,"street":"Gasse 1","postal_code":"6020","city":"Innsbruck","country":"AT","vat_number":null}"#;

pub(crate) fn customers() -> [account::ActiveModel; 2] {
    [(CUSTOMER, "ada@example.com"), (NEIGHBOUR, "bea@example.com")].map(customer)
}

fn customer((id, email): (Uuid, &str)) -> account::ActiveModel {
    account::ActiveModel {
        id: Set(id),
        email: Set(email.to_owned()),
        password_hash: Set(String::new()),
        first_name: Set("Ada".to_owned()),
        last_name: Set("Alpin".to_owned()),
        birth_date: Set(None),
        language: Set("en".to_owned()),
        role: Set("customer".to_owned()),
        created_at: Set(clock::now().into()),
        disabled_at: Set(None),
        billing: Set(Some(BILLING.to_owned())),
        erased_at: Set(None),
    }
}

/// Both ways to treat a basket of which a line is refused.
pub(crate) const POLICIES: [OnRefusal; 2] = [OnRefusal::Undo, OnRefusal::Keep];
