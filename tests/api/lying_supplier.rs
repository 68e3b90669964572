//! A supplier that lies is felt by its own operator alone, and an order whose content it cannot
//! take by that order alone.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::time::Duration;

use futures_util::future::join_all;
use serde_json::json;

use crate::support::{ADULT, Database, World, eventually, new_key, ticket};

/// Most KiB by which the process may grow while it is lied to. The lie would cost more than a GiB
/// if each element had its own copy of the namespace; e-mails and tickets of the neighbours cost
/// some.
const GROWTH: u64 = 64 << 10;

/// An operator whose every answer is a short text that wants to become a large tree.
fn liar() -> String {
    let bomb = format!("<x xmlns=\"{}\">{}</x>", "u".repeat(60_000), "<a/>".repeat(30_000));
    let soap = "http://schemas.xmlsoap.org/soap/envelope/";
    let body = format!("<s:Envelope xmlns:s=\"{soap}\"><s:Body>{bomb}</s:Body></s:Envelope>");
    let head = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: text/xml\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    let answer = head + &body;
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            // a client that hangs up is told no more
            drop(stream.and_then(|stream| tell(stream, &answer)));
        }
    });
    address
}

fn tell(mut stream: TcpStream, answer: &str) -> std::io::Result<()> {
    stream.set_read_timeout(Some(Duration::from_secs(2)))?;
    let mut heard = Vec::new();
    let mut more = [0; 4096];
    while !heard.ends_with(b"</soap:Envelope>") {
        match stream.read(&mut more)? {
            0 => return Ok(()),
            read => heard.extend_from_slice(&more[..read]),
        }
    }
    stream.write_all(answer.as_bytes())?;
    while stream.read(&mut more)? > 0 {}
    Ok(())
}

#[tokio::test]
async fn neighbours_sell_on_beside_a_supplier_that_lies_and_the_server_does_not_grow() {
    let liar = liar();
    let settings = [
        ("STARJACK_CONTRACTS__SOLDEN__ENDPOINT", liar.as_str()),
        ("STARJACK_TIMES__CHECK_PATIENCE", "3s"),
        ("STARJACK_TIMES__PLACED_LIMIT", "4s"),
    ];
    let mut world = World::with(Database::Sqlite, &settings).await;
    let anna = world.skier("Anna").await;
    world.bought(&anna, &["stubai"]).await;
    let before = world.server.most_memory();
    let lines = world.basket(&anna, &["solden"]).await;
    let lied_to = anna.place(&lines, "undo", &new_key()).await.expect(202);
    world.bought(&anna, &["obertauern", "stubai"]).await;
    anna.wait_for(lied_to["id"].as_str().unwrap(), &["rejected"]).await;
    let grown = world.server.most_memory() - before;
    assert!(grown < GROWTH, "{grown} KiB");
    assert_eq!(world.server.exit_code(), None);
    world.clean_slate().await;
}

#[tokio::test]
async fn orders_whose_content_a_supplier_cannot_take_open_no_breaker_for_others() {
    let world = World::with(Database::Sqlite, &[("STARJACK_TIMES__BREAKER_PAUSE", "60s")]).await;
    let (anna, berta, clerk) =
        tokio::join!(world.skier("Anna"), world.skier("Berta"), world.clerk());
    let offer = world.offer("solden", world.ski_day(), ADULT).await;
    let tickets =
        join_all((0..16).map(async |_| ticket(&offer, &anna.card_dta().await, "Anna", ADULT)))
            .await;
    let odd = json!({ "supplier": "dta", "operator": "solden", "operation": "CreateOrder", "fault": "http_status",
        "value": 500, "times": 16 });
    world.fault(odd).await;
    let placed = anna.place(&tickets, "undo", &new_key()).await.expect(202);
    let order = anna.wait_for_page(placed["id"].as_str().unwrap()).await;
    world.pay(&order, "reserved").await;
    let actor = eventually("each ticket was answered with a fault", async || {
        let actor = world.actor(&clerk, "dta/solden").await;
        (actor["processed"].as_u64().unwrap() >= 32).then_some(actor)
    })
    .await;
    assert_eq!(actor["breaker"], "closed", "{actor:#}");
    world.bought(&berta, &["solden"]).await;
    anna.wait_for(order["id"].as_str().unwrap(), &["finished"]).await;
    world.clean_slate().await;
}

/// Whatever an order says, it is not to blame for a password that does not count any more.
#[tokio::test]
async fn a_supplier_that_shuts_us_out_is_asked_no_more_for_now() {
    let world = World::start(Database::Sqlite).await;
    let (anna, clerk) = tokio::join!(world.skier("Anna"), world.clerk());
    let offer = world.offer("solden", world.ski_day(), ADULT).await;
    let tickets =
        join_all((0..20).map(async |_| ticket(&offer, &anna.card_dta().await, "Anna", ADULT)))
            .await;
    let placed = anna.place(&tickets, "undo", &new_key()).await.expect(202);
    let order = anna.wait_for_page(placed["id"].as_str().unwrap()).await;
    let shut =
        json!({ "supplier": "dta", "operator": "solden", "fault": "http_status", "value": 401 });
    world.fault(shut).await;
    world.pay(&order, "reserved").await;
    eventually("its breaker is open", async || {
        (world.actor(&clerk, "dta/solden").await["breaker"] == "open").then_some(())
    })
    .await;
    world.clear_faults().await;
    anna.wait_for(order["id"].as_str().unwrap(), &["finished"]).await;
    world.clean_slate().await;
}
