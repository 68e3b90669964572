//! nginx before two replicas, as `deploy/nginx/starjack.conf` has it: only names, addresses and TLS
//! are the test's own.

use std::path::Path;
use std::process::{Child, Command, Stdio};

use super::world::eventually;

const CONFIGURATION: &str = include_str!("../../deploy/nginx/starjack.conf");

/// A running nginx; ended when dropped.
#[derive(Debug)]
pub(crate) struct Nginx {
    child: Child,
    folder: tempfile::TempDir,
}

impl Nginx {
    /// Listens on `port` and passes on to these two ports.
    pub(crate) async fn start(port: u16, replicas: [u16; 2]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("starjack.conf"), configuration(port, replicas)).unwrap();
        std::fs::write(folder.path().join("nginx.conf"), surroundings(folder.path())).unwrap();
        // where the login shell does not look
        let path = format!("{}:/usr/sbin", std::env::var("PATH").unwrap());
        let mut command = Command::new("env");
        command.env("PATH", path).arg("nginx");
        command.arg("-p").arg(folder.path()).arg("-c").arg(folder.path().join("nginx.conf"));
        command.args(["-e", "stderr"]).stdin(Stdio::null());
        let child = command.spawn().expect("nginx is not installed");
        let this = Self { child, folder };
        eventually("nginx listens", async || {
            std::net::TcpStream::connect(("127.0.0.1", port)).ok()
        })
        .await;
        this
    }

    /// One line a request: status, replicas that were asked, their answers, method and path.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("access.log")).unwrap()
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        // killed, it would leave its workers behind
        let told =
            Command::new("sh").args(["-c", &format!("kill -TERM {}", self.child.id())]).status();
        drop(told);
        drop(self.child.wait());
    }
}

fn configuration(port: u16, replicas: [u16; 2]) -> String {
    let mut text = String::new();
    for line in CONFIGURATION.lines().filter(|line| !line.trim_start().starts_with("ssl_")) {
        text.push_str(line);
        text.push('\n');
    }
    let replace = |text: String, from: &str, to: &str| {
        assert_eq!(text.matches(from).count(), 1, "{from} stands once in the configuration");
        text.replace(from, to)
    };
    let text = replace(text, "listen 443 ssl http2;", &format!("listen 127.0.0.1:{port};"));
    let text = replace(text, "10.0.0.11:8080", &format!("127.0.0.1:{}", replicas[0]));
    let text = replace(text, "10.0.0.12:8080", &format!("127.0.0.1:{}", replicas[1]));
    // the test's own log says which replicas were asked
    replace(text, "access_log /var/log/nginx/starjack.log starjack;", "")
}

/// What stands around the file on a machine.
fn surroundings(folder: &Path) -> String {
    let places = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .map(|name| format!("{name}_temp_path {};\n", folder.join(name).display()))
        .concat();
    let folder = folder.display();
    format!(
        "daemon off;\nworker_processes 2;\npid {folder}/pid;\nuser root;\nevents {{ worker_connections 1024; }}\n\
         http {{\nlog_format told '$status $upstream_addr $upstream_status $request_method $uri';\n\
         access_log {folder}/access.log told;\n{places}include {folder}/starjack.conf;\n}}\n"
    )
}
