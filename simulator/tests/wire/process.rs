//! Connections, ports and the process itself.

use std::io::{BufRead as _, BufReader, ErrorKind};
use std::process::{Command, Stdio};

use serde_json::{Value, json};
use starjack_simulator::{Config, Contract, Vendor, start};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::support::{World, ask};

async fn connect(world: &World) -> TcpStream {
    let url = world.access("mailgun", "url");
    TcpStream::connect(url.trim_start_matches("http://")).await.unwrap()
}

const REQUEST: &[u8] = b"GET /v3/x HTTP/1.1\r\nHost: a\r\n\r\n";

#[tokio::test]
async fn connections_are_kept_alive_until_the_port_closes() {
    let world = World::start().await;
    let mut kept = connect(&world).await;
    let mut answer = [0; 1_024];
    for _ in 0..2 {
        kept.write_all(REQUEST).await.unwrap();
        assert!(kept.read(&mut answer).await.unwrap() > 0);
        assert!(answer.starts_with(b"HTTP/1.1 401"));
    }
    world.fault(json!({"supplier": "mailgun", "fault": "refuse_connection"})).await;
    assert_eq!(
        kept.read(&mut answer).await.unwrap_or_default(),
        0,
        "the idle connection ends with the port"
    );
    world.clear().await;
    connect(&world).await;
}

#[tokio::test]
async fn a_delayed_request_is_executed_though_the_client_left() {
    let world = World::start().await;
    world
        .fault(json!({"supplier": "mailgun", "fault": "delay_ms", "value": 1_000, "times": 1}))
        .await;
    let basic = base64::Engine::encode(
        &base64::engine::general_purpose::STANDARD,
        format!("api:{}", world.access("mailgun", "key")),
    );
    let part = |name: &str, value: &str| {
        format!("--B\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
    };
    let body =
        part("from", "a@b.example") + &part("to", "c@d.example") + &part("text", "x") + "--B--\r\n";
    let request = format!(
        "POST /v3/{}/messages HTTP/1.1\r\nHost: a\r\nAuthorization: Basic {basic}\r\nContent-Length: {}\r\n\
         Content-Type: multipart/form-data; boundary=B\r\n\r\n{body}",
        world.access("mailgun", "domain"),
        body.len()
    );
    let mut leaving = connect(&world).await;
    leaving.write_all(request.as_bytes()).await.unwrap();
    while world.control("GET", "faults", Value::Null).await.json()["items"][0]["hits"] == 0 {}
    drop(leaving);
    assert!(world.ledger("mailgun").await.is_empty());
    world.until("mailgun", |entries| entries.len() == 1).await;
}

#[tokio::test]
async fn unfit_configurations_do_not_start() {
    let world = World::start().await;
    let taken = world.simulator.endpoints.control.trim_start_matches("http://").parse().unwrap();
    let twice = vec![
        Contract { vendor: Vendor::Dta, operator: "solden".to_owned() },
        Contract { vendor: Vendor::Dta, operator: "solden".to_owned() },
    ];
    let unknown = vec![Contract { vendor: Vendor::Axess, operator: "solden".to_owned() }];
    let odd = vec![Contract { vendor: Vendor::Dta, operator: "../a".to_owned() }];
    for config in [
        Config { control: taken, ..Config::default() },
        Config { control: "0.0.0.0:0".parse().unwrap(), ..Config::default() },
        Config { contracts: twice, ..Config::default() },
        Config { contracts: unknown, ..Config::default() },
        Config { contracts: odd, ..Config::default() },
    ] {
        assert!(start(config.clone()).await.is_err(), "{config:?}");
    }
}

#[tokio::test]
async fn a_dropped_simulator_closes_its_ports() {
    let world = World::start().await;
    let control = world.simulator.endpoints.control.clone() + "/control/ledger";
    world.simulator.stop().await;
    assert_eq!(ask("GET", &control, &[], b"").await.unwrap_err(), ErrorKind::ConnectionRefused);
}

#[tokio::test]
async fn the_process_says_where_it_listens_and_ends_when_told() {
    let mut process = Command::new(env!("CARGO_BIN_EXE_starjack-simulator"))
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let endpoints: Value = serde_json::from_str(&line).unwrap();
    let control = endpoints["control"].as_str().unwrap();
    let asked = ask("GET", &format!("{control}/control/endpoints"), &[], b"").await.unwrap().json();
    assert_eq!(asked, endpoints);
    assert!(Command::new("kill").arg(process.id().to_string()).status().unwrap().success());
    assert!(process.wait().unwrap().success());
}

#[tokio::test]
async fn the_control_side_answers_problems() {
    let world = World::start().await;
    assert_eq!(world.control("GET", "nothing", Value::Null).await.status, 404);
    assert_eq!(world.control("GET", "ledger/visa", Value::Null).await.status, 404);
    assert_eq!(world.control("GET", "ledger/dta", Value::Null).await.json(), json!([]));
    assert_eq!(world.control("POST", "clock", json!({"advance_seconds": -1})).await.status, 422);
    assert_eq!(world.control("POST", "dta/laax/orders/1/use", Value::Null).await.status, 404);
    assert_eq!(
        world.control("POST", "axess/saalbach/tickets/x/use", Value::Null).await.status,
        409
    );
}
