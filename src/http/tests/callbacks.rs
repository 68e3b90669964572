//! What the payment provider reports, or somebody who claims to be it.

use actix_web::test::{self, TestRequest};
use chrono::TimeDelta;
use futures_util::FutureExt;
use futures_util::future::join_all;
use sea_orm::{ConnectionTrait, EntityTrait};
use starjack_entity::payment_callback;
use uuid::Uuid;

use super::World;
use super::orders::{Skier, id_of, open_page};
use crate::actors::order::forget_texts;
use crate::actors::order::rules::lifecycle::PaymentState;
use crate::actors::order::rules::record::{Order, Payment};
use crate::clock;
use crate::http::fixture::state;
use crate::http::server;
use crate::io::IoError;
use crate::network::Networks;

const PATH: &str = "/callbacks/mpay24";

/// A claim about the first page of an order.
struct Claim {
    reference: String,
    secret: String,
    tid: &'static str,
    status: &'static str,
    price: i64,
    currency: &'static str,
}

impl Claim {
    fn query(&self) -> String {
        let Self { reference, secret, tid, status, price, currency } = self;
        let secret = secret.replace(' ', "%20");
        format!(
            "?secret={secret}&OPERATION=CONFIRMATION&TID={reference}&STATUS={status}&PRICE={price}&CURRENCY={currency}\
             &P_TYPE=CC&BRAND=VISA&MPAYTID={tid}&USER_FIELD=&ORDERDESC=K%E4rnten&CUSTOMER=M%FCller"
        )
    }
}

impl World {
    async fn paying(&self) -> (Skier, Uuid, Claim) {
        let skier = self.skier("anna@example.org").await;
        let id = id_of(&self.order(&skier, "key-1").await);
        self.change(id, open_page).await;
        let order = self.load(id).await;
        let claim = Claim {
            reference: order.payments[0].reference.to_string(),
            secret: order.payments[0].secret.clone(),
            tid: "12345",
            status: "RESERVED",
            price: order.total,
            currency: "EUR",
        };
        (skier, id, claim)
    }

    async fn load(&self, id: Uuid) -> Order {
        self.state.orders.store().load(id).await.unwrap().unwrap()
    }

    async fn report(&self, query: &str) -> String {
        let answer = self.call("GET", &format!("{PATH}{query}")).send().await.unwrap();
        assert_eq!(answer.status(), 200);
        assert_eq!(answer.headers()["content-type"], "text/plain; charset=utf-8");
        answer.text().await.unwrap()
    }

    /// At once.
    async fn report_five_times(&self, claim: &Claim) -> Vec<String> {
        let query = claim.query();
        join_all((0..5).map(|_| self.report(&query))).await
    }

    async fn callbacks_kept(&self) -> Vec<payment_callback::Model> {
        let read = self.io.read(|db| {
            Box::pin(async { Ok::<_, IoError>(payment_callback::Entity::find().all(db).await?) })
        });
        read.await.unwrap()
    }

    async fn execute(&self, sql: &'static str) {
        let done = self.io.write(move |tx| {
            Box::pin(async move { Ok::<_, IoError>(tx.execute_unprepared(sql).await?) })
        });
        done.await.unwrap();
    }

    /// Whether somebody asked for the list of open payments to be read since the last time.
    fn sweep_was_wished(&self) -> bool {
        self.state.sweep.requested().now_or_never().is_some()
    }
}

fn page(order: &Order) -> &Payment {
    &order.payments[0]
}

#[actix_rt::test]
async fn a_reservation_wakes_the_sweep_until_its_order_shows_it_and_is_not_believed() {
    let world = World::start().await;
    let (_skier, id, claim) = world.paying().await;
    let before = world.load(id).await;
    assert_eq!(world.report(&claim.query()).await, "OK");
    assert!(world.sweep_was_wished());
    assert_eq!(world.load(id).await, before, "a claim changes nothing");
    let kept = world.callbacks_kept().await;
    assert_eq!(
        (kept[0].tid.as_str(), kept[0].status.as_str(), kept[0].amount_cents),
        ("12345", "RESERVED", 8300)
    );

    let again = world.report_five_times(&claim).await;
    assert_eq!(again, ["OK"; 5]);
    assert!(world.sweep_was_wished(), "the list may not have shown it yet");
    assert_eq!(world.callbacks_kept().await.len(), 1);

    for state in [PaymentState::Reserved, PaymentState::Reversed] {
        world.change(id, |order| order.payments[0].tid = Some("12345".to_owned())).await;
        world.change(id, |order| order.payments[0].state = state).await;
        assert_eq!(world.report_five_times(&claim).await, ["OK"; 5]);
        assert!(!world.sweep_was_wished(), "a duplicate of what is known wakes nothing");
    }

    // its text is forgotten after a month, its claim never
    for (days, text) in [(29, kept[0].raw.as_str()), (31, "")] {
        forget_texts(&world.io, clock::now() + TimeDelta::days(days), None).await.unwrap();
        assert_eq!(world.callbacks_kept().await[0].raw, text);
    }
    assert_eq!(world.report(&claim.query()).await, "OK");
    assert!(
        !kept[0].raw.is_empty()
            && world.callbacks_kept().await.len() == 1
            && !world.sweep_was_wished()
    );
}

#[actix_rt::test]
async fn a_bill_asks_for_one_status_call() {
    let world = World::start().await;
    let (_skier, id, claim) = world.paying().await;
    let claim = Claim { status: "BILLED", ..claim };
    let answers = world.report_five_times(&claim).await;
    assert_eq!(answers, ["OK"; 5]);
    let order = world.load(id).await;
    assert!(page(&order).claim.is_some() && page(&order).tid.as_deref() == Some("12345"));
    assert_eq!(page(&order).state.word(), "opened", "the provider is asked first");
    assert!(!world.sweep_was_wished());
    assert_eq!(world.callbacks_kept().await.len(), 1);
}

#[actix_rt::test]
async fn a_report_that_the_provider_did_not_confirm_is_asked_about_again_when_it_comes_again_and_kept_once()
 {
    for (status, decided) in
        [("BILLED", PaymentState::Billed), ("BILLED_REVERSAL", PaymentState::ChargedBack)]
    {
        let world = World::start().await;
        let (_skier, id, claim) = world.paying().await;
        let claim = Claim { status, ..claim };
        assert_eq!(world.report(&claim.query()).await, "OK");
        assert!(page(&world.load(id).await).claim.is_some());
        // asked, and not confirmed yet
        world
            .change(id, |order| {
                (order.payments[0].claim, order.payments[0].status_calls) = (None, 1)
            })
            .await;
        assert_eq!(world.report_five_times(&claim).await, ["OK"; 5]);
        let order = world.load(id).await;
        assert_eq!(
            (page(&order).claim.is_some(), page(&order).status_calls),
            (true, 1),
            "{status}"
        );

        world
            .change(id, |order| {
                (order.payments[0].claim, order.payments[0].state) = (None, decided)
            })
            .await;
        let before = world.load(id).await;
        assert_eq!(world.report_five_times(&claim).await, ["OK"; 5]);
        assert_eq!(world.load(id).await, before, "what is decided is not asked about");
        assert_eq!(world.callbacks_kept().await.len(), 1);
    }
}

#[actix_rt::test]
async fn a_bill_that_could_not_be_noted_is_noted_when_it_is_reported_again() {
    let world = World::start().await;
    let (_skier, id, claim) = world.paying().await;
    let claim = Claim { status: "BILLED", ..claim };
    world.execute("CREATE TRIGGER full BEFORE UPDATE ON payment BEGIN SELECT RAISE(ABORT, 'disk full'); END").await;
    assert_eq!(world.report(&claim.query()).await, "ERROR: try again");
    world.execute("DROP TRIGGER full").await;
    assert_eq!(world.report(&claim.query()).await, "OK");
    assert!(page(&world.load(id).await).claim.is_some());
}

#[actix_rt::test]
async fn case_21_what_is_forged_unknown_or_ambiguous_is_refused_and_changes_nothing() {
    let world = World::start().await;
    let (_skier, id, claim) = world.paying().await;
    let before = world.load(id).await;
    let good = claim.query();
    for (query, why) in [
        (String::new(), "secret is missing"),
        (good.replace("the%20page", "a%20page"), "wrong secret"),
        (good.replace("secret=the%20page's%20secret", "secret=x"), "wrong secret"),
        (good.replace(&claim.reference, "A0000000000-P1"), "unknown TID"),
        (format!("{good}&TID={}", claim.reference), "TID is repeated"),
        (good.replace("PRICE=8300", "PRICE=83.00"), "PRICE is not a number of cents"),
        (good.replace("MPAYTID=12345", "MPAYTID="), "MPAYTID is missing"),
    ] {
        assert_eq!(world.report(&query).await, format!("ERROR: {why}"), "{query}");
    }
    assert!(world.callbacks_kept().await.is_empty() && !world.sweep_was_wished());
    assert_eq!(world.load(id).await, before);
}

#[actix_rt::test]
async fn another_amount_or_currency_is_kept_and_left_to_the_pull() {
    let world = World::start().await;
    let (_skier, id, claim) = world.paying().await;
    let less = Claim { price: 1, ..claim };
    assert_eq!(world.report(&less.query()).await, "OK");
    assert!(world.sweep_was_wished());
    let francs = Claim { currency: "CHF", price: 8300, status: "BILLED", tid: "12346", ..less };
    assert_eq!(world.report(&francs.query()).await, "OK");
    assert!(page(&world.load(id).await).claim.is_some());
    assert_eq!(world.callbacks_kept().await.len(), 2);
}

#[actix_rt::test]
async fn case_19_every_other_status_is_kept_and_changes_nothing_but_a_suspended_one_wakes_the_sweep()
 {
    let world = World::start().await;
    let (_skier, id, claim) = world.paying().await;
    let before = world.load(id).await;
    let mut claim = claim;
    for (status, wakes) in [
        ("SUSPENDED", true),
        ("ERROR", false),
        ("REVERSED", false),
        ("CREDITED", false),
        ("RESERVED_REVERSAL", false),
        ("SOMETHING_NEW", false),
    ] {
        claim.status = status;
        assert_eq!(world.report(&claim.query()).await, "OK", "{status}");
        assert_eq!(world.sweep_was_wished(), wakes, "{status}");
    }
    assert_eq!(world.load(id).await, before);
    assert_eq!(world.callbacks_kept().await.len(), 6);
}

#[actix_rt::test]
async fn a_charge_back_is_not_believed_and_asks_the_provider_once() {
    let world = World::start().await;
    let (_skier, id, claim) = world.paying().await;
    let claim = Claim { status: "BILLED_REVERSAL", ..claim };
    assert_eq!(world.report_five_times(&claim).await, ["OK"; 5]);
    let order = world.load(id).await;
    assert_eq!((page(&order).claim.is_some(), page(&order).state.word()), (true, "opened"));
    assert_eq!(world.callbacks_kept().await.len(), 1);
}

#[actix_rt::test]
async fn case_24_while_the_database_fails_the_provider_is_told_to_come_again() {
    let world = World::start().await;
    let (_skier, _id, claim) = world.paying().await;
    let rename = async |from: &str, to: &str| {
        let sql = format!("ALTER TABLE {from} RENAME TO {to}");
        let renamed = world.io.write(|tx| {
            Box::pin(async move {
                tx.execute_unprepared(&sql).await?;
                Ok::<_, IoError>(())
            })
        });
        renamed.await.unwrap();
    };
    rename("payment_callback", "hidden").await;
    assert_eq!(world.report(&claim.query()).await, "ERROR: try again");
    assert!(!world.sweep_was_wished());
    rename("hidden", "payment_callback").await;
    assert_eq!(world.report(&claim.query()).await, "OK");
    assert!(world.sweep_was_wished());
}

#[actix_rt::test]
async fn the_kept_text_is_bounded() {
    let world = World::start().await;
    let (_skier, _id, claim) = world.paying().await;
    let query = format!("{}&MSG={}", claim.query(), "m".repeat(5000));
    assert_eq!(world.report(&query).await, "OK");
    assert_eq!(world.callbacks_kept().await[0].raw.len(), 2000);
}

#[actix_rt::test]
async fn case_23_other_methods_do_no_harm() {
    let world = World::start().await;
    let (_skier, _id, claim) = world.paying().await;
    for method in ["HEAD", "PUT", "DELETE"] {
        let answer = world.call(method, &format!("{PATH}{}", claim.query())).send().await.unwrap();
        assert_eq!(answer.status(), 405, "{method}");
    }
    assert!(world.callbacks_kept().await.is_empty());
    let posted = world.call("POST", PATH).body("TID=1").send().await.unwrap();
    assert_eq!(posted.text().await.unwrap(), "ERROR: secret is missing");
    let posted = world.call("POST", &format!("{PATH}{}", claim.query())).send().await.unwrap();
    assert_eq!(posted.text().await.unwrap(), "OK");
}

#[actix_rt::test]
async fn case_18_only_the_providers_networks_are_listened_to_and_only_our_proxies_are_believed() {
    let (mut state, _folder) = state().await;
    state.face.callback_networks = Networks::parse(["192.0.2.0/24"]).unwrap();
    state.face.trusted_proxies = Networks::parse(["10.0.0.0/8"]).unwrap();
    let app = test::init_service(server::app(actix_web::web::Data::new(state))).await;
    for (peer, forwarded, heard) in [
        ("192.0.2.7:1", "", true),
        ("[::ffff:192.0.2.7]:1", "", true),
        ("198.51.100.7:1", "", false),
        ("198.51.100.7:1", "192.0.2.7", false),
        ("10.0.0.1:1", "192.0.2.7", true),
        ("10.0.0.1:1", "192.0.2.7, 198.51.100.7", false),
        ("[2001:db8::1]:1", "", false),
    ] {
        let request = TestRequest::get().uri(PATH).peer_addr(peer.parse().unwrap());
        let request = request.insert_header(("x-forwarded-for", forwarded)).to_request();
        let text = test::call_and_read_body(&app, request).await;
        let expected = if heard { "ERROR: secret is missing" } else { "ERROR: not from here" };
        assert_eq!(text, expected, "{peer} {forwarded}");
    }
}
