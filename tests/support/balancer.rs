//! The one address before all replicas, as operations would put it there: each connection goes to
//! the next one that takes it.

use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use std::{io, thread};

/// Longest wait for a replica to take a connection: one that is stopped takes it without ever
/// answering.
const CONNECT: Duration = Duration::from_millis(500);

/// Spreads connections over replicas.
#[derive(Debug)]
pub(crate) struct Balancer {
    /// Its address, without a trailing slash.
    pub(crate) url: String,
    behind: Arc<Mutex<Vec<String>>>,
}

impl Balancer {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let behind: Arc<Mutex<Vec<String>>> = Arc::default();
        let shared = Arc::clone(&behind);
        let next = AtomicUsize::new(0);
        // ends with the test's process
        thread::spawn(move || {
            for near in listener.incoming().map_while(Result::ok) {
                let mut places = shared.lock().unwrap().clone();
                let first = next.fetch_add(1, Ordering::Relaxed) % places.len().max(1);
                places.rotate_left(first);
                thread::spawn(move || drop(join(near, &places)));
            }
        });
        Self { url, behind }
    }

    /// From now on connections go to these replicas, named by their addresses; those under way stay
    /// where they are.
    pub(crate) fn lead_to<'a>(&self, replicas: impl IntoIterator<Item = &'a str>) {
        let places = replicas.into_iter().map(|url| url.trim_start_matches("http://").to_owned());
        *self.behind.lock().unwrap() = places.collect();
    }
}

fn join(near: TcpStream, places: &[String]) -> io::Result<()> {
    let reach = |place: &String| TcpStream::connect_timeout(&place.parse().unwrap(), CONNECT).ok();
    let Some(far) = places.iter().find_map(reach) else { return near.shutdown(Shutdown::Both) };
    let mut up = near.try_clone()?;
    let mut down = far.try_clone()?;
    let upward = thread::spawn(move || {
        let copied = io::copy(&mut up, &mut down);
        // the other side may have gone already
        drop(down.shutdown(Shutdown::Write));
        copied
    });
    let mut from = far;
    let mut to = near;
    io::copy(&mut from, &mut to)?;
    drop(to.shutdown(Shutdown::Both));
    drop(upward.join());
    Ok(())
}
