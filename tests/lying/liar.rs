//! A server that answers every request with one lie, but for a log-in, on a thread of its own.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use crate::lies::{After, Lie};

/// How long a client may hold a connection after the lie was told.
const LONGEST: Duration = Duration::from_secs(5);
/// Between two bytes of a lie that is told slowly.
const PAUSE: Duration = Duration::from_millis(20);

/// What a supplier with sessions answers to a log-in, so that it is asked further.
const LOGGED_IN: &str = include_str!("../../src/integrations/lift/axess/samples/login.xml");

pub(crate) struct Liar {
    address: String,
    sent: Arc<AtomicUsize>,
    asked: Arc<AtomicBool>,
    ended: Arc<AtomicBool>,
}

impl Liar {
    pub(crate) fn tells(lie: &Lie) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let sent = Arc::<AtomicUsize>::default();
        let asked = Arc::<AtomicBool>::default();
        let ended = Arc::<AtomicBool>::default();
        let counted = Arc::clone(&sent);
        let heard = Arc::clone(&asked);
        let over = Arc::clone(&ended);
        let lie = lie.clone();
        thread::spawn(move || {
            for stream in listener.incoming() {
                if over.load(Ordering::Acquire) {
                    return;
                }
                // whoever hangs up early is told no more
                drop(tell(&mut stream.unwrap(), &lie, (&counted, &heard)));
            }
        });
        Self { address, sent, asked, ended }
    }

    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    /// Whether it was asked what it lies about.
    pub(crate) fn was_asked(&self) -> bool {
        self.asked.load(Ordering::Acquire)
    }

    /// How many bytes it has sent.
    pub(crate) fn sent(&self) -> usize {
        self.sent.load(Ordering::Acquire)
    }
}

impl Drop for Liar {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::Release);
        // wakes its thread, which ends by itself
        drop(TcpStream::connect(self.address.trim_start_matches("http://")));
    }
}

fn tell(
    stream: &mut TcpStream,
    lie: &Lie,
    (sent, asked): (&AtomicUsize, &AtomicBool),
) -> std::io::Result<()> {
    stream.set_read_timeout(Some(LONGEST))?;
    stream.set_write_timeout(Some(LONGEST))?;
    if hear(stream)?.contains("login\"") {
        let length = LOGGED_IN.len();
        let head = format!(
            "HTTP/1.1 200 OK\r\ncontent-type: text/xml\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n"
        );
        return stream.write_all(&[head.as_bytes(), LOGGED_IN.as_bytes()].concat());
    }
    asked.store(true, Ordering::Release);
    let mut say = |bytes: &[u8]| {
        sent.fetch_add(bytes.len(), Ordering::AcqRel);
        stream.write_all(bytes)
    };
    say(&lie.answer)?;
    match &lie.after {
        After::Close => {}
        After::Slowly(text) => {
            for byte in text.iter().cycle() {
                say(&[*byte])?;
                thread::sleep(PAUSE);
            }
        }
        After::Endlessly(text) => loop {
            say(text)?;
        },
    }
    stream.shutdown(Shutdown::Write)?;
    // until the client has gone: a reset would take back what it has not read
    while stream.read(&mut [0; 1024])? > 0 {}
    Ok(())
}

/// Reads a whole request, and answers its head: its body's length stands in it.
fn hear(stream: &mut TcpStream) -> std::io::Result<String> {
    let mut heard = Vec::new();
    let mut more = [0; 4096];
    loop {
        let head = heard.windows(4).position(|end| end == b"\r\n\r\n");
        if let Some(head) = head {
            let text = String::from_utf8_lossy(&heard[..head]).to_ascii_lowercase();
            let length = text
                .split("content-length: ")
                .nth(1)
                .and_then(|rest| rest.lines().next())
                .unwrap_or("0");
            if heard.len() >= head + 4 + length.parse::<usize>().unwrap() {
                return Ok(text);
            }
        }
        match stream.read(&mut more)? {
            0 => return Ok(String::new()),
            read => heard.extend_from_slice(&more[..read]),
        }
    }
}
