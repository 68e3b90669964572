//! Addresses of several servers: the sentinels that name a master, and a cluster.

use ::redis::cluster::ClusterClientBuilder;
use ::redis::sentinel::{SentinelClient, SentinelClientBuilder, SentinelServerType};
use ::redis::{
    ConnectionAddr, ConnectionInfo, ErrorKind, IntoConnectionInfo, RedisError, RedisResult,
    TlsCertificates, TlsMode,
};
use tokio::sync::Mutex;

use super::address::{Address, client};
use super::link::{OPENING, PATIENCE};

/// The port of a sentinel whose address names none.
const SENTINEL_PORT: u16 = 26_379;
/// The port of a server whose address names none.
const PORT: u16 = 6_379;

/// What kind of servers an address names.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Sentinels,
    Cluster,
}

/// An address of several servers, in parts.
pub(super) struct Several<'a> {
    kind: Kind,
    pub(super) with_tls: bool,
    /// User and password as in an address of one server, without the sign after them.
    secrets: Option<String>,
    hosts: &'a str,
    rest: &'a str,
}

impl<'a> Several<'a> {
    /// Takes an address apart; `None` for one of one server.
    pub(super) fn of(url: &'a str) -> Option<Self> {
        let (scheme, text) = url.split_once("://")?;
        let (kind, with_tls) = match scheme {
            "redis-sentinel" => (Kind::Sentinels, false),
            "rediss-sentinel" => (Kind::Sentinels, true),
            "redis-cluster" => (Kind::Cluster, false),
            "rediss-cluster" => (Kind::Cluster, true),
            _one => return None,
        };
        let end = text.find(['/', '#']).unwrap_or(text.len());
        let (front, rest) = text.split_at(end);
        let (secrets, hosts) =
            front.rsplit_once('@').map_or((None, front), |(secrets, hosts)| (Some(secrets), hosts));
        // a password alone
        let secrets = secrets
            .map(|text| if text.contains(':') { text.to_owned() } else { format!(":{text}") });
        Some(Self { kind, with_tls, secrets, hosts, rest })
    }

    pub(super) fn has_password(&self) -> bool {
        self.secrets
            .as_deref()
            .and_then(|secrets| secrets.split_once(':'))
            .is_some_and(|(_, word)| !word.is_empty())
    }

    pub(super) fn address(&self, certificates: TlsCertificates) -> RedisResult<Address> {
        match self.kind {
            Kind::Sentinels => Ok(Address::Sentinels(Mutex::new(self.sentinels(certificates)?))),
            Kind::Cluster => self.cluster(certificates),
        }
    }

    fn sentinels(&self, certificates: TlsCertificates) -> RedisResult<SentinelClient> {
        let (database, master) = self.rest.split_once('#').ok_or_else(|| wrong("no master"))?;
        if master.is_empty() {
            return Err(wrong("no master"));
        }
        let places =
            self.places(SENTINEL_PORT)?.into_iter().map(|(host, port)| match self.with_tls {
                false => ConnectionAddr::Tcp(host, port),
                true => ConnectionAddr::TcpTls { host, port, insecure: false, tls_params: None },
            });
        let mut builder = SentinelClientBuilder::new(places, master, SentinelServerType::Master)?;
        if self.with_tls {
            builder = builder
                .set_client_to_sentinel_certificates(certificates.clone())
                .set_client_to_redis_tls_mode(TlsMode::Secure)
                .set_client_to_redis_certificates(certificates);
        }
        if let Some(database) = database.strip_prefix('/').filter(|number| !number.is_empty()) {
            builder = builder
                .set_client_to_redis_db(database.parse().map_err(|_none| wrong("no database"))?);
        }
        // the same rules for what stands in an address, whatever it names
        let settings = self.server("localhost", PORT)?.redis_settings().clone();
        if let Some(user) = settings.username() {
            builder = builder.set_client_to_redis_username(user);
        }
        if let Some(password) = settings.password() {
            builder = builder.set_client_to_redis_password(password);
        }
        builder.build()
    }

    fn cluster(&self, certificates: TlsCertificates) -> RedisResult<Address> {
        if !matches!(self.rest, "" | "/") {
            return Err(wrong("a cluster has one database"));
        }
        let servers = self.places(PORT)?.into_iter().map(|(host, port)| self.server(&host, port));
        let infos = servers.collect::<RedisResult<Vec<_>>>()?;
        let mut builder = ClusterClientBuilder::new(infos.clone())
            .connection_timeout(OPENING)
            .response_timeout(PATIENCE)
            .retries(1);
        if self.with_tls {
            builder = builder.certs(certificates.clone());
        }
        let nodes = infos.into_iter().map(|info| client(info, certificates.clone()));
        Ok(Address::Cluster { client: builder.build()?, nodes: nodes.collect::<RedisResult<_>>()? })
    }

    /// One of the servers, with the secrets of all.
    fn server(&self, host: &str, port: u16) -> RedisResult<ConnectionInfo> {
        let scheme = if self.with_tls { "rediss" } else { "redis" };
        let secrets =
            self.secrets.as_ref().map(|secrets| format!("{secrets}@")).unwrap_or_default();
        let host = if host.contains(':') { format!("[{host}]") } else { host.to_owned() };
        format!("{scheme}://{secrets}{host}:{port}/").into_connection_info()
    }

    fn places(&self, port: u16) -> RedisResult<Vec<(String, u16)>> {
        self.hosts.split(',').map(|host| place(host, port)).collect()
    }
}

/// A host with its port, of which the latter may be left out.
fn place(text: &str, port: u16) -> RedisResult<(String, u16)> {
    let (host, port) = match text.rsplit_once(':') {
        Some((host, number)) if !number.ends_with(']') => {
            (host, number.parse().map_err(|_none| wrong("no port"))?)
        }
        _without => (text, port),
    };
    let host = host.trim_start_matches('[').trim_end_matches(']');
    if host.is_empty() { Err(wrong("no host")) } else { Ok((host.to_owned(), port)) }
}

pub(super) fn wrong(what: &'static str) -> RedisError {
    (ErrorKind::InvalidClientConfig, what).into()
}
