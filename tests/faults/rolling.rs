//! Replicas are replaced one after the other while customers buy, also by those of another version:
//! nginx passes everything on, no request fails, and every order that was accepted ends right.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};
use starjack::clock::{self, Deadline};

use crate::crowd::TIMES;
use crate::support::{
    ADULT, Answer, Client, Nginx, Offer, Person, Postgres, Server, Version, World, eventually,
    free_port, new_key, ticket,
};

on_postgres!(
    replicas_that_are_replaced_one_after_the_other_fail_no_request_and_lose_no_order,
    the_released_version_is_replaced_by_this_one_and_one_replica_taken_back,
);

const CUSTOMERS: usize = 16;
const OPERATORS: [&str; 4] = ["solden", "ischgl", "obertauern", "saalbach"];
/// Longer than nginx's file keeps a replica out of the way, and an idle connection open.
const DRAIN_DELAY: &str = "7s";
/// How long an order may take.
const PATIENCE: Duration = Duration::from_secs(60);
const LOOK: Duration = Duration::from_millis(100);
/// An account has thirty new cards a minute.
const PAUSE: Duration = Duration::from_millis(1500);

async fn replicas_that_are_replaced_one_after_the_other_fail_no_request_and_lose_no_order() {
    roll(&Version::This, &[Version::This, Version::This]).await;
}

/// The real program of the last release beside this one, on the schema that this one has brought
/// up; and a way back.
async fn the_released_version_is_replaced_by_this_one_and_one_replica_taken_back() {
    let Some(released) = Version::released() else {
        return eprintln!(
            "NOT RUN: there is no history here from which the released version could be built"
        );
    };
    roll(&released, &[Version::This, Version::This, released.clone()]).await;
}

/// Two replicas of a version serve; while customers buy, one after the other, in turn, is replaced
/// by these.
async fn roll(from: &Version, by: &[Version]) {
    let port = free_port();
    let public_url = format!("http://127.0.0.1:{port}");
    let mut settings = TIMES.to_vec();
    settings.extend([
        ("STARJACK_HTTP__PUBLIC_URL", public_url.as_str()),
        ("STARJACK_HTTP__TRUSTED_PROXIES", "[\"127.0.0.1/32\"]"),
        ("STARJACK_HTTP__DRAIN_DELAY", DRAIN_DELAY),
        // somebody does not pay all the while
        ("STARJACK_TIMES__PAGE_LIFE", "5m"),
    ]);
    let database = Some(Postgres::create().await);
    let (mut world, _) = World::together(from.clone(), database, &settings, 0).await;
    let mut other = world.another_server().await;
    let nginx = Nginx::start(port, [world.server.port, other.port]).await;
    let people = join_all((0..CUSTOMERS).map(|_| world.skier("Anna"))).await;
    let offers =
        join_all(OPERATORS.iter().map(|operator| world.offer(operator, world.ski_day(), ADULT)))
            .await;
    let watched = world.order_to_pay(&people[0], &["solden", "obertauern"], "undo").await;

    let shop = Shop::new(&world.suppliers.control, offers);
    let customers =
        join_all(people.iter().enumerate().map(|(at, person)| shop.buy_until_told(person, at)));
    let replacing = async {
        let servers = [&mut world.server, &mut other];
        for (at, version) in by.iter().enumerate() {
            shop.more_orders(CUSTOMERS).await;
            replace(servers[at % 2], version, &nginx).await;
        }
        shop.more_orders(CUSTOMERS).await;
        shop.is_over.store(true, Ordering::Release);
    };
    let (_, came_back, ()) =
        tokio::join!(customers, shop.watch_until_told(&people[0], &watched), replacing);

    let asked_again = nginx.log().lines().filter(|line| line.contains(", ")).count();
    let requests = shop.requests.into_inner();
    let orders = shop.orders.into_inner();
    let failed = shop.failed.into_inner().unwrap();
    eprintln!(
        "{requests} requests, {asked_again} of them passed on again, {} failed; {orders} orders",
        failed.len()
    );
    eprintln!("a stream was opened again {came_back} times");
    assert!(failed.is_empty(), "{}", failed.join("\n"));
    assert!(
        asked_again > 0 && came_back > 0,
        "nobody felt anything: the servers were not replaced under load"
    );
    world.pay(&watched, "reserved").await;
    world.clean_slate().await;
    let all = world.all_orders().await.unwrap();
    assert!(
        all.len() == orders + 1 && all.iter().all(|(_, order)| order["state"] == "finished"),
        "{all:#?}"
    );
}

/// Tells a server to end, starts this version in its place, and waits until nginx passes requests
/// on to it.
async fn replace(server: &mut Server, version: &Version, nginx: &Nginx) {
    let operations = Client::new(server.first_line["operations"].as_str().unwrap());
    let told = clock::instant();
    server.tell_to_end();
    eventually("it says that it is not ready", async || {
        operations.try_get("/readyz").await.ok().filter(|answer| answer.status == 503)
    })
    .await;
    assert_eq!(server.ended().await, 0);
    eprintln!("ended {:?} after it was told to", told.elapsed());
    server.turn_into(version);
    server.again().await;
    let before = nginx.log().len();
    let answered = format!(" 127.0.0.1:{} 20", server.port);
    eventually("nginx asks it again", async || {
        nginx.log()[before..].contains(&answered).then_some(())
    })
    .await;
}

/// What customers buy, and how they fared.
struct Shop {
    offers: Vec<Offer>,
    control: Client,
    is_over: AtomicBool,
    requests: AtomicUsize,
    orders: AtomicUsize,
    failed: Mutex<Vec<String>>,
}

impl Shop {
    fn new(control: &str, offers: Vec<Offer>) -> Self {
        Self {
            offers,
            control: Client::new(control),
            is_over: AtomicBool::new(false),
            requests: AtomicUsize::new(0),
            orders: AtomicUsize::new(0),
            failed: Mutex::default(),
        }
    }

    /// Waits until so many orders more were bought.
    async fn more_orders(&self, orders: usize) {
        let until = self.orders.load(Ordering::Acquire) + orders;
        eventually("more is bought", async || {
            (self.orders.load(Ordering::Acquire) >= until).then_some(())
        })
        .await;
    }

    async fn buy_until_told(&self, person: &Person, at: usize) {
        while !self.is_over.load(Ordering::Acquire) {
            match self.buy(person, at % OPERATORS.len()).await {
                Ok(()) => drop(self.orders.fetch_add(1, Ordering::AcqRel)),
                Err(why) => self.failed.lock().unwrap().push(why),
            }
            clock::sleep(PAUSE).await;
        }
    }

    /// Buys one ticket; no request may fail, and none is sent twice.
    async fn buy(&self, person: &Person, operator: usize) -> Result<(), String> {
        let card = json!({ "number": person.next_card_number(operator >= 2), "nickname": "mine" });
        let card =
            self.ask(person.client.request(Method::POST, "/api/v1/cards").json(&card), 201).await?;
        let lines = [ticket(&self.offers[operator], card["id"].as_str().unwrap(), "Anna", ADULT)];
        let order = person
            .client
            .request(Method::POST, "/api/v1/orders")
            .header("Idempotency-Key", new_key());
        let order =
            self.ask(order.json(&json!({ "lines": lines, "on_refusal": "undo" })), 202).await?;
        let id = order["id"].as_str().unwrap();
        let order =
            self.look_until(person, id, |order| order["payment"]["page_url"].is_string()).await?;
        let page =
            order["payment"]["page_url"].as_str().unwrap().rsplit('/').next().unwrap().to_owned();
        let paid = json!({ "outcome": "reserved" });
        self.control.post(&format!("/control/mpay24/pages/{page}/pay"), &paid).await.expect(200);
        self.look_until(person, id, |order| order["state"] == "finished").await.map(drop)
    }

    async fn look_until(
        &self,
        person: &Person,
        id: &str,
        fits: impl Fn(&Value) -> bool,
    ) -> Result<Value, String> {
        let deadline = Deadline::after(PATIENCE);
        loop {
            let path = format!("/api/v1/orders/{id}");
            let order = self.ask(person.client.request(Method::GET, &path), 200).await?;
            if fits(&order) {
                return Ok(order);
            }
            if deadline.is_over()
                || ["rejected", "undone", "stuck"].contains(&order["state"].as_str().unwrap())
            {
                return Err(format!("{order:#}"));
            }
            clock::sleep(LOOK).await;
        }
    }

    async fn ask(&self, request: reqwest::RequestBuilder, status: u16) -> Result<Value, String> {
        self.requests.fetch_add(1, Ordering::Relaxed);
        match Answer::to(request).await {
            Ok(answer) if answer.status == status => Ok(answer.json),
            Ok(answer) => {
                Err(format!("{} {}", answer.status, String::from_utf8_lossy(&answer.bytes)))
            }
            Err(error) => Err(format!("{error:?}")),
        }
    }

    /// Watches an order, and comes back whenever a server says that it closes; gives how often.
    async fn watch_until_told(&self, person: &Person, order: &Value) -> usize {
        let path = format!("/api/v1/orders/{}/events", order["id"].as_str().unwrap());
        let mut came_back = 0;
        loop {
            let mut stream = person.client.stream(&path, "").await.expect("a stream");
            let end = tokio::select! {
                events = stream.rest() => events.last().cloned().expect("a last event"),
                () = self.until_over() => return came_back,
            };
            assert_eq!((end.name.as_str(), &end.data), ("end", &json!({ "reason": "closing" })));
            came_back += 1;
        }
    }

    async fn until_over(&self) {
        while !self.is_over.load(Ordering::Acquire) {
            clock::sleep(LOOK).await;
        }
    }
}
