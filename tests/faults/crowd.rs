//! Many customers at once: every order ends, none is lost, none is doubled, invoice numbers have no
//! gap.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::future::join_all;
use futures_util::stream::{self, StreamExt as _};
use reqwest::Method;
use serde_json::{Value, json};
use starjack::clock::{self, Deadline};

use crate::support::{
    ADULT, Answer, Client, Database, Offer, Person, World, both_databases, new_key, ticket,
};

/// The four operators of the sample catalogue.
const OPERATORS: [&str; 4] = ["solden", "ischgl", "obertauern", "saalbach"];
/// How long an order that is not placed is placed again, and how long a page is waited for.
const PATIENCE: Duration = Duration::from_secs(120);
const LOOK: Duration = Duration::from_millis(100);
/// Deadlines that hold on two cores that many tests share; pages that end while the test waits.
pub(crate) const TIMES: [(&str, &str); 8] = [
    ("STARJACK_TIMES__CHECK_DEADLINE", "8s"),
    ("STARJACK_TIMES__ISSUE_DEADLINE", "8s"),
    ("STARJACK_TIMES__PAYMENT_DEADLINE", "8s"),
    ("STARJACK_TIMES__SETTLE", "8s"),
    ("STARJACK_TIMES__PAYMENT_SETTLE", "8s"),
    ("STARJACK_TIMES__PAGE_LIFE", "50s"),
    ("STARJACK_TIMES__PAGE_GRACE", "3s"),
    // what a killed worker had taken is soon anybody's again
    ("STARJACK_TIMES__JOB_LEASE", "15s"),
];

/// What its customer does with an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Reserved,
    /// Billed without a reservation.
    Billed,
    /// Declined at first, then paid on the same page.
    DeclinedThenPaid,
    /// A cent too much.
    WrongAmount,
    /// Nobody pays; the page ends.
    Abandoned,
    /// Nobody pays; the customer cancels.
    Cancelled,
    /// Paid and cancelled in one moment: either may win.
    PaidAndCancelled,
}

impl Fate {
    fn of(index: usize) -> Self {
        match index % 20 {
            3 | 13 => Self::DeclinedThenPaid,
            5 | 15 => Self::WrongAmount,
            7 => Self::Abandoned,
            17 => Self::Cancelled,
            9 => Self::Billed,
            19 => Self::PaidAndCancelled,
            _ => Self::Reserved,
        }
    }

    /// The ends that are right for it, also when the server is killed meanwhile.
    fn ends(self) -> &'static [&'static str] {
        match self {
            Self::Reserved | Self::Billed | Self::DeclinedThenPaid => &["finished"],
            Self::WrongAmount | Self::Abandoned | Self::Cancelled => &["rejected"],
            Self::PaidAndCancelled => &["finished", "rejected"],
        }
    }
}

/// Customers with what they need to order at any moment, and their orders by number.
pub(crate) struct Crowd {
    people: Vec<Person>,
    offers: Vec<Offer>,
    control: Client,
    placed: Mutex<BTreeMap<String, (Fate, String, Person)>>,
    next: AtomicUsize,
}

impl Crowd {
    /// Opens accounts for so many customers.
    pub(crate) async fn gather(world: &World, people: usize) -> Self {
        let day = world.ski_day();
        // passwords are slow on purpose: the shop takes only a few at once
        let people =
            stream::iter(0..people).map(|_| world.skier("Anna")).buffered(4).collect().await;
        let offers =
            join_all(OPERATORS.iter().map(|operator| world.offer(operator, day, ADULT))).await;
        let control = Client::new(&world.suppliers.control);
        Self { people, offers, control, placed: Mutex::default(), next: AtomicUsize::new(0) }
    }

    /// Places so many orders at once, spread over customers and operators; every third has a second
    /// line elsewhere. Whoever gets no answer asks again under the same key.
    pub(crate) async fn place(&self, orders: usize) {
        let first = self.next.fetch_add(orders, Ordering::Relaxed);
        join_all((first..first + orders).map(|index| self.place_one(index))).await;
    }

    async fn place_one(&self, index: usize) {
        let person = &self.people[index % self.people.len()];
        let mut lines = Vec::new();
        for place in if index.is_multiple_of(3) { vec![index, index + 2] } else { vec![index] } {
            let card = self.again(|| self.try_card(person, place % 4)).await;
            lines.push(ticket(
                &self.offers[place % 4],
                card["id"].as_str().unwrap(),
                "Anna",
                ADULT,
            ));
        }
        let key = new_key();
        let placed = self.again(|| person.try_place(&lines, "undo", &key)).await;
        let number = placed["number"].as_str().unwrap();
        let id = placed["id"].as_str().unwrap();
        let entry = (Fate::of(index), id.to_owned(), person.clone());
        self.placed.lock().unwrap().insert(number.to_owned(), entry);
    }

    async fn try_card(&self, person: &Person, operator: usize) -> reqwest::Result<Answer> {
        let number = person.next_card_number(operator >= 2);
        person
            .client
            .try_post("/api/v1/cards", &json!({ "number": number, "nickname": "mine" }))
            .await
    }

    /// Asks until somebody answers with success.
    async fn again<F: Future<Output = reqwest::Result<Answer>>>(
        &self,
        mut ask: impl FnMut() -> F,
    ) -> Value {
        let deadline = Deadline::after(PATIENCE);
        loop {
            let last = match ask().await {
                Ok(answer) if (200..300).contains(&answer.status) => return answer.json,
                Ok(answer) => format!("{} {}", answer.status, answer.json),
                Err(error) => error.to_string(),
            };
            assert!(!deadline.is_over(), "not done within {PATIENCE:?}: {last}");
            clock::sleep(LOOK).await;
        }
    }

    /// Does with every page what its order's customer does, until `orders` orders have had theirs.
    pub(crate) async fn pay(&self, orders: usize) {
        self.pay_until(&AtomicUsize::new(orders)).await;
    }

    /// The same where the number of orders is known only later.
    pub(crate) async fn pay_until(&self, orders: &AtomicUsize) {
        let mut deadline = Deadline::after(PATIENCE);
        let mut dealt_with: BTreeSet<String> = BTreeSet::new();
        while dealt_with.len() < orders.load(Ordering::Relaxed) {
            let placed = self.placed.lock().unwrap().clone();
            let mut ready = Vec::new();
            for page in self.open_pages().await {
                let number = page.tid.rsplit_once("-P").unwrap().0;
                if let Some((fate, id, person)) = placed.get(number)
                    && dealt_with.insert(number.to_owned())
                {
                    ready.push((page, *fate, id, person));
                    deadline = Deadline::after(PATIENCE);
                }
            }
            let mut paying = Vec::new();
            for (page, fate, id, person) in &ready {
                paying.push(self.deal_with(page, *fate, person, id));
            }
            join_all(paying).await;
            let ended = dealt_with.len();
            assert!(!deadline.is_over(), "only {ended} orders had a page within {PATIENCE:?}");
            clock::sleep(LOOK).await;
        }
    }

    async fn open_pages(&self) -> Vec<Page> {
        let pages = self.control.get("/control/mpay24/pages").await.expect(200);
        let text = |page: &Value, name: &str| page[name].as_str().unwrap().to_owned();
        let open = pages["items"].as_array().unwrap().iter().filter(|page| page["closed"] == false);
        open.map(|page| Page {
            id: text(page, "page"),
            tid: text(page, "tid"),
            cents: page["amount"].as_u64().unwrap(),
        })
        .collect()
    }

    async fn deal_with(&self, page: &Page, fate: Fate, person: &Person, id: &str) {
        let cancel = async || {
            let path = format!("/api/v1/orders/{id}/cancellation");
            // too late, or nobody there to take it: then the order goes its way
            person.client.try_post(&path, &json!({})).await.is_ok()
        };
        match fate {
            Fate::Reserved => self.pay_page(page, json!({ "outcome": "reserved" })).await,
            Fate::Billed => self.pay_page(page, json!({ "outcome": "billed" })).await,
            Fate::WrongAmount => {
                self.pay_page(page, json!({ "outcome": "reserved", "amount": page.cents + 1 }))
                    .await
            }
            Fate::DeclinedThenPaid => {
                self.pay_page(page, json!({ "outcome": "declined" })).await;
                self.pay_page(page, json!({ "outcome": "reserved" })).await;
            }
            Fate::Abandoned => self.pay_page(page, json!({ "outcome": "abandoned" })).await,
            Fate::Cancelled => drop(cancel().await),
            Fate::PaidAndCancelled => {
                let paying = self.pay_page(page, json!({ "outcome": "reserved" }));
                futures_util::future::join(paying, cancel()).await;
            }
        }
    }

    async fn pay_page(&self, page: &Page, payment: Value) {
        let path = format!("/control/mpay24/pages/{}/pay", page.id);
        Answer::to(self.control.request(Method::POST, &path).json(&payment))
            .await
            .unwrap()
            .expect(200);
    }

    /// The numbers of all orders that were accepted.
    pub(crate) fn numbers(&self) -> BTreeSet<String> {
        self.placed.lock().unwrap().keys().cloned().collect()
    }

    /// None lost, none doubled, the right ends, no gap between invoices; to be asked on a clean
    /// slate.
    pub(crate) async fn check(&self, world: &World) {
        let orders = world.all_orders().await.unwrap();
        let placed = self.placed.lock().unwrap().clone();
        let known: BTreeSet<&str> = placed.keys().map(String::as_str).collect();
        let kept: Vec<&str> =
            orders.iter().map(|(_, order)| order["number"].as_str().unwrap()).collect();
        assert_eq!(kept.len(), known.len(), "orders were lost or doubled");
        assert_eq!(kept.iter().copied().collect::<BTreeSet<_>>(), known);
        let mut counts: HashMap<&str, usize> = HashMap::new();
        for (_, order) in &orders {
            let state = order["state"].as_str().unwrap();
            *counts.entry(state).or_default() += 1;
            let fate = placed[order["number"].as_str().unwrap()].0;
            assert!(fate.ends().contains(&state), "{fate:?} ended {state}: {order:#}");
        }
        eprintln!("{counts:?}");
        check_invoices(orders.iter().map(|(_, order)| order));
    }
}

/// A page of the payment provider.
struct Page {
    id: String,
    tid: String,
    cents: u64,
}

/// Exactly the finished orders have an invoice, and their numbers follow each other from 1.
fn check_invoices<'a>(orders: impl Iterator<Item = &'a Value>) {
    let mut serials = Vec::new();
    for order in orders {
        let invoices = order["invoices"].as_array().unwrap();
        assert_eq!(invoices.len(), usize::from(order["state"] == "finished"), "{order:#}");
        let numbers = invoices.iter().map(|invoice| invoice["number"].as_str().unwrap());
        serials.extend(
            numbers.map(|number| number.rsplit_once('-').unwrap().1.parse::<usize>().unwrap()),
        );
    }
    serials.sort_unstable();
    assert_eq!(serials, (1..=serials.len()).collect::<Vec<_>>());
}

both_databases!(two_hundred_orders_at_once_all_end_and_none_is_lost_or_doubled);

async fn two_hundred_orders_at_once_all_end_and_none_is_lost_or_doubled(database: Database) {
    let world = World::with(database, &TIMES).await;
    let crowd = Crowd::gather(&world, 50).await;
    futures_util::future::join(crowd.place(200), crowd.pay(200)).await;
    world.clean_slate_within(PATIENCE).await;
    crowd.check(&world).await;
}
