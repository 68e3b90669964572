use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::*;
use crate::clock::Deadline;

const BODY: &str = "the whole body";

fn permit() -> Permit {
    Permit::until(Deadline::after(Duration::from_secs(5)))
}

async fn server() -> (TcpListener, Client) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let client = Client::new(&format!("http://{}", listener.local_addr().unwrap())).unwrap();
    (listener, client)
}

fn ask() -> Request {
    Request::post("/act", "text/plain", BODY).basic_auth("user", "secret")
}

/// Reads until the body of the request has come, or the peer has gone.
async fn hear(stream: &mut TcpStream) -> String {
    let mut heard = Vec::new();
    while !heard.ends_with(BODY.as_bytes()) && stream.read_buf(&mut heard).await.unwrap_or(0) > 0 {}
    String::from_utf8(heard).unwrap()
}

#[tokio::test]
async fn a_request_carries_its_length_and_its_answer_comes_back() {
    let (listener, client) = server().await;
    let serve = async {
        let (mut stream, _) = listener.accept().await.unwrap();
        let heard = hear(&mut stream).await;
        let answer = "HTTP/1.1 418 Teapot\r\ncontent-type: Text/XML; charset=utf-8\r\ncontent-length: 2\r\n\r\nno";
        stream.write_all(answer.as_bytes()).await.unwrap();
        heard
    };
    let permit = permit();
    let (answer, heard) = tokio::join!(client.send(ask(), &permit), serve);
    let expected = Answer { status: 418, content_type: "text/xml".into(), body: "no".into() };
    assert_eq!(answer, Ok(expected));
    assert!(heard.starts_with("POST /act HTTP/1.1\r\n"), "{heard}");
    assert!(heard.contains("content-length: 14\r\n") && !heard.contains("chunked"), "{heard}");
}

#[tokio::test]
async fn a_permit_that_ends_while_connecting_never_delivers_the_request() {
    let (listener, client) = server().await;
    let permit = Permit::new(Deadline::after(Duration::from_secs(5)), || false);
    let serve = async {
        let (mut stream, _) = listener.accept().await.unwrap();
        hear(&mut stream).await
    };
    let (answer, heard) = tokio::join!(client.send(ask(), &permit), serve);
    assert!(matches!(answer, Err(SendError::NotSent(_))), "{answer:?}");
    assert!(!heard.contains(BODY), "{heard}");
}

#[tokio::test]
async fn a_read_without_a_permit_is_not_sent() {
    let (_listener, client) = server().await;
    let permit = Permit::new(Deadline::after(Duration::from_secs(5)), || false);
    assert!(matches!(client.send(Request::get("/"), &permit).await, Err(SendError::NotSent(_))));
}

#[tokio::test]
async fn a_refused_connection_is_not_sent() {
    let (listener, client) = server().await;
    drop(listener);
    let answer = client.send(ask(), &permit()).await;
    let Err(SendError::NotSent(text)) = answer else { panic!("{answer:?}") };
    assert!(text.contains("refused") && !text.contains("127.0.0.1"), "{text}");
}

#[tokio::test]
async fn a_connection_that_ends_after_the_request_is_unknown() {
    for cut in ["", "HTTP/1.1 200 OK\r\ncontent-length: 900\r\n\r\nhalf"] {
        let (listener, client) = server().await;
        let serve = async {
            let (mut stream, _) = listener.accept().await.unwrap();
            hear(&mut stream).await;
            stream.write_all(cut.as_bytes()).await.unwrap();
            if cut.is_empty() {
                stream.set_zero_linger().unwrap(); // a reset instead of an end
            }
        };
        let permit = permit();
        let (answer, ()) = tokio::join!(client.send(ask(), &permit), serve);
        assert!(matches!(answer, Err(SendError::Unknown(_))), "{cut:?}: {answer:?}");
    }
}

#[tokio::test]
async fn silence_until_the_deadline_is_unknown_and_its_text_names_neither_address_nor_secret() {
    let (listener, client) = server().await;
    let permit = Permit::until(Deadline::after(Duration::from_secs(1)));
    let serve = async {
        let (mut stream, _) = listener.accept().await.unwrap();
        hear(&mut stream).await;
        stream
    };
    let (answer, _stream) = tokio::join!(client.send(ask(), &permit), serve);
    let Err(SendError::Unknown(text)) = answer else { panic!("{answer:?}") };
    assert!(!text.contains("127.0.0.1") && !text.contains("secret"), "{text}");
}

#[tokio::test]
async fn an_answer_beyond_the_limit_is_unknown() {
    let (listener, client) = server().await;
    let serve = async {
        let (mut stream, _) = listener.accept().await.unwrap();
        hear(&mut stream).await;
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nabcde").await.unwrap();
    };
    let permit = permit();
    let (answer, ()) = tokio::join!(client.send(ask().limit(4), &permit), serve);
    assert!(matches!(answer, Err(SendError::Unknown(_))), "{answer:?}");
}

#[test]
fn only_loopback_is_spoken_to_without_tls() {
    for (endpoint, accepted) in [
        ("https://resort.example", true),
        ("http://127.0.0.1:81", true),
        ("http://[::1]:81/x", true),
        ("http://localhost", true),
        ("http://resort.example", false),
        ("ftp://127.0.0.1", false),
        ("resort", false),
    ] {
        assert_eq!(Client::new(endpoint).is_ok(), accepted, "{endpoint}");
    }
}
