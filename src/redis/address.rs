//! Where Redis is: one server, the master that sentinels name, or a cluster.
//!
//! Source: the address of one server is Redis's own (IANA, "redis" URI scheme); `redis-sentinel://…#master` is written as the
//! client Lettuce documents it, `redis-cluster://` in its likeness.

use ::redis::aio::{MultiplexedConnection, PubSub};
use ::redis::cluster::{ClusterClient, ClusterClientBuilder};
use ::redis::cluster_async::ClusterConnection;
use ::redis::sentinel::{SentinelClient, SentinelClientBuilder, SentinelServerType};
use ::redis::{AsyncConnectionConfig, Client, ConnectionAddr, ErrorKind, IntoConnectionInfo, RedisError, RedisResult};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use tokio::sync::Mutex;

use super::link::{OPENING, PATIENCE, UNDER_WAY};

/// The port of a sentinel whose address names none.
const SENTINEL_PORT: u16 = 26_379;
/// The port of a server whose address names none.
const PORT: u16 = 6_379;

/// Where Redis is; a section of the configuration.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// `redis://user:password@host:6379/0`, `redis-sentinel://user:password@host:26379,host:26379/0#master` (user and password
    /// are the master's), or `redis-cluster://user:password@host:6379,host:6379`; may hold a password, so it is never printed.
    /// TLS is not built in.
    pub url: SecretString,
    /// What all our keys begin with: the same on every replica of a fleet, another for each fleet.
    #[serde(default = "own_name")]
    pub prefix: String,
}

fn own_name() -> String {
    "starjack".to_owned()
}

/// An address that is none.
#[derive(Debug, thiserror::Error)]
#[error(
    "redis.url is none of redis://user:password@host:6379/0, redis-sentinel://user:password@host:26379,host:26379/0#master, \
     redis-cluster://user:password@host:6379,host:6379; TLS (rediss:) is not built in"
)]
pub struct NoAddress;

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
    /// Looks whether the address can be one, without asking it.
    ///
    /// # Errors
    /// It cannot.
    pub fn check(&self) -> Result<(), NoAddress> {
        self.address().map(|_address| ())
    }

    pub(super) fn address(&self) -> Result<Address, NoAddress> {
        // the cause would repeat the address
        Address::of(self.url.expose_secret()).map_err(|_cause| NoAddress)
    }
}

impl Address {
    fn of(url: &str) -> RedisResult<Self> {
        if let Some(rest) = url.strip_prefix("redis-sentinel://") {
            return sentinels(rest).map(|client| Self::Sentinels(Mutex::new(client)));
        }
        if let Some(rest) = url.strip_prefix("redis-cluster://") {
            return cluster(rest);
        }
        let client = Client::open(url)?;
        if matches!(client.get_connection_info().addr(), ConnectionAddr::TcpTls { .. }) {
            return Err(wrong("TLS is not built in"));
        }
        Ok(Self::One(client))
    }

    pub(super) async fn connect(&self) -> RedisResult<Connection> {
        let settings = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(OPENING))
            .set_response_timeout(Some(PATIENCE))
            .set_concurrency_limit(UNDER_WAY);
        match self {
            Self::Cluster { client, .. } => Ok(Connection::Cluster(client.get_async_connection().await?)),
            Self::One(client) => {
                Ok(Connection::One(client.get_multiplexed_async_connection_with_config(&settings).await?))
            }
            Self::Sentinels(sentinels) => {
                let master = sentinels.lock().await.async_get_client().await?;
                Ok(Connection::One(master.get_multiplexed_async_connection_with_config(&settings).await?))
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
                let mut heard = Err(wrong("a cluster without nodes"));
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

/// What stands before the hosts, the hosts, and what stands after them.
struct Parts<'a> {
    user: Option<&'a str>,
    password: Option<&'a str>,
    hosts: Vec<(String, u16)>,
    rest: &'a str,
}

fn parts(text: &str, port: u16) -> RedisResult<Parts<'_>> {
    let end = text.find(['/', '#']).unwrap_or(text.len());
    let (front, rest) = text.split_at(end);
    let (secrets, hosts) = front.rsplit_once('@').map_or((None, front), |(secrets, hosts)| (Some(secrets), hosts));
    let (user, password) = match secrets.map(|secrets| secrets.split_once(':').unwrap_or(("", secrets))) {
        Some((user, password)) => (Some(user).filter(|user| !user.is_empty()), Some(password)),
        None => (None, None),
    };
    let hosts: RedisResult<Vec<_>> = hosts.split(',').map(|host| place(host, port)).collect();
    Ok(Parts { user, password, hosts: hosts?, rest })
}

/// A host with its port, of which the latter may be left out.
fn place(text: &str, port: u16) -> RedisResult<(String, u16)> {
    let (host, port) = match text.rsplit_once(':') {
        Some((host, number)) if !number.ends_with(']') => (host, number.parse().map_err(|_none| wrong("no port"))?),
        _without => (text, port),
    };
    let host = host.trim_start_matches('[').trim_end_matches(']');
    if host.is_empty() { Err(wrong("no host")) } else { Ok((host.to_owned(), port)) }
}

fn sentinels(text: &str) -> RedisResult<SentinelClient> {
    let Parts { user, password, hosts, rest } = parts(text, SENTINEL_PORT)?;
    let (database, master) = rest.split_once('#').ok_or_else(|| wrong("no master"))?;
    if master.is_empty() {
        return Err(wrong("no master"));
    }
    let places = hosts.into_iter().map(|(host, port)| ConnectionAddr::Tcp(host, port));
    let mut builder = SentinelClientBuilder::new(places, master, SentinelServerType::Master)?;
    if let Some(database) = database.strip_prefix('/').filter(|number| !number.is_empty()) {
        builder = builder.set_client_to_redis_db(database.parse().map_err(|_none| wrong("no database"))?);
    }
    if let Some(user) = user {
        builder = builder.set_client_to_redis_username(user);
    }
    if let Some(password) = password {
        builder = builder.set_client_to_redis_password(password);
    }
    builder.build()
}

fn cluster(text: &str) -> RedisResult<Address> {
    let Parts { user, password, hosts, rest } = parts(text, PORT)?;
    if !matches!(rest, "" | "/") {
        return Err(wrong("a cluster has one database"));
    }
    let secrets = match (user, password) {
        (_, None) => String::new(),
        (user, Some(password)) => format!("{}:{password}@", user.unwrap_or_default()),
    };
    let host = |host: &str| if host.contains(':') { format!("[{host}]") } else { host.to_owned() };
    let urls = hosts.iter().map(|(name, port)| format!("redis://{secrets}{}:{port}/", host(name)));
    let infos: RedisResult<Vec<_>> = urls.map(|url| url.into_connection_info()).collect();
    let infos = infos?;
    let client = ClusterClientBuilder::new(infos.clone())
        .connection_timeout(OPENING)
        .response_timeout(PATIENCE)
        .retries(1)
        .build()?;
    let nodes: RedisResult<Vec<_>> = infos.into_iter().map(Client::open).collect();
    Ok(Address::Cluster { client, nodes: nodes? })
}

fn wrong(what: &'static str) -> RedisError {
    (ErrorKind::InvalidClientConfig, what).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_taken(url: &str) -> bool {
        Settings { url: url.to_owned().into(), prefix: own_name() }.check().is_ok()
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
        ] {
            assert!(is_taken(url), "{url}");
        }
    }

    #[test]
    fn what_is_no_address_is_refused_without_repeating_it() {
        for url in [
            "127.0.0.1",
            "http://127.0.0.1/",
            "rediss://127.0.0.1/",
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
        let secret = Settings { url: "redis-cluster://user:hunter2@one/3".to_owned().into(), prefix: own_name() };
        assert!(!format!("{:?} {}", secret, secret.check().unwrap_err()).contains("hunter2"));
    }
}
