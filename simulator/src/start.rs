//! Starting and ending a simulator.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

use anyhow::Context as _;

use crate::access::Endpoints;
use crate::clock::Clock;
use crate::control;
use crate::endpoint::Endpoint;
use crate::faults::Faults;
use crate::goods::Goods;
use crate::questions::Questions;
use crate::server::Port;
use crate::supplier::{SUPPLIERS, Service};
use crate::tasks::Tasks;
use crate::world::{Slot, World};

/// What to simulate.
#[derive(Clone, Debug)]
pub struct Config {
    /// Address of the control side; port 0 picks one.
    pub control: SocketAddr,
    /// Address of the contracts' ports, which are always picked.
    pub listen_ip: IpAddr,
    /// The lift operators; mPAY24 and Mailgun are always there.
    pub contracts: Vec<Contract>,
    /// Milliseconds from PENDING to BOOKED, and again to `BOOKED_AND_TRANSFERRED`, on the
    /// suppliers' clock.
    pub dta_step_ms: u32,
    /// Seconds that an Axess session lives after its login, on the suppliers' clock.
    pub axess_session_seconds: u32,
}

/// One operator's contract.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contract {
    /// Whose system the operator uses.
    pub vendor: Vendor,
    /// The operator's key: lower-case letters, digits and hyphens; one whose products the simulator
    /// knows.
    pub operator: String,
}

/// The two makers of lift access systems.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Vendor {
    /// SKIDATA, Direct To Access.
    Dta,
    /// Axess, DCI4WTP.
    Axess,
}

impl Default for Config {
    /// Loopback, any port, every operator that the simulator knows, half a second a step, sessions
    /// of an hour.
    fn default() -> Self {
        let contract =
            |goods: &Goods| Contract { vendor: goods.vendor, operator: goods.operator.to_owned() };
        Self {
            control: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            listen_ip: IpAddr::V4(Ipv4Addr::LOCALHOST),
            contracts: Goods::all().iter().map(contract).collect(),
            dta_step_ms: 500,
            axess_session_seconds: 3_600,
        }
    }
}

/// A running simulator; it ends when dropped. The ledger lives as long.
#[derive(Debug)]
pub struct Simulator {
    /// Where everything listens.
    pub endpoints: Endpoints,
    tasks: Tasks,
}

impl Simulator {
    /// Ends all ports and waits until their tasks have ended, two seconds at most.
    pub async fn stop(self) {
        self.tasks.stop_and_wait().await;
    }
}

impl Drop for Simulator {
    fn drop(&mut self) {
        self.tasks.stop();
    }
}

/// Starts every supplier and the control side inside the running tokio runtime; all sockets listen
/// when it returns.
/// # Errors
/// An address is not loopback or cannot be bound, or an operator is named twice or unfit for a
/// path.
pub async fn start(config: Config) -> anyhow::Result<Simulator> {
    check(&config)?;
    let tasks = Tasks::new();
    let mut builder = Builder {
        config: &config,
        tasks: tasks.clone(),
        clock: Arc::new(Clock::default()),
        faults: Arc::new(Faults::new()),
        endpoints: Endpoints::default(),
        slots: Vec::new(),
    };
    for supplier in SUPPLIERS {
        (supplier.start)(&mut builder)?;
    }
    let Builder { clock, faults, slots, mut endpoints, .. } = builder;
    let world = Arc::new(World {
        clock,
        faults,
        tasks: tasks.clone(),
        slots,
        endpoints: std::sync::OnceLock::new(),
    });
    let port = Port::bind(config.control, control::handler(Arc::clone(&world)), &tasks)
        .context("control port")?;
    endpoints.control = format!("http://{}", port.address);
    let endpoints = world.endpoints.get_or_init(|| endpoints).clone();
    Ok(Simulator { endpoints, tasks })
}

fn check(config: &Config) -> anyhow::Result<()> {
    anyhow::ensure!(
        config.listen_ip.is_loopback() && config.control.ip().is_loopback(),
        "only loopback addresses"
    );
    let mut seen = std::collections::BTreeSet::new();
    for contract in &config.contracts {
        let fit = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        let key = &contract.operator;
        anyhow::ensure!(!key.is_empty() && key.bytes().all(fit), "operator key {key:?} is unfit");
        anyhow::ensure!(seen.insert(key), "operator {key} is named twice");
        let known = Goods::of(key).is_some_and(|goods| goods.vendor == contract.vendor);
        anyhow::ensure!(known, "nothing is known of what {key} sells");
    }
    Ok(())
}

/// What suppliers start with.
pub(crate) struct Builder<'a> {
    pub(crate) config: &'a Config,
    pub(crate) tasks: Tasks,
    pub(crate) clock: Arc<Clock>,
    pub(crate) faults: Arc<Faults>,
    /// Where each supplier says how its contracts are reached.
    pub(crate) endpoints: Endpoints,
    slots: Vec<Slot>,
}

impl Builder<'_> {
    /// Opens a port for a contract and gives its base address.
    pub(crate) fn open(&mut self, service: Arc<dyn Service>) -> anyhow::Result<String> {
        let asked = Arc::new(Questions::default());
        let endpoint = Endpoint {
            service: Arc::clone(&service),
            asked: Arc::clone(&asked),
            clock: Arc::clone(&self.clock),
            faults: Arc::clone(&self.faults),
            tasks: self.tasks.clone(),
        };
        let address = SocketAddr::from((self.config.listen_ip, 0));
        let port = Port::bind(address, endpoint.handler(), &self.tasks).context("contract port")?;
        let base = format!("http://{}", port.address);
        self.slots.push(Slot { service, asked, port });
        Ok(base)
    }

    /// The operators of a vendor's contracts, and what each sells.
    pub(crate) fn operators(&self, vendor: Vendor) -> Vec<(String, &'static Goods)> {
        let theirs = self.config.contracts.iter().filter(|contract| contract.vendor == vendor);
        theirs
            .filter_map(|contract| {
                Some((contract.operator.clone(), Goods::of(&contract.operator)?))
            })
            .collect()
    }
}
