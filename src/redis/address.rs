//! Where Redis is: one server, the master that sentinels name, or a cluster.
//!
//! Source: the address of one server is Redis's own (IANA, "redis" URI scheme);
//! `redis-sentinel://…#master` is written as the client Lettuce documents it, `redis-cluster://` in
//! its likeness.

use ::redis::aio::{MultiplexedConnection, PubSub};
use std::net::IpAddr;
use std::path::PathBuf;

use ::redis::cluster::ClusterClient;
use ::redis::cluster_async::ClusterConnection;
use ::redis::sentinel::SentinelClient;
use ::redis::{
    AsyncConnectionConfig, Client, ConnectionAddr, ConnectionInfo, IntoConnectionInfo, RedisResult,
    TlsCertificates,
};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use tokio::sync::Mutex;

use super::link::{OPENING, PATIENCE, UNDER_WAY};
use super::several::{self, Several};

/// Where Redis is; a section of the configuration.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// `redis://user:password@host:6379/0`,
    /// `redis-sentinel://user:password@host:26379,host:26379/0#master` (user and password are the
    /// master's), or `redis-cluster://user:password@host:6379,host:6379`; with `rediss` in place of
    /// `redis` every server and sentinel must show a certificate for the name or address that it is
    /// called by. May hold a password, so it is never printed.
    pub url: SecretString,
    /// File of the only authorities, in PEM, whose certificates are believed; without it those of
    /// this machine.
    #[serde(default)]
    pub ca: Option<PathBuf>,
    /// What all our keys begin with: the same on every replica of a fleet, another for each fleet.
    #[serde(default = "own_name")]
    pub prefix: String,
}

fn own_name() -> String {
    "starjack".to_owned()
}

/// Why an address cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum NoAddress {
    /// It is none.
    #[error(
        "redis.url is none of redis://user:password@host:6379/0, redis-sentinel://user:password@host:26379,host:26379/0#master, \
         redis-cluster://user:password@host:6379,host:6379, or the same with rediss for TLS"
    )]
    Url,
    /// The file of authorities holds none, cannot be read, or is set for an address without TLS.
    #[error(
        "redis.ca names {0}: it must hold certificates in PEM, and redis.url begin with rediss"
    )]
    Authorities(PathBuf),
}

/// Whom to connect to.
pub(super) enum Address {
    One(Client),
    /// Asked anew for each connection: after a failover they name another master.
    Sentinels(Mutex<SentinelClient>),
    Cluster {
        client: ClusterClient,
        /// Any of them passes on what replicas tell each other.
        nodes: Vec<Client>,
    },
}

/// A connection that answers.
#[derive(Clone)]
pub(super) enum Connection {
    One(MultiplexedConnection),
    Cluster(ClusterConnection),
}

impl Settings {
    /// Looks whether the address can be one and the file of authorities holds any, without asking
    /// anybody.
    ///
    /// # Errors
    /// It cannot.
    pub fn check_address(&self) -> Result<(), NoAddress> {
        self.address().map(|_address| ())
    }

    /// Whether what is said stays on this machine, or goes to servers whose certificates are looked
    /// at and which know us by a password. Sentinels and clusters name further servers, wherever
    /// those are.
    #[must_use]
    pub fn is_safe_on_the_wire(&self) -> bool {
        let url = self.url.expose_secret();
        if let Some(several) = Several::of(url) {
            return several.with_tls && several.has_password();
        }
        // what is no address is refused as such
        let Ok(info) = url.into_connection_info() else { return true };
        let has_password =
            info.redis_settings().password().is_some_and(|password| !password.is_empty());
        match info.addr() {
            ConnectionAddr::Tcp(host, _) => is_loopback(host),
            ConnectionAddr::TcpTls { host, .. } => is_loopback(host) || has_password,
            ConnectionAddr::Unix(_) => true,
            _unknown => false,
        }
    }

    pub(super) fn address(&self) -> Result<Address, NoAddress> {
        let url = self.url.expose_secret();
        let authorities = self.ca.as_ref().map(|file| {
            let refuse = || NoAddress::Authorities(file.clone());
            let pem = std::fs::read(file).map_err(|_unreadable| refuse())?;
            let is_one =
                CertificateDer::pem_slice_iter(&pem).next().is_some_and(|first| first.is_ok());
            if is_one && url.starts_with("rediss") { Ok(pem) } else { Err(refuse()) }
        });
        let certificates =
            TlsCertificates { client_tls: None, root_cert: authorities.transpose()? };
        // the cause would repeat the address
        Address::of(url, certificates).map_err(|_cause| NoAddress::Url)
    }
}

impl Address {
    fn of(url: &str, certificates: TlsCertificates) -> RedisResult<Self> {
        if url.starts_with("rediss") {
            // the client takes the process's; somebody may have installed the same before
            drop(rustls::crypto::aws_lc_rs::default_provider().install_default());
        }
        if let Some(several) = Several::of(url) {
            return several.address(certificates);
        }
        client(url.into_connection_info()?, certificates).map(Self::One)
    }

    pub(super) async fn connect(&self) -> RedisResult<Connection> {
        let settings = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(OPENING))
            .set_response_timeout(Some(PATIENCE))
            .set_concurrency_limit(UNDER_WAY);
        match self {
            Self::Cluster { client, .. } => {
                Ok(Connection::Cluster(client.get_async_connection().await?))
            }
            Self::One(client) => Ok(Connection::One(
                client.get_multiplexed_async_connection_with_config(&settings).await?,
            )),
            Self::Sentinels(sentinels) => {
                let master = sentinels.lock().await.async_get_client().await?;
                Ok(Connection::One(
                    master.get_multiplexed_async_connection_with_config(&settings).await?,
                ))
            }
        }
    }

    /// A connection that hears what replicas tell each other.
    pub(super) async fn listen(&self) -> RedisResult<PubSub> {
        match self {
            Self::One(client) => client.get_async_pubsub().await,
            Self::Sentinels(sentinels) => {
                let master = sentinels.lock().await.async_get_client().await?;
                master.get_async_pubsub().await
            }
            Self::Cluster { nodes, .. } => {
                let mut heard = Err(several::wrong("a cluster without nodes"));
                for node in nodes {
                    heard = node.get_async_pubsub().await;
                    if heard.is_ok() {
                        break;
                    }
                }
                heard
            }
        }
    }
}

/// A client of one server, by TLS where its address says so.
pub(super) fn client(info: ConnectionInfo, certificates: TlsCertificates) -> RedisResult<Client> {
    let ConnectionAddr::TcpTls { insecure, .. } = info.addr() else { return Client::open(info) };
    if *insecure {
        Err(several::wrong("TLS that looks at nothing"))
    } else {
        Client::build_with_tls(info, certificates)
    }
}

fn is_loopback(host: &str) -> bool {
    let host = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost"
        || host.parse::<IpAddr>().is_ok_and(|address| address.to_canonical().is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(url: &str) -> Settings {
        Settings { url: url.to_owned().into(), prefix: own_name(), ca: None }
    }

    fn is_taken(url: &str) -> bool {
        settings(url).check_address().is_ok()
    }

    #[test]
    fn servers_sentinels_and_clusters_are_taken() {
        for url in [
            "redis://127.0.0.1/",
            "redis://user:secret@redis.example:6380/3",
            "redis+unix:///run/redis.sock",
            "redis-sentinel://one,two:26380,[::1]:26381/2#master",
            "redis-sentinel://user:secret@one:26379#master",
            "redis-sentinel://:secret@one/#master",
            "redis-cluster://one:7000,two:7001",
            "redis-cluster://user:secret@one,[::1]:7000/",
            "rediss://user:secret@redis.example/0",
            "rediss-sentinel://user:secret@one,two/0#master",
            "rediss-cluster://user:s%40cret@one,two",
        ] {
            assert!(is_taken(url), "{url}");
        }
    }

    #[test]
    fn what_is_no_address_is_refused_without_repeating_it() {
        for url in [
            "127.0.0.1",
            "http://127.0.0.1/",
            "rediss://redis.example/#insecure",
            "redis-sentinel://one:26379",
            "redis-sentinel://one:26379#",
            "redis-sentinel://one:port#master",
            "redis-sentinel://#master",
            "redis-cluster://",
            "redis-cluster://one,,two",
            "redis-cluster://one/3",
        ] {
            assert!(!is_taken(url), "{url}");
        }
        let secret = settings("redis-cluster://user:hunter2@one/3");
        assert!(
            !format!("{:?} {}", secret, secret.check_address().unwrap_err()).contains("hunter2")
        );
    }

    #[test]
    fn another_machine_is_safe_by_tls_and_a_password_and_sentinels_and_clusters_always_need_both() {
        for (url, is_safe) in [
            ("redis://localhost/", true),
            ("redis://127.0.0.2:6380/3", true),
            ("redis://[::1]/", true),
            ("redis+unix:///run/redis.sock", true),
            ("redis://redis.example/", false),
            ("redis://:secret@10.0.0.7/", false),
            ("rediss://redis.example/", false),
            ("rediss://user:@redis.example/", false),
            ("rediss://user:secret@redis.example/", true),
            ("redis-sentinel://:secret@127.0.0.1/#master", false),
            ("rediss-sentinel://127.0.0.1/#master", false),
            ("rediss-sentinel://:secret@one,two/#master", true),
            ("redis-cluster://user:secret@one", false),
            ("rediss-cluster://user:secret@one", true),
        ] {
            assert_eq!(settings(url).is_safe_on_the_wire(), is_safe, "{url}");
        }
    }

    #[test]
    fn a_file_of_authorities_must_hold_one_and_be_for_an_address_with_tls() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("ca.pem");
        let with = |url: &str| Settings { ca: Some(file.clone()), ..settings(url) }.check_address();
        assert!(matches!(with("rediss://one/"), Err(NoAddress::Authorities(_))), "there is none");
        std::fs::write(&file, "no certificate").unwrap();
        assert!(matches!(with("rediss://one/"), Err(NoAddress::Authorities(_))));
        std::fs::write(&file, "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n")
            .unwrap();
        assert!(
            matches!(with("redis://one/"), Err(NoAddress::Authorities(_))),
            "it would not be looked at"
        );
    }
}
