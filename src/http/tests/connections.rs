//! What a silent peer costs the others: nothing for long.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::World;
use crate::clock::{self, Deadline};
use crate::http::{Door, Patience, fixture};
use crate::network::Networks;

const REQUEST: &str = "GET /livez HTTP/1.1\r\nhost: shop.example\r\n\r\n";
const PATIENCE: Patience = Patience {
    head: Duration::from_millis(300),
    idle: Duration::from_millis(900),
    answer: Duration::from_millis(300),
};
/// How long a test waits for what should come: so long only a failing one waits.
const LONG: Duration = Duration::from_secs(20);

async fn impatient() -> World {
    let (state, folder) = fixture::state().await;
    World::serve_patiently(state, folder, PATIENCE)
}

/// A connection to the server, on the way to its next answer.
struct Peer(TcpStream);

impl Peer {
    async fn of(address: SocketAddr) -> Self {
        Self(TcpStream::connect(address).await.unwrap())
    }

    async fn says(&mut self, bytes: &str) {
        self.0.write_all(bytes.as_bytes()).await.unwrap();
    }

    /// The status of the next answer, which is read whole.
    async fn status(&mut self) -> String {
        let mut heard = Vec::new();
        let whole = |heard: &[u8]| {
            String::from_utf8_lossy(heard).contains("\r\n\r\n{") && heard.ends_with(b"}")
        };
        while !whole(&heard) {
            let read = clock::timeout_at(Deadline::after(LONG), self.0.read_buf(&mut heard)).await;
            assert!(
                read.expect("an answer").unwrap_or(0) > 0,
                "closed after {}",
                String::from_utf8_lossy(&heard)
            );
        }
        String::from_utf8_lossy(&heard[9..12]).into_owned()
    }

    /// Whether it is closed before this time is over.
    async fn is_closed_within(&mut self, time: Duration) -> bool {
        let deadline = Deadline::after(time);
        let mut heard = [0; 256];
        loop {
            match clock::timeout_at(deadline, self.0.read(&mut heard)).await {
                Ok(Ok(0) | Err(_)) => return true,
                Ok(Ok(_)) => {}
                Err(_elapsed) => return false,
            }
        }
    }
}

#[actix_rt::test]
async fn the_second_head_of_a_connection_has_its_time_like_the_first() {
    let world = impatient().await;
    let mut half = Peer::of(world.address).await;
    let mut trickling = Peer::of(world.address).await;
    let mut pipelined = Peer::of(world.address).await;
    for peer in [&mut half, &mut trickling] {
        peer.says(REQUEST).await;
        assert_eq!(peer.status().await, "200");
    }
    half.says(&REQUEST[..20]).await;
    // the second head begins in the bytes of the first one
    pipelined.says(&format!("{REQUEST}{}", &REQUEST[..20])).await;
    assert_eq!(pipelined.status().await, "200");
    let begun = clock::instant();
    let mut bytes = REQUEST.bytes().cycle();
    // a byte now and then is no head either
    while !trickling.is_closed_within(Duration::from_millis(50)).await {
        assert!(clock::since(begun) < LONG, "it trickles on");
        let byte = [bytes.next().unwrap().max(b'a')];
        drop(trickling.0.write_all(&byte).await);
    }
    assert!(half.is_closed_within(LONG).await);
    assert!(pipelined.is_closed_within(LONG).await);
}

#[actix_rt::test]
async fn a_connection_is_kept_between_requests_and_while_one_is_served() {
    let world = impatient().await;
    let mut idle = Peer::of(world.address).await;
    let mut slow = Peer::of(world.address).await;
    idle.says(REQUEST).await;
    assert_eq!(idle.status().await, "200");
    // its head is whole, its body is not: that is another limit's
    slow.says(
        "POST /api/v1/sessions HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n",
    )
    .await;
    assert!(!idle.is_closed_within(PATIENCE.head * 2).await, "an idle one");
    idle.says(REQUEST).await;
    assert_eq!(idle.status().await, "200");
    assert!(!slow.is_closed_within(PATIENCE.idle).await, "a busy one");
    slow.says("{}").await;
    assert_eq!(slow.status().await, "422");
}

#[actix_rt::test]
async fn whoever_reads_no_answer_loses_its_place() {
    let (mut state, folder) = fixture::state().await;
    state.face.door = Door::new(state_address(), 1, Networks::default());
    let patience = Patience { answer: PATIENCE.answer, ..Patience::default() };
    let world = World::serve_patiently(state, folder, patience);
    let mut deaf = Peer::of(world.address).await;
    // more than the sockets of both sides hold
    let request = "GET /api/openapi.json HTTP/1.1\r\nhost: shop.example\r\n\r\n";
    deaf.says(&request.repeat(64)).await;
    let deadline = Deadline::after(LONG);
    loop {
        let mut next = Peer::of(world.address).await;
        drop(next.0.write_all(REQUEST.as_bytes()).await);
        let mut answer = [0; 12];
        if next.0.read_exact(&mut answer).await.is_ok() {
            assert_eq!(&answer, b"HTTP/1.1 200");
            break;
        }
        assert!(!deadline.is_over(), "it keeps its place for ever");
    }
}

#[actix_rt::test]
async fn a_peer_with_many_connections_gets_no_more_and_our_own_look_comes_in() {
    let most = 2;
    let world = World::with(|state| {
        state.face.door = Door::new(state_address(), most, Networks::default())
    })
    .await;
    let mut first = Peer::of(world.address).await;
    let mut second = Peer::of(world.address).await;
    for peer in [&mut first, &mut second] {
        peer.says(REQUEST).await;
        assert_eq!(peer.status().await, "200");
    }
    let is_answered = async || {
        let mut peer = Peer::of(world.address).await;
        drop(peer.0.write_all(REQUEST.as_bytes()).await);
        let mut answer = [0; 12];
        peer.0.read_exact(&mut answer).await.is_ok_and(|_| answer == *b"HTTP/1.1 200")
    };
    assert!(!is_answered().await, "one too many");
    assert!(world.state.face.door.answers().await, "the listener is well");
    drop(first);
    let deadline = Deadline::after(LONG);
    while !is_answered().await {
        assert!(!deadline.is_over(), "the place of one that has gone is another's");
    }
}

#[actix_rt::test]
async fn a_trusted_proxy_has_as_many_connections_as_it_needs() {
    let proxies = Networks::parse(["127.0.0.1"]).unwrap();
    let world = World::with(|state| state.face.door = Door::new(state_address(), 1, proxies)).await;
    let mut peers = Vec::new();
    for _ in 0..3 {
        let mut peer = Peer::of(world.address).await;
        peer.says(REQUEST).await;
        assert_eq!(peer.status().await, "200");
        peers.push(peer);
    }
}

#[actix_rt::test]
async fn a_listener_that_accepts_nobody_is_not_ready() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let deaf =
        World::with(|state| state.face.door = Door::new(state_address(), 8, Networks::default()))
            .await;
    deaf.state.readiness.set(true);
    assert_eq!(ready(&deaf).await, (200, true));
    // connections are made, as the system does for a process that hangs, and nobody answers
    let (mut state, folder) = fixture::state().await;
    state.readiness.set(true);
    state.face.door = Door::new(address, 8, Networks::default());
    let operations = operations(actix_web::web::Data::new(state));
    assert_eq!(asked(operations.0).await, (503, false));
    drop((operations, folder));
}

/// Where the door is before the server has its address.
fn state_address() -> SocketAddr {
    ([127, 0, 0, 1], 1).into()
}

async fn ready(world: &World) -> (u16, bool) {
    let operations = operations(world.state.clone());
    asked(operations.0).await
}

fn operations(
    state: actix_web::web::Data<crate::http::State>,
) -> (SocketAddr, actix_web::dev::ServerHandle) {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let server = crate::http::operations::serve(state, listener).unwrap();
    let handle = server.handle();
    actix_rt::spawn(server);
    (address, handle)
}

async fn asked(operations: SocketAddr) -> (u16, bool) {
    let answer = super::client().get(format!("http://{operations}/readyz")).send().await.unwrap();
    let status = answer.status().as_u16();
    let detail: serde_json::Value = serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap();
    (status, detail["listener"]["answers"].as_bool().unwrap())
}
