//! Redis: a server of one test's own, to be killed, and a proxy before it, to be stopped where it
//! is.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;

use super::world::{eventually, free_port};

/// A Redis server; killed when dropped.
#[derive(Debug)]
pub(crate) struct Redis {
    port: u16,
    child: Child,
    _folder: Option<tempfile::TempDir>,
}

impl Redis {
    pub(crate) async fn start() -> Self {
        let port = free_port();
        let this = Self { port, child: spawn(port), _folder: None };
        this.until_it_listens().await;
        this
    }

    /// A cluster of one server that has every slot.
    pub(crate) async fn start_cluster() -> Self {
        let port = free_port();
        let folder = tempfile::tempdir().unwrap();
        let words = ["--cluster-enabled", "yes", "--cluster-announce-ip", "127.0.0.1", "--dir"];
        let child = spawn_with(port, words.into_iter().chain([folder.path().to_str().unwrap()]));
        let this = Self { port, child, _folder: Some(folder) };
        this.until_it_listens().await;
        this.say("CLUSTER ADDSLOTSRANGE 0 16383");
        eventually("the cluster serves its slots", async || {
            (&this.ask("SET ready yes") == b"+OK").then_some(())
        })
        .await;
        this
    }

    /// A server that has everything that `master` has, and may be promoted.
    pub(crate) async fn start_replica(master: &Self) -> Self {
        let port = free_port();
        let near = master.port.to_string();
        let folder = tempfile::tempdir().unwrap();
        // what it is sent goes through a file
        let words = ["--replicaof", "127.0.0.1", &near, "--dir", folder.path().to_str().unwrap()];
        let child = spawn_with(port, words);
        let this = Self { port, child, _folder: Some(folder) };
        this.until_it_listens().await;
        eventually("the replica follows", async || {
            this.tell("INFO replication").contains("master_link_status:up").then_some(())
        })
        .await;
        this
    }

    /// A sentinel that names `master` under a name, and soon another one when it is dead.
    pub(crate) async fn start_sentinel(master: &Self, name: &str) -> Self {
        let port = free_port();
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("sentinel.conf");
        let words = format!(
            "port {port}\nbind 127.0.0.1\nsentinel monitor {name} 127.0.0.1 {} 1\n\
             sentinel down-after-milliseconds {name} 2000\nsentinel failover-timeout {name} 10000\n",
            master.port
        );
        std::fs::write(&file, words).unwrap();
        let mut command = Command::new("redis-server");
        command.arg(&file).arg("--sentinel").current_dir(folder.path());
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let this = Self { port, child: command.spawn().unwrap(), _folder: Some(folder) };
        this.until_it_listens().await;
        this
    }

    /// A server that speaks TLS alone and knows one user, `starjack` with the password `secret`;
    /// and the file of the authority that vouches for it. What it notices is in `log`.
    pub(crate) async fn start_secured() -> (Self, PathBuf) {
        let port = free_port();
        let folder = tempfile::tempdir().unwrap();
        let ca = authority(folder.path());
        let file = |name: &str| folder.path().join(name).display().to_string();
        let tls = port.to_string();
        let certificate = file("server.pem");
        let key = file("server.key");
        let log = file("log");
        let mut command = Command::new("redis-server");
        command.args([
            "--port",
            "0",
            "--tls-port",
            &tls,
            "--bind",
            "127.0.0.1",
            "--save",
            "",
            "--loglevel",
            "verbose",
        ]);
        command.args([
            "--tls-cert-file",
            &certificate,
            "--tls-key-file",
            &key,
            "--tls-auth-clients",
            "no",
        ]);
        command.args(["--logfile", &log, "--user", "default", "off"]);
        command.args([
            "--user",
            "starjack",
            "on",
            ">secret",
            "allkeys",
            "allchannels",
            "allcommands",
        ]);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let this = Self { port, child: command.spawn().unwrap(), _folder: Some(folder) };
        this.until_it_listens().await;
        (this, ca)
    }

    /// What a secured one has noticed.
    pub(crate) fn log(&self) -> String {
        let folder = self._folder.as_ref().unwrap().path();
        std::fs::read_to_string(folder.join("log")).unwrap_or_default()
    }

    /// Somebody who can write anything to it.
    pub(crate) fn writer(&self) -> Writer {
        Writer { port: self.port }
    }

    pub(crate) fn url(&self) -> String {
        url(self.port)
    }

    /// Makes it forget everything, as `FLUSHALL` does.
    pub(crate) fn empty(&self) {
        self.say("FLUSHALL");
    }

    /// Makes it answer so many milliseconds late, once: it does nothing else meanwhile.
    pub(crate) fn slow(&self, milliseconds: u64) {
        self.say(&format!("DEBUG SLEEP 0.{milliseconds:03}"));
    }

    fn say(&self, command: &str) {
        assert_eq!(&self.ask(command), b"+OK", "{command}");
    }

    /// Whether it is a sentinel that names `master` under a name.
    pub(crate) fn names(&self, master: &Self, name: &str) -> bool {
        self.tell(&format!("SENTINEL GET-MASTER-ADDR-BY-NAME {name}"))
            .contains(&master.port.to_string())
    }

    /// Whether it is a sentinel that knows whom to promote.
    pub(crate) fn knows_replica(&self, replica: &Self, name: &str) -> bool {
        self.tell(&format!("SENTINEL REPLICAS {name}")).contains(&replica.port.to_string())
    }

    fn tell(&self, command: &str) -> String {
        self.writer().tell(command)
    }

    /// The beginning of the answer to a command.
    fn ask(&self, command: &str) -> [u8; 3] {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        stream.write_all(format!("{command}\r\n").as_bytes()).unwrap();
        let mut answer = [0; 3];
        stream.read_exact(&mut answer).unwrap();
        answer
    }

    /// Ends it without a chance to do anything more; what it knew is gone.
    pub(crate) fn kill_9(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Starts it again, at the same place and empty; the old one must have ended.
    pub(crate) async fn restart(&mut self) {
        self.child = spawn(self.port);
        self.until_it_listens().await;
    }

    async fn until_it_listens(&self) {
        eventually("Redis listens", async || TcpStream::connect(("127.0.0.1", self.port)).ok())
            .await;
    }
}

/// Somebody who can write anything to a Redis.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Writer {
    port: u16,
}

impl Writer {
    /// What Redis answers to a command, or as much of it as comes at once.
    pub(crate) fn tell(self, command: &str) -> String {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        stream.write_all(format!("{command}\r\n").as_bytes()).unwrap();
        let mut answer = vec![0; 16_384];
        let length = stream.read(&mut answer).unwrap();
        String::from_utf8_lossy(&answer[..length]).into_owned()
    }
}

/// Makes an authority, and a certificate of it for this machine, in a folder; gives the authority's
/// file.
pub(crate) fn authority(folder: &Path) -> PathBuf {
    std::fs::write(folder.join("names"), "subjectAltName=IP:127.0.0.1\n").unwrap();
    let new_key = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes";
    for words in [
        format!("req -x509 {new_key} -keyout ca.key -out ca.pem -subj /CN=authority -days 2"),
        format!("req {new_key} -keyout server.key -out server.csr -subj /CN=redis"),
        "x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -out server.pem -days 2 -extfile names"
            .into(),
    ] {
        let made = Command::new("openssl").args(words.split(' ')).current_dir(folder).output().unwrap();
        assert!(made.status.success(), "{words}: {}", String::from_utf8_lossy(&made.stderr));
    }
    folder.join("ca.pem")
}

impl Drop for Redis {
    fn drop(&mut self) {
        // it may have ended already
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn url(port: u16) -> String {
    format!("redis://127.0.0.1:{port}/")
}

fn spawn(port: u16) -> Child {
    spawn_with(port, [])
}

fn spawn_with<'a>(port: u16, words: impl IntoIterator<Item = &'a str>) -> Child {
    let mut command = Command::new("redis-server");
    command.args([
        "--port",
        &port.to_string(),
        "--bind",
        "127.0.0.1",
        "--save",
        "",
        "--appendonly",
        "no",
        "--enable-debug-command",
        "local",
    ]);
    command.args(words).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.spawn().expect("redis-server is not installed")
}

/// Carries bytes to a Redis and back, until it is told to keep them; connections are taken all the
/// same.
#[derive(Debug)]
pub(crate) struct Proxy {
    pub(crate) url: String,
    gate: Arc<Gate>,
}

#[derive(Debug, Default)]
struct Gate {
    shut: Mutex<bool>,
    opened: Condvar,
}

impl Proxy {
    pub(crate) fn before(redis: &Redis) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let behind = redis.port;
        let gate = Arc::new(Gate::default());
        let shared = Arc::clone(&gate);
        // both end with the test's process
        thread::spawn(move || {
            for near in listener.incoming().map_while(Result::ok) {
                let Ok(far) = TcpStream::connect(("127.0.0.1", behind)) else { continue };
                for (from, to) in [(&near, &far), (&far, &near)] {
                    let from = from.try_clone().unwrap();
                    let to = to.try_clone().unwrap();
                    let gate = Arc::clone(&shared);
                    thread::spawn(move || carry(from, to, &gate));
                }
            }
        });
        Self { url: url(port), gate }
    }

    /// From now on nothing passes.
    pub(crate) fn hang(&self) {
        *self.gate.shut.lock().unwrap() = true;
    }

    /// Lets everything pass, also what was kept.
    pub(crate) fn go_on(&self) {
        *self.gate.shut.lock().unwrap() = false;
        self.gate.opened.notify_all();
    }
}

fn carry(mut from: TcpStream, mut to: TcpStream, gate: &Gate) {
    let mut bytes = [0; 4096];
    while let Ok(count @ 1..) = from.read(&mut bytes) {
        drop(gate.opened.wait_while(gate.shut.lock().unwrap(), |shut| *shut).unwrap());
        if to.write_all(&bytes[..count]).is_err() {
            break;
        }
    }
    // the other side may have gone already
    drop(to.shutdown(Shutdown::Both));
}
